import { createHmac } from 'node:crypto';

/** Header that carries it. */
export const POSTBACK_SIGNATURE_HEADER = 'DCE-Signature';

/**
 * Signs what is sent, so that its receiver knows whom it is from and that it is fresh: the HMAC-SHA-256 of
 * `<seconds>.<content>`, as `t=<seconds>,v1=<hex>`; while a secret is replaced there is a `v1` of each.
 *
 * @param content - the body of a POST, byte by byte; the whole URL of a GET
 * @param secrets - the newest first
 * @param now - UTC epoch milliseconds
 */
export function signPostback(content: string, secrets: readonly string[], now: number): string {
  const seconds = Math.floor(now / 1000);
  const signatures = secrets.map(
    (secret) => `v1=${createHmac('sha256', secret).update(`${seconds}.${content}`, 'utf8').digest('hex')}`,
  );
  return [`t=${seconds}`, ...signatures].join(',');
}

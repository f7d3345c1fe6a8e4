import { createHmac, timingSafeEqual } from 'node:crypto';

export const SIGNATURE_HEADER = 'x-dce-signature';

const FORM = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

/**
 * Signs a request, so that its receiver knows whom it is from and that it is fresh:
 * `t=<seconds>,v1=<hex>`, the HMAC-SHA-256 of `<seconds>.<METHOD>.<path and query>.<body>`.
 *
 * @param now - UTC epoch milliseconds
 */
export function signRequest(secret: string, method: string, path: string, body: string, now: number): string {
  const seconds = Math.floor(now / 1000);
  return `t=${seconds},v1=${mac(secret, seconds, method, path, body).toString('hex')}`;
}

/**
 * True for a signature of this very request that is not older, or from further ahead, than the tolerance.
 * @param now - UTC epoch milliseconds
 */
export function verifySignature(
  header: string,
  secret: string,
  request: { readonly method: string; readonly path: string; readonly body: string },
  now: number,
  toleranceMs = 300_000,
): boolean {
  const [, seconds, hex] = FORM.exec(header) ?? [];
  if (seconds === undefined || hex === undefined) return false;
  if (Math.abs(now - Number(seconds) * 1000) > toleranceMs) return false;
  const { method, path, body } = request;
  return timingSafeEqual(Buffer.from(hex, 'hex'), mac(secret, Number(seconds), method, path, body));
}

function mac(secret: string, seconds: number, method: string, path: string, body: string): Buffer {
  return createHmac('sha256', secret).update(`${seconds}.${method}.${path}.${body}`).digest();
}

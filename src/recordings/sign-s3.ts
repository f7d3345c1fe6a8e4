import { createHash } from 'node:crypto';
import type { Request } from 'aws4';
import { sign } from 'aws4';

/** Who asks an S3-compatible store, and where that is. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** A request as it is signed. */
export interface SignedRequest {
  readonly method: string;
  /** Its path and query as they are sent. */
  readonly url: URL;
  /** By lower-case name; without `host`. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body, in hexadecimal digits. */
  readonly payload: string;
  /** UTC epoch milliseconds. */
  readonly at: number;
}

/** Of no body. */
export const EMPTY_PAYLOAD = createHash('sha256').digest('hex');

/**
 * The headers of a request with AWS Signature Version 4, as S3 takes it ("Signature calculations for the
 * Authorization header", API reference of Amazon S3): every header that is sent is signed.
 */
export function signedHeaders(
  { method, url, headers, payload, at }: SignedRequest,
  { accessKeyId, secretAccessKey, region }: S3Credentials,
): Record<string, string> {
  const time = new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const sent = { ...headers, 'x-amz-content-sha256': payload, 'x-amz-date': time };
  const request: Request & { readonly extraHeadersToInclude: Readonly<Record<string, boolean>> } = {
    ...{ service: 's3', region, method, headers: { ...sent, host: url.host } },
    path: `${url.pathname}${url.search}`,
    // Else it would be left out.
    extraHeadersToInclude: { range: true },
  };
  const signed = sign(request, { accessKeyId, secretAccessKey });
  return { ...sent, authorization: String(signed.headers?.['Authorization']) };
}

/**
 * One SIP message (RFC 3261 §7), as the parser yields it and the writer sends it.
 *
 * Texts are *binary strings*: every UTF-16 unit is one byte of the wire (Node's `latin1`). So a
 * string's length is its length in bytes, slices copy nothing, and what came in goes out byte for
 * byte whatever its encoding was.
 */
export type SipMessage = SipRequest | SipResponse;

interface SipMessageBase {
  /** Header fields in wire order. A field that was sent once with commas stays one entry. */
  headers: HeaderField[];
  /** The body as a binary string; '' when there is none. */
  body: string;
}

/** A SIP request (RFC 3261 §7.1). */
export interface SipRequest extends SipMessageBase {
  readonly kind: 'request';
  /** Case-sensitive method token, e.g. `INVITE`. */
  method: string;
  /** The Request-URI exactly as written. */
  uri: string;
}

/** A SIP response (RFC 3261 §7.2). */
export interface SipResponse extends SipMessageBase {
  readonly kind: 'response';
  /** 100 … 699. */
  status: number;
  reason: string;
}

/** One header field. */
export interface HeaderField {
  /** The name as written, e.g. `v` or `Via` or `X-Campaign`. */
  name: string;
  /** The name in lower case with compact forms expanded (RFC 3261 §7.3.3), e.g. `via`: the key to look up by. */
  key: string;
  /** The value: outer white space trimmed, folds turned into one space (RFC 3261 §7.3.1). */
  value: string;
}

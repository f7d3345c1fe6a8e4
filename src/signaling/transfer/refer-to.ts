/** A dialog that a REFER wants to be replaced: Call-ID and tags as RFC 3891 §3 has them. */
export interface Replaces {
  readonly callId: string;
  /** The tag of whoever is to find the dialog: ours. */
  readonly toTag: string;
  /** The tag of who sent the REFER. */
  readonly fromTag: string;
}

export type ReferTo =
  | {
      readonly ok: true;
      /** Without its headers. */
      readonly uri: string;
      readonly replaces: Replaces | undefined;
    }
  | { readonly ok: false; readonly status: 400 | 403 };

const MAX_LENGTH = 2_048;
/** Display name, URI, parameters; the name may be quoted, and hold anything then (RFC 3261 §25.1). */
const NAME_ADDR = /^\s*(?:"(?:[^"\\]|\\.)*"|[^"<>,;]*)\s*<([^<>\s"]+)>\s*(?:;[^,<>]*)?$/;
const ADDR_SPEC = /^\s*([^<>\s",;?]+)\s*(?:;[^,<>?]*)?$/;
const BAD: ReferTo = { ok: false, status: 400 };
const FORBIDDEN: ReferTo = { ok: false, status: 403 };

/**
 * Reads the value of a Refer-To header (RFC 3515 §2.1). Headers within its URI would go into an INVITE
 * of ours: but for Replaces, and the Require that goes with it, they are refused (RFC 3261 §19.1.5).
 */
export function readReferTo(value: string): ReferTo {
  if (value.length > MAX_LENGTH) return BAD;
  const [, uri] = NAME_ADDR.exec(value) ?? ADDR_SPEC.exec(value) ?? [];
  if (uri === undefined || !/^(?:sips?|tel):/i.test(uri)) return BAD;
  const [address = '', headers, ...rest] = uri.split('?');
  if (rest.length > 0) return BAD;
  const method = /;method=([^;?]*)/i.exec(address)?.[1];
  if (method !== undefined && method.toUpperCase() !== 'INVITE') return FORBIDDEN;
  if (headers === undefined || headers === '') return { ok: true, uri: address, replaces: undefined };
  let replaces: Replaces | undefined;
  for (const pair of headers.split('&')) {
    const equals = pair.indexOf('=');
    const name = unescaped(pair.slice(0, Math.max(0, equals)))?.toLowerCase();
    const text = unescaped(pair.slice(equals + 1));
    if (equals <= 0 || name === undefined || text === undefined) return BAD;
    if (name === 'replaces') {
      if (replaces) return BAD;
      replaces = readReplaces(text);
      if (!replaces) return BAD;
    } else if (name !== 'require' || text.trim().toLowerCase() !== 'replaces') return FORBIDDEN;
  }
  return { ok: true, uri: address, replaces };
}

/** `CALLID;to-tag=…;from-tag=…` in any order of the parameters (RFC 3891 §6.1). */
export function readReplaces(text: string): Replaces | undefined {
  const [callId = '', ...parameters] = text.split(';').map((part) => part.trim());
  let toTag: string | undefined;
  let fromTag: string | undefined;
  for (const parameter of parameters) {
    const [, name = '', value = ''] = /^([^=\s]+)\s*(?:=\s*([^=\s]+))?$/.exec(parameter) ?? [];
    if (name.toLowerCase() === 'to-tag') {
      if (toTag !== undefined) return undefined;
      toTag = value;
    } else if (name.toLowerCase() === 'from-tag') {
      if (fromTag !== undefined) return undefined;
      fromTag = value;
    }
  }

  if (!callId || !toTag || !fromTag || /[\s\x00-\x1f\x7f,]/.test(callId)) return undefined;
  return { callId, toTag, fromTag };
}

/** Undefined where the escapes are broken, or hide what would begin another header line. */
function unescaped(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text);

    return /[\x00-\x1f\x7f]/.test(plain) ? undefined : plain;
  } catch {
    return undefined;
  }
}

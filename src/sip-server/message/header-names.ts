/** Compact forms (RFC 3261 §7.3.3 and the IANA SIP header registry). */
const COMPACT_FORMS: Readonly<Record<string, string>> = {
  a: 'accept-contact',
  b: 'referred-by',
  c: 'content-type',
  d: 'request-disposition',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  j: 'reject-contact',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  n: 'identity-info',
  o: 'event',
  r: 'refer-to',
  s: 'subject',
  t: 'to',
  u: 'allow-events',
  v: 'via',
  x: 'session-expires',
  y: 'identity',
};

/** Spellings that peers use; the parser hands these very strings out instead of making new ones. */
const COMMON = [
  'Via From To Call-ID CSeq Contact Max-Forwards Content-Length Content-Type Route Record-Route',
  'Allow Supported Require Proxy-Require Unsupported User-Agent Server Accept Expires Min-Expires',
  'Authorization Proxy-Authorization WWW-Authenticate Proxy-Authenticate Session-Expires Min-SE',
  'P-Asserted-Identity P-Preferred-Identity Privacy Remote-Party-ID Diversion History-Info Identity',
  'Reason RSeq RAck Event Subscription-State Refer-To Referred-By Replaces Date Warning Retry-After',
  'Subject Organization Allow-Events Content-Disposition Content-Encoding Accept-Encoding',
  'Accept-Language Path Service-Route Timestamp Alert-Info Call-Info P-Charging-Vector',
]
  .join(' ')
  .split(' ');

/** A header name as spelled on the wire, and the key it is looked up by. */
export interface HeaderName {
  readonly name: string;
  readonly key: string;
}

/** 1,024 places for about 160 spellings, so that a look-up rarely meets another name. */
const PLACES = 1_024;
const TABLE: (HeaderName | undefined)[] = new Array<HeaderName | undefined>(PLACES).fill(undefined);
const KEYS = new Map<string, string>();

/** One step of the hash that the parser computes while it reads a name. */
export function hashStep(hash: number, code: number): number {
  return (Math.imul(hash, 31) + code) | 0;
}

function hashOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = hashStep(hash, name.charCodeAt(i));
  return hash;
}

function place(hash: number): number {
  return (hash ^ (hash >>> 10)) & (PLACES - 1);
}

function remember(name: string, key: string): void {
  KEYS.set(name, key);
  // Of two spellings with one place the second is merely found more slowly, by `canonicalKey`.
  TABLE[place(hashOf(name))] ??= { name, key };
}

for (const name of COMMON) {
  const key = name.toLowerCase();
  remember(name, key);
  remember(key, key);
}
for (const [compact, key] of Object.entries(COMPACT_FORMS)) {
  remember(compact, key);
  remember(compact.toUpperCase(), key);
}

/** The canonical key of a header name: lower case, compact form expanded. */
export function canonicalKey(name: string): string {
  return KEYS.get(name) ?? name.toLowerCase();
}

/** The name at `text[from, to)`, whose hash is known; nothing is allocated for a common spelling. */
export function headerNameAt(text: string, from: number, to: number, hash: number): HeaderName {
  const known = TABLE[place(hash)];
  if (known !== undefined && known.name.length === to - from && text.startsWith(known.name, from)) {
    return known;
  }
  const name = text.slice(from, to);
  return { name, key: canonicalKey(name) };
}

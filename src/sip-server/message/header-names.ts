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

/** Spellings seen on the wire, so that a known one costs a single look-up. */
const KEYS = new Map<string, string>();
const MAX_REMEMBERED = 512;

for (const [compact, key] of Object.entries(COMPACT_FORMS)) {
  KEYS.set(compact, key);
  KEYS.set(compact.toUpperCase(), key);
}

/** The canonical key of a header name: lower case, compact form expanded. */
export function canonicalKey(name: string): string {
  const known = KEYS.get(name);
  if (known !== undefined) return known;
  const key = name.toLowerCase();
  // Bounded: a stranger who invents names must not fill our memory.
  if (KEYS.size < MAX_REMEMBERED) KEYS.set(name, key);
  return key;
}

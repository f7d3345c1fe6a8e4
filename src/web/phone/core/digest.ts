/** What a `WWW-Authenticate` or `Proxy-Authenticate` header asks for (RFC 7616 §3.3). */
export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  /** `MD5` when it names none. */
  readonly algorithm?: string | undefined;
  readonly opaque?: string | undefined;
  /** Qualities of protection that may be chosen. */
  readonly qop?: readonly string[] | string | undefined;
}

/** What the answer is for. */
export interface DigestRequest {
  readonly method: string;
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  /** Random, new for every answer. */
  readonly cnonce: string;
}

/** Hash functions by their names in a challenge; each gives hexadecimal digits. */
export type Hashes = Readonly<Record<string, (text: string) => string>>;

/** Each nonce answers one request. */
const NONCE_COUNT = '00000001';

/**
 * The header value that answers a challenge (RFC 7616 §3.4, RFC 8760), with quality of protection `auth`
 * where that is offered.
 * @returns undefined when none of the hash functions is the one that is asked for
 */
export function answerChallenge(
  challenge: Challenge,
  request: DigestRequest,
  hashes: Hashes,
): string | undefined {
  const algorithm = challenge.algorithm ?? 'MD5';
  const hash = Object.hasOwn(hashes, algorithm.toUpperCase()) ? hashes[algorithm.toUpperCase()] : undefined;
  const offered = [challenge.qop ?? []]
    .flat()
    .join(',')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);
  const auth = offered.includes('auth');
  if (hash === undefined || (offered.length > 0 && !auth)) return undefined;
  const { realm, nonce, opaque } = challenge;
  const { username, uri, cnonce } = request;
  const ha1 = hash(`${username}:${realm}:${request.password}`);
  const ha2 = hash(`${request.method}:${uri}`);
  const protection = auth ? `${NONCE_COUNT}:${cnonce}:auth:` : '';
  const quoted = (name: string, value: string) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`;
  return `Digest ${[
    quoted('username', username),
    quoted('realm', realm),
    quoted('nonce', nonce),
    quoted('uri', uri),
    quoted('response', hash(`${ha1}:${nonce}:${protection}${ha2}`)),
    `algorithm=${algorithm}`,
    ...(auth ? [quoted('cnonce', cnonce), 'qop=auth', `nc=${NONCE_COUNT}`] : []),
    ...(opaque === undefined ? [] : [quoted('opaque', opaque)]),
  ].join(', ')}`;
}

const CHALLENGE = /^(?:WWW|Proxy)-Authenticate[ \t]*:[^\r\n]*\r\n/gim;

/**
 * Leaves a response but one challenge: the first that can be answered, for a server names the one it likes
 * best first (RFC 8760 §2.4). sip.js would answer the last.
 * @param known - algorithms that can be answered
 */
export function keepBestChallenge(message: string, known: readonly string[]): string {
  if (!/^SIP\/2\.0 40[17] /.test(message)) return message;
  const end = message.indexOf('\r\n\r\n') + 2;
  const head = message.slice(0, end);
  const challenges = head.match(CHALLENGE) ?? [];
  if (challenges.length < 2) return message;
  const best = challenges.find((header) => {
    const [, algorithm = 'MD5'] = /[\s,]algorithm\s*=\s*"?([\w-]+)/i.exec(header) ?? [];
    return known.includes(algorithm.toUpperCase());
  });
  if (best === undefined) return message;
  let kept = false;
  const rest = head.replace(CHALLENGE, (header) => {
    if (header !== best || kept) return '';
    kept = true;
    return header;
  });
  return rest + message.slice(end);
}

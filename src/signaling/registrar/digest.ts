import { createHash, timingSafeEqual } from 'node:crypto';
import { HeaderReader } from './header-reader';

/** How a password is proven, the strongest first (RFC 8760 §2.1). */
export const DIGEST_ALGORITHMS = ['SHA-256', 'MD5'] as const;
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number];

const HASH: Readonly<Record<DigestAlgorithm, string>> = { 'SHA-256': 'sha256', MD5: 'md5' };
const HEX_LENGTH: Readonly<Record<DigestAlgorithm, number>> = { 'SHA-256': 64, MD5: 32 };

/** The credentials of an Authorization header (RFC 7616 §3.4), as far as they are looked at. */
export interface DigestCredentials {
  readonly algorithm: DigestAlgorithm;
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  /** Lower-case hexadecimal, as long as the algorithm makes it. */
  readonly response: string;
  readonly cnonce: string;
  /** The nonce count, and how it was written: eight hexadecimal digits. */
  readonly nc: number;
  readonly ncText: string;
}

/** `none`: nothing for this realm by an algorithm that is known, so that a challenge is the answer. */
export type ParsedDigest =
  | { readonly kind: 'digest'; readonly credentials: DigestCredentials }
  | { readonly kind: 'none' }
  | { readonly kind: 'bad'; readonly reason: string };

const MAX_HEADER = 4_096;
const MAX_SETS = 4;
const MAX_PARAMS = 16;
const MAX_VALUE = 512;

/**
 * Reads Authorization strictly: what is not well formed, is named twice, or lacks what qop=auth needs is
 * `bad`. Of several credentials in one value, the first for the realm counts (RFC 7616 §3.4).
 */
export function parseDigest(header: string | undefined, realm: string): ParsedDigest {
  if (header === undefined) return { kind: 'none' };
  if (header.length > MAX_HEADER) return bad('Authorization is too long');
  const sets = parameterSets(header);
  if (sets === undefined) return bad('Authorization is malformed');
  for (const { scheme, params } of sets) {
    if (scheme !== 'digest' || params.get('realm') !== realm) continue;
    const algorithm = algorithmOf(params.get('algorithm') ?? 'MD5');
    if (algorithm !== undefined) return credentialsOf(params, algorithm);
  }
  return { kind: 'none' };
}

function credentialsOf(params: ReadonlyMap<string, string>, algorithm: DigestAlgorithm): ParsedDigest {
  const text = (name: string): string => params.get(name) ?? '';
  for (const name of ['username', 'nonce', 'uri', 'cnonce']) {
    if (text(name) === '') return bad(`Authorization has no ${name}`);
  }
  // Without qop there is no nonce count, and whoever overhears one answer may use it again.
  if (text('qop').toLowerCase() !== 'auth') return bad('Authorization is not of qop=auth');
  if (!/^[0-9a-f]{8}$/i.test(text('nc'))) return bad('nc is not eight hexadecimal digits');
  const response = text('response').toLowerCase();
  if (response.length !== HEX_LENGTH[algorithm] || !/^[0-9a-f]+$/.test(response)) {
    return bad(`response is no ${algorithm} digest`);
  }
  const credentials = {
    algorithm,
    username: text('username'),
    realm: text('realm'),
    nonce: text('nonce'),
    uri: text('uri'),
    response,
    cnonce: text('cnonce'),
    nc: parseInt(text('nc'), 16),
    ncText: text('nc'),
  };
  return { kind: 'digest', credentials };
}

/** What a realm keeps of a password instead of it: H(username:realm:password), in hexadecimal (RFC 7616 §3.4.2). */
export function ha1(algorithm: DigestAlgorithm, username: string, realm: string, password: string): string {
  return hex(algorithm, `${username}:${realm}:${password}`);
}

/**
 * The response that credentials should hold (RFC 7616 §3.4.1, qop=auth), in lower-case hexadecimal.
 * @param secret - what {@link ha1} makes of the password
 */
export function digestResponse(
  method: string,
  secret: string,
  {
    algorithm,
    nonce,
    ncText,
    cnonce,
    uri,
  }: Omit<DigestCredentials, 'username' | 'realm' | 'response' | 'nc'>,
): string {
  const ha2 = hex(algorithm, `${method}:${uri}`);
  return hex(algorithm, `${secret}:${nonce}:${ncText}:${cnonce}:auth:${ha2}`);
}

/** Whether the sender knows the password; takes as long for a wrong answer as for a right one. */
export function provesPassword(method: string, secret: string, credentials: DigestCredentials): boolean {
  const expected = digestResponse(method, secret, credentials);
  return timingSafeEqual(Buffer.from(expected, 'latin1'), Buffer.from(credentials.response, 'latin1'));
}

/** Values of WWW-Authenticate, one for each algorithm and in their order (RFC 7616 §3.3, RFC 8760 §2.3). */
export function challenges(
  algorithms: readonly DigestAlgorithm[],
  realm: string,
  nonce: string,
  stale: boolean,
): string[] {
  const ending = stale ? ', stale=true' : '';
  return algorithms.map(
    (algorithm) => `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${ending}`,
  );
}

function hex(algorithm: DigestAlgorithm, text: string): string {
  return createHash(HASH[algorithm]).update(text).digest('hex');
}

function algorithmOf(name: string): DigestAlgorithm | undefined {
  return DIGEST_ALGORITHMS.find((known) => known === name.toUpperCase());
}

function bad(reason: string): ParsedDigest {
  return { kind: 'bad', reason };
}

interface ParameterSet {
  readonly scheme: string;
  readonly params: Map<string, string>;
}

/** A name, then `=` and a value or blanks and the next name. */
const NAME = /[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}/y;
const BLANKS = /[ \t]*/y;
const PLAIN_VALUE = /[^\s",\\]{1,512}/y;
const QUOTED_VALUE = /"((?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*)"/y;

/**
 * `Digest a=1, b="2", Digest a=3`: servers that stand in between write several headers into one, although
 * RFC 3261 §7.3.1 forbids it. Undefined when malformed.
 */
function parameterSets(header: string): ParameterSet[] | undefined {
  const sets: ParameterSet[] = [];
  const reader = new HeaderReader(header);
  while (!reader.done) {
    reader.take(BLANKS);
    let name = reader.take(NAME)?.[0];
    const blanks = reader.take(BLANKS)?.[0].length ?? 0;
    if (name !== undefined && !reader.sees('=') && blanks > 0) {
      if (sets.length === MAX_SETS) return undefined;
      sets.push({ scheme: name.toLowerCase(), params: new Map() });
      name = reader.take(NAME)?.[0];
      reader.take(BLANKS);
    }
    const params = sets.at(-1)?.params;
    if (name === undefined || !params || params.size === MAX_PARAMS || !reader.skip('=')) return undefined;
    reader.take(BLANKS);
    const value = reader.take(QUOTED_VALUE)?.[1]?.replace(/\\(.)/g, '$1') ?? reader.take(PLAIN_VALUE)?.[0];
    const key = name.toLowerCase();
    if (value === undefined || value.length > MAX_VALUE || params.has(key)) return undefined;
    params.set(key, value);
    reader.take(BLANKS);
    if (!reader.done && !reader.skip(',')) return undefined;
  }
  return sets;
}

import * as fc from 'fast-check';
import type { DigestAlgorithm } from '../../../../src/signaling/registrar/digest';
import {
  challenges,
  digestResponse,
  ha1,
  parseDigest,
  provesPassword,
} from '../../../../src/signaling/registrar/digest';

const REALM = 'http-auth@example.org';

/** RFC 7616 §3.9.1; RFC 8760 takes the algorithms over as they are. */
const EXAMPLE = {
  username: 'Mufasa',
  password: 'Circle of Life',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  uri: '/dir/index.html',
};
const RESPONSES: Readonly<Record<DigestAlgorithm, string>> = {
  MD5: '8ca523f5e9506fed4657c9700eebdbec',
  'SHA-256': '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
};

function authorization(algorithm: DigestAlgorithm): string {
  return [
    `Digest username="${EXAMPLE.username}"`,
    `realm="${REALM}"`,
    `uri="${EXAMPLE.uri}"`,
    `algorithm=${algorithm}`,
    `nonce="${EXAMPLE.nonce}"`,
    'nc=00000001',
    `cnonce="${EXAMPLE.cnonce}"`,
    'qop=auth',
    `response="${RESPONSES[algorithm]}"`,
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
  ].join(', ');
}

describe.each(['MD5', 'SHA-256'] as const)('%s', (algorithm) => {
  const secret = ha1(algorithm, EXAMPLE.username, REALM, EXAMPLE.password);

  it('gives the response of RFC 7616 §3.9.1', () => {
    expect(digestResponse('GET', secret, { ...EXAMPLE, algorithm, ncText: '00000001' })).toBe(
      RESPONSES[algorithm],
    );
  });

  it('takes the header of RFC 7616 §3.9.1, and no other password, method or count', () => {
    const parsed = parseDigest(authorization(algorithm), REALM);
    if (parsed.kind !== 'digest') throw new Error(parsed.kind);
    const { credentials } = parsed;
    expect(credentials).toMatchObject({ algorithm, username: 'Mufasa', nc: 1, uri: EXAMPLE.uri });
    expect(provesPassword('GET', secret, credentials)).toBe(true);
    expect(provesPassword('POST', secret, credentials)).toBe(false);
    expect(provesPassword('GET', secret, { ...credentials, ncText: '00000002' })).toBe(false);
    const other = ha1(algorithm, EXAMPLE.username, REALM, 'circle of life');
    expect(provesPassword('GET', other, credentials)).toBe(false);
  });
});

const GOOD = authorization('MD5');

test.each<[string, string | undefined]>([
  ['no header', undefined],
  ['another realm', GOOD.replace(REALM, 'example.net')],
  ['another scheme', 'Bearer abc=1'],
  ['an algorithm that is not known', GOOD.replace('algorithm=MD5', 'algorithm=SHA-512-256')],
])('%s gets a challenge', (_what, header) => {
  expect(parseDigest(header, REALM)).toEqual({ kind: 'none' });
});

test.each<[string, string]>([
  ['a header without end', `${GOOD}, padding="${'x'.repeat(5_000)}"`],
  ['a value without end', GOOD.replace(EXAMPLE.nonce, 'x'.repeat(600))],
  ['a parameter twice', `${GOOD}, nc=00000002`],
  ['too many parameters', `${GOOD}, ${Array.from({ length: 20 }, (_, i) => `x${i}=1`).join(', ')}`],
  ['no qop', GOOD.replace('qop=auth, ', '')],
  ['qop=auth-int', GOOD.replace('qop=auth,', 'qop=auth-int,')],
  ['no cnonce', GOOD.replace(/cnonce="[^"]*", /, '')],
  ['no username', GOOD.replace('username="Mufasa", ', '')],
  ['an empty username', GOOD.replace('Mufasa', '')],
  ['a short nc', GOOD.replace('nc=00000001', 'nc=1')],
  ['an nc that is no number', GOOD.replace('nc=00000001', 'nc=0000000g')],
  ['a short response', GOOD.replace(RESPONSES.MD5, RESPONSES.MD5.slice(1))],
  ['the response of another algorithm', GOOD.replace(RESPONSES.MD5, RESPONSES['SHA-256'])],
  ['a quote that does not close', GOOD.replace('"Mufasa"', '"Mufasa')],
  ['a control character', GOOD.replace('Mufasa', 'Mu\u0007fasa')],
  ['words between the parameters', GOOD.replace('qop=auth,', 'qop=auth x,')],
  ['nothing but the scheme', 'Digest'],
])('%s is malformed', (_what, header) => {
  expect(parseDigest(header, REALM).kind).toBe('bad');
});

test('of several credentials the first for the realm counts', () => {
  const foreign = GOOD.replace(REALM, 'example.net');
  const parsed = parseDigest(`${foreign},${authorization('SHA-256')}, ${GOOD}`, REALM);
  expect(parsed).toMatchObject({ kind: 'digest', credentials: { algorithm: 'SHA-256' } });
});

test('names are read in any letter case, quoted or not, with or without blanks', () => {
  const text = GOOD.replace('Digest', 'DIGEST')
    .replace('algorithm=MD5', 'Algorithm = "md5"')
    .replace('nc=00000001', 'NC="00000001"')
    .replaceAll(', ', ' ,\t');
  expect(parseDigest(text, REALM)).toMatchObject({
    kind: 'digest',
    credentials: { algorithm: 'MD5', nc: 1 },
  });
});

test('escapes in quoted values are undone', () => {
  const parsed = parseDigest(GOOD.replace('Mufasa', String.raw`Mu\"fa\\sa`), REALM);
  expect(parsed).toMatchObject({ credentials: { username: String.raw`Mu"fa\sa` } });
});

test('whatever comes, reading it ends and never throws', () => {
  const piece = fc.constantFrom(
    'Digest ',
    'a',
    '=',
    '"',
    ',',
    ' ',
    '\\',
    'nc=00000001',
    `realm="${REALM}"`,
    '\u0000',
  );
  const text = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.array(piece, { size: 'max', maxLength: 60 }).map((p) => p.join('')),
  );
  fc.assert(
    fc.property(text, (header) => {
      expect(['none', 'bad', 'digest']).toContain(parseDigest(header, REALM).kind);
    }),
  );
});

test('a challenge for each algorithm, in their order', () => {
  expect(challenges(['SHA-256', 'MD5'], 'dce.invalid', 'abc', false)).toEqual([
    'Digest realm="dce.invalid", nonce="abc", algorithm=SHA-256, qop="auth"',
    'Digest realm="dce.invalid", nonce="abc", algorithm=MD5, qop="auth"',
  ]);
  expect(challenges(['MD5'], 'dce.invalid', 'abc', true)[0]).toMatch(/, stale=true$/);
});

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { answerChallenge, keepBestChallenge } from '../../../src/web/phone/core/digest';
import { sha256 } from '../../../src/web/phone/core/sha256';

const node = (algorithm: string) => (text: string) => createHash(algorithm).update(text).digest('hex');
const hashes = { MD5: node('md5'), 'SHA-256': sha256 };

test('SHA-256 is what everybody else computes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300, size: 'max' }), (text) => {
      expect(sha256(text)).toBe(node('sha256')(text));
    }),
  );
});

describe('the answer to a challenge', () => {
  // The example of RFC 7616 §3.9.1.
  const request = {
    method: 'GET',
    uri: '/dir/index.html',
    username: 'Mufasa',
    password: 'Circle of Life',
    cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  };
  const challenge = {
    realm: 'http-auth@example.org',
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    opaque: 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS',
    qop: ['auth', 'auth-int'],
  };

  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('is that of RFC 7616 for %s', (algorithm, response) => {
    const answer = answerChallenge({ ...challenge, algorithm }, request, hashes);
    expect(answer).toContain(`response="${response}"`);
    expect(answer).toContain('qop=auth, nc=00000001');
    expect(answer).toContain(`opaque="${challenge.opaque}"`);
  });

  it('is none where the algorithm or the protection is unknown', () => {
    expect(answerChallenge({ ...challenge, algorithm: 'SHA-512-256' }, request, hashes)).toBeUndefined();
    expect(answerChallenge({ ...challenge, qop: ['auth-int'] }, request, hashes)).toBeUndefined();
  });

  it('keeps what stands in quotes there', () => {
    const answer = answerChallenge({ realm: 'a "b"', nonce: 'n' }, request, hashes);
    expect(answer).toContain('realm="a \\"b\\""');
    expect(answer).not.toContain('qop');
  });
});

describe('several challenges', () => {
  const response = (...algorithms: readonly string[]) =>
    [
      'SIP/2.0 401 Unauthorized',
      'Via: SIP/2.0/WS x;branch=z9hG4bK1',
      ...algorithms.map(
        (algorithm) => `WWW-Authenticate: Digest realm="r", nonce="n", algorithm=${algorithm}`,
      ),
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');

  it('become the first that is known', () => {
    const known = ['MD5', 'SHA-256'];
    expect(keepBestChallenge(response('SHA-512-256', 'SHA-256', 'MD5'), known)).toBe(response('SHA-256'));
    expect(keepBestChallenge(response('MD5', 'SHA-256'), known)).toBe(response('MD5'));
  });

  it('are left where there is nothing to choose', () => {
    for (const message of [response('MD5'), response('X', 'Y'), response('MD5', 'MD5').replace('401', '200')])
      expect(keepBestChallenge(message, ['MD5'])).toBe(message);
  });
});

import fc from 'fast-check';
import type { E164 } from '../../../src/domain';
import { shortHash, Vault } from '../../../src/storage';

const one = new Vault('the first key, of enough characters');
const two = new Vault('the second key, of enough characters');
const NUMBER = '+12125550123' as E164;

test('law: what is sealed comes back, and looks different each time', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, place) => {
      const sealed = one.seal(text, place);
      expect(one.open(sealed, place)).toBe(Buffer.from(text, 'utf8').toString('utf8'));
      expect(one.seal(text, place).equals(sealed)).toBe(false);
      expect(() => two.open(sealed, place)).toThrow('cannot be opened');
    }),
  );
});

test('what is no seal is told from one', () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('short'), Buffer.alloc(40), Buffer.alloc(64, 1)]) {
    expect(() => one.open(bytes, 'x')).toThrow('x');
  }
});

test('law: a sealed number comes back, the same number is sealed the same, and another key opens none', () => {
  const digits = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.stringMatching(/^\d{6,14}$/));
  fc.assert(
    fc.property(digits, ([first, rest]) => {
      const number = `+${first}${rest}` as E164;
      const sealed = one.sealNumber(number);
      expect(one.openNumber(sealed)).toBe(number);
      expect(one.sealNumber(number)).toEqual(sealed);
      expect(sealed.toString('latin1')).not.toContain(rest);
      expect(() => two.openNumber(sealed)).toThrow('cannot be opened');
      expect(() => one.openNumber(sealed.subarray(1))).toThrow('damaged');
    }),
  );
});

test('hashes and pseudonyms are the same for the same number and key, and tell nothing of it', () => {
  expect(one.hashNumber(NUMBER)).toEqual(one.hashNumber(NUMBER));
  expect(one.hashNumber(NUMBER)).not.toEqual(two.hashNumber(NUMBER));
  expect(one.pseudonym(NUMBER)).toBe(one.pseudonym(NUMBER));
  expect(one.pseudonym(NUMBER)).toMatch(/^anon:[A-Za-z0-9_-]{22}$/);
  expect(one.pseudonym(NUMBER)).not.toBe(two.pseudonym(NUMBER));
  const { high, low } = shortHash(one.hashNumber(NUMBER));
  expect(one.hashNumber(NUMBER).readBigUInt64BE()).toBe((BigInt(high) << 32n) | BigInt(low));
});

test('each purpose has a key of its own', () => {
  const hash = one.hashNumber(NUMBER);
  expect(one.fingerprint(NUMBER)).not.toEqual(hash);
  expect(one.pseudonym(NUMBER)).not.toContain(hash.toString('base64url').slice(0, 22));
  expect(one.checkValue).toHaveLength(32);
  expect(one.checkValue).not.toEqual(two.checkValue);
});

test('a short key is refused', () => {
  expect(() => new Vault('x'.repeat(31))).toThrow(RangeError);
});

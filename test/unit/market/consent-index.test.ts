import fc from 'fast-check';
import type { Consent, E164 } from '../../../src/domain';
import { CONSENT_SCOPES } from '../../../src/domain';
import { ConsentIndex } from '../../../src/market';

const NUMBER = '+12125550123' as E164;

function consent(id: string, more: Partial<Consent> = {}): Consent {
  return {
    id,
    number: NUMBER,
    sellerId: 'seller',
    campaignId: undefined,
    scopes: ['calls'],
    givenAt: 1_700_000_000_000,
    expiresAt: undefined,
    revokedAt: undefined,
    certificate: undefined,
    ...more,
  };
}

test('a number without consents has always the same empty list', () => {
  const index = new ConsentIndex();
  expect(index.find(NUMBER)).toEqual([]);
  expect(index.find(NUMBER)).toBe(index.find('+442079460958' as E164));
});

test('a consent comes back as it was given', () => {
  const index = new ConsentIndex();
  const all = [
    consent('1', { certificate: { issuer: 'trustedform', id: '0123456789abcdef0123456789abcdef01234567' } }),
    consent('2', {
      certificate: { issuer: 'jornaya', id: '01234567-89AB-CDEF-0123-456789ABCDEF' },
      givenAt: 5,
    }),
    consent('3', {
      certificate: { issuer: 'other', id: '01234567-89ab-cdef-0123-456789abcdef' },
      givenAt: 4,
    }),
    consent('4', { certificate: { issuer: 'other', id: 'paper form 17' }, givenAt: 3, sellerId: undefined }),
    consent('lead-5', {
      campaignId: 'solar',
      expiresAt: 9,
      revokedAt: 8,
      scopes: CONSENT_SCOPES,
      givenAt: 2,
    }),
    consent('0006', { scopes: [], givenAt: 1 }),
  ];
  for (const one of all) expect(index.upsert(one)).toBe(true);
  expect(index.find(NUMBER)).toEqual(all);
});

test('what has become of a consent replaces what it was', () => {
  const index = new ConsentIndex();
  index.upsert(consent('1'));
  index.upsert(consent('1', { revokedAt: 1_700_000_000_001 }));
  expect(index.find(NUMBER)).toEqual([consent('1', { revokedAt: 1_700_000_000_001 })]);
  expect(index.size).toBe(1);
});

test('twenty of a number are kept, the newest, in whatever order they come', () => {
  const index = new ConsentIndex();
  const order = Array.from({ length: 30 }, (_, n) => (n * 7) % 30);
  for (const n of order) index.upsert(consent(String(n + 1), { givenAt: n }));
  expect(index.find(NUMBER).map(({ givenAt }) => givenAt)).toEqual(
    Array.from({ length: 20 }, (_, n) => 29 - n),
  );
  expect(index.size).toBe(20);
});

test('of consents given at once the one stored last goes first', () => {
  const index = new ConsentIndex();
  for (const id of ['9', '10', '2']) index.upsert(consent(id));
  expect(index.find(NUMBER).map(({ id }) => id)).toEqual(['10', '9', '2']);
});

test('a full index takes no further consent, and one again when there is room', () => {
  const index = new ConsentIndex({ maxConsents: 2 });
  const other = '+12125550124' as E164;
  expect([index.upsert(consent('1')), index.upsert(consent('2'))]).toEqual([true, true]);
  expect(index.upsert(consent('3', { number: other }))).toBe(false);
  expect(index.find(other)).toEqual([]);
  // A change of one that is there is no further one.
  expect(index.upsert(consent('2', { revokedAt: 7 }))).toBe(true);
  index.remove(NUMBER, '1');
  expect(index.upsert(consent('3', { number: other }))).toBe(true);
});

test('what is no number is refused, and leaves nothing behind', () => {
  const index = new ConsentIndex();
  for (const wrong of ['', '+', '+abc', 'anonymous', '+99999999999999999999']) {
    expect(() => index.upsert(consent('1', { number: wrong as E164 }))).toThrow(RangeError);
    expect(index.find(wrong as E164)).toEqual([]);
  }
  expect([index.size, index.numbers]).toEqual([0, 0]);
});

test('consents are removed by their ids alone, part by part', () => {
  const index = new ConsentIndex();
  const numbers = Array.from({ length: 500 }, (_, n) => `+1212555${String(n).padStart(4, '0')}` as E164);
  numbers.forEach((number, n) => {
    index.upsert(consent(String(2 * n + 1), { number }));
    index.upsert(consent(String(2 * n + 2), { number }));
  });
  const ids = new Set(numbers.flatMap((_, n) => (n % 2 === 0 ? [String(2 * n + 1), String(2 * n + 2)] : [])));
  let removed = 0;
  for (let part = 0; part < ConsentIndex.parts; part++) removed += index.removeFrom(part, ids);
  expect(removed).toBe(500);
  expect([index.size, index.numbers]).toEqual([500, 250]);
  numbers.forEach((number, n) => expect(index.find(number).length).toBe(n % 2 === 0 ? 0 : 2));
});

test('one index takes over what another one holds, with its own limits', () => {
  const index = new ConsentIndex({ maxConsents: 1 });
  index.upsert(consent('1'));
  const fresh = index.emptyCopy();
  expect([fresh.upsert(consent('2')), fresh.upsert(consent('3'))]).toEqual([true, false]);
  index.adopt(fresh);
  expect(index.find(NUMBER).map(({ id }) => id)).toEqual(['2']);
  expect(fresh.find(NUMBER)).toEqual([]);
});

test('memory is bounded: hundreds of thousands of numbers take less than 100 bytes apiece', () => {
  const index = new ConsentIndex();
  const count = 300_000;
  for (let n = 0; n < count; n++) {
    index.upsert(consent(String(n + 1), { number: `+1${2_000_000_000 + n * 7}` as E164 }));
  }
  expect(index.numbers).toBe(count);
  expect(index.bytes / count).toBeLessThan(100);
  expect(index.find('+12000007000' as E164)).toEqual([consent('1001', { number: '+12000007000' as E164 })]);
  // What leaves makes room for what comes: nothing grows.
  const before = index.bytes;
  for (let n = 0; n < 100_000; n++) index.remove(`+1${2_000_000_000 + n * 7}` as E164, String(n + 1));
  for (let n = 0; n < 100_000; n++) {
    index.upsert(consent(String(count + n), { number: `+1${2_000_000_000 + n * 7}` as E164 }));
  }
  expect(index.bytes).toBe(before);
});

test('law: it holds what a plain list of the newest twenty would', () => {
  const step = fc.record({
    number: fc.constantFrom('+12125550001', '+12125550002', '+442079460958'),
    id: fc.integer({ min: 1, max: 40 }).map(String),
    op: fc.constantFrom('upsert', 'upsert', 'upsert', 'remove'),
    revokedAt: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const index = new ConsentIndex();
      const plain = new Map<string, Consent[]>();
      for (const { number, id, op, revokedAt } of steps) {
        // An id belongs to one number and one act, as in the table.
        const named = `${number.slice(-1)}${id.padStart(2, '0')}`;
        const one = consent(named, { number: number as E164, givenAt: Number(id) % 5, revokedAt });
        const rest = (plain.get(number) ?? []).filter((other) => other.id !== named);
        if (op === 'upsert') {
          index.upsert(one);
          rest.push(one);
        } else index.remove(number as E164, named);
        rest.sort((a, b) => b.givenAt - a.givenAt || Number(b.id) - Number(a.id));
        plain.set(number, rest.slice(0, 20));
      }
      for (const [number, expected] of plain) expect(index.find(number as E164)).toEqual(expected);
      expect(index.size).toBe([...plain.values()].flat().length);
    }),
  );
});

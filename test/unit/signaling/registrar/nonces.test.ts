import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import type { NoncesOptions } from '../../../../src/signaling/registrar/nonces';
import { Nonces } from '../../../../src/signaling/registrar/nonces';

const ADDRESS = '192.0.2.7';
const KEY = randomBytes(32);
let now: number;
beforeEach(() => {
  now = 1_790_000_000_000;
});

function nonces(more: Partial<NoncesOptions> = {}): Nonces {
  return new Nonces({ key: KEY, now: () => now, randomBytes, ...more });
}

it('takes what it minted, and a count once', () => {
  const of = nonces();
  const nonce = of.mint(ADDRESS);
  expect(of.use(nonce, 1, ADDRESS)).toBe('fresh');
  expect(of.use(nonce, 1, ADDRESS)).toBe('stale');
  expect(of.use(nonce, 2, ADDRESS)).toBe('fresh');
});

it('mints no nonce twice', () => {
  const of = nonces();
  expect(new Set(Array.from({ length: 1_000 }, () => of.mint(ADDRESS))).size).toBe(1_000);
});

test.each<[string, (nonce: string) => [nonce: string, nc: number, address: string]]>([
  ['for another address', (nonce) => [nonce, 1, '192.0.2.8']],
  ['with a count of nothing', (nonce) => [nonce, 0, ADDRESS]],
  [
    'with a changed end',
    (nonce) => [`${nonce.slice(0, -2)}${nonce.endsWith('AA') ? 'BB' : 'AA'}`, 1, ADDRESS],
  ],
  ['with a changed time', (nonce) => [`AA${nonce.slice(2)}`, 1, ADDRESS]],
  ['cut short', (nonce) => [nonce.slice(0, -1), 1, ADDRESS]],
  ['with something behind it', (nonce) => [`${nonce}A`, 1, ADDRESS]],
  ['that is none', () => ['', 1, ADDRESS]],
])('a nonce %s is stale', (_what, change) => {
  const of = nonces();
  expect(of.use(...change(of.mint(ADDRESS)))).toBe('stale');
});

it('of another node is stale', () => {
  expect(nonces({ key: randomBytes(32) }).use(nonces().mint(ADDRESS), 1, ADDRESS)).toBe('stale');
});

it('has one spelling', () => {
  const of = nonces();
  const nonce = of.mint(ADDRESS);
  // The last character of 43 holds two bits that mean nothing.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(nonce.slice(-1));
  const spelled = nonce.slice(0, -1) + alphabet.charAt(last ^ 1);
  expect(Buffer.from(spelled, 'base64url')).toEqual(Buffer.from(nonce, 'base64url'));
  expect(of.use(spelled, 1, ADDRESS)).toBe('stale');
});

it('is stale when its time is over, and when it comes from the future', () => {
  const of = nonces({ lifeMs: 1_000 });
  const nonce = of.mint(ADDRESS);
  now += 999;
  expect(of.use(nonce, 1, ADDRESS)).toBe('fresh');
  now += 1;
  expect(of.use(nonce, 2, ADDRESS)).toBe('stale');
  const early = of.mint(ADDRESS);
  now -= 5_000;
  expect(of.use(early, 1, ADDRESS)).toBe('stale');
});

it('remembers no more than those that live', () => {
  const of = nonces({ lifeMs: 1_000 });
  for (let i = 0; i < 100; i++) of.use(of.mint(ADDRESS), 1, ADDRESS);
  expect(of.tracked).toBe(100);
  now += 1_000;
  of.use(of.mint(ADDRESS), 1, ADDRESS);
  expect(of.tracked).toBe(1);
});

it('takes counts that overtake each other, each once', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 80 }), { size: 'max', maxLength: 150 }), (counts) => {
      const of = nonces();
      const nonce = of.mint(ADDRESS);
      const used = new Set<number>();
      let highest = 0;
      for (const nc of counts) {
        const expected = !used.has(nc) && nc > highest - 32;
        expect(of.use(nonce, nc, ADDRESS)).toBe(expected ? 'fresh' : 'stale');
        if (expected) used.add(nc);
        highest = Math.max(highest, nc);
      }
    }),
  );
});

it('never takes a nonce with the same count twice, however few it can remember', () => {
  const step = fc.record({
    mint: fc.boolean(),
    which: fc.nat({ max: 30 }),
    nc: fc.integer({ min: 1, max: 3 }),
    later: fc.nat({ max: 40 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { size: 'max', maxLength: 200 }),
      fc.integer({ min: 1, max: 5 }),
      (steps, maxTracked) => {
        const of = nonces({ maxTracked, lifeMs: 500 });
        const minted: string[] = [];
        const taken = new Set<string>();
        for (const { mint, which, nc, later } of steps) {
          now += later;
          if (mint || minted.length === 0) minted.push(of.mint(ADDRESS));
          const nonce = minted[which % minted.length] ?? '';
          const pair = `${nonce} ${nc}`;
          if (of.use(nonce, nc, ADDRESS) === 'fresh') {
            expect(taken).not.toContain(pair);
            taken.add(pair);
          }
          expect(of.tracked).toBeLessThanOrEqual(maxTracked);
        }
      },
    ),
  );
});

it('goes on when more are in use than it can remember', () => {
  const of = nonces({ maxTracked: 3 });
  for (let i = 0; i < 20; i++) {
    now += 1;
    expect(of.use(of.mint(ADDRESS), 1, ADDRESS)).toBe('fresh');
  }
});

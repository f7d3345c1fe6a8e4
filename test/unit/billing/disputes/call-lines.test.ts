import fc from 'fast-check';
import type { Micros } from '../../../../src/domain';
import { micros } from '../../../../src/domain';
import type { RatedLine } from '../../../../src/rating';
import type { BookedLines, CallParties } from '../../../../src/billing/revisions/call-lines';
import {
  buyerLines,
  giveBack,
  matchingPart,
  owedBy,
  ratingChanges,
  sellerLines,
  standingLines,
  sumOf,
} from '../../../../src/billing/revisions/call-lines';

const PARTIES: CallParties = { buyerAccountId: 'buyer', sellerId: 'seller', currency: 'USD' };

function line(kind: RatedLine['kind'], accountId: string, amount: number, code = 'plan'): RatedLine {
  return { kind, accountId, code, text: code, amount: micros(amount), currency: 'USD' };
}
const rating = (...lines: RatedLine[]): BookedLines => ({ lines, concession: false });
const conceding = (lines: readonly RatedLine[]): BookedLines => ({ lines, concession: true });

/** 100 of the buyer: 80 for the call, 15 fee, 5 tax; 50 of the seller, 10 of a partner, less a fee of 6. */
const CALL = [
  line('revenue', 'buyer', 80),
  line('fee', 'buyer', 15, 'platform'),
  line('tax', 'buyer', 5, 'vat'),
  line('payout', 'seller', 50),
  line('payout', 'partner', 10),
  line('fee', 'seller', 6, 'network'),
  line('carrier_cost', 'carrier', 3, 'inbound'),
];
const amounts = (lines: readonly RatedLine[]): string[] =>
  lines.map(({ kind, accountId, amount }) => `${kind} ${accountId} ${amount}`);

test('a part is given back of price, fee and tax in proportion, and of what the seller earned and paid', () => {
  const standing = standingLines([rating(...CALL)]);
  const { lines, borne } = giveBack(standing, PARTIES, {
    amount: micros(20),
    bearer: 'seller',
    borneBefore: micros(0),
  });
  expect(amounts(lines)).toEqual([
    'revenue buyer -16',
    'fee buyer -3',
    'tax buyer -1',
    'payout seller -10',
    'payout partner -2',
    'fee seller -1',
  ]);
  expect(borne).toBe(0);
});

test('what the exchange bore before is no part of what the seller bears', () => {
  const first = giveBack(standingLines([rating(...CALL)]), PARTIES, {
    amount: micros(20),
    bearer: 'exchange',
    borneBefore: micros(0),
  });
  expect(amounts(first.lines)).toEqual(['revenue buyer -16', 'fee buyer -3', 'tax buyer -1']);
  expect(first.borne).toBe(20);
  const standing = standingLines([rating(...CALL), conceding(first.lines)]);
  const rest = giveBack(standing, PARTIES, {
    amount: micros(80),
    bearer: 'seller',
    borneBefore: first.borne,
  });
  expect(amounts(rest.lines).filter((text) => text.startsWith('payout'))).toEqual([
    'payout seller -40',
    'payout partner -8',
  ]);
  expect(
    sumOf(buyerLines(standingLines([rating(...CALL), conceding([...first.lines, ...rest.lines])]), PARTIES)),
  ).toBe(0);
});

test('more than is charged, or nothing, is not given back', () => {
  const standing = standingLines([rating(...CALL)]);
  for (const amount of [101, 0, -1]) {
    expect(() =>
      giveBack(standing, PARTIES, { amount: micros(amount), bearer: 'exchange', borneBefore: micros(0) }),
    ).toThrow(RangeError);
  }
});

test('a price by another rule is a change of the price; a fee of another code is another fee', () => {
  const standing = standingLines([rating(line('revenue', 'buyer', 25), line('fee', 'buyer', 2, 'a'))]);
  const rated = [line('revenue', 'buyer', 40, 'conversions/0'), line('fee', 'buyer', 2, 'b')];
  const changes = ratingChanges(standing, rated, false);
  expect(changes.map(({ kind, code, amount }) => [kind, code, amount])).toEqual([
    ['revenue', 'conversions/0', 15],
    ['fee', 'a', -2],
    ['fee', 'b', 2],
  ]);
  const after = standingLines([rating(line('revenue', 'buyer', 25)), rating(...changes)]);
  expect(after[0]).toMatchObject({ code: 'conversions/0', amount: 40, conceded: 0 });
});

test('what was given back stays given back: a price that falls below it takes nothing from anybody', () => {
  const back = conceding([line('revenue', 'buyer', -20)]);
  const standing = standingLines([rating(line('revenue', 'buyer', 25)), back]);
  const changes = ratingChanges(standing, [line('revenue', 'buyer', 10)], false);
  expect(changes).toMatchObject([{ amount: -5 }]);
  const fallen = standingLines([rating(line('revenue', 'buyer', 25)), back, rating(...changes)]);
  expect(fallen).toMatchObject([{ amount: 0, conceded: -20 }]);
  expect(ratingChanges(fallen, [line('revenue', 'buyer', 40)], false)).toMatchObject([{ amount: 20 }]);
});

test('carriers are paid whatever becomes known, unless the call was another one', () => {
  const standing = standingLines([rating(line('carrier_cost', 'carrier', 3, 'inbound'))]);
  expect(ratingChanges(standing, [], false)).toEqual([]);
  expect(ratingChanges(standing, [], true)).toMatchObject([{ kind: 'carrier_cost', amount: -3 }]);
});

const amount = fc.integer({ min: 0, max: 1_000_000_000 });
const rated = fc
  .record({ revenue: amount, fee: amount, tax: amount, payout: amount, share: amount, sellerFee: amount })
  .map(({ revenue, fee, tax, payout, share, sellerFee }) =>
    [
      line('revenue', 'buyer', revenue),
      line('fee', 'buyer', fee, 'platform'),
      line('tax', 'buyer', tax, 'vat'),
      line('payout', 'seller', payout),
      line('payout', 'partner', share),
      line('fee', 'seller', sellerFee, 'network'),
    ].filter((one) => one.amount > 0),
  );
const step = fc.oneof(
  rated.map((lines) => ({ kind: 'rate' as const, lines })),
  fc.record({
    kind: fc.constant('back' as const),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
    bearer: fc.constantFrom('seller' as const, 'exchange' as const),
  }),
);

test('whatever is rated and given back in whatever order: no line falls below nothing, and the last rating less what was conceded stands', () => {
  fc.assert(
    fc.property(rated, fc.array(step, { size: 'max', maxLength: 12 }), (first, steps) => {
      const bookings: BookedLines[] = [rating(...first)];
      let borne = micros(0);
      let latest = first;
      for (const one of steps) {
        const standing = standingLines(bookings);
        if (one.kind === 'rate') {
          latest = one.lines;
          bookings.push(rating(...ratingChanges(standing, one.lines, false)));
          continue;
        }
        const charged = sumOf(buyerLines(standing, PARTIES));
        const back = micros(Math.floor(charged * one.part));
        if (back === 0) continue;
        const given = giveBack(standing, PARTIES, { amount: back, bearer: one.bearer, borneBefore: borne });
        expect(sumOf(given.lines.filter(({ accountId }) => accountId === 'buyer'))).toBe(-back);
        borne = micros(borne + given.borne);
        bookings.push(conceding(given.lines));
      }
      for (const { amount: stands, conceded, kind, accountId, code } of standingLines(bookings)) {
        expect(stands).toBeGreaterThanOrEqual(0);
        const due = latest.find(
          (one) => one.kind === kind && one.accountId === accountId && one.code === code,
        );
        expect(stands).toBe(Math.max(0, (due?.amount ?? 0) + conceded));
      }
    }),
  );
});

test('a call that is given back at the seller’s expense in any number of parts leaves the seller nothing of it', () => {
  fc.assert(
    fc.property(
      rated,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { size: 'max', maxLength: 8 }),
      (lines, parts) => {
        const bookings: BookedLines[] = [rating(...lines)];
        const give = (wanted: (charged: Micros) => number): void => {
          const standing = standingLines(bookings);
          const back = micros(wanted(sumOf(buyerLines(standing, PARTIES))));
          if (back === 0) return;
          const terms = { amount: back, bearer: 'seller', borneBefore: micros(0) } as const;
          bookings.push(conceding(giveBack(standing, PARTIES, terms).lines));
        };
        for (const part of parts) give((charged) => Math.floor(charged * part));
        give((charged) => charged);
        const standing = standingLines(bookings);
        fc.pre(sumOf(lines.filter(({ accountId }) => accountId === 'buyer')) > 0);
        expect(sumOf(buyerLines(standing, PARTIES))).toBe(0);
        expect(sumOf(sellerLines(standing, PARTIES))).toBe(0);
      },
    ),
  );
});

test('what is withheld is what would be taken back, less the fees on it', () => {
  const standing = standingLines([rating(...CALL)]);
  const owed = owedBy(matchingPart(standing, PARTIES, micros(50), micros(50)));
  expect([...owed]).toEqual([
    ['seller', 22],
    ['partner', 5],
  ]);
});

import fc from 'fast-check';
import type { MarketPosition } from '../../../src/storage';
import { comparePositions, readPosition } from '../../../src/storage';

/** Transactions in the order in which each began and ended; a snapshot after each event. */
function history(events: readonly { readonly end: number }[]): MarketPosition[] {
  const running: bigint[] = [];
  let next = 100n;
  let completed = 99n;
  const positions: MarketPosition[] = [];
  for (const { end } of events) {
    if (end >= running.length) running.push(next++);
    else {
      const [done] = running.splice(end, 1);
      if (done !== undefined && done > completed) completed = done;
    }
    const xmax = completed + 1n;
    const seen = running.filter((xid) => xid < xmax);
    positions.push({ era: 1, snapshot: `${seen[0] ?? xmax}:${xmax}:${seen.join(',')}` });
  }
  return positions;
}

test('positions are ordered as they were taken', () => {
  const events = fc.array(fc.record({ end: fc.nat(6) }), { minLength: 2, maxLength: 60 });
  fc.assert(
    fc.property(events, (all) => {
      const positions = history(all);
      for (const [n, later] of positions.entries()) {
        expect(readPosition(`1/${later.snapshot}`)).toEqual(later);
        const earlier = positions[n - 1];
        if (!earlier) continue;
        const order = comparePositions(earlier, later);
        expect(earlier.snapshot === later.snapshot ? order === 0 : order < 0).toBe(true);
        expect(Math.sign(comparePositions(later, earlier))).toBe(-Math.sign(order) + 0);
        expect(comparePositions(later, { ...earlier, era: 2 })).toBeLessThan(0);
      }
    }),
  );
});

test.each([
  '',
  '1',
  '742:745:743',
  '0/742:745:743',
  '1/742:745',
  '1/0:5:',
  '1/5:3:',
  '1/3:5:6',
  '1/3:5:2',
  '1/3:9:5,4',
  '1/3:9:4,4',
  '1/3:9:4,',
  '1/-3:9:',
  `1/3:9:${'4,'.repeat(600_000)}5`,
  `1/3:${'9'.repeat(19)}:`,
])('%# is no position', (text) => expect(readPosition(text)).toBeUndefined());

test.each(['1/742:745:743', '1/3:3:', '12/3:9:3,4,8'])('%s is one', (text) => {
  expect(readPosition(text)).toEqual({ era: Number(text.split('/')[0]), snapshot: text.split('/')[1] });
});

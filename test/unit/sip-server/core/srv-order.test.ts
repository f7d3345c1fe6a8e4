import fc from 'fast-check';
import { srvOrder } from '../../../../src/sip-server/core/srv-order';

const records = fc.array(
  fc.record({ priority: fc.integer({ min: 0, max: 5 }), weight: fc.integer({ min: 0, max: 100 }) }),
  { maxLength: 12 },
);
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('every record once, and no priority before a lower one', () => {
  fc.assert(
    fc.property(records, fc.infiniteStream(chance), (given, chances) => {
      const ordered = srvOrder(given, () => chances.next().value as number);
      expect(ordered).toHaveLength(given.length);
      expect(new Set(ordered)).toEqual(new Set(given));
      const priorities = ordered.map(({ priority }) => priority);
      expect(priorities).toEqual([...priorities].sort((a, b) => a - b));
    }),
  );
});

test('each record comes first in proportion to its weight', () => {
  const weights = fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(weights, (given) => {
      const group = given.map((weight, name) => ({ priority: 1, weight, name }));
      const total = given.reduce((sum, weight) => sum + weight, 0);
      const steps = 2_000;
      const first = new Map<number, number>();
      // Chance itself, step by step, instead of a sample of it.
      for (let step = 0; step < steps; step++) {
        const name = srvOrder(group, () => (step + 0.5) / steps)[0]?.name ?? -1;
        first.set(name, (first.get(name) ?? 0) + 1);
      }
      for (const { name, weight } of group) {
        const share = total === 0 ? 1 / group.length : weight / total;
        expect((first.get(name) ?? 0) / steps).toBeCloseTo(share, 2);
      }
    }),
    { numRuns: 30 },
  );
});

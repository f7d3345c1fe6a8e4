import * as fc from 'fast-check';
import type { Candidate } from '../../../../src/billing/reconciliation/match-records';
import { matchClosest } from '../../../../src/billing/reconciliation/match-records';

const candidates = fc.uniqueArray(fc.record({ ours: fc.nat(8), theirs: fc.nat(8), distance: fc.nat(5) }), {
  maxLength: 40,
  size: 'max',
  selector: ({ ours, theirs }) => `${ours} ${theirs}`,
});

test('matching is one to one, whatever the order of the candidates', () => {
  fc.assert(
    fc.property(candidates, fc.infiniteStream(fc.nat()), (list, noise) => {
      const matches = matchClosest(list);
      expect(new Set(matches.map(({ ours }) => ours)).size).toBe(matches.length);
      expect(new Set(matches.map(({ theirs }) => theirs)).size).toBe(matches.length);
      const keys = new Map(list.map((one): [Candidate, number] => [one, noise.next().value as number]));
      const shuffled = [...list].sort((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));
      expect(matchClosest(shuffled)).toEqual(matches);
    }),
  );
});

test('no pair is left that is closer than what both of them got', () => {
  fc.assert(
    fc.property(candidates, (list) => {
      const matches = matchClosest(list);
      const distance = (side: 'ours' | 'theirs', id: number): number => {
        const match = matches.find((one) => one[side] === id);
        const found = list.find(({ ours, theirs }) => ours === match?.ours && theirs === match.theirs);
        return found?.distance ?? Infinity;
      };
      for (const one of list) {
        expect(Math.min(distance('ours', one.ours), distance('theirs', one.theirs))).toBeLessThanOrEqual(
          one.distance,
        );
      }
    }),
  );
});

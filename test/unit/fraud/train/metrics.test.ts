import * as fc from 'fast-check';
import { prAuc, recallAt, recallFrom, rocAuc, thresholdAt } from '../../../../src/fraud/train';

const scored = fc
  .array(fc.record({ score: fc.integer({ min: 0, max: 8 }), fraud: fc.boolean() }), {
    minLength: 4,
    maxLength: 80,
  })
  .filter((calls) => calls.some(({ fraud }) => fraud) && calls.some(({ fraud }) => !fraud))
  .map((calls) => ({
    scores: Float64Array.from(calls, ({ score }) => score),
    labels: Uint8Array.from(calls, ({ fraud }) => (fraud ? 1 : 0)),
    calls,
  }));

test('ROC-AUC is the share of pairs in the right order, a tie half', () => {
  fc.assert(
    fc.property(scored, ({ scores, labels, calls }) => {
      let right = 0;
      let pairs = 0;
      for (const one of calls.filter(({ fraud }) => fraud)) {
        for (const other of calls.filter(({ fraud }) => !fraud)) {
          pairs++;
          right += one.score > other.score ? 1 : one.score === other.score ? 0.5 : 0;
        }
      }
      expect(rocAuc(scores, labels)).toBeCloseTo(right / pairs, 9);
    }),
  );
});

test('average precision is that of every threshold, and never above 1', () => {
  fc.assert(
    fc.property(scored, ({ scores, labels, calls }) => {
      const frauds = calls.filter(({ fraud }) => fraud).length;
      let area = 0;
      let before = 0;
      for (let threshold = 8; threshold >= 0; threshold--) {
        const found = calls.filter(({ score, fraud }) => fraud && score >= threshold).length;
        const accused = calls.filter(({ score }) => score >= threshold).length;
        if (accused > 0) area += ((found - before) / frauds) * (found / accused);
        before = found;
      }
      expect(prAuc(scores, labels)).toBeCloseTo(area, 9);
      expect(prAuc(scores, labels)).toBeLessThanOrEqual(1 + 1e-12);
    }),
  );
});

test('a threshold accuses no more honest calls than it may, and no lower one does', () => {
  fc.assert(
    fc.property(scored, fc.double({ min: 0, max: 1, noNaN: true }), ({ scores, labels, calls }, fpr) => {
      const honest = calls.filter(({ fraud }) => !fraud);
      const accused = (threshold: number): number =>
        honest.filter(({ score }) => score >= threshold).length / honest.length;
      const threshold = thresholdAt(scores, labels, fpr);
      expect(accused(threshold)).toBeLessThanOrEqual(fpr + 1e-12);
      const lower = calls.map(({ score }) => score).filter((score) => score < threshold);
      if (lower.length > 0) expect(accused(Math.max(...lower))).toBeGreaterThan(fpr - 1e-12);
      expect(recallAt(scores, labels, fpr)).toBe(recallFrom(scores, labels, threshold));
    }),
  );
});

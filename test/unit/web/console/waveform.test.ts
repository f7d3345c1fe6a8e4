import { clockText, HALF, outlinesOf } from '../../../../src/web/console/core/waveform';

/** Every height of an outline, from the middle. */
function heights(outline: string): number[] {
  return [...outline.matchAll(/L(\d+) ([\d.]+)/g)].map(([, , at]) => Number(at) - HALF);
}

test('both sides of a recording are drawn from the middle line, as loud as they were', () => {
  const { caller, other } = outlinesOf({ stepMs: 100, caller: [0, 255], other: [64, 0] });
  expect(caller).toBe('M0 50L0 49.0L1 49.0L1 0.0L2 0.0L2 50Z');
  expect(heights(caller).every((height) => height <= 0)).toBe(true);
  expect(heights(other).every((height) => height >= 0)).toBe(true);
  expect(Math.max(...heights(other))).toBeCloseTo(HALF / 2, 0);
  expect(outlinesOf({ stepMs: 100, caller: [], other: [] })).toEqual({ caller: '', other: '' });
});

test('a place in a recording is told as clocks tell it', () => {
  expect([0, 999, 61_000, 3_599_999, 3_753_000, -5].map(clockText)).toEqual([
    ...['0:00', '0:00', '1:01', '59:59', '1:02:33', '0:00'],
  ]);
});

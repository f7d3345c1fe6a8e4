import type { E164 } from '../../../src/domain';
import { ConsentSuppressions } from '../../../src/market';

const NUMBER = '+12125550123' as E164;
const hash = (number: E164): { high: number; low: number } => ({ high: Number(number.slice(-4)), low: -1 });

test('a number is found by its hash until the suppression ends', () => {
  const suppressed = new ConsentSuppressions();
  expect(suppressed.has(NUMBER, 0)).toBe(false);
  suppressed.hashBy(hash);
  suppressed.add(hash(NUMBER), 1_000);
  expect(suppressed.has(NUMBER, 999)).toBe(true);
  expect(suppressed.has(NUMBER, 1_000)).toBe(false);
  expect(suppressed.has('+12125550124' as E164, 0)).toBe(false);
  suppressed.remove({ high: 123, low: 0xffffffff });
  expect(suppressed.has(NUMBER, 0)).toBe(false);
});

test('nothing is hashed while nobody is suppressed', () => {
  const suppressed = new ConsentSuppressions();
  let hashed = 0;
  suppressed.hashBy((number) => {
    hashed++;
    return hash(number);
  });
  suppressed.has(NUMBER, 0);
  expect(hashed).toBe(0);
  suppressed.add(hash(NUMBER), 10);
  expect(suppressed.has(NUMBER, 0)).toBe(true);
  suppressed.clear();
  expect(suppressed.has(NUMBER, 0)).toBe(false);
  expect(hashed).toBe(1);
});

import { Rounds } from '../../../src/media/quality/rounds';

let now = 0;
beforeEach(() => {
  now = 0;
  jest.useFakeTimers({ doNotFake: ['performance'] });
});
afterEach(() => jest.useRealTimers());

async function pass(ms: number): Promise<void> {
  for (const end = now + ms; now < end;) {
    now += 50;
    await jest.advanceTimersByTimeAsync(50);
  }
}

test('everyone is asked once in an interval, from when they came, with one timer for all', async () => {
  const rounds = new Rounds(() => now, 5_000);
  const told: [string, number][] = [];
  const teller = (name: string): { tellQuality(): void } => ({
    tellQuality: () => void told.push([name, now]),
  });
  const [a, b] = [teller('a'), teller('b')];
  rounds.add(a);
  await pass(2_000);
  rounds.add(b);
  rounds.add(a);
  expect(jest.getTimerCount()).toBe(1);
  await pass(8_000);
  expect(told).toEqual([
    ['a', 5_000],
    ['b', 7_000],
    ['a', 10_000],
  ]);
  rounds.remove(a);
  rounds.remove(a);
  await pass(5_000);
  expect(told.slice(3)).toEqual([['b', 12_000]]);
  rounds.remove(b);
  expect(jest.getTimerCount()).toBe(0);
});

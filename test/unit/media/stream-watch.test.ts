import type { Sight } from '../../../src/media/mediasoup/carriage';
import { StreamWatch } from '../../../src/media/mediasoup/stream-watch';

let now = 0;
let sights: Sight;
let looks: number[];
let silences: number[];
let watch: StreamWatch;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['performance'] });
  now = 0;
  sights = 'media';
  looks = [];
  silences = [];
  watch = new StreamWatch(() => now, {
    look: () => {
      looks.push(now);
      return Promise.resolve(sights);
    },
    onSilence: (forMs) => silences.push(forMs),
  });
});
afterEach(() => {
  watch.close();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

async function pass(ms: number): Promise<void> {
  for (const end = now + ms; now < end;) {
    now += 50;
    await jest.advanceTimersByTimeAsync(50);
  }
}

test('nothing is looked at before anybody listens', async () => {
  await pass(10_000);
  watch.lookSoon();
  await pass(10_000);
  expect(looks).toEqual([]);
  expect(watch.lastAt).toBeUndefined();
});

test('a stream that flows is looked at every second at first, then every two', async () => {
  watch.attend('audio');
  await pass(20_000);
  expect(looks.slice(0, 10)).toEqual([
    1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 10_000, 12_000,
  ]);
  expect(watch.lastAt).toBe(20_000);
  expect(silences).toEqual([]);
});

test('silence is counted from the last media, or from when audio was due', async () => {
  sights = 'nothing';
  watch.attend('audio');
  await pass(1_000);
  expect(silences).toEqual([1_000]);
  sights = 'media';
  await pass(500);
  sights = 'nothing';
  await pass(2_000);
  expect(watch.lastAt).toBe(1_500);
  expect(silences.at(-1)).toBe(2_000);
});

test('hold and early media are watched, but their silence is nobody’s concern', async () => {
  sights = 'nothing';
  watch.attend('stream');
  await pass(30_000);
  expect(looks.length).toBeGreaterThan(10);
  expect(silences).toEqual([]);
  watch.attend('audio');
  await pass(1_000);
  expect(silences).toEqual([1_000]);
  watch.attend('none');
  await pass(30_000);
  expect(silences).toEqual([1_000]);
});

test('what is not all of one stream is looked at again at once', async () => {
  sights = 'mixed';
  watch.attend('audio');
  await pass(1_000);
  sights = 'nothing';
  await pass(150);
  expect(looks).toEqual([1_000, 1_100]);
});

test('news are followed by several looks within the second', async () => {
  watch.attend('audio');
  await pass(1_000);
  watch.lookSoon();
  await pass(1_000);
  expect(looks).toEqual([1_000, 1_100, 1_300, 1_700]);
});

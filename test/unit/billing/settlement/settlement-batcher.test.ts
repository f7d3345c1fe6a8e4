import * as fc from 'fast-check';
import { SettlementBatcher } from '../../../../src/billing/settlement/settlement-batcher';
import type { Settled } from '../../../../src/billing/settlement/settle-batch';

const SETTLED: Settled = { ok: true, outcome: 'settled' };
const LIMITS = { maxCalls: 8, maxBatches: 2, gatherMs: 3 };

/** Batches that are begun, and wait to be ended. */
class Desk {
  readonly begun: { readonly callIds: readonly string[]; readonly end: (error?: Error) => void }[] = [];
  atOnce = 0;
  most = 0;

  readonly settle = (callIds: readonly string[]): Promise<ReadonlyMap<string, Settled>> => {
    this.most = Math.max(this.most, ++this.atOnce);
    return new Promise((resolve, reject) => {
      const end = (error?: Error): void => {
        this.atOnce--;
        if (error) reject(error);
        else resolve(new Map(callIds.map((id) => [id, SETTLED])));
      };
      this.begun.push({ callIds, end });
    });
  };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('what comes within the time is settled together', async () => {
  const desk = new Desk();
  const batcher = new SettlementBatcher(desk.settle, LIMITS);
  const first = batcher.settle('a');
  jest.advanceTimersByTime(2);
  const second = batcher.settle('b');
  expect(desk.begun).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(desk.begun.map(({ callIds }) => callIds)).toEqual([['a', 'b']]);
  desk.begun[0]?.end();
  expect(await Promise.all([first, second])).toEqual(['settled', 'settled']);
});

test('a full batch waits for nobody', () => {
  const desk = new Desk();
  const batcher = new SettlementBatcher(desk.settle, LIMITS);
  for (let n = 0; n < 9; n++) void batcher.settle(`call-${n}`);
  expect(desk.begun.map(({ callIds }) => callIds.length)).toEqual([8]);
  jest.advanceTimersByTime(3);
  expect(desk.begun.map(({ callIds }) => callIds.length)).toEqual([8, 1]);
});

test('no more batches are under way than may be; what waits goes with the next', async () => {
  const desk = new Desk();
  const batcher = new SettlementBatcher(desk.settle, LIMITS);
  for (let n = 0; n < 30; n++) void batcher.settle(`call-${n}`);
  jest.advanceTimersByTime(100);
  expect(desk.begun.map(({ callIds }) => callIds.length)).toEqual([8, 8]);
  desk.begun[0]?.end();
  await jest.advanceTimersByTimeAsync(3);
  expect(desk.begun.map(({ callIds }) => callIds.length)).toEqual([8, 8, 8]);
});

test('asked twice for a call, it is settled once, and both are told', async () => {
  const desk = new Desk();
  const batcher = new SettlementBatcher(desk.settle, LIMITS);
  const both = [batcher.settle('a'), batcher.settle('a')];
  jest.advanceTimersByTime(3);
  both.push(batcher.settle('a'));
  expect(desk.begun.map(({ callIds }) => callIds)).toEqual([['a']]);
  desk.begun[0]?.end();
  expect(await Promise.all(both)).toEqual(['settled', 'settled', 'settled']);
  void batcher.settle('a');
  jest.advanceTimersByTime(3);
  expect(desk.begun).toHaveLength(2);
});

test('each call has its own outcome; those of a batch that was lost, or that nobody names, have failed', async () => {
  const batcher = new SettlementBatcher((callIds) => {
    if (callIds.includes('lost')) return Promise.reject(new Error('the batch was lost'));
    return Promise.resolve(
      new Map<string, Settled>([
        ['good', { ok: true, outcome: 'already_settled' }],
        ['bad', { ok: false, error: new Error('of its own') }],
      ]),
    );
  }, LIMITS);
  const three = Promise.allSettled(['good', 'bad', 'unnamed'].map((id) => batcher.settle(id)));
  await jest.advanceTimersByTimeAsync(3);
  expect(await three).toMatchObject([
    { value: 'already_settled' },
    { reason: { message: 'of its own' } },
    { reason: { message: 'nobody settled it' } },
  ]);
  const lost = Promise.allSettled([batcher.settle('lost'), batcher.settle('along')]);
  await jest.advanceTimersByTimeAsync(3);
  expect(await lost).toMatchObject([
    { reason: { message: 'the batch was lost' } },
    { reason: { message: 'the batch was lost' } },
  ]);
});

test('whenever calls come and batches end, each call is settled and no limit is passed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constant('wait'), fc.constant('end')), {
        size: 'max',
        maxLength: 120,
      }),
      async (acts) => {
        const desk = new Desk();
        const batcher = new SettlementBatcher(desk.settle, LIMITS);
        const told: Promise<string>[] = [];
        let ended = 0;
        for (const act of acts) {
          if (typeof act === 'number') told.push(batcher.settle(`call-${act}`));
          else if (act === 'wait') await jest.advanceTimersByTimeAsync(2);
          else if (ended < desk.begun.length) desk.begun[ended++]?.end();
        }
        for (let rounds = 0; rounds < 200; rounds++) {
          await jest.advanceTimersByTimeAsync(3);
          while (ended < desk.begun.length) desk.begun[ended++]?.end();
        }
        expect((await Promise.all(told)).every((outcome) => outcome === 'settled')).toBe(true);
        expect(desk.most).toBeLessThanOrEqual(LIMITS.maxBatches);
        for (const { callIds } of desk.begun) {
          expect(callIds.length).toBeLessThanOrEqual(LIMITS.maxCalls);
          expect(callIds.length).toBeGreaterThan(0);
          expect(new Set(callIds).size).toBe(callIds.length);
        }
        expect(jest.getTimerCount()).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});

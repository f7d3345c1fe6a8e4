import fc from 'fast-check';
import type { FundsReply } from '../../../src/billing';
import type { Micros } from '../../../src/domain';
import { micros } from '../../../src/domain';
import type { CoveredCall } from '../../../src/parts/funds-extender';
import { HoldExtender } from '../../../src/parts/funds-extender';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const MINUTE = 60_000;
/** One micro-unit for each second begun. */
const perSecond = (connectedMs: number): Micros => micros(Math.ceil(connectedMs / 1_000));

interface Stage {
  /** What the wallet has besides what is held; `away` when it cannot be asked. */
  wallet: number | 'away';
  readonly onExhausted: 'finish' | 'end';
}

/** An extender with one wallet, and one call that is looked at every two seconds. */
function stage({ wallet, onExhausted }: Stage, more: Partial<CoveredCall> = {}) {
  const asked: number[][] = [];
  const ended: string[] = [];
  const purse = { wallet };
  let held = more.held ?? perSecond(10 * MINUTE);
  const extender = new HoldExtender({
    stretchMs: 10 * MINUTE,
    extend: (_id, amounts): Promise<FundsReply> => {
      asked.push([...amounts]);
      const { wallet: has } = purse;
      if (has === 'away') return Promise.reject(new Error('the database is away'));
      const fits = amounts.find((amount) => amount - held <= has);
      if (fits === undefined) return Promise.resolve({ ok: false, reason: 'insufficient', onExhausted });
      purse.wallet = has - (fits - held);
      held = fits;
      return Promise.resolve({ ok: true, amount: fits });
    },
    onExhausted: (callId) => ended.push(callId),
    monotonic: () => Date.now(),
  });
  extender.add({
    callId: 'call',
    holdId: 'call/1',
    held,
    coveredMs: 10 * MINUTE,
    maxDurationMs: 60 * MINUTE,
    costOf: perSecond,
    ...more,
  });
  const answeredAt = Date.now();
  return {
    asked,
    ended,
    extender,
    purse,
    held: () => held,
    /** Lets the call go on until it has lasted so long, or is ended. @returns milliseconds it lasted */
    async until(connectedMs: number): Promise<number> {
      for (;;) {
        const lasted = Date.now() - answeredAt;
        if (ended.length > 0 || lasted >= connectedMs) return lasted;
        extender.look([
          { callId: 'call', connectedMs: lasted },
          { callId: 'other', connectedMs: lasted },
        ]);
        await jest.advanceTimersByTimeAsync(2_000);
      }
    },
  };
}

test('a call is covered stretch by stretch, before what is held is used up, to its longest', async () => {
  const { until, asked, held } = stage({ wallet: 10_000, onExhausted: 'end' });
  await until(9 * MINUTE - 2_000);
  expect(asked).toEqual([]);
  await until(9 * MINUTE + 2_000);
  expect(asked).toEqual([[1_200, 900, 750, 675]]);
  await until(58 * MINUTE);
  expect(held()).toBe(3_600);
  expect(asked).toHaveLength(5);
});

test('a wallet that covers a part of a stretch is asked again for what follows', async () => {
  const { until, held, purse } = stage({ wallet: 400, onExhausted: 'finish' });
  await until(20 * MINUTE);
  expect(held()).toBe(975);
  expect(purse.wallet).toBe(25);
});

test('where calls end, one that is covered no longer ends when what is held is used up', async () => {
  const { until, ended } = stage({ wallet: 0, onExhausted: 'end' });
  const lasted = await until(30 * MINUTE);
  expect(ended).toEqual(['call']);
  expect(lasted).toBeGreaterThanOrEqual(10 * MINUTE);
  expect(lasted).toBeLessThanOrEqual(10 * MINUTE + 2_000);
});

test('where calls finish, it goes on, and is covered again when there is money', async () => {
  const { until, ended, purse, held } = stage({ wallet: 0, onExhausted: 'finish' });
  await until(12 * MINUTE);
  expect(held()).toBe(600);
  purse.wallet = 10_000;
  await until(13 * MINUTE);
  expect(held()).toBeGreaterThanOrEqual(12 * 60 + 600);
  expect(ended).toEqual([]);
});

test('money that comes before what is held is used up saves the call', async () => {
  const { until, ended, purse } = stage({ wallet: 0, onExhausted: 'end' });
  await until(9 * MINUTE + 30_000);
  purse.wallet = 10_000;
  expect(await until(20 * MINUTE)).toBeGreaterThanOrEqual(20 * MINUTE);
  expect(ended).toEqual([]);
});

test('while nobody can be asked the call goes on, whatever the wallet wants', async () => {
  const { until, ended, asked } = stage({ wallet: 'away', onExhausted: 'end' });
  expect(await until(15 * MINUTE)).toBeGreaterThanOrEqual(15 * MINUTE);
  expect(ended).toEqual([]);
  expect(asked.length).toBeGreaterThan(10);
});

test('a call that costs no more as it gets longer asks for nothing', async () => {
  const { until, asked } = stage(
    { wallet: 0, onExhausted: 'end' },
    { held: micros(20), costOf: () => micros(20) },
  );
  expect(await until(59 * MINUTE)).toBeGreaterThanOrEqual(59 * MINUTE);
  expect(asked).toEqual([]);
});

test('nothing is left of a call that is over, or when all is closed', async () => {
  const first = stage({ wallet: 0, onExhausted: 'end' });
  await first.until(9 * MINUTE + 10_000);
  first.extender.remove('call');
  expect(jest.getTimerCount()).toBe(0);
  await jest.advanceTimersByTimeAsync(5 * MINUTE);
  expect(first.ended).toEqual([]);
  const second = stage({ wallet: 0, onExhausted: 'end' });
  await second.until(9 * MINUTE + 10_000);
  second.extender.close();
  expect(jest.getTimerCount()).toBe(0);
});

test('whatever a wallet has, a call that ends for it lasted as long as it was covered, and its cost is held', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 4_000 }), async (wallet) => {
      const { until, ended, held } = stage({ wallet, onExhausted: 'end' });
      const lasted = await until(60 * MINUTE);
      const cost = perSecond(Math.min(lasted, 60 * MINUTE));
      expect(cost).toBeLessThanOrEqual(held() + 2);
      expect(held()).toBeLessThanOrEqual(600 + wallet);
      // What the wallet still had did not cover the smallest part of a stretch.
      expect(ended.length === 0 || 600 + wallet - held() < 75).toBe(true);
    }),
    { numRuns: 40 },
  );
});

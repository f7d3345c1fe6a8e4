import type { FundsReply, HoldRequest } from '../../../src/billing';
import type { AccountTerms, RingTarget } from '../../../src/domain';
import { AppError, micros } from '../../../src/domain';
import { WalletFundsDesk } from '../../../src/parts/funds-desk';
import { UnheldExposure } from '../../../src/parts/funds-exposure';
import type { CoveredCall } from '../../../src/parts/funds-extender';
import { ringTarget } from '../../support/call-records';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const TERMS: AccountTerms = { accountId: 'buyer-account', effectiveFrom: 0, fees: [], taxes: [] };
/** Micro-units that they come to in these tests. */
const FEE = 7;

type Answer = FundsReply | 'away' | 'silent' | 'bug';
const HELD: FundsReply = { ok: true, amount: micros(60) };
const POOR: FundsReply = { ok: false, reason: 'insufficient', onExhausted: 'finish' };

/** A desk whose wallets answer as told; a minute costs 60 micro-units. */
function open(whenAway: 'allow' | 'refuse' = 'allow') {
  const wallet = { answer: HELD as Answer };
  /** Fees are read first. */
  const terms = { read: (): Promise<AccountTerms | undefined> => Promise.resolve(undefined) };
  const asked: HoldRequest[] = [];
  const released: string[] = [];
  const covered: CoveredCall[] = [];
  const removed: string[] = [];
  const degraded: boolean[] = [];
  const exposure = new UnheldExposure(150);
  const desk = new WalletFundsDesk({
    funds: {
      hold: (request) => {
        asked.push(request);
        const { answer } = wallet;
        if (answer === 'silent') return new Promise(() => undefined);
        if (answer === 'away') return Promise.reject(new AppError('unavailable', 'away', 'away'));
        if (answer === 'bug') throw new RangeError('no amount');
        return Promise.resolve(answer);
      },
      release: (id) => released.push(id),
    },
    termsOf: () => terms.read(),
    costOf: (_target, connectedMs, _currency, known) =>
      micros(Math.ceil(connectedMs / 1_000) + (known ? FEE : 0)),
    aheadMs: 60_000,
    holdTimeoutMs: 300,
    whenAway,
    exposure,
    extender: { add: (call) => covered.push(call), remove: (callId) => removed.push(callId) },
    clock: { now: () => Date.now(), monotonic: () => Date.now() },
    onDegraded: (yes) => degraded.push(yes),
  });
  const hold = (callId: string, target: RingTarget = ringTarget()) =>
    desk.hold({ callId, attempt: 2, target, currency: 'USD' });
  return { desk, hold, wallet, terms, asked, released, covered, removed, degraded, exposure };
}

/** What comes of it, and how many milliseconds that takes. */
async function timed<T>(promise: Promise<T>): Promise<{ value: T; took: number }> {
  const from = Date.now();
  let done = false;
  const ended = promise.finally(() => (done = true));
  while (!done) await jest.advanceTimersByTimeAsync(1);
  return { value: await ended, took: Date.now() - from };
}

test('the cost of the time ahead is held, of a short call all of it', async () => {
  const { hold, asked } = open();
  expect(await hold('a')).toEqual({ ok: true, held: { id: 'a/2' } });
  await hold('b', ringTarget({ maxDurationMs: 30_000 }));
  expect(asked.map(({ id, accountId, amount }) => [id, accountId, amount])).toEqual([
    ['a/2', 'buyer-account', 60],
    ['b/2', 'buyer-account', 30],
  ]);
  expect(jest.getTimerCount()).toBe(0);
});

test('a wallet that does not cover it says no, whatever is done while wallets are away', async () => {
  const { desk, hold, wallet } = open();
  wallet.answer = POOR;
  expect(await hold('a')).toEqual({ ok: false });
  expect(desk.size).toBe(0);
});

test('what nobody took is given back once; what was answered is covered on, and stays', async () => {
  const { desk, hold, released, covered, removed } = open();
  for (const callId of ['a', 'b']) await hold(callId);
  desk.release({ id: 'a/2' });
  desk.release({ id: 'a/2' });
  desk.answered({ id: 'b/2' });
  expect(released).toEqual(['a/2']);
  expect(covered).toMatchObject([{ callId: 'b', holdId: 'b/2', held: 60, coveredMs: 60_000 }]);
  desk.ended({ id: 'b/2' }, 5_000);
  expect(removed).toEqual(['b']);
  expect(released).toEqual(['a/2']);
  expect(desk.size).toBe(0);
});

test('while wallets are away, calls of an account are let through up to the sum; nobody waits for long', async () => {
  const { desk, hold, wallet, released, asked, degraded, exposure } = open();
  wallet.answer = 'silent';
  const first = await timed(hold('a'));
  expect(first.value).toEqual({ ok: true, held: { id: 'a/2' } });
  expect(first.took).toBeLessThanOrEqual(300);
  // If it is held after all, it is given back.
  expect(released).toEqual(['a/2']);
  await timed(hold('b'));
  expect(degraded).toEqual([true]);
  const third = await timed(hold('c'));
  expect(third.value).toEqual({ ok: false });
  expect(third.took).toBeLessThanOrEqual(1);
  expect(asked).toHaveLength(2);
  // One that nobody took makes room; one that ended counts with what it cost.
  desk.release({ id: 'a/2' });
  desk.answered({ id: 'b/2' });
  desk.ended({ id: 'b/2' }, 20_000);
  expect(exposure.total).toBe(20);
  expect(await hold('d')).toMatchObject({ ok: true });
  expect(await hold('e')).toMatchObject({ ok: true });
  expect(await hold('f')).toEqual({ ok: false });
});

test('when wallets answer again, what ended counts no more, and calls are held for again', async () => {
  const { desk, hold, wallet, degraded, exposure, released } = open();
  wallet.answer = 'away';
  await hold('a');
  await hold('b');
  desk.ended({ id: 'a/2' }, 60_000);
  desk.answered({ id: 'b/2' });
  wallet.answer = HELD;
  expect(await hold('c')).toEqual({ ok: false });
  await jest.advanceTimersByTimeAsync(1_000);
  expect(await hold('d')).toMatchObject({ ok: true });
  expect(degraded).toEqual([true, false]);
  expect(exposure.total).toBe(60);
  desk.ended({ id: 'b/2' }, 60_000);
  expect(exposure.total).toBe(0);
  released.length = 0;
  desk.release({ id: 'd/2' });
  expect(released).toEqual(['d/2']);
});

test('where it is settled so, nobody is rung while wallets are away', async () => {
  const { hold, wallet, exposure } = open('refuse');
  wallet.answer = 'away';
  expect(await hold('a')).toEqual({ ok: false });
  expect(exposure.total).toBe(0);
});

test('an amount that no wallet takes is refused, and says nothing of the others', async () => {
  const { hold, wallet, degraded } = open();
  wallet.answer = 'bug';
  for (const callId of ['a', 'b', 'c']) expect(await hold(callId)).toEqual({ ok: false });
  wallet.answer = HELD;
  expect(await hold('d')).toMatchObject({ ok: true });
  expect(degraded).toEqual([]);
});

test('fees and taxes are held as well, as they were when it rang', async () => {
  const { desk, hold, terms, asked, covered } = open();
  terms.read = () => Promise.resolve(TERMS);
  await hold('a');
  desk.answered({ id: 'a/2' });
  terms.read = () => Promise.resolve(undefined);
  expect(asked.map(({ amount }) => amount)).toEqual([67]);
  expect(covered[0]?.costOf(120_000)).toBe(127);
});

test('nothing is asked of a wallet whose turn came too late', async () => {
  const { hold, terms, asked, released } = open();
  let read: (found: undefined) => void = () => undefined;
  terms.read = () => new Promise((resolve) => (read = resolve));
  await timed(hold('a'));
  read(undefined);
  await jest.advanceTimersByTimeAsync(10);
  expect(asked).toEqual([]);
  expect(released).toEqual(['a/2']);
});

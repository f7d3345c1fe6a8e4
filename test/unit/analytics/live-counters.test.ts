import fc from 'fast-check';
import type { LiveScope } from '../../../src/analytics';
import { LiveCounters } from '../../../src/analytics';
import type { CallEvent } from '../../../src/signaling';

let now = 0;
let live: LiveCounters;
let asked: LiveScope[] = [];

beforeEach(() => {
  now = Date.UTC(2026, 10, 22, 12);
  asked = [];
  live = new LiveCounters({
    nodeId: 'n1',
    now: () => now,
    carrierOf: (trunkId) => (trunkId === 't1' ? 'k1' : undefined),
    moneyToday: (scope) => {
      asked.push(scope);
      return Promise.resolve([{ currency: 'USD', revenueMicros: 9, payoutMicros: 5, marginMicros: 4 }]);
    },
  });
});

const tell = (event: Record<string, unknown>): void =>
  live.onCall({ at: now, ...event } as unknown as CallEvent);
const received = (callId: string): void =>
  tell({ type: 'call.received', callId, attempt: { trunkId: 't1' } });
const decided = (callId: string): void =>
  tell({ type: 'call.decided', callId, decision: { trace: { sellerId: 's1', bids: { total: 3 } } } });
const ringing = (callId: string, buyerAccountId: string): void =>
  tell({ type: 'call.ringing', callId, target: { buyerAccountId } });
const answered = (callId: string, buyerAccountId: string): void =>
  tell({ type: 'call.answered', callId, target: { buyerAccountId } });
const attended = (callId: string): void => tell({ type: 'call.attended', callId });
const returned = (callId: string, from: 'ringing' | 'answered'): void =>
  tell({ type: 'call.returned', callId, from });
const ended = (callId: string, answeredAt?: number): void =>
  tell({ type: 'call.ended', callId, record: { answeredAt } });

const buyer = (accountId: string): LiveScope => ({ accountId, role: 'buyer' });
const callsOf = (scope?: LiveScope) => live.snapshot(scope).calls;

test('a call counts where it is, for everybody who has a part in it', () => {
  received('a');
  expect(callsOf()).toEqual({ deciding: 1, attended: 0, ringing: 0, answered: 0 });
  expect(callsOf({ accountId: 'k1', role: 'carrier' })).toEqual({
    deciding: 1,
    attended: 0,
    ringing: 0,
    answered: 0,
  });
  expect(callsOf({ accountId: 's1', role: 'seller' })).toEqual({
    deciding: 0,
    attended: 0,
    ringing: 0,
    answered: 0,
  });
  decided('a');
  ringing('a', 'b1');
  expect(callsOf(buyer('b1'))).toEqual({ deciding: 0, attended: 0, ringing: 1, answered: 0 });
  ringing('a', 'b2');
  expect(callsOf(buyer('b1'))).toEqual({ deciding: 0, attended: 0, ringing: 0, answered: 0 });
  answered('a', 'b2');
  for (const scope of [undefined, buyer('b2'), { accountId: 's1', role: 'seller' } as const]) {
    expect(callsOf(scope)).toEqual({ deciding: 0, attended: 0, ringing: 0, answered: 1 });
  }
  ended('a', now);
  for (const scope of [undefined, buyer('b2'), { accountId: 's1', role: 'seller' } as const]) {
    expect(callsOf(scope)).toEqual({ deciding: 0, attended: 0, ringing: 0, answered: 0 });
  }
});

test('a caller who stays when the buyer hung up speaks with nobody, and is nothing of that buyer’s any more', () => {
  const zero = { deciding: 0, attended: 0, ringing: 0, answered: 0 };
  const seller: LiveScope = { accountId: 's1', role: 'seller' };
  received('a');
  attended('a');
  expect(callsOf()).toEqual({ ...zero, attended: 1 });
  decided('a');
  ringing('a', 'b1');
  returned('a', 'ringing');
  expect([callsOf(), callsOf(buyer('b1'))]).toEqual([{ ...zero, attended: 1 }, zero]);
  decided('a');
  ringing('a', 'b2');
  answered('a', 'b2');
  expect(callsOf(buyer('b2'))).toEqual({ ...zero, answered: 1 });
  returned('a', 'answered');
  expect(callsOf()).toEqual({ ...zero, attended: 1 });
  expect(callsOf(seller)).toEqual({ ...zero, attended: 1 });
  expect(callsOf(buyer('b2'))).toEqual(zero);
  expect(live.snapshot(buyer('b2'))).toMatchObject({ answerRate5m: 1 });
  expect(live.snapshot(buyer('b1'))).toMatchObject({ answerRate5m: 0 });
  ended('a', now);
  expect([callsOf(), callsOf(seller)]).toEqual([zero, zero]);
  // One call, which was answered.
  expect(live.snapshot()).toMatchObject({ answerRate5m: 1 });
  expect(live.snapshot(buyer('b2'))).toMatchObject({ answerRate5m: 1 });
});

test('law: whatever happens to calls, what is up adds up, and nothing is left when they are over', () => {
  const happening = fc.constantFrom('attended', 'decided', 'ringing', 'answered', 'returned', 'left');
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), happening, fc.nat(2)), { maxLength: 60 }), (happenings) => {
      const figures = new LiveCounters({ nodeId: 'n', now: () => now, carrierOf: () => undefined });
      live = figures;
      for (const id of ['0', '1', '2', '3']) received(id);
      for (const [call, what, who] of happenings) {
        const id = String(call);
        if (what === 'attended') attended(id);
        else if (what === 'decided') decided(id);
        else if (what === 'ringing') ringing(id, `b${who}`);
        else if (what === 'answered') answered(id, `b${who}`);
        else returned(id, what === 'left' ? 'answered' : 'ringing');
        const scopes = [undefined, ...['b0', 'b1', 'b2'].map(buyer)];
        for (const scope of scopes)
          expect(Math.min(...Object.values(callsOf(scope)))).toBeGreaterThanOrEqual(0);
        expect(Object.values(callsOf()).reduce((sum, count) => sum + count)).toBe(4);
      }
      for (const id of ['0', '1', '2', '3']) ended(id);
      for (const scope of [undefined, ...['b0', 'b1', 'b2'].map(buyer)]) {
        expect(Object.values(callsOf(scope))).toEqual([0, 0, 0, 0]);
      }
    }),
  );
});

test('attempts and auctions are of the last ten seconds', () => {
  for (let n = 0; n < 5; n++) {
    received(`c${n}`);
    if (n % 2 === 0) decided(`c${n}`);
  }
  expect(live.snapshot()).toMatchObject({ attemptsPerSecond: 0.5, auctionsPerSecond: 0.3 });
  now += 11_000;
  expect(live.snapshot()).toMatchObject({ attemptsPerSecond: 0, auctionsPerSecond: 0 });
});

test('answer rates are of calls of which it is known, and of the last 5 and 60 minutes', () => {
  expect(live.snapshot()).toMatchObject({ answerRate5m: null, answerRate60m: null });
  received('a');
  ringing('a', 'b1');
  ringing('a', 'b2');
  answered('a', 'b2');
  received('up');
  now += 6 * 60_000;
  received('b');
  ended('b');
  ended('a', 1);
  expect(live.snapshot()).toMatchObject({ answerRate5m: 0, answerRate60m: 0.5 });
  // The one did not answer, the other did.
  expect(live.snapshot(buyer('b1'))).toMatchObject({ answerRate60m: 0 });
  expect(live.snapshot(buyer('b2'))).toMatchObject({ answerRate60m: 1, answerRate5m: null });
  now += 61 * 60_000;
  expect(live.snapshot()).toMatchObject({ answerRate60m: null });
});

test('nothing is left of calls that are over, and of calls that are not known nothing is counted', () => {
  for (let n = 0; n < 50; n++) {
    received(`c${n}`);
    ringing(`c${n}`, `b${n % 3}`);
    ended(`c${n}`);
  }
  answered('unknown', 'b1');
  ended('unknown');
  expect(callsOf()).toEqual({ deciding: 0, attended: 0, ringing: 0, answered: 0 });
});

test('money is read at most once in five seconds, and shows no party what the other pays', async () => {
  expect((await live.figures()).today).toEqual([
    { currency: 'USD', revenueMicros: 9, payoutMicros: 5, marginMicros: 4 },
  ]);
  live.snapshot();
  expect(asked).toHaveLength(1);
  now += 5_000;
  await live.figures();
  expect(asked).toHaveLength(2);
  expect((await live.figures(buyer('b1'))).today).toEqual([{ currency: 'USD', revenueMicros: 9 }]);
  expect((await live.figures({ accountId: 's1', role: 'seller' })).today).toEqual([
    { currency: 'USD', payoutMicros: 5 },
  ]);
  expect((await live.figures({ accountId: 'k1', role: 'carrier' })).today).toEqual([]);
});

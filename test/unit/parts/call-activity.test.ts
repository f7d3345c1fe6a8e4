import fc from 'fast-check';
import type { ActivityEvent, AttemptEvent, CallAttempt, E164 } from '../../../src/domain';
import { NO_PRIORS, FraudState } from '../../../src/fraud';
import { SIGNAL } from '../../../src/fraud/signals';
import { CallActivity } from '../../../src/parts/call-activity';
import type { CallEvent } from '../../../src/signaling';
import { ATTEMPT } from '../signaling/fakes';

const AT = Date.UTC(2026, 10, 22, 12);

let told: ActivityEvent[];
let activity: CallActivity;
beforeEach(() => {
  told = [];
  activity = new CallActivity(
    (event) => told.push(event),
    () => AT,
    (did) => (did === ATTEMPT.to ? 'seller-of-number' : undefined),
  );
});

type Happening = 'decided' | 'answered';

const attemptOf = (callId: string, over: Partial<CallAttempt> = {}): CallAttempt => ({
  ...ATTEMPT,
  ...{ callId, receivedAt: AT, ...over },
});

/** What the call session tells of one call, in its order. */
function newsOf(attempt: CallAttempt, happenings: readonly Happening[], whose: object = {}): CallEvent[] {
  const { callId, from, to, trunkId, origin, receivedAt } = attempt;
  const decision = { trace: { attempt, sellerId: 'seller-1', campaignId: 'c1', facts: { fraud: {} } } };
  const target = { buyerId: 'buyer-1', targetId: 'target-1' };
  const record = {
    ...{ callId, from, to, trunkId, origin, receivedAt, ...whose },
    ...{ endedAt: receivedAt + 9_000, connectedMs: 0, reason: 'caller_hangup', attempts: [] },
  };
  return [
    { type: 'call.received', attempt },
    ...happenings.map((type) => ({ type: `call.${type}`, decision, target, decisionMicroseconds: 1 })),
    { type: 'call.ended', record },
  ].map((event) => ({ ...event, callId, at: AT }) as unknown as CallEvent);
}

const attempts = (): AttemptEvent[] => told.filter((event) => event.kind === 'attempt');

test('a call that its plan offers twice is one attempt of its caller, from its first decision on', () => {
  const [received, decided, again, ended] = newsOf(attemptOf('a'), ['decided', 'decided']) as CallEvent[];
  activity.onCall(received as CallEvent);
  expect(told).toEqual([]);
  activity.onCall(decided as CallEvent);
  expect(told).toMatchObject([{ kind: 'attempt', sellerId: 'seller-1', campaignId: 'c1' }]);
  activity.onCall(again as CallEvent);
  activity.onCall(ended as CallEvent);
  expect(told.map(({ kind }) => kind)).toEqual(['attempt', 'ended']);
});

test('who hangs up before anything was decided has called, and from where is told', () => {
  const attempt = attemptOf('a', { attestation: 'A', verstat: 'failed' });
  newsOf(attempt, [], { sellerId: 'seller-2', campaignId: 'c2' }).forEach((one) => activity.onCall(one));
  expect(told).toMatchObject([
    { kind: 'attempt', at: AT, sellerId: 'seller-2', campaignId: 'c2', signed: true, misidentified: true },
    { kind: 'ended', at: AT + 9_000, sellerId: 'seller-2', ringMs: undefined, answered: false },
  ]);
  told.length = 0;
  newsOf(attemptOf('b'), []).forEach((one) => activity.onCall(one));
  expect(told).toMatchObject([{ kind: 'attempt', sellerId: 'seller-of-number' }, { kind: 'ended' }]);
});

test('law: however calls go and overlap, each is one attempt and one end', () => {
  const happenings = fc.array(fc.constantFrom<Happening>('decided', 'answered'), { maxLength: 4 });
  fc.assert(
    fc.property(
      fc.array(happenings, { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.nat()),
      (calls, dice) => {
        told.length = 0;
        const waiting = calls.map((one, n) => newsOf(attemptOf(`call-${n}`, { receivedAt: AT + n }), one));
        while (waiting.length > 0) {
          const turn = (dice.next().value as number) % waiting.length;
          const next = waiting[turn]?.shift();
          if (next) activity.onCall(next);
          if (waiting[turn]?.length === 0) waiting.splice(turn, 1);
        }
        const ended = told.filter(({ kind }) => kind === 'ended');
        expect(
          attempts()
            .map(({ at }) => at - AT)
            .sort((a, b) => a - b),
        ).toEqual(calls.map((_one, n) => n));
        expect(ended).toHaveLength(calls.length);
      },
    ),
  );
});

test('a machine that dials five hundred times and hangs up in the menu is seen by its next call', () => {
  const state = new FraudState();
  const caller = '+12125550199' as E164;
  for (let n = 0; n < 500; n++) {
    const attempt = attemptOf(`robot-${n}`, { from: caller, receivedAt: AT + n * 2_000 });
    newsOf(attempt, []).forEach((one) => activity.onCall(one));
  }
  for (const event of told) {
    if (event.kind === 'attempt') state.recordAttempt(event);
    else if (event.kind === 'ended') state.recordEnd(event);
  }
  const now = AT + 500 * 2_000;
  const context = { sellerId: 'seller-of-number', number: 'geographic', placeContradicted: false } as const;
  const vector = state.read(
    attemptOf('next', { from: caller, receivedAt: now }),
    { ...context, zone: undefined, forwardedByUs: false, priors: NO_PRIORS },
    now,
  );
  expect(vector[SIGNAL.caller_1h]).toBe(500);
  expect(vector[SIGNAL.caller_regularity]).toBeGreaterThan(0.9);
  expect(vector[SIGNAL.seller_1h]).toBe(500);
});

import type { ActivityEvent, Decision } from '../../../src/domain';
import { CallActivity } from '../../../src/parts/call-activity';
import { ATTEMPT, sold } from '../signaling/fakes';

test('a call that its plan offers twice is one attempt of its caller', () => {
  const told: ActivityEvent[] = [];
  const activity = new CallActivity(
    (event) => told.push(event),
    () => 5,
  );
  const trace = { attempt: ATTEMPT, sellerId: 'seller-1', facts: { fraud: {} } };
  const decision = { ...sold([]), trace } as unknown as Decision;
  for (let offers = 0; offers < 2; offers++) {
    activity.onCall({
      type: 'call.decided',
      callId: ATTEMPT.callId,
      at: 0,
      decision,
      decisionMicroseconds: 1,
    });
  }
  expect(told.map(({ kind }) => kind)).toEqual(['attempt']);
});

import type { CallState } from '../../../src/domain';
import { CALL_STATES, CALL_TRANSITIONS, canTransition, isTerminal } from '../../../src/domain';

const ENDS: readonly CallState[] = ['completed', 'rejected', 'canceled', 'failed'];

test('the ends are just the states that nothing follows', () => {
  expect(CALL_STATES.filter(isTerminal)).toEqual(ENDS);
});

test('no state follows itself, and every one but the first follows another', () => {
  for (const state of CALL_STATES) expect(canTransition(state, state)).toBe(false);
  const followed = new Set(Object.values(CALL_TRANSITIONS).flat());
  expect(CALL_STATES.filter((state) => !followed.has(state))).toEqual(['received']);
});

test('from everywhere there is a way to an end, and none back to before the call was decided', () => {
  const reached = (from: CallState): ReadonlySet<CallState> => {
    const seen = new Set<CallState>();
    const open: CallState[] = [...CALL_TRANSITIONS[from]];
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      if (seen.has(state)) continue;
      seen.add(state);
      open.push(...CALL_TRANSITIONS[state]);
    }
    return seen;
  };
  for (const state of CALL_STATES.filter((one) => !isTerminal(one))) {
    expect(ENDS.some((end) => reached(state).has(end))).toBe(true);
    expect(reached(state)).not.toContain('received');
    if (state !== 'received') expect(reached(state)).not.toContain('deciding');
  }
});

test('whoever was answered, by a buyer or by the exchange, can only be completed', () => {
  for (const state of ['attended', 'answered'] as const) {
    expect(CALL_TRANSITIONS[state].filter(isTerminal)).toEqual(['completed']);
  }
  for (const state of ['received', 'deciding'] as const)
    expect(canTransition(state, 'completed')).toBe(false);
});

test('a call that is not answered yet can be cancelled, rejected or fail at any moment', () => {
  for (const state of ['received', 'deciding', 'ringing'] as const) {
    for (const end of ['rejected', 'canceled', 'failed'] as const)
      expect(canTransition(state, end)).toBe(true);
  }
});

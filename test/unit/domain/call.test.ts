import * as fc from 'fast-check';
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

test('any walk through the table comes to an end, and never goes back', () => {
  const position = new Map(CALL_STATES.map((state, index) => [state, index] as const));
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (choices) => {
      let state: CallState = 'received';
      for (let step = 0; !isTerminal(state); step++) {
        const next = CALL_TRANSITIONS[state];
        const chosen = next[(choices.next().value as number) % next.length] as CallState;
        expect(position.get(chosen)).toBeGreaterThan(position.get(state) as number);
        state = chosen;
        expect(step).toBeLessThan(CALL_STATES.length);
      }
      expect(ENDS).toContain(state);
    }),
  );
});

test('an answered call can only be completed, and only an answered one', () => {
  expect(CALL_TRANSITIONS.answered).toEqual(['completed']);
  expect(CALL_STATES.filter((state) => canTransition(state, 'completed'))).toEqual(['answered']);
});

test('a call that is not answered yet can be cancelled, rejected or fail at any moment', () => {
  for (const state of ['received', 'deciding', 'ringing'] as const) {
    for (const end of ['rejected', 'canceled', 'failed'] as const)
      expect(canTransition(state, end)).toBe(true);
  }
});

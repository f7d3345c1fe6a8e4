import { DISPUTE_STATES, DISPUTE_TRANSITIONS } from '../../../../src/billing';
import { mayBecome, OPEN_STATES } from '../../../../src/billing/disputes/dispute';

test('a dispute is looked at before anything is given', () => {
  const moves = DISPUTE_STATES.flatMap((was) =>
    DISPUTE_STATES.filter((next) => mayBecome(was, next)).map((next) => `${was} → ${next}`),
  );
  expect(moves).toEqual([
    'open → under_review',
    'open → withdrawn',
    'under_review → accepted',
    'under_review → partly_accepted',
    'under_review → rejected',
    'under_review → withdrawn',
  ]);
});

test('what is over stays as it is', () => {
  expect(OPEN_STATES).toEqual(['open', 'under_review']);
  for (const state of DISPUTE_STATES) {
    expect(DISPUTE_TRANSITIONS[state].length > 0).toBe(OPEN_STATES.includes(state));
    expect(mayBecome(state, state)).toBe(false);
  }
});

import type { PlanDesk } from '../signaling';

/** Every call is sold at once: no number and no campaign has a plan. */
export const NO_PLANS: PlanDesk = {
  planOf: () => undefined,
  factsOf: ({ tags, attestation }) => ({ tags, score: undefined, attestation }),
  target: () => undefined,
  callback: () => Promise.resolve(false),
};

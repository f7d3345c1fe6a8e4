import type { RecordingDesk } from '../signaling';

/** Nothing is recorded: there is no place for recordings. */
export const NO_RECORDINGS: RecordingDesk = {
  policyOf: () => undefined,
  open: () => ({ refused: 'no recordings are kept' }),
};

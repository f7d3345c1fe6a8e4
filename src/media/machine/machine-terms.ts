/**
 * By what a machine is told from a person. The defaults are those published for the application AMD of Asterisk, which
 * the field goes by, but for the limit: half a second less of a caller's patience.
 */
export interface MachineTerms {
  /** Whoever says nothing for so long at the beginning is a machine. */
  readonly initialSilenceMs: number;
  /** A person has said hello in less. Pauses between words do not count. */
  readonly greetingMs: number;
  /** Who waits for so long after a greeting is a person. */
  readonly pauseMs: number;
  /** What is shorter is no word, but a click or a breath. */
  readonly wordMs: number;
  /** What is shorter does not part words. */
  readonly betweenWordsMs: number;
  /** A person says no more of them. */
  readonly maxWords: number;
  /** A pure tone of so long is the beep, and a machine at once. */
  readonly beepMs: number;
  /** Nothing is heard any longer. */
  readonly maxMs: number;
}

export const MACHINE_TERMS: MachineTerms = {
  initialSilenceMs: 2_500,
  greetingMs: 1_500,
  pauseMs: 800,
  wordMs: 100,
  betweenWordsMs: 50,
  maxWords: 3,
  beepMs: 200,
  maxMs: 4_500,
};

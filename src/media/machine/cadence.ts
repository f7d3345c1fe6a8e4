import type { MachineTerms } from './machine-terms';

/** What was said so far, by its rhythm alone. */
export interface Cadence {
  readonly words: number;
  /** Milliseconds of them, without what parts them. */
  readonly spokenMs: number;
  /** Milliseconds since the last of them ended; since the beginning, where there is none. */
  readonly silentMs: number;
}

/** @param speech - of each frame, whether it is speech */
export function cadenceOf(
  speech: readonly boolean[],
  frameMs: number,
  { wordMs, betweenWordsMs }: Pick<MachineTerms, 'wordMs' | 'betweenWordsMs'>,
): Cadence {
  let words = 0;
  let spokenMs = 0;
  let ended = 0;
  let from: number | undefined;
  let to = 0;
  const finish = (): void => {
    if (from === undefined || (to - from) * frameMs < wordMs) return;
    words++;
    spokenMs += (to - from) * frameMs;
    ended = to;
  };
  for (const [at, isSpeech] of speech.entries()) {
    if (!isSpeech) continue;
    if (from !== undefined && (at - to) * frameMs >= betweenWordsMs) {
      finish();
      from = undefined;
    }
    from ??= at;
    to = at + 1;
  }
  finish();
  return { words, spokenMs, silentMs: (speech.length - ended) * frameMs };
}

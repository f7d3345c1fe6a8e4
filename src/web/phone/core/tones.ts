export interface Tone {
  readonly hertz: number;
  /** Seconds of the clock that the ring was asked at. */
  readonly startS: number;
  readonly endS: number;
  readonly gain: number;
}

/** Seconds from one ring to the next. */
const CYCLE_S = 3;
/** Two bright pairs of notes, then quiet: heard over a conversation in the room, and soon known. */
const NOTES = [
  { hertz: 740, at: 0, for: 0.16 },
  { hertz: 988, at: 0.17, for: 0.3 },
  { hertz: 740, at: 0.62, for: 0.16 },
  { hertz: 988, at: 0.79, for: 0.42 },
] as const;
const GAIN = 0.16;

/** One cycle of the ring that begins at an instant. */
export function ringAt(startS: number): { readonly tones: readonly Tone[]; readonly lengthS: number } {
  const tones = NOTES.flatMap((note) =>
    // A fifth above, softly, keeps it from sounding like an alarm.
    [1, 1.5].map((factor) => ({
      hertz: note.hertz * factor,
      startS: startS + note.at,
      endS: startS + note.at + note.for,
      gain: factor === 1 ? GAIN : GAIN / 4,
    })),
  );
  return { tones, lengthS: CYCLE_S };
}

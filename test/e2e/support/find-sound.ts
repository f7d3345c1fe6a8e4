/** Samples of 8 kHz that are compared piece by piece. */
const PIECE = 1_600;
/** Pieces quieter than this say nothing: silence is like any other. */
const QUIET = 100;
/** On a busy machine frames are left out, by the phone's jitter buffer or by who plays: what follows is earlier, or later. */
const DRIFT = 2_400;
/** So many of the pieces at least are heard unharmed. */
const WHOLE = 0.75;
/** Correlation of what is the same but for G.711. */
const ALIKE = 0.9;
/** Energy of the same piece, in both: most places are sorted out by it. */
const AS_LOUD = 1.3;
/** Speech at 8 kHz is like itself, a sample to the side, at the least. */
const STRIDE = 2;
const HINT = 200;

/**
 * Whether a sound was heard, whole and in order: the fifths of a second of it that are no silence are found where they
 * belong, alike by normalized correlation; of a few a frame may have been lost.
 */
export function holdsSound(heard: Int16Array, sound: Int16Array): boolean {
  const search = new Search(heard, sound);
  const pieces = search.loudPieces();
  if (pieces.length < 4) throw new Error('too short a sound to be told from others');
  // One of the first two is whole.
  return pieces.slice(0, 2).some((first) => {
    for (let from = 0; ;) {
      const at = search.find(first, from, heard.length);
      if (at === undefined) return false;
      if (search.following(pieces, at - first) >= WHOLE * pieces.length) return true;
      from = at + HINT;
    }
  });
}

/** One sound in what was heard. */
class Search {
  readonly #heard: Int16Array;
  readonly #sound: Int16Array;
  /** Energy of all samples before each. */
  readonly #heardSums: Float64Array;
  readonly #soundSums: Float64Array;

  constructor(heard: Int16Array, sound: Int16Array) {
    this.#heard = heard;
    this.#sound = sound;
    this.#heardSums = energySums(heard);
    this.#soundSums = energySums(sound);
  }

  /** Where the loud pieces of the sound begin. */
  loudPieces(): number[] {
    const pieces: number[] = [];
    for (let at = 0; at + PIECE <= this.#sound.length; at += PIECE) {
      if (Math.sqrt(energy(this.#soundSums, at, PIECE) / PIECE) > QUIET) pieces.push(at);
    }
    return pieces;
  }

  /**
   * How many pieces are heard in their order.
   * @param offset - where the sound began in what was heard
   */
  following(pieces: readonly number[], offset: number): number {
    let now = offset;
    let found = 0;
    for (const piece of pieces) {
      const at = this.find(piece, Math.max(0, now + piece - DRIFT), now + piece + DRIFT);
      if (at === undefined) continue;
      found++;
      now = at - piece;
    }
    return found;
  }

  /** Where a piece was heard first, from one sample to another. */
  find(piece: number, from: number, to: number): number | undefined {
    const wanted = energy(this.#soundSums, piece, PIECE);
    const last = Math.min(to, this.#heard.length - PIECE);
    for (let at = from; at <= last; at += STRIDE) {
      const ratio = energy(this.#heardSums, at, PIECE) / wanted;
      if (ratio > AS_LOUD || ratio < 1 / AS_LOUD || this.#alike(at, piece, HINT) < ALIKE / 2) continue;
      for (let near = Math.max(from, at - STRIDE); near <= Math.min(last, at + STRIDE); near++) {
        if (this.#alike(near, piece, PIECE) >= ALIKE) return near;
      }
    }
    return undefined;
  }

  /** Normalized correlation of so many samples. */
  #alike(at: number, piece: number, length: number): number {
    const scale = energy(this.#heardSums, at, length) * energy(this.#soundSums, piece, length);
    if (scale === 0) return 1;
    let product = 0;
    for (let i = 0; i < length; i++) product += (this.#heard[at + i] ?? 0) * (this.#sound[piece + i] ?? 0);
    return product / Math.sqrt(scale);
  }
}

function energySums(samples: Int16Array): Float64Array {
  const sums = new Float64Array(samples.length + 1);
  for (let i = 0; i < samples.length; i++) sums[i + 1] = (sums[i] ?? 0) + (samples[i] ?? 0) ** 2;
  return sums;
}

function energy(sums: Float64Array, at: number, length: number): number {
  return (sums[at + length] ?? 0) - (sums[at] ?? 0);
}

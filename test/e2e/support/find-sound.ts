/** Samples of 8 kHz that are compared piece by piece. */
const PIECE = 1_600;
/** Pieces quieter than this say nothing: silence is like any other. */
const QUIET = 100;
/** A phone's jitter buffer may leave out or repeat a frame between two pieces. */
const DRIFT = 480;
const ALIKE = 0.9;
/** Steps of a first, coarse search; speech at 8 kHz is alike to itself within so many samples. */
const STRIDE = 2;

/**
 * Whether a sound was heard, whole and in order: each fifth of a second of it that is no silence is found where it
 * belongs, alike by normalized correlation.
 */
export function holdsSound(heard: Int16Array, sound: Int16Array): boolean {
  const pieces = piecesOf(sound);
  const [first, ...rest] = pieces;
  if (first === undefined) throw new Error('a sound of nothing but silence');
  let from = 0;
  for (;;) {
    const at = find(heard, sound, first, from, heard.length);
    if (at === undefined) return false;
    if (follows(heard, sound, rest, at - first)) return true;
    from = at + 1;
  }
}

/** Where the loud pieces of a sound begin. */
function piecesOf(sound: Int16Array): number[] {
  const pieces: number[] = [];
  for (let at = 0; at + PIECE <= sound.length; at += PIECE) {
    if (Math.sqrt(energy(sound, at) / PIECE) > QUIET) pieces.push(at);
  }
  return pieces;
}

/** @param offset - where the sound began in what was heard */
function follows(heard: Int16Array, sound: Int16Array, pieces: readonly number[], offset: number): boolean {
  let now = offset;
  for (const piece of pieces) {
    const at = find(heard, sound, piece, Math.max(0, now + piece - DRIFT), now + piece + DRIFT);
    if (at === undefined) return false;
    now = at - piece;
  }
  return true;
}

function find(
  heard: Int16Array,
  sound: Int16Array,
  piece: number,
  from: number,
  to: number,
): number | undefined {
  const wanted = energy(sound, piece);
  const last = Math.min(to, heard.length - PIECE);
  for (let at = from; at <= last; at += STRIDE) {
    // The few samples of a hint sort out nearly everything.
    if (correlation(heard, at, sound, piece, PIECE / 8) < ALIKE / 2) continue;
    for (let near = Math.max(from, at - STRIDE); near <= Math.min(last, at + STRIDE); near++) {
      const product = dot(heard, near, sound, piece, PIECE);
      if (product / Math.sqrt(wanted * energy(heard, near) + 1) >= ALIKE) return near;
    }
  }
  return undefined;
}

function correlation(a: Int16Array, atA: number, b: Int16Array, atB: number, length: number): number {
  const scale = dot(a, atA, a, atA, length) * dot(b, atB, b, atB, length);
  return scale === 0 ? 1 : dot(a, atA, b, atB, length) / Math.sqrt(scale);
}

function energy(samples: Int16Array, at: number): number {
  return dot(samples, at, samples, at, PIECE);
}

function dot(a: Int16Array, atA: number, b: Int16Array, atB: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += (a[atA + i] ?? 0) * (b[atB + i] ?? 0);
  return sum;
}

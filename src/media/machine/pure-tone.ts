import { CLOCK_RATE } from '../sdp/audio-description';

/** Where beeps are. */
const LOWEST_HZ = 400;
const HIGHEST_HZ = 2_000;
/** How near a tone is looked for, and by how much its estimate may be off. */
const STEP_HZ = 10;
const OFF_HZ = 60;
/** Of a frame's energy, what a pure tone has in one place: speech has other parts, and so have the two tones of a key. */
const PURE = 0.85;
/** Mean square of what is loud enough to be told: some -42 dB of full scale. */
const AUDIBLE = 6e-5;

/** The frequency in hertz of the one tone that a frame is; undefined when it is none, or no beep's. */
export function pureToneOf(samples: ArrayLike<number>): number | undefined {
  let energy = 0;
  let turned = 0;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] ?? 0;
    energy += sample * sample;
    // Of a sine each sample is the mean of its neighbours by the cosine of its frequency.
    if (i > 0 && i < samples.length - 1) {
      turned += (sample * ((samples[i - 1] ?? 0) + (samples[i + 1] ?? 0))) / 2;
    }
  }
  if (energy < AUDIBLE * samples.length) return undefined;
  const about = hertzOf(Math.acos(Math.max(-1, Math.min(1, turned / energy))));
  if (about < LOWEST_HZ - OFF_HZ || about > HIGHEST_HZ + OFF_HZ) return undefined;
  // Noise makes that somewhat wrong.
  const middle = Math.round(about / STEP_HZ) * STEP_HZ;
  let best = { hertz: 0, square: 0 };
  for (let hertz = middle - OFF_HZ; hertz <= middle + OFF_HZ; hertz += STEP_HZ) {
    const square = squareAt(samples, hertz);
    if (square > best.square) best = { hertz, square };
  }
  if (best.square * 2 < PURE * energy * samples.length) return undefined;
  return best.hertz >= LOWEST_HZ && best.hertz <= HIGHEST_HZ ? best.hertz : undefined;
}

/** @param angle - radians from one sample to the next */
function hertzOf(angle: number): number {
  return (angle * CLOCK_RATE) / (2 * Math.PI);
}

/** The square of what is there at one frequency, by Goertzel's recursion. */
function squareAt(samples: ArrayLike<number>, hertz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hertz) / CLOCK_RATE);
  let before = 0;
  let last = 0;
  for (let i = 0; i < samples.length; i++) {
    const next = (samples[i] ?? 0) + coefficient * last - before;
    before = last;
    last = next;
  }
  return last * last + before * before - coefficient * last * before;
}

import { join } from 'node:path';
import { readSamples } from '../../support/wav';

const PER_MS = 8;
const LOUDNESS = 12_000;

/** What a prompt of the exchange says. */
export const prompt = (name: string): Int16Array => readSamples(join('freeswitch/prompts', `${name}.wav`));

const silence = (ms: number): Int16Array => new Int16Array(ms * PER_MS);

const tone = (hertz: number, ms: number): Int16Array =>
  Int16Array.from({ length: ms * PER_MS }, (_, at) =>
    Math.round(LOUDNESS * Math.sin((2 * Math.PI * hertz * at) / (PER_MS * 1_000))),
  );

/** As an answering machine: some sentences, a beep, and then it listens. */
export const MACHINE = joined(silence(400), prompt('voicemail/leave-message'), tone(1_000, 500));

/** As somebody who says a word, waits for who is there, and speaks then: a tone. */
export const person = (hertz: number): Int16Array =>
  joined(silence(400), prompt('digits/1'), silence(2_000), tone(hertz, 30_000));

function joined(...parts: readonly Int16Array[]): Int16Array {
  return Int16Array.from(parts.flatMap((part) => [...part]));
}

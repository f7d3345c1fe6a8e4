import { join } from 'node:path';
import fc from 'fast-check';
import { PromptFolder } from '../../../src/media';
import { MachineDetector } from '../../../src/media/machine/machine-detector';
import type { MachineTerms } from '../../../src/media/machine/machine-terms';
import { MACHINE_TERMS } from '../../../src/media/machine/machine-terms';
import type { AudioCodec } from '../../../src/media/sdp/audio-description';
import { decodeG711, encodeG711 } from '../../../src/media/sounds/g711';

const PER_MS = 8;
const FRAME_MS = 20;
/** More of a prompt is never heard. */
const LONGEST = (MACHINE_TERMS.maxMs + FRAME_MS) * PER_MS;

/** Noise that is the same each time. */
function noiseOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** As a voice: harmonics of a pitch that moves, louder and softer. */
const VOICE = Array.from({ length: 3_000 * PER_MS }, (_, i) => {
  const t = i / 8_000;
  const phase = 2 * Math.PI * 140 * t - (25 / 3) * Math.cos(2 * Math.PI * 3 * t);
  const syllables = 0.75 + 0.25 * Math.sin(2 * Math.PI * 4 * t);
  return syllables * [1, 2, 3, 4, 5, 6, 7, 8].reduce((sum, n) => sum + Math.sin(n * phase) / n, 0);
});
const voice = (ms: number, level = -18): number[] => {
  const loudness = 10 ** (level / 20);
  return VOICE.slice(0, ms * PER_MS).map((sample) => loudness * sample);
};
const silence = (ms: number): number[] => Array<number>(ms * PER_MS).fill(0);
const tone = (hertz: number, ms: number, level = -15): number[] =>
  Array.from(
    { length: ms * PER_MS },
    (_, i) => 10 ** (level / 20) * Math.sin((2 * Math.PI * hertz * i) / 8_000),
  );
const noisy = (samples: readonly number[], level: number, seed = 1): number[] => {
  const noise = noiseOf(seed);
  const loudness = 10 ** (level / 20) * Math.sqrt(3);
  return samples.map((sample) => sample + loudness * noise());
};

/** What is told of this, and after how many milliseconds of it. */
function told(
  samples: readonly number[],
  {
    codec = 'PCMU',
    terms = {},
    chunk = 160,
  }: { codec?: AudioCodec; terms?: Partial<MachineTerms>; chunk?: number } = {},
) {
  const detector = new MachineDetector(terms);
  for (let at = 0; at < samples.length; at += chunk) {
    const heard = decodeG711(encodeG711(samples.slice(at, at + chunk), codec), codec);
    const finding = detector.take(heard);
    if (finding) return { ...finding, ms: (at + chunk) / PER_MS };
  }
  return undefined;
}

const hello = voice(400);

test.each([
  ['a hello, and a pause', [...silence(300), ...hello, ...silence(1_000)], 'person', 'short_greeting'],
  ['a hello at once', [...hello, ...silence(1_000)], 'person', 'short_greeting'],
  [
    'three words, and a pause',
    [
      ...silence(200),
      ...voice(300),
      ...silence(150),
      ...voice(250),
      ...silence(100),
      ...voice(400),
      ...silence(900),
    ],
    'person',
    'short_greeting',
  ],
  ['a soft hello', [...silence(300), ...voice(400, -32), ...silence(1_000)], 'person', 'short_greeting'],
  [
    'a hello after a click',
    [...silence(300), ...voice(40), ...silence(900), ...hello, ...silence(900)],
    'person',
    'short_greeting',
  ],
  ['a sentence without end', [...silence(300), ...voice(3_000)], 'machine', 'long_greeting'],
  [
    'five words on end',
    [...Array(5)].flatMap(() => [...voice(200), ...silence(120)]),
    'machine',
    'many_words',
  ],
  ['nothing', silence(4_000), 'machine', 'initial_silence'],
  ['nothing but noise', noisy(silence(4_000), -40), 'machine', 'initial_silence'],
  ['nothing but loud noise', noisy(silence(4_000), -36), 'machine', 'initial_silence'],
  ['clicks', [...Array(6)].flatMap(() => [...voice(40), ...silence(460)]), 'machine', 'initial_silence'],
  ['a beep at once', tone(1_000, 400), 'machine', 'beep'],
  ['a beep after a word', [...hello, ...silence(300), ...tone(440, 400)], 'machine', 'beep'],
  ['a fax', [...silence(500), ...tone(1_100, 500)], 'machine', 'beep'],
] as const)('%s', (_what, samples, verdict, reason) => {
  for (const codec of ['PCMU', 'PCMA'] as const) {
    expect(told([...samples, ...silence(100)], { codec })).toMatchObject({ verdict, reason });
  }
});

test('a person is known by the end of the pause, a beep by its length', () => {
  expect(told([...silence(300), ...hello, ...silence(1_000)])?.ms).toBeLessThanOrEqual(
    300 + 400 + 800 + 2 * FRAME_MS,
  );
  for (const hertz of [400, 440, 700, 1_000, 1_400, 1_900]) {
    expect(told([...silence(100), ...tone(hertz, 400, -25)])).toMatchObject({ reason: 'beep' });
    const ms = told(noisy([...silence(100), ...tone(hertz, 400)], -40))?.ms;
    expect(ms).toBeLessThanOrEqual(100 + 200 + 2 * FRAME_MS);
  }
});

test('the two tones of a key, a tone that is short and one that is no beep’s are none', () => {
  const [low, high] = [tone(770, 400), tone(1_336, 400)];
  const key = low.map((sample, i) => sample + (high[i] ?? 0));
  for (const samples of [key, tone(1_000, 140), tone(300, 400), tone(2_400, 400)]) {
    expect(told([...silence(200), ...samples, ...silence(900)])?.reason).not.toBe('beep');
  }
});

test('who is in a noisy place is told by what is louder than that', () => {
  for (const level of [-60, -50, -45, -40, -36]) {
    for (const seed of [1, 2]) {
      const person = noisy([...silence(400), ...hello, ...silence(1_200)], level, seed);
      expect(told(person)).toMatchObject({ verdict: 'person' });
      // A line opens with silence.
      expect(told([...silence(160), ...person])).toMatchObject({ verdict: 'person' });
      expect(told(noisy([...silence(400), ...voice(3_000)], level, seed))).toMatchObject({
        verdict: 'machine',
      });
    }
  }
});

test('what cannot be told when the time is up is told so', () => {
  const terms = { initialSilenceMs: 10_000, maxMs: 2_000 };
  expect(told(silence(4_000), { terms })).toEqual({ verdict: 'unsure', reason: 'time', ms: 2_000 });
});

test('every prompt of some length that is shipped is a machine; a word of them is a person', async () => {
  const prompts = await PromptFolder.open(join(__dirname, '../../../freeswitch/prompts'));
  let long = 0;
  for (const codec of ['PCMU', 'PCMA'] as const) {
    for (const name of prompts.names()) {
      const octets = prompts.octets(name, codec) ?? Buffer.alloc(0);
      const samples = [...decodeG711(octets.subarray(0, LONGEST), codec), ...silence(1_000)];
      const finding = told(samples, { codec });
      if (octets.length >= 3_000 * PER_MS) {
        long++;
        expect([name, finding?.verdict]).toEqual([name, 'machine']);
      }
      if (/^digits\/\d$/.test(name)) expect([name, finding?.verdict]).toEqual([name, 'person']);
    }
  }
  expect(long).toBeGreaterThan(20);
});

const rhythms = fc.array(
  fc.record({ word: fc.integer({ min: 0, max: 900 }), pause: fc.integer({ min: 0, max: 1_500 }) }),
  {
    maxLength: 6,
  },
);
const speak = (rhythm: readonly { word: number; pause: number }[]): number[] =>
  rhythm.flatMap(({ word, pause }) => [...voice(word), ...silence(pause)]);

test('whatever is said, something is told by the end of the time, whichever pieces it comes in', () => {
  fc.assert(
    fc.property(rhythms, fc.integer({ min: 1, max: 700 }), (rhythm, chunk) => {
      const samples = [...speak(rhythm), ...silence(MACHINE_TERMS.maxMs)];
      const whole = told(samples);
      expect(whole?.ms).toBeLessThanOrEqual(MACHINE_TERMS.maxMs);
      const { verdict, reason } = told(samples, { chunk }) ?? {};
      expect({ verdict, reason }).toEqual({ verdict: whole?.verdict, reason: whole?.reason });
    }),
    { numRuns: 20 },
  );
});

test('what was told is not taken back by what follows', () => {
  fc.assert(
    fc.property(rhythms, rhythms, (before, after) => {
      const detector = new MachineDetector();
      detector.take([...speak(before), ...silence(MACHINE_TERMS.maxMs)]);
      const { finding } = detector;
      detector.take([...speak(after), ...tone(1_000, 400)]);
      expect(detector.finding).toEqual(finding);
    }),
    { numRuns: 15 },
  );
});

test('a greeting is judged alike however loud it is', () => {
  fc.assert(
    fc.property(fc.integer({ min: -23, max: -8 }), fc.integer({ min: 150, max: 1_000 }), (level, ms) => {
      expect({ level, ms, ...told([...silence(200), ...voice(ms, level), ...silence(1_000)]) }).toMatchObject(
        {
          verdict: 'person',
        },
      );
    }),
    { numRuns: 30 },
  );
});

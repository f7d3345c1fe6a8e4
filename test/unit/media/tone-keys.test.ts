import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { PromptFolder } from '../../../src/media';
import { ToneKeys } from '../../../src/media/digits/tone-keys';
import { TonePackets } from '../../../src/media/digits/tone-packets';
import type { RtpPacket } from '../../../src/media/rtp/rtp-packet';
import type { AudioCodec } from '../../../src/media/sdp/audio-description';
import { decodeG711, encodeG711 } from '../../../src/media/sounds/g711';

const LOW = [697, 770, 852, 941];
const HIGH = [1_209, 1_336, 1_477, 1_633];
const KEYS = ['123A', '456B', '789C', '*0#D'];
const ALL = KEYS.join('');

interface Tone {
  readonly key: string;
  readonly ms?: number;
  /** Of each of the two, in dBm0. */
  readonly low?: number;
  readonly high?: number;
  /** How far off they are, in percent and in hertz. */
  readonly percent?: number;
  readonly hertz?: number;
}

const amplitude = (dbm0: number): number => 10 ** ((dbm0 - 3.14) / 20);

function tone({ key, ms = 50, low = -10, high = -10, percent = 0, hertz = 0 }: Tone): number[] {
  const row = KEYS.findIndex((keys) => keys.includes(key));
  const off = (frequency: number): number => frequency * (1 + percent / 100) + hertz;
  const [a, b] = [off(LOW[row] ?? 0), off(HIGH[KEYS[row]?.indexOf(key) ?? 0] ?? 0)];
  return Array.from({ length: ms * 8 }, (_, i) => {
    const t = (2 * Math.PI * i) / 8_000;
    return amplitude(low) * Math.sin(a * t) + amplitude(high) * Math.sin(b * t + 1);
  });
}

const silence = (ms: number): number[] => Array<number>(Math.round(ms * 8)).fill(0);

/** What is heard of this, through a call. */
function heard(
  samples: readonly number[],
  codec: AudioCodec = 'PCMU',
): { key: string; durationMs: number }[] {
  const told: { key: string; durationMs: number }[] = [];
  const keys = new ToneKeys((key, durationMs) => told.push({ key, durationMs }));
  const octets = encodeG711(samples, codec);
  for (let at = 0; at < octets.length; at += 160) {
    keys.take(decodeG711(octets.subarray(at, at + 160), codec));
  }
  keys.end();
  return told;
}

const keysIn = (samples: readonly number[], codec?: AudioCodec): string =>
  heard(samples, codec)
    .map(({ key }) => key)
    .join('');

/** Noise that is the same each time, from -1 to 1. */
function noise(length: number): number[] {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 0x7fffffff;
    return state / 0x3fffffff - 1;
  });
}

test.each<AudioCodec>(['PCMU', 'PCMA'])('every key of 50 ms, with 50 ms between, in %s', (codec) => {
  const samples = [...ALL].flatMap((key) => [...tone({ key }), ...silence(50)]);
  expect(keysIn(samples, codec)).toBe(ALL);
});

test('law (ITU-T Q.24): tones of 40 ms with pauses of 40 ms, -25 to 0 dBm, 4 dB up and 8 down, 1.5 % and 2 Hz off', () => {
  const between = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });
  const pressed = fc.record({
    key: fc.constantFrom(...ALL),
    ms: fc.integer({ min: 40, max: 120 }),
    pause: fc.integer({ min: 40, max: 120 }),
    level: between(-17, -6),
    twist: between(-8, 4),
    percent: between(-1.5, 1.5),
    hertz: between(-2, 2),
  });
  fc.assert(
    fc.property(fc.array(pressed, { maxLength: 4 }), fc.nat(120), (presses, shift) => {
      const samples = presses.flatMap(({ level, twist, pause, ...rest }) => [
        ...tone({ ...rest, low: level, high: level + twist }),
        ...silence(pause),
      ]);
      expect(keysIn([...silence(shift / 8), ...samples])).toBe(presses.map(({ key }) => key).join(''));
    }),
    { numRuns: 100 },
  );
});

test('the quietest that is taken, and what is quieter than that which is left (Q.24)', () => {
  expect(keysIn([...tone({ key: '5', low: -25, high: -25 }), ...silence(50)])).toBe('5');
  expect(keysIn([...tone({ key: '5', low: -55, high: -55 }), ...silence(50)])).toBe('');
});

test('a tone of less than 23 ms is none; an interruption of 10 ms is none either (Q.24)', () => {
  for (let shift = 0; shift < 102; shift += 6) {
    expect(keysIn([...silence(shift / 8), ...tone({ key: '7', ms: 22 }), ...silence(60)])).toBe('');
    const interrupted = [...tone({ key: '7', ms: 60 }), ...silence(10), ...tone({ key: '7', ms: 60 })];
    expect(keysIn([...silence(shift / 8), ...interrupted, ...silence(60)])).toBe('7');
  }
});

test.each<[string, Partial<Tone>]>([
  ['3.5 % off', { percent: 3.5 }],
  ['3.5 % off, below', { percent: -3.5 }],
  ['the high tone alone', { low: -60 }],
  ['the low tone alone', { high: -60 }],
  ['the high tone 10 dB above the low one', { low: -20, high: -10 }],
  ['the high tone 15 dB below the low one', { low: -6, high: -21 }],
])('no key: %s', (_what, how) => {
  for (const key of '159D') expect(keysIn([...tone({ key, ms: 100, ...how }), ...silence(60)])).toBe('');
});

test('through noise 15 dB below', () => {
  const samples = [...ALL].flatMap((key) => [...tone({ key, ms: 60 }), ...silence(60)]);
  const rustle = noise(samples.length);
  const level = amplitude(-10) * 10 ** (-15 / 20) * Math.sqrt(3);
  expect(keysIn(samples.map((sample, i) => sample + level * (rustle[i] ?? 0)))).toBe(ALL);
});

test('a key that is held is told after two seconds, and once', () => {
  const told: number[] = [];
  const keys = new ToneKeys((_key, durationMs) => told.push(durationMs));
  keys.take(tone({ key: '1', ms: 2_100 }));
  expect(told).toHaveLength(1);
  keys.take([...tone({ key: '1', ms: 1_000 }), ...silence(100)]);
  expect(told).toHaveLength(1);
  expect(told[0]).toBeGreaterThanOrEqual(2_000);
});

test('its length is that of the tone, to within two blocks', () => {
  const [press] = heard([...tone({ key: '3', ms: 200 }), ...silence(60)]);
  expect(press?.durationMs).toBeGreaterThan(170);
  expect(press?.durationMs).toBeLessThanOrEqual(205);
});

test('speech, sounds and noise press no key', async () => {
  const folder = join(__dirname, '../../../freeswitch/prompts');
  expect(readdirSync(folder).length).toBeGreaterThan(5);
  const prompts = await PromptFolder.open(folder);
  for (const name of prompts.names()) {
    const pressed: string[] = [];
    const keys = new ToneKeys((key) => pressed.push(key));
    keys.take(decodeG711(prompts.octets(name, 'PCMU') ?? Buffer.alloc(0), 'PCMU'));
    keys.end();
    expect([name, pressed]).toEqual([name, []]);
  }
  expect(keysIn(noise(80_000).map((sample) => sample / 3))).toBe('');
});

describe('in packets', () => {
  const told: string[] = [];
  let packets: TonePackets;
  beforeEach(() => {
    jest.useFakeTimers();
    told.length = 0;
    packets = new TonePackets((key) => told.push(key));
  });
  afterEach(() => {
    packets.close();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  /** Frames of these samples from a timestamp on. */
  const framesOf = (samples: readonly number[], first: number): RtpPacket[] => {
    const octets = encodeG711(samples, 'PCMA');
    return Array.from({ length: octets.length / 160 }, (_, i) => ({
      payloadType: 8,
      sequence: i,
      ssrc: 1,
      marker: false,
      timestamp: (first + i * 160) % 2 ** 32,
      payload: octets.subarray(i * 160, (i + 1) * 160),
    }));
  };

  test('one that comes late or twice changes nothing, nor does a timestamp that begins anew', () => {
    const frames = framesOf([...tone({ key: '8', ms: 120 }), ...silence(80)], 2 ** 32 - 320);
    for (const [i, frame] of frames.entries()) {
      packets.take(frame);
      for (const late of frames.slice(Math.max(0, i - 2), i + 1)) packets.take(late);
    }
    expect(told).toEqual(['8']);
    for (const frame of framesOf([...tone({ key: '9', ms: 120 }), ...silence(80)], 9_000_000))
      packets.take(frame);
    expect(told).toEqual(['8', '9']);
  });

  test('a packet that is lost is silence: a pause between two presses stays one', () => {
    const samples = [
      ...tone({ key: '1', ms: 80 }),
      ...silence(60),
      ...tone({ key: '1', ms: 80 }),
      ...silence(60),
    ];
    framesOf(samples, 0).forEach((frame, i) => {
      if (i !== 5) packets.take(frame);
    });
    expect(told).toEqual(['1', '1']);
  });

  test('a stream that stops in a press has ended it', () => {
    for (const frame of framesOf(tone({ key: 'D', ms: 100 }), 0)) packets.take(frame);
    packets.take({
      payloadType: 101,
      sequence: 9,
      ssrc: 1,
      marker: false,
      timestamp: 0,
      payload: Buffer.alloc(4),
    });
    expect(told).toEqual([]);
    jest.advanceTimersByTime(400);
    expect(told).toEqual(['D']);
  });
});

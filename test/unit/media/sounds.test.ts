import fc from 'fast-check';
import type { AudioCodec } from '../../../src/media/sdp/audio-description';
import { encodeG711 } from '../../../src/media/sounds/g711';
import { Metronome } from '../../../src/media/sounds/metronome';
import { Recording, RtpFrames } from '../../../src/media/sounds/rtp-frames';
import { FRAME_SAMPLES, frameOf, framesOf, LOOPS } from '../../../src/media/sounds/score';

/** The value that a byte stands for, by the tables of ITU-T G.711, from -1 to 1. */
function decode(byte: number, codec: AudioCodec): number {
  if (codec === 'PCMU') {
    const value = ~byte & 0xff;
    const magnitude = (((value & 0x0f) * 8 + 132) << ((value >> 4) & 7)) - 132;
    return (value & 0x80 ? -magnitude : magnitude) / 32_768;
  }
  const value = byte ^ 0x55;
  const segment = (value >> 4) & 7;
  const step = (value & 0x0f) * 16 + 8;
  const magnitude = segment === 0 ? step : (step + 256) << (segment - 1);
  return (value & 0x80 ? magnitude : -magnitude) / 32_768;
}

/** Energy at a frequency, as a share of all. */
function share(samples: ArrayLike<number>, hertz: number): number {
  let [re, im, energy] = [0, 0, 0];
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i] ?? 0;
    re += sample * Math.cos((2 * Math.PI * hertz * i) / 8_000);
    im += sample * Math.sin((2 * Math.PI * hertz * i) / 8_000);
    energy += sample * sample;
  }
  return (2 * (re * re + im * im)) / (samples.length * energy);
}

// ITU-T G.711: silence, full scale, and one step to either side.
test.each<[AudioCodec, number, number]>([
  ['PCMU', 0, 0xff],
  ['PCMU', 1, 0x80],
  ['PCMU', -1, 0x00],
  ['PCMA', 0, 0xd5],
  ['PCMA', -1e-4, 0x55],
  ['PCMA', 1, 0xaa],
  ['PCMA', -1, 0x2a],
])('%s of %d', (codec, sample, byte) => {
  expect([...encodeG711([sample], codec)]).toEqual([byte]);
});

test('law: what is encoded is decoded to within half a step of its segment, clipped at full scale', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<AudioCodec>('PCMU', 'PCMA'),
      fc.double({ min: -1.5, max: 1.5, noNaN: true }),
      (codec, sample) => {
        const heard = decode(encodeG711([sample], codec)[0] ?? 0, codec);
        const clipped = Math.max(-1, Math.min(1, sample));
        expect(Math.abs(heard - clipped)).toBeLessThanOrEqual(Math.abs(clipped) / 30 + 0.0005);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('ringback is 440 and 480 Hz, two seconds in six', () => {
  const { ringback } = LOOPS;
  expect(framesOf(ringback)).toBe(300);
  const on = Array.from({ length: 100 }, (_, i) => [...frameOf(ringback, i)]).flat();
  const off = Array.from({ length: 200 }, (_, i) => [...frameOf(ringback, 100 + i)]).flat();
  expect(share(on, 440)).toBeCloseTo(0.5, 1);
  expect(share(on, 480)).toBeCloseTo(0.5, 1);
  expect(off.every((sample) => sample === 0)).toBe(true);
});

test('hold music is quiet, never silent for long, and its end runs into its beginning', () => {
  const { hold } = LOOPS;
  const frames = Array.from({ length: framesOf(hold) }, (_, i) => frameOf(hold, i));
  const samples = frames.flatMap((frame) => [...frame]);
  expect(Math.max(...samples.map(Math.abs))).toBeLessThan(0.25);
  const loudness = (from: number): number =>
    Math.sqrt(samples.slice(from, from + 4_000).reduce((sum, sample) => sum + sample * sample, 0) / 4_000);
  for (let from = 0; from + 4_000 <= samples.length; from += 4_000) {
    expect(loudness(from)).toBeGreaterThan(0.005);
  }
  const steps = samples.map((sample, i) => Math.abs(sample - (samples[i - 1] ?? samples.at(-1) ?? 0)));
  expect(steps[0]).toBeLessThan(0.02);
  expect(Math.max(...steps)).toBeLessThan(0.15);
});

test('frames are one RTP stream, whose time goes on over those that were not sent', () => {
  const frames = new RtpFrames(new Recording('ringback', 'PCMA'), 'PCMA', 77);
  const first = frames.next();
  expect(first.length).toBe(12 + FRAME_SAMPLES);
  expect([first[0], first[1], first.readUInt32BE(8)]).toEqual([0x80, 0x88, 77]);
  frames.next();
  frames.skip(3);
  const later = frames.next();
  expect([later[1], later.readUInt16BE(2), later.readUInt32BE(4)]).toEqual([8, 2, 5 * FRAME_SAMPLES]);
  expect(later.subarray(12)).toEqual(encodeG711(frameOf(LOOPS.ringback, 5), 'PCMA'));
});

test('a recording begins again when it is through', () => {
  const recording = new Recording('hold', 'PCMU');
  expect(recording.frame(framesOf(LOOPS.hold) + 7)).toEqual(recording.frame(7));
});

describe('metronome', () => {
  let now = 0;
  beforeEach(() => {
    now = 0;
    jest.useFakeTimers({ doNotFake: ['performance'] });
  });
  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });
  const pass = async (ms: number): Promise<void> => {
    for (let i = 0; i < ms; i++) {
      now++;
      await jest.advanceTimersByTimeAsync(1);
    }
  };

  test('beats on its grid; what a stalled process missed is made up for, up to five beats', async () => {
    const beats: [number, number, number][] = [];
    const metronome = new Metronome(
      () => now,
      20,
      (due, missed) => beats.push([now, due, missed]),
    );
    metronome.start();
    metronome.start();
    await pass(45);
    expect(beats).toEqual([
      [20, 1, 0],
      [40, 1, 0],
    ]);
    // The next timer is late by 45 ms: what is due comes at once, and the grid stays.
    now += 60;
    await pass(16);
    expect(beats.slice(2).reduce((sum, [, due]) => sum + due, 0)).toBe(4);
    now += 1_000;
    await pass(20);
    const [, due, missed] = beats.find(([, , skipped]) => skipped > 0) ?? [];
    expect(due).toBe(5);
    expect(missed).toBeGreaterThan(40);
    metronome.stop();
    const all = beats.reduce((sum, [, sent, left]) => sum + sent + left, 0);
    expect(all).toBe(Math.floor(now / 20));
    await pass(100);
    expect(beats.reduce((sum, [, sent, left]) => sum + sent + left, 0)).toBe(all);
  });
});

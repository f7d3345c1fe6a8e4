import type { MonitorMode } from '../../../src/media';
import { Mixer } from '../../../src/media/mixing/mixer';
import type { Party } from '../../../src/media/mixing/monitor-plan';
import { HEARS, PARTIES } from '../../../src/media/mixing/monitor-plan';
import type { RtpPacket } from '../../../src/media/rtp/rtp-packet';
import type { AudioCodec } from '../../../src/media/sdp/audio-description';
import { PAYLOAD_TYPES } from '../../../src/media/sdp/audio-description';
import { Beats } from '../../../src/media/sounds/beats';
import { decodeG711, encodeG711, G711_SILENCE } from '../../../src/media/sounds/g711';

const FRAME = 160;
const FRAME_MS = 20;

function packet(index: number, payload: Buffer, codec: AudioCodec = 'PCMU'): RtpPacket {
  return {
    payloadType: PAYLOAD_TYPES[codec],
    marker: false,
    sequence: index & 0xffff,
    timestamp: index * FRAME,
    ssrc: 1,
    payload,
  };
}

const level = (value: number, codec: AudioCodec): Buffer =>
  encodeG711(Array<number>(FRAME).fill(value), codec);

describe.each(['PCMU', 'PCMA'] as const)('of %s', (codec) => {
  /** What is heard of some who each say one level all the time, after a while. */
  function mixed(levels: Readonly<Record<string, number>>, heard: readonly string[]): number {
    const mixer = new Mixer(codec, Object.keys(levels), 0);
    for (let frame = 0; frame < 10; frame++) {
      for (const [party, value] of Object.entries(levels)) {
        mixer.push(party, packet(frame, level(value, codec), codec), (frame + 1) * FRAME_MS);
      }
      mixer.advance();
    }
    const octets = mixer.mix(heard);
    expect(new Set(octets).size).toBe(1);
    return decodeG711(octets, codec)[0] ?? 0;
  }

  test('voices are added, whose they are', () => {
    expect(mixed({ a: 0.2, b: 0.1, c: -0.4 }, ['a', 'b'])).toBeCloseTo(0.3, 1);
    expect(mixed({ a: 0.2, b: 0.1, c: -0.4 }, ['a', 'c'])).toBeCloseTo(-0.2, 1);
    expect(mixed({ a: 0.2, b: 0.1 }, ['b'])).toBeCloseTo(0.1, 2);
  });

  test('what is too loud is clipped', () => {
    expect(mixed({ a: 0.9, b: 0.9 }, ['a', 'b'])).toBeGreaterThan(0.97);
    expect(mixed({ a: -0.9, b: -0.9 }, ['a', 'b'])).toBeLessThan(-0.97);
  });

  test('nobody, and who says nothing, is silence', () => {
    const mixer = new Mixer(codec, ['a'], 0);
    mixer.advance();
    for (const heard of [[], ['a']]) {
      expect(mixer.mix(heard).every((octet) => octet === G711_SILENCE[codec])).toBe(true);
    }
  });
});

/** Frames of which each is heard whole, a mixer's beat after the other, by when they arrive. */
function through(delays: readonly number[], beats: number): number[] {
  const mixer = new Mixer('PCMU', ['a'], 0);
  const arrivals = delays
    .map((delay, frame) => ({ at: (frame + 1) * FRAME_MS + delay, frame }))
    .sort((a, b) => a.at - b.at);
  const heard: number[] = [];
  for (let beat = 1; beat <= beats; beat++) {
    while ((arrivals[0]?.at ?? Infinity) <= beat * FRAME_MS) {
      const { at, frame } = arrivals.shift() ?? { at: 0, frame: 0 };
      mixer.push('a', packet(frame, Buffer.alloc(FRAME, 1 + (frame % 100))), at);
    }
    mixer.advance();
    heard.push(...mixer.mix(['a']));
  }
  return heard;
}

test('a steady voice is late by 60 ms, and whole', () => {
  const heard = through(Array<number>(100).fill(0), 110);
  const first = heard.findIndex((octet) => octet !== G711_SILENCE.PCMU);
  expect(first / 8).toBeLessThanOrEqual(60);
  for (let frame = 0; frame < 100; frame++) {
    expect(
      heard.slice(first + frame * FRAME, first + (frame + 1) * FRAME).every((octet) => octet === 1 + frame),
    ).toBe(true);
  }
});

test('where there is more jitter than that, it waits longer, and is whole again', () => {
  // A queue that stands for a moment, and is worked off at once.
  const jitter = Array.from({ length: 300 }, (_, frame) => Math.max(0, 110 - FRAME_MS * (frame % 15)));
  const heard = through(jitter, 320);
  const gaps = heard.slice(FRAME * 60, FRAME * 295).filter((octet) => octet === G711_SILENCE.PCMU).length;
  expect(gaps).toBe(0);
});

test('what was one long delay is forgotten after a while', () => {
  const delays = Array.from({ length: 3_000 }, (_, frame) => (frame === 50 ? 150 : 0));
  const heard = through(delays, 3_000);
  const last = heard.lastIndexOf(1 + (2_900 % 100));
  expect(last / FRAME - 2_900).toBeLessThan(5);
});

test('frames that are left out are left out of every voice', () => {
  const mixer = new Mixer('PCMU', ['a'], 0);
  for (let frame = 0; frame < 20; frame++) {
    mixer.push('a', packet(frame, Buffer.alloc(FRAME, 1 + frame)), (frame + 1) * FRAME_MS);
  }
  mixer.advance(10);
  const before = mixer.mix(['a'])[FRAME - 1] ?? 0;
  mixer.advance(5);
  expect((mixer.mix(['a'])[FRAME - 1] ?? 0) - before).toBe(5);
});

test('nobody hears themselves, and the two of the call hear the supervisor only where they shall', () => {
  const hearers = (mode: MonitorMode): Party[] =>
    PARTIES.filter((party) => HEARS[mode].get(party)?.includes('supervisor'));
  expect(hearers('listen')).toEqual([]);
  expect(hearers('whisper')).toEqual(['other']);
  expect(hearers('barge')).toEqual(['caller', 'other']);
  for (const plan of Object.values(HEARS)) {
    expect(plan.get('supervisor')).toEqual(['caller', 'other']);
    for (const [party, hears] of plan) expect(hears).not.toContain(party);
  }
});

describe('beats', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  test('are kept for as long as anybody keeps them, each once for everybody', () => {
    const beats = new Beats(() => performance.now(), 20);
    const told: string[] = [];
    expect(jest.getTimerCount()).toBe(0);
    const stopFirst = beats.add((due) => told.push(`first ${due}`));
    const stopSecond = beats.add((due) => told.push(`second ${due}`));
    expect(jest.getTimerCount()).toBe(1);
    jest.advanceTimersByTime(20);
    expect(told).toEqual(['first 1', 'second 1']);
    stopFirst();
    stopFirst();
    jest.advanceTimersByTime(20);
    expect(told).toEqual(['first 1', 'second 1', 'second 1']);
    stopSecond();
    expect(jest.getTimerCount()).toBe(0);
    beats.add(() => told.push('again'));
    beats.close();
    expect(jest.getTimerCount()).toBe(0);
  });
});

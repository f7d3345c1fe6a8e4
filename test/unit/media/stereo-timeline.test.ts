import fc from 'fast-check';
import type { RecordingFacts } from '../../../src/media';
import type { Channel } from '../../../src/media/recording/stereo-timeline';
import { StereoTimeline } from '../../../src/media/recording/stereo-timeline';
import type { RtpPacket } from '../../../src/media/rtp/rtp-packet';
import { readRtpPacket } from '../../../src/media/rtp/rtp-packet';
import { decodeG711, encodeG711 } from '../../../src/media/sounds/g711';

const FRAME = 160;
const FRAME_MS = 20;
const SILENCE = { PCMU: 0xff, PCMA: 0xd5 } as const;
const BEGAN = 5_000;

/** A packet, and when it arrives: milliseconds since the recording began. */
interface Arrival {
  readonly at: number;
  readonly packet: RtpPacket;
}

/** Octets of a frame, none of which is silence: which of the stream's it is, as far as one octet can say. */
const markOf = (frame: number): number => 1 + (frame % 100);

function packet(frame: number, options: Partial<RtpPacket> = {}): RtpPacket {
  return {
    payloadType: 0,
    marker: false,
    sequence: (60_000 + frame) % 65_536,
    timestamp: (4_294_900_000 + FRAME * frame) % 2 ** 32,
    ssrc: 7,
    payload: Buffer.alloc(FRAME, markOf(frame)),
    ...options,
  };
}

/** Frames as they are sent: each arrives when it is whole. */
const frames = (count: number, from = 0): Arrival[] =>
  Array.from({ length: count }, (_, i) => ({ at: (from + i + 1) * FRAME_MS, packet: packet(from + i) }));

interface Recorded {
  readonly channels: readonly [Buffer, Buffer];
  readonly facts: RecordingFacts;
  readonly writes: number[];
}

type Act = (timeline: StereoTimeline, at: number) => void;

/** Records what arrives, as a session does: written every 200 ms. */
function record(
  arrivals: readonly Arrival[],
  lastsMs: number,
  options: { encoding?: 'PCMU' | 'PCMA'; channel?: Channel; acts?: readonly { at: number; act: Act }[] } = {},
): Recorded {
  const written: Buffer[] = [];
  const timeline = new StereoTimeline(options.encoding ?? 'PCMU', BEGAN, (octets) => written.push(octets));
  const beats = Array.from({ length: Math.floor(lastsMs / 200) }, (_, i) => ({
    at: 200 * (i + 1),
    act: (line: StereoTimeline, at: number) => line.advance(at),
  }));
  const pushes = arrivals.map(({ at, packet: arrived }) => ({
    at,
    act: (line: StereoTimeline, now: number) => line.push(options.channel ?? 0, arrived, now),
  }));
  const all = [...pushes, ...beats, ...(options.acts ?? [])].filter(({ at }) => at <= lastsMs);
  for (const { at, act } of all.sort((a, b) => a.at - b.at)) act(timeline, BEGAN + at);
  const facts = timeline.end(BEGAN + lastsMs);
  const octets = Buffer.concat(written);
  const channel = (first: number): Buffer =>
    Buffer.from(Uint8Array.from({ length: octets.length / 2 }, (_, i) => octets[2 * i + first] ?? 0));
  return { channels: [channel(0), channel(1)], facts, writes: written.map(({ length }) => length) };
}

const silent = (octets: Buffer, silence = 0xff): boolean => octets.every((octet) => octet === silence);

/** Marks in order of time, with how many samples each has. */
function runs(octets: Buffer): { mark: number; from: number; length: number }[] {
  const found: { mark: number; from: number; length: number }[] = [];
  octets.forEach((mark, at) => {
    const last = found.at(-1);
    if (last?.mark === mark) last.length++;
    else found.push({ mark, from: at, length: 1 });
  });
  return found.filter(({ mark }) => mark !== 0xff);
}

describe('law: whatever the network does', () => {
  const fate = fc.record({
    lost: fc.boolean(),
    chance: fc.integer({ min: 0, max: 9 }),
    jitterMs: fc.integer({ min: 0, max: 15 }),
    overtaken: fc.boolean(),
    twice: fc.boolean(),
  });
  const fates = fc.array(fate, { minLength: 20, maxLength: 150 });

  test('a recording is as long as it lasted, and each packet that came is in its place', () => {
    fc.assert(
      fc.property(fates, fc.integer({ min: 0, max: 999 }), (journey, tailMs) => {
        const came: number[] = [];
        const arrivals = journey.flatMap(({ lost, chance, jitterMs, overtaken, twice }, frame) => {
          // The first and the last come: what is lost before and after shows nowhere.
          if (lost && chance < 3 && frame > 0 && frame < journey.length - 1) return [];
          came.push(frame);
          const late = frame > 0 && overtaken && chance > 6 ? 45 : 0;
          const at = (frame + 1) * FRAME_MS + jitterMs + late;
          const arrival = { at, packet: packet(frame) };
          return twice ? [arrival, { ...arrival, at: at + chance * 10 }] : [arrival];
        });
        const lastsMs = (journey.length + 3) * FRAME_MS + tailMs;
        const { channels, facts, writes } = record(arrivals, lastsMs);
        expect(facts.durationMs).toBe(lastsMs);
        expect(channels[0]).toHaveLength(lastsMs * 8);
        expect(silent(channels[1])).toBe(true);
        expect(facts.lostMs).toEqual([(journey.length - came.length) * FRAME_MS, 0]);
        expect(Math.max(...writes)).toBeLessThanOrEqual(3_200);
        const offset = (journey[0]?.jitterMs ?? 0) * 8;
        const expected = Buffer.alloc(lastsMs * 8, 0xff);
        for (const frame of came)
          expected.fill(markOf(frame), offset + FRAME * frame, offset + FRAME * (frame + 1));
        expect(channels[0].equals(expected)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('with much jitter each packet is heard whole, in order, and near its time', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 50, maxLength: 200 }), (jitters) => {
        const arrivals = jitters.map((jitter, frame) => ({
          at: (frame + 1) * FRAME_MS + jitter,
          packet: packet(frame),
        }));
        const lastsMs = (jitters.length + 10) * FRAME_MS;
        const { channels, facts } = record(arrivals, lastsMs);
        const heard = runs(channels[0]);
        // Those that overtook the first one may have no time to be in.
        const whole = heard.filter(({ length }) => length >= FRAME - 4);
        expect(whole.length).toBeGreaterThanOrEqual(jitters.length - 5);
        const firstFrame = jitters.length - heard.length;
        heard.forEach(({ mark, from }, index) => {
          expect(mark).toBe(markOf(firstFrame + index));
          expect(Math.abs(from - FRAME * (firstFrame + index))).toBeLessThanOrEqual(100 * 8);
        });
        expect(facts.durationMs).toBe(lastsMs);
      }),
      { numRuns: 60 },
    );
  });

  test('what is paused is silence to the sample, and nothing else is', () => {
    const pauses = fc.array(fc.tuple(fc.integer({ min: 20, max: 400 }), fc.integer({ min: 1, max: 900 })), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(pauses, fc.constantFrom('PCMU' as const, 'PCMA' as const), (spans, encoding) => {
        let at = 0;
        const acts = spans.flatMap(([after, length]) => {
          const from = at + after;
          at = from + length;
          return [
            { at: from, act: (line: StereoTimeline, now: number) => line.pause(now) },
            { at, act: (line: StereoTimeline, now: number) => line.resume(now) },
          ];
        });
        const lastsMs = at + 500;
        const payloadType = encoding === 'PCMU' ? 0 : 8;
        const said = frames(Math.ceil(lastsMs / FRAME_MS)).map((each) => ({
          ...each,
          packet: { ...each.packet, payloadType },
        }));
        const { channels, facts } = record(said, lastsMs, { encoding, acts });
        expect(facts).toMatchObject({
          durationMs: lastsMs,
          pausedMs: spans.reduce((sum, [, length]) => sum + length, 0),
          lostMs: [0, 0],
        });
        let end = 0;
        for (const { at: from } of acts.filter((_, index) => index % 2 === 0)) {
          const to = acts.find((act) => act.at > from)?.at ?? lastsMs;
          expect(silent(channels[0].subarray(from * 8, to * 8), SILENCE[encoding])).toBe(true);
          end = to;
        }
        // A packet that was on its way through the beginning or the end of a pause is cut, or not kept.
        const after = channels[0].subarray((end + FRAME_MS) * 8, (lastsMs - FRAME_MS) * 8);
        expect(after.includes(SILENCE[encoding])).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  test('packets without sense change neither the length nor the other channel', () => {
    const any = fc.record({
      at: fc.integer({ min: 0, max: 3_000 }),
      payloadType: fc.constantFrom(0, 0, 0, 8, 13, 101),
      sequence: fc.integer({ min: 0, max: 65_535 }),
      timestamp: fc.oneof(fc.integer({ min: 0, max: 50_000 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
      ssrc: fc.integer({ min: 1, max: 2 }),
      length: fc.constantFrom(0, 1, 80, 160, 480, 3_000),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 80 }), (arrived) => {
        const arrivals = arrived.map(({ at, length, ...rest }) => ({
          at,
          packet: { marker: false, payload: Buffer.alloc(length, 9), ...rest },
        }));
        const { channels, facts } = record(arrivals, 3_210);
        expect([channels[0].length, facts.durationMs, silent(channels[1])]).toEqual([25_680, 3_210, true]);
      }),
      { numRuns: 200 },
    );
  });
});

test.each([300, -800])('a clock that is off by %d ppm does not run away', (ppm) => {
  const count = 4_000;
  const rate = 1 + ppm / 1e6;
  const arrivals = Array.from({ length: count }, (_, frame) => ({
    at: ((frame + 1) * FRAME_MS) / rate + (frame % 7) * 0.3,
    packet: packet(frame),
  }));
  const { channels, facts } = record(arrivals, 79_900);
  expect(facts.lostMs).toEqual([0, 0]);
  const heard = runs(channels[0]);
  const astray = heard
    .slice(0, -10)
    .filter(
      ({ from, mark, length }, frame) =>
        mark !== markOf(frame) ||
        Math.abs(length - FRAME) > 1 ||
        Math.abs(from / 8 - (frame * FRAME_MS) / rate) > 30,
    );
  expect(astray).toEqual([]);
  expect(channels[0].subarray(80, -800).includes(0xff)).toBe(false);
});

test('each voice is on its channel', () => {
  const written: Buffer[] = [];
  const timeline = new StereoTimeline('PCMU', 0, (octets) => written.push(octets));
  frames(10).forEach(({ at, packet: arrived }) => {
    timeline.push(0, arrived, at);
    timeline.push(1, { ...arrived, ssrc: 8, payload: Buffer.alloc(FRAME, 200) }, at);
  });
  expect(timeline.end(200)).toEqual({ durationMs: 200, pausedMs: 0, lostMs: [0, 0] });
  const octets = Buffer.concat(written);
  expect(octets.subarray(0, 4)).toEqual(Buffer.from([1, 200, 1, 200]));
  expect(octets.subarray(-4)).toEqual(Buffer.from([10, 200, 10, 200]));
});

test('what is lost is silence of the same length, and counted; what is not said is silence, and is not', () => {
  const said = frames(100);
  const lost = said.filter((_, frame) => frame < 20 || frame >= 35);
  const { channels, facts } = record(lost, 2_000);
  expect(facts.lostMs).toEqual([300, 0]);
  expect(silent(channels[0].subarray(20 * FRAME, 35 * FRAME))).toBe(true);
  expect(channels[0][35 * FRAME]).toBe(markOf(35));
  // The sequence goes on where the timestamps jump (RFC 3551 §4.1).
  const paused = lost.map(({ at, packet: each }, index) => ({
    at,
    packet: { ...each, sequence: index },
  }));
  const quiet = record(paused, 2_000);
  expect(quiet.facts.lostMs).toEqual([0, 0]);
  expect(quiet.channels[0].equals(channels[0])).toBe(true);
});

test('comfort noise and keys are silence', () => {
  const said = frames(60).map(({ at, packet: each }, frame) => ({
    at,
    packet:
      frame >= 20 && frame < 30
        ? {
            ...each,
            payloadType: 101,
            timestamp: packet(20).timestamp,
            payload: Buffer.from([1, 10, 0, 160]),
          }
        : frame === 40
          ? { ...each, payloadType: 13, payload: Buffer.from([60]) }
          : each,
  }));
  const { channels, facts } = record(said, 1_200);
  expect(facts.lostMs).toEqual([0, 0]);
  expect(silent(channels[0].subarray(20 * FRAME, 30 * FRAME))).toBe(true);
  expect(silent(channels[0].subarray(40 * FRAME, 41 * FRAME))).toBe(true);
  expect(runs(channels[0])).toHaveLength(49);
});

test('a packet of comfort noise that a worker keeps back is no loss', () => {
  const said = frames(60).filter((_, frame) => frame < 20 || frame >= 40);
  const arrivals = said.map(({ at, packet: each }, index) => ({
    at,
    packet: { ...each, sequence: index + (index < 20 ? 0 : 1) },
  }));
  expect(record(arrivals, 1_200).facts.lostMs).toEqual([0, 0]);
});

test.each<[string, (frame: number) => Partial<RtpPacket>]>([
  ['another stream', () => ({ ssrc: 99, sequence: 5, timestamp: 77 })],
  ['timestamps that jump ahead', (frame) => ({ timestamp: packet(frame).timestamp + 1_000_000 })],
  ['timestamps that jump back', (frame) => ({ timestamp: packet(frame).timestamp - 500_000 })],
])('%s goes on where it arrives', (_, changed) => {
  const first = frames(50);
  const base = changed(50);
  const second = frames(50, 50).map(({ at, packet: each }, index) => ({
    at: at + 200,
    packet: {
      ...each,
      ...base,
      sequence: ((base.sequence ?? each.sequence - index) + index) % 65_536,
      timestamp: ((base.timestamp ?? 0) + FRAME * index) >>> 0,
    },
  }));
  const { channels } = record([...first, ...second], 2_300);
  expect(silent(channels[0].subarray(50 * FRAME, 60 * FRAME))).toBe(true);
  expect(runs(channels[0]).map(({ from }) => from / FRAME)).toEqual([
    ...Array.from({ length: 50 }, (_each, i) => i),
    ...Array.from({ length: 50 }, (_each, i) => 60 + i),
  ]);
});

test('timestamps that stood still through a pause are followed where they arrive', () => {
  const said = [...frames(50), ...frames(50, 50).map((each) => ({ ...each, at: each.at + 5_000 }))];
  const { channels } = record(said, 8_000);
  const heard = runs(channels[0]);
  expect(heard).toHaveLength(100);
  expect(heard[50]?.from).toBe(50 * FRAME + 40_000);
});

test('what arrives at once after this process stood still is in its place', () => {
  const said = frames(100).map(({ at, packet: each }) => ({
    at: at > 600 && at < 1_500 ? 1_500.5 : at,
    packet: each,
  }));
  const written: Buffer[] = [];
  const timeline = new StereoTimeline('PCMU', 0, (octets) => written.push(octets));
  for (const { at, packet: each } of said) {
    timeline.push(0, each, at);
    if (at < 600 || at > 1_500.5) timeline.advance(at);
  }
  expect(timeline.end(2_000).lostMs).toEqual([0, 0]);
  const channel = Buffer.concat(written).filter((_, index) => index % 2 === 0);
  expect(runs(Buffer.from(channel)).map(({ from }) => from)).toEqual(said.map((_, frame) => frame * FRAME));
});

test('the other codec is put into the one of the recording', () => {
  const tone = Array.from({ length: FRAME }, (_, i) => 0.4 * Math.sin(i / 3));
  const { channels } = record(
    [{ at: 20, packet: packet(0, { payloadType: 8, payload: encodeG711(tone, 'PCMA') }) }],
    20,
  );
  const heard = decodeG711(channels[0], 'PCMU');
  tone.forEach((sample, i) => expect(Math.abs((heard[i] ?? 0) - sample)).toBeLessThan(0.03));
});

test('pauses without number are bounded, and never let anything through', () => {
  const acts = Array.from({ length: 400 }, (_, i) => ({
    at: 100 + i / 4,
    act: ((line, now) => (i % 2 ? line.resume(now) : line.pause(now))) as Act,
  }));
  const { channels, facts } = record(frames(20), 400, { acts });
  expect(facts.pausedMs).toBeGreaterThan(50);
  expect(silent(channels[0].subarray(800, 802))).toBe(true);
  expect(channels[0][399 * 8]).toBe(markOf(19));
});

test('what was said in a pause is nowhere, however late it comes', () => {
  const late = frames(100).map(({ at, packet: each }, frame) => ({
    at: frame >= 20 ? Math.max(1_450, at) : at,
    packet: each,
  }));
  const acts = [
    { at: 400, act: (line: StereoTimeline, now: number) => line.pause(now) },
    { at: 1_000, act: (line: StereoTimeline, now: number) => line.resume(now) },
  ];
  const { channels, facts } = record(late, 2_000, { acts });
  expect(silent(channels[0].subarray(400 * 8, 1_000 * 8))).toBe(true);
  expect(runs(channels[0]).map(({ mark }) => mark)).toEqual([
    ...Array.from({ length: 20 }, (_, frame) => markOf(frame)),
    ...Array.from({ length: 50 }, (_, frame) => markOf(50 + frame)),
  ]);
  expect(facts.pausedMs).toBe(600);
});

test('packets with contributors, an extension and padding are read', () => {
  const header = Buffer.from([
    0xb1, 0x80, 0, 5, 0, 0, 0, 9, 0, 0, 0, 7, 1, 2, 3, 4, 0xbe, 0xde, 0, 1, 5, 6, 7, 8,
  ]);
  const read = readRtpPacket(Buffer.concat([header, Buffer.from([40, 41, 0, 2])]));
  expect(read).toEqual({
    payloadType: 0,
    marker: true,
    sequence: 5,
    timestamp: 9,
    ssrc: 7,
    payload: Buffer.from([40, 41]),
  });
  expect(readRtpPacket(header.subarray(0, 18))).toBeUndefined();
  expect(readRtpPacket(Buffer.concat([header, Buffer.from([40, 200])]))).toBeUndefined();
});

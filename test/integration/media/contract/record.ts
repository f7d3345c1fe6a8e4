import type { RecordingFacts, RecordingFormat, RecordingSink } from '../../../../src/media';
import { MediaUnavailable } from '../../../../src/media';
import { G711_SILENCE } from '../../../../src/media/sounds/g711';
import { until } from '../../../support/until';
import type { ContractPart } from './bench';
import { linear } from './bench';
import { BUYER_HZ, CALLER_HZ, NEXT_HZ, hearsTones, sing, toneTalk, tonesOf } from './tones';

const SAMPLES_PER_MS = 8;
/** Of what is paused, this much may belong to either side. */
const EDGE_MS = 60;

/** Keeps what it is told, in order. */
export class KeptRecording implements RecordingSink {
  readonly formats: RecordingFormat[] = [];
  readonly ends: { readonly facts: RecordingFacts; readonly lost: string | undefined }[] = [];
  readonly #written: Buffer[] = [];
  /** Whatever came before the beginning, after the end, or in half pairs. */
  readonly wrong: string[] = [];

  begin(format: RecordingFormat): void {
    if (this.#written.length > 0) this.wrong.push('began late');
    this.formats.push(format);
  }

  write(octets: Buffer): void {
    if (this.formats.length !== 1 || this.ends.length > 0) this.wrong.push('written out of turn');
    if (octets.length % 2 !== 0) this.wrong.push('half a pair');
    this.#written.push(octets);
  }

  end(facts: RecordingFacts, lost?: string): void {
    this.ends.push({ facts, lost });
  }

  get encoding(): RecordingFormat['encoding'] {
    return this.formats[0]?.encoding ?? 'PCMU';
  }

  get ms(): number {
    return this.#written.reduce((sum, { length }) => sum + length, 0) / 2 / SAMPLES_PER_MS;
  }

  /** Octets of one channel. */
  channel(index: 0 | 1): Buffer {
    return Buffer.concat(this.#written).filter((_, at) => at % 2 === index) as Buffer;
  }

  /** What is on a channel between two instants, in milliseconds. */
  tones(index: 0 | 1, fromMs: number, toMs: number): number[] | undefined {
    const octets = this.channel(index).subarray(fromMs * SAMPLES_PER_MS, toMs * SAMPLES_PER_MS);
    return tonesOf(linear(Buffer.from(octets), this.encoding));
  }

  /** Until so much more of it has been written. */
  async more(ms: number): Promise<void> {
    const from = this.ms;
    await until(`${ms} ms more of the recording`, () => this.ms >= from + ms);
  }

  /** Whether it was told all, once and in order. */
  expectWhole(facts: RecordingFacts): void {
    expect(this.wrong).toEqual([]);
    expect(this.formats).toHaveLength(1);
    expect(this.ends).toEqual([{ facts, lost: undefined }]);
    expect(Math.abs(this.ms - facts.durationMs)).toBeLessThan(1);
  }
}

export const recordPart: ContractPart = {
  capability: 'record',

  holds(test) {
    for (const codec of ['PCMU', 'PCMA'] as const) {
      test(`both voices of ${codec}, each on its channel, until it is stopped`, async (bench) => {
        const { session } = await toneTalk(bench, codec);
        const sink = new KeptRecording();
        const before = performance.now();
        const recorder = await session.record(sink);
        const began = performance.now();
        await sink.more(800);
        const asked = performance.now();
        const facts = await recorder.stop();
        sink.expectWhole(facts);
        if (bench.exact) expect(sink.formats).toEqual([{ encoding: codec }]);
        expect(facts.pausedMs).toBe(0);
        expect(facts.durationMs).toBeGreaterThanOrEqual(asked - began - 100);
        expect(facts.durationMs).toBeLessThanOrEqual(performance.now() - before + 100);
        expect(sink.tones(0, 200, facts.durationMs - 100)).toEqual([CALLER_HZ]);
        expect(sink.tones(1, 200, facts.durationMs - 100)).toEqual([BUYER_HZ]);
        expect(await recorder.stop()).toEqual(facts);
        recorder.pause();
        recorder.resume();
        sink.expectWhole(facts);
      });
    }

    test('what is paused is silence of the same length, and nothing else', async (bench) => {
      const { session } = await toneTalk(bench);
      const sink = new KeptRecording();
      const recorder = await session.record(sink);
      await sink.more(400);
      recorder.pause();
      recorder.pause();
      expect(recorder.paused).toBe(true);
      const from = sink.ms;
      await sink.more(600);
      recorder.resume();
      recorder.resume();
      expect(recorder.paused).toBe(false);
      await sink.more(800);
      const facts = await recorder.stop();
      sink.expectWhole(facts);
      expect(facts.pausedMs).toBeGreaterThanOrEqual(300);
      const silence = G711_SILENCE[sink.encoding];
      for (const [channel, hertz] of [
        [0, CALLER_HZ],
        [1, BUYER_HZ],
      ] as const) {
        const octets = sink.channel(channel);
        // The longest silence is the pause.
        const paused = longestRun(octets, silence);
        // Whole milliseconds are told.
        expect(paused.length / SAMPLES_PER_MS).toBeGreaterThanOrEqual(
          facts.pausedMs - (bench.exact ? 1 : EDGE_MS),
        );
        expect(paused.length / SAMPLES_PER_MS).toBeLessThanOrEqual(facts.pausedMs + EDGE_MS);
        const [begins, ends] = [paused.from / SAMPLES_PER_MS, (paused.from + paused.length) / SAMPLES_PER_MS];
        expect(begins).toBeGreaterThanOrEqual(from - EDGE_MS);
        expect(sink.tones(channel, begins - 200, begins - EDGE_MS)).toEqual([hertz]);
        expect(sink.tones(channel, ends + EDGE_MS, facts.durationMs - 100)).toEqual([hertz]);
      }
    });

    test('what is lost on the way is silence of the same length', async (bench) => {
      if (!bench.exact) return;
      const { session, caller } = await toneTalk(bench);
      const sink = new KeptRecording();
      // Half a second is lost, some frames after the recording begins.
      sing(bench, caller, CALLER_HZ, { arrives: (frame) => frame < 15 || frame >= 40 });
      const recorder = await session.record(sink);
      await sink.more(1_200);
      const facts = await recorder.stop();
      sink.expectWhole(facts);
      expect(facts.lostMs).toEqual([500, 0]);
      const lost = longestRun(sink.channel(0), G711_SILENCE.PCMU);
      expect(Math.abs(lost.length / SAMPLES_PER_MS - 500)).toBeLessThanOrEqual(15);
      const after = (lost.from + lost.length) / SAMPLES_PER_MS;
      expect(sink.tones(0, after + 20, facts.durationMs - 100)).toEqual([CALLER_HZ]);
      expect(sink.tones(1, 100, facts.durationMs - 100)).toEqual([BUYER_HZ]);
    });

    test('the other channel is whoever the caller talks with: nobody, and somebody else', async (bench) => {
      const { session, caller, buyer } = await toneTalk(bench);
      const sink = new KeptRecording();
      const recorder = await session.record(sink);
      await sink.more(600);
      const hold = await session.play(caller.leg, 'hold');
      session.unbridge(buyer.leg);
      const handedOn = sink.ms;
      await sink.more(1_000);
      const next = await bench.answering(session);
      sing(bench, next, NEXT_HZ);
      await session.bridge(caller.leg, next.leg);
      buyer.leg.close();
      await hearsTones(caller, [NEXT_HZ]);
      await sink.more(1_000);
      const facts = await recorder.stop();
      sink.expectWhole(facts);
      expect(await hold.done).toBe('stopped');
      expect(sink.tones(0, 200, facts.durationMs - 100)).toEqual([CALLER_HZ]);
      expect(sink.tones(1, 100, 500)).toEqual([BUYER_HZ]);
      expect(sink.tones(1, handedOn + 500, handedOn + 900)).toEqual([]);
      expect(sink.tones(1, facts.durationMs - 600, facts.durationMs - 100)).toEqual([NEXT_HZ]);
    });

    test('one at a time, and again when it has ended; with the session it ends by itself', async (bench) => {
      const { session } = await toneTalk(bench);
      const [first, second] = [new KeptRecording(), new KeptRecording()];
      const recorder = await session.record(first);
      await expect(session.record(second)).rejects.toThrow(MediaUnavailable);
      expect(second.formats).toEqual([]);
      first.expectWhole(await recorder.stop());
      const again = await session.record(second);
      await second.more(200);
      session.close();
      second.expectWhole(await again.stop());
      await expect(session.record(new KeptRecording())).rejects.toThrow(MediaUnavailable);
    });
  },

  async lacks(bench) {
    const { session } = await bench.caller();
    const sink = new KeptRecording();
    await expect(session.record(sink)).rejects.toThrow(MediaUnavailable);
    expect(sink.formats).toEqual([]);
  },
};

export const voicemailPart: ContractPart = {
  capability: 'voicemail',

  holds(test) {
    test('the caller alone is recorded, after a prompt, on a channel of their own', async (bench) => {
      const { session, caller } = await bench.caller();
      sing(bench, caller, CALLER_HZ);
      await (
        await session.play(caller.leg, ['digits/1'])
      ).done;
      const sink = new KeptRecording();
      const recorder = await session.record(sink);
      await sink.more(800);
      const facts = await recorder.stop();
      sink.expectWhole(facts);
      expect(sink.tones(0, 200, facts.durationMs - 100)).toEqual([CALLER_HZ]);
      expect(sink.tones(1, 0, facts.durationMs)).toEqual([]);
    });

    test('a caller to whom nothing was ever played, too', async (bench) => {
      const { session, caller } = await bench.caller();
      const sink = new KeptRecording();
      const recorder = await session.record(sink);
      sing(bench, caller, CALLER_HZ);
      await sink.more(1_200);
      const facts = await recorder.stop();
      expect(sink.tones(0, facts.durationMs - 500, facts.durationMs - 100)).toEqual([CALLER_HZ]);
    });
  },
};

/** The longest part of it that is nothing but this. */
function longestRun(octets: Buffer, octet: number): { readonly from: number; readonly length: number } {
  let longest = { from: 0, length: 0 };
  let from = 0;
  for (let at = 0; at <= octets.length; at++) {
    if (octets[at] === octet) continue;
    if (at - from > longest.length) longest = { from, length: at - from };
    from = at + 1;
  }
  return longest;
}

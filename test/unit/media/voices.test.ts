import fc from 'fast-check';
import type { Clip, PromptStore } from '../../../src/media';
import { MediaUnavailable } from '../../../src/media';
import type { Voice } from '../../../src/media/mediasoup/voices';
import { Voices } from '../../../src/media/mediasoup/voices';
import type { Exchange } from '../../../src/media/mediasoup/worker-pool';
import { readRtpPacket } from '../../../src/media/rtp/rtp-packet';
import { Reel } from '../../../src/media/sounds/reel';

/** Prompts named by how many frames they have; each octet says which frame it belongs to. */
const PROMPTS: PromptStore = {
  names: () => new Set(),
  octets: (name, encoding) => {
    const frames = Number(name);
    if (!(frames > 0)) return undefined;
    const first = encoding === 'PCMU' ? 1 : 101;
    return Buffer.concat(Array.from({ length: frames }, (_, i) => Buffer.alloc(160, first + i)));
  },
};

const reelOf = (...clips: Clip[]): Reel => Reel.of(clips, PROMPTS);

/** The first octet of each frame that is left. */
function rest(reel: Reel): number[] {
  const frames: number[] = [];
  while (!reel.ended) frames.push(reel.next('PCMU')[0] ?? -1);
  return frames;
}

describe('reel', () => {
  test('clips one after the other, silence as frames of its own, up to whole ones', () => {
    expect(rest(reelOf('2', { silenceMs: 30 }, '1'))).toEqual([1, 2, 0xff, 0xff, 1]);
    expect(reelOf('1').next('PCMA')).toEqual(Buffer.alloc(160, 101));
    expect(reelOf({ silenceMs: 20 }).next('PCMA')).toEqual(Buffer.alloc(160, 0xd5));
    expect(reelOf().ended).toBe(true);
    expect(reelOf({ silenceMs: 0 }).ended).toBe(true);
  });

  test('law: what is skipped is what would have been played', () => {
    const clip = fc.oneof(
      fc.integer({ min: 1, max: 9 }).map(String),
      fc.integer({ min: 0, max: 200 }).map((silenceMs) => ({ silenceMs })),
    );
    fc.assert(
      fc.property(fc.array(clip, { maxLength: 16 }), fc.nat(100), (clips, skipped) => {
        const reel = Reel.of(clips, PROMPTS);
        reel.skip(skipped);
        expect(rest(reel)).toEqual(rest(Reel.of(clips, PROMPTS)).slice(skipped));
      }),
    );
  });

  test.each<[string, Clip[]]>([
    ['there is no prompt none', ['1', 'none']],
    ['more than 16 clips at once', Array<Clip>(17).fill('1')],
    ['more than 10 minutes at once', [{ silenceMs: 600_020 }]],
    ['more than 10 minutes at once', [{ silenceMs: Number.NaN }]],
  ])('%s', (why, clips) => {
    expect(() => Reel.of(clips, PROMPTS)).toThrow(new MediaUnavailable(why));
  });
});

describe('voice', () => {
  let now: number;
  let sent: Buffer[];
  let closed: number;
  let voices: Voices;
  let voice: Voice;
  const producer = { closed: false, send: (packet: Buffer) => sent.push(packet), close: () => closed++ };
  const exchange = { tap: () => Promise.resolve({ produce: () => Promise.resolve(producer) }) };

  beforeEach(async () => {
    now = 1_000_000;
    [sent, closed] = [[], 0];
    jest.useFakeTimers({ doNotFake: ['performance'] });
    voices = new Voices(
      () => now,
      () => 7,
    );
    voice = voices.open(exchange as unknown as Exchange, 'PCMU', () => undefined);
    await jest.advanceTimersByTimeAsync(0);
  });
  afterEach(() => {
    voices.close();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  const pass = async (ms: number): Promise<void> => {
    for (let i = 0; i < ms; i++) {
      now++;
      await jest.advanceTimersByTimeAsync(1);
    }
  };
  const frames = (): number[] => sent.map((packet) => packet[12] ?? -1);
  const packets = (): { timestamp: number; sequence: number; marker: boolean }[] =>
    sent.map((packet) => {
      const read = readRtpPacket(packet);
      if (!read) throw new Error('no RTP');
      const { timestamp, sequence, marker } = read;
      return { timestamp: timestamp / 160, sequence, marker };
    });

  test('a frame every 20 ms, and it is over when the last has had its time', async () => {
    const ended: number[] = [];
    voice.audience(true);
    voice.say(reelOf('3'), () => ended.push(now));
    await pass(60);
    expect(frames()).toEqual([1, 2, 3]);
    expect(ended).toEqual([]);
    await pass(20);
    expect(ended).toHaveLength(1);
    expect(packets()).toEqual([
      { timestamp: 0, sequence: 0, marker: true },
      { timestamp: 1, sequence: 1, marker: false },
      { timestamp: 2, sequence: 2, marker: false },
    ]);
    await pass(100);
    expect([frames(), ended.length]).toEqual([[1, 2, 3], 1]);
  });

  test('what is said later is of the same stream: the timestamp tells the pause, the marker that it is over', async () => {
    voice.audience(true);
    voice.say(reelOf('1'), () => undefined);
    await pass(40);
    await pass(200);
    voice.say(reelOf('1'), () => undefined);
    await pass(40);
    expect(packets()).toEqual([
      { timestamp: 0, sequence: 0, marker: true },
      { timestamp: 11, sequence: 1, marker: true },
    ]);
  });

  test('it waits for who is to hear it, and loses nothing when that one is away for a while', async () => {
    voice.say(reelOf('4'), () => undefined);
    await pass(500);
    expect(sent).toEqual([]);
    voice.audience(true);
    await pass(40);
    voice.audience(false);
    await pass(100);
    voice.audience(true);
    await pass(60);
    expect(frames()).toEqual([1, 2, 3, 4]);
    const [first, second, third] = packets();
    expect([first?.marker, second?.marker, third?.marker]).toEqual([true, false, true]);
    expect((third?.timestamp ?? 0) - (second?.timestamp ?? 0)).toBe(6);
    expect(third?.sequence).toBe(2);
  });

  test('who does not come is not waited for longer than five seconds: it ends all the same', async () => {
    let ended = 0;
    voice.say(reelOf('5'), () => ended++);
    await pass(5_000);
    expect(ended).toBe(0);
    await pass(200);
    expect([ended, sent]).toEqual([1, []]);
  });

  test('a process that stood still says what it missed after a pause, not at once', async () => {
    voice.audience(true);
    voice.say(reelOf('9'), () => undefined);
    await pass(40);
    now += 1_000;
    await pass(60);
    expect(frames()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].slice(0, frames().length));
    const gap = packets().findIndex(({ marker }, index) => marker && index > 0);
    const [before, after] = packets().slice(gap - 1);
    expect((after?.timestamp ?? 0) - (before?.timestamp ?? 0)).toBeGreaterThan(40);
    expect((after?.sequence ?? 0) - (before?.sequence ?? 0)).toBe(1);
  });

  test('what is said in place of something, or hushed, or stopped, ends without a word', async () => {
    const ended: string[] = [];
    voice.audience(true);
    const first = reelOf('9');
    voice.say(first, () => ended.push('first'));
    voice.say(first, () => ended.push('first again'));
    await pass(40);
    voice.say(reelOf('2'), () => ended.push('second'));
    await pass(100);
    expect([frames(), ended]).toEqual([[1, 2, 1, 2], ['second']]);
    voice.say(reelOf('9'), () => ended.push('third'));
    voice.hush();
    voice.hush();
    voice.say(reelOf('9'), () => ended.push('fourth'));
    voice.stop();
    voice.say(reelOf('9'), () => ended.push('fifth'));
    await pass(300);
    expect([frames().length, ended, closed]).toEqual([4, ['second'], 1]);
  });
});

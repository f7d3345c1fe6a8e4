import { encodeG711 } from '../../../../src/media/sounds/g711';
import { until } from '../../../support/until';
import { aWhile } from '../harness';
import type { ContractPart, Party } from './bench';
import { BUYER_SAYS, CALLER_SAYS } from './bench';

const EVENTS = 101;
/** Payload types of the caller's and of the buyer's digits. */
const CALLERS = 96;
const BUYERS = 110;
/** A key that is held longer is told while it is held. */
const LONG_MS = 2_400;

export const gatherPart: ContractPart = {
  capability: 'gather',

  holds(test) {
    test('each key is told once, with how long it was held', async (bench) => {
      const { session, caller, keys } = await bench.caller();
      caller.peer.speak(caller.sends, CALLER_SAYS);
      await (
        await session.play(caller.leg, ['digits/1'])
      ).done;
      for (const key of '0123456789*#ABCD') await caller.peer.press(caller.sends, EVENTS, key, { ms: 40 });
      await until('the keys', () => keys.length >= 16);
      await aWhile(200);
      expect(keys.map(({ digit }) => digit).join('')).toBe('0123456789*#ABCD');
      expect(keys.every(({ role }) => role === 'caller')).toBe(true);
      // Others tell of no press as shorter than 50 ms.
      for (const { durationMs } of keys) expect(durationMs).toBe(bench.exact ? 40 : 50);
    });

    test('the same key again is another press; packets that are lost or come twice are none', async (bench) => {
      const { session, caller, keys } = await bench.caller();
      caller.peer.speak(caller.sends, CALLER_SAYS);
      await (
        await session.play(caller.leg, ['digits/1'])
      ).done;
      await caller.peer.press(caller.sends, EVENTS, '5', { arrives: () => 2 });
      await caller.peer.press(caller.sends, EVENTS, '5', { arrives: ({ index }) => index % 2 });
      await until('two presses', () => keys.length >= 2);
      // Who sees keys as somebody else does tells of those whose ends it saw.
      if (!bench.exact) return;
      // All three ends are lost: that nothing follows ends it.
      await caller.peer.press(caller.sends, EVENTS, '5', { arrives: ({ end }) => (end ? 0 : 1) });
      await until('three presses', () => keys.length >= 3);
      // The last end alone arrives.
      await caller.peer.press(caller.sends, EVENTS, '5', { arrives: ({ index }) => (index === 6 ? 1 : 0) });
      await until('four presses', () => keys.length >= 4);
      await aWhile(300);
      expect(keys.map(({ digit }) => digit).join('')).toBe('5555');
    });

    test('a key that is held for long is told while it is held, once', async (bench) => {
      const { session, caller, keys } = await bench.caller();
      caller.peer.speak(caller.sends, CALLER_SAYS);
      await (
        await session.play(caller.leg, ['digits/1'])
      ).done;
      await caller.peer.press(caller.sends, EVENTS, '#', { ms: LONG_MS });
      await caller.peer.press(caller.sends, EVENTS, '1');
      await until('both', () => keys.length >= 2);
      expect(keys.map(({ digit }) => digit).join('')).toBe('#1');
      // A peer that stands still for a moment on a busy machine has let go of it sooner.
      expect(keys[0]?.durationMs).toBeGreaterThan(0);
    });

    test('while something is played, and after it', async (bench) => {
      const { session, caller, keys } = await bench.caller();
      caller.peer.speak(caller.sends, CALLER_SAYS);
      const playing = await session.play(caller.leg, ['challenge/press-seven']);
      await until('the prompt', () => caller.peer.heard.length > 5);
      await caller.peer.press(caller.sends, EVENTS, '7');
      await until('the key', () => keys.length === 1);
      playing.stop();
      await caller.peer.press(caller.sends, EVENTS, '8');
      await until('the next key', () => keys.length === 2);
      expect(keys.map(({ digit }) => digit).join('')).toBe('78');
    });

    test('of two who talk with each other, under the payload types of each', async (bench) => {
      const conversation = await bench.caller({ telephoneEvent: CALLERS });
      const { session, caller, keys } = conversation;
      const buyer = await bench.answering(session, { telephoneEvent: BUYERS });
      await session.bridge(caller.leg, buyer.leg);
      caller.peer.speak(caller.sends, CALLER_SAYS);
      buyer.peer.speak(buyer.sends, BUYER_SAYS);
      await until('audio', () => {
        return bench.said(buyer, CALLER_SAYS) > 5 && bench.said(caller, BUYER_SAYS) > 5;
      });
      await caller.peer.press(caller.sends, CALLERS, '1');
      // Each side sends what our description asks for: the caller's number on both legs.
      await buyer.peer.press(buyer.sends, CALLERS, '2');
      await until('both', () => keys.length === 2);
      expect(keys).toEqual([
        { role: 'caller', digit: '1', durationMs: 80 },
        { role: 'buyer', digit: '2', durationMs: 80 },
      ]);
    });

    test('of who answered, before they are joined', async (bench) => {
      const { session, caller, keys } = await bench.caller();
      await session.play(caller.leg, 'ringback');
      const buyer = await bench.answering(session);
      buyer.peer.speak(buyer.sends, BUYER_SAYS);
      await session.play(buyer.leg, ['ask/press-one']);
      await until('the prompt', () => buyer.peer.heard.length > 5);
      await buyer.peer.press(buyer.sends, EVENTS, '1');
      await until('the key', () => keys.length === 1);
      expect(keys).toEqual([{ role: 'buyer', digit: '1', durationMs: 80 }]);
    });
  },
};

/** ITU-T Q.23. */
const LOW_HZ = [697, 770, 852, 941];
const HIGH_HZ = [1_209, 1_336, 1_477, 1_633];
const PAD = ['123A', '456B', '789C', '*0#D'];
const FRAME = 160;
const FRAME_MS = 20;
const LEVEL = 0.15;

/** 20 ms of a key's two tones. */
function toneFrame(key: string, frame: number): Buffer {
  const row = PAD.findIndex((keys) => keys.includes(key));
  const [low, high] = [LOW_HZ[row] ?? 0, HIGH_HZ[PAD[row]?.indexOf(key) ?? 0] ?? 0];
  const samples = Array.from({ length: FRAME }, (_, i) => {
    const t = (2 * Math.PI * (frame * FRAME + i)) / 8_000;
    return LEVEL * (Math.sin(low * t) + Math.sin(high * t));
  });
  return encodeG711(samples, 'PCMU');
}

/** Presses keys by their tones, each of 80 ms, with 80 ms of silence after it. */
async function sound({ peer, sends }: Party, keys: string): Promise<void> {
  const frames = [...keys].flatMap((key) => [
    ...[0, 1, 2, 3].map((frame) => toneFrame(key, frame)),
    ...Array<Buffer>(4).fill(Buffer.alloc(FRAME, 0xff)),
  ]);
  for (const frame of frames) {
    peer.send(sends, 0, frame);
    await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
  }
}

export const tonesPart: ContractPart = {
  capability: 'inband_digits',

  holds(test) {
    test('keys of who names no telephone events are heard by their tones, each once', async (bench) => {
      const { session, caller, keys } = await bench.caller({ codecs: '0', telephoneEvent: null });
      const playing = await session.play(caller.leg, ['digits/1', { silenceMs: 5_000 }]);
      // Silence first, so that its stream is known.
      for (let i = 0; i < 20; i++) {
        caller.peer.send(caller.sends, 0, Buffer.alloc(FRAME, 0xff));
        await aWhile(FRAME_MS);
      }
      await sound(caller, '1590*#');
      await until('the keys', () => keys.length >= 6);
      playing.stop();
      expect(keys.map(({ digit }) => digit).join('')).toBe('1590*#');
      for (const { role, durationMs } of keys) {
        expect([role, durationMs >= 50 && durationMs <= 100]).toEqual(['caller', true]);
      }
    });
  },
};

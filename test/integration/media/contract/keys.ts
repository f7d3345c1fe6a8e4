import { until } from '../../../support/until';
import { aWhile } from '../harness';
import type { ContractPart } from './bench';
import { BUYER_SAYS, CALLER_SAYS } from './bench';

const EVENTS = 101;
/** Payload types of the caller's and of the buyer's digits. */
const CALLERS = 96;
const BUYERS = 110;
/** A key that is held longer is told while it is held. */
const LONG_MS = 2_400;

export const gatherPart: ContractPart = {
  capability: 'gather',

  holds(bench) {
    test('each key is told once, with how long it was held', async () => {
      const { session, caller, keys } = await bench().caller();
      caller.peer.speak(caller.sends, CALLER_SAYS);
      await (
        await session.play(caller.leg, ['digits/1'])
      ).done;
      for (const key of '0123456789*#ABCD') await caller.peer.press(caller.sends, EVENTS, key, { ms: 60 });
      await until('the keys', () => keys.length >= 16);
      await aWhile(200);
      expect(keys.map(({ digit }) => digit).join('')).toBe('0123456789*#ABCD');
      expect(keys.every(({ role }) => role === 'caller')).toBe(true);
      for (const { durationMs } of keys) expect(durationMs).toBe(60);
    });

    test('the same key again is another press; packets that are lost or come twice are none', async () => {
      const { session, caller, keys } = await bench().caller();
      caller.peer.speak(caller.sends, CALLER_SAYS);
      await (
        await session.play(caller.leg, ['digits/1'])
      ).done;
      await caller.peer.press(caller.sends, EVENTS, '5', { arrives: () => 2 });
      await caller.peer.press(caller.sends, EVENTS, '5', { arrives: ({ index }) => index % 2 });
      await until('two presses', () => keys.length >= 2);
      // Who sees keys as somebody else does tells of those whose ends it saw.
      if (!bench().exact) return;
      // All three ends are lost: that nothing follows ends it.
      await caller.peer.press(caller.sends, EVENTS, '5', { arrives: ({ end }) => (end ? 0 : 1) });
      await until('three presses', () => keys.length >= 3);
      // The last end alone arrives.
      await caller.peer.press(caller.sends, EVENTS, '5', { arrives: ({ index }) => (index === 6 ? 1 : 0) });
      await until('four presses', () => keys.length >= 4);
      await aWhile(300);
      expect(keys.map(({ digit }) => digit).join('')).toBe('5555');
    });

    test('a key that is held for long is told while it is held, once', async () => {
      const { session, caller, keys } = await bench().caller();
      caller.peer.speak(caller.sends, CALLER_SAYS);
      await (
        await session.play(caller.leg, ['digits/1'])
      ).done;
      await caller.peer.press(caller.sends, EVENTS, '#', { ms: LONG_MS });
      await caller.peer.press(caller.sends, EVENTS, '1');
      await until('both', () => keys.length >= 2);
      expect(keys.map(({ digit }) => digit).join('')).toBe('#1');
      expect(keys[0]?.durationMs).toBeGreaterThanOrEqual(1_900);
    });

    test('while something is played, and after it', async () => {
      const { session, caller, keys } = await bench().caller();
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

    test('of two who talk with each other, under the payload types of each', async () => {
      const conversation = await bench().caller({ telephoneEvent: CALLERS });
      const { session, caller, keys } = conversation;
      const buyer = await bench().answering(session, { telephoneEvent: BUYERS });
      await session.bridge(caller.leg, buyer.leg);
      caller.peer.speak(caller.sends, CALLER_SAYS);
      buyer.peer.speak(buyer.sends, BUYER_SAYS);
      await until('audio', () => {
        return bench().said(buyer, CALLER_SAYS) > 5 && bench().said(caller, BUYER_SAYS) > 5;
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

    test('of who answered, before they are joined', async () => {
      const { session, caller, keys } = await bench().caller();
      await session.play(caller.leg, 'ringback');
      const buyer = await bench().answering(session);
      buyer.peer.speak(buyer.sends, BUYER_SAYS);
      await session.play(buyer.leg, ['ask/press-one']);
      await until('the prompt', () => buyer.peer.heard.length > 5);
      await buyer.peer.press(buyer.sends, EVENTS, '1');
      await until('the key', () => keys.length === 1);
      expect(keys).toEqual([{ role: 'buyer', digit: '1', durationMs: 80 }]);
    });
  },
};

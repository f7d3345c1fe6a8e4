import type { Clip, Playing } from '../../../../src/media';
import { MediaUnavailable } from '../../../../src/media';
import { until } from '../../../support/until';
import { aWhile } from '../harness';
import type { ContractBench, ContractPart, Party } from './bench';
import { audioOf, BUYER_SAYS, CALLER_SAYS } from './bench';

const SHORT: readonly Clip[] = ['digits/1', { silenceMs: 100 }, 'digits/2'];
const OTHER: readonly Clip[] = ['digits/9', 'digits/8'];
const LONG: readonly Clip[] = ['digits/7', 'digits/8'];

/** Packets that follow each other without a gap, in sequence and in time (RFC 3550 §5.1). */
function expectSteady({ peer }: Party, since = 0): void {
  const packets = audioOf(peer.heard.slice(since));
  const [first] = packets;
  if (!first) throw new Error('nothing was heard');
  expect(new Set(packets.map(({ ssrc }) => ssrc)).size).toBe(1);
  expect(packets.map(({ sequence }) => sequence)).toEqual(
    packets.map((_, index) => (first.sequence + index) & 0xffff),
  );
  expect(packets.map(({ timestamp }) => timestamp)).toEqual(
    packets.map((_, index) => (first.timestamp + index * 160) % 2 ** 32),
  );
}

export const playPart: ContractPart = {
  capability: 'play',

  holds(test) {
    test('clips are heard whole and in order, silence between them, and are over only then', async (bench) => {
      const { session, caller } = await bench.caller();
      caller.peer.speak(caller.sends, CALLER_SAYS);
      const playing = await session.play(caller.leg, SHORT);
      expect(await playing.done).toBe('end');
      await bench.hears(caller, SHORT);
      expect(caller.peer.heard.every(({ payloadType }) => payloadType === 0)).toBe(true);
    });

    test('a caller who says nothing hears them from their beginning, steadily, as one who is not answered yet', async (bench) => {
      const { session, caller } = await bench.caller();
      const playing = await session.play(caller.leg, SHORT);
      expect(await playing.done).toBe('end');
      await bench.hears(caller, SHORT);
      if (!bench.exact) return;
      expect(Buffer.concat(caller.peer.heard.map(({ payload }) => payload))).toEqual(bench.octets(SHORT));
      expectSteady(caller);
      // A talkspurt begins (RFC 3551 §4.1), and there is no other.
      expect(caller.peer.heard.map(({ marker }) => marker).indexOf(true)).toBe(0);
      expect(caller.peer.heard.filter(({ marker }) => marker)).toHaveLength(1);
    });

    test('in the codec of the call', async (bench) => {
      const { session, caller } = await bench.caller({ codecs: '8' });
      expect(await (await session.play(caller.leg, SHORT)).done).toBe('end');
      await bench.hears(caller, SHORT, 0, 'PCMA');
      expect(caller.peer.heard.every(({ payloadType }) => payloadType === 8)).toBe(true);
    });

    test('what is played after them belongs to the same stream', async (bench) => {
      const { session, caller } = await bench.caller();
      expect(await (await session.play(caller.leg, OTHER)).done).toBe('end');
      await bench.hears(caller, OTHER);
      expect(await (await session.play(caller.leg, SHORT)).done).toBe('end');
      await bench.hears(caller, SHORT);
      const { heard } = caller.peer;
      expect(new Set(heard.map(({ ssrc }) => ssrc)).size).toBe(1);
      const [first] = heard;
      if (!first) throw new Error('nothing was heard');
      expect(heard.map(({ sequence }) => sequence)).toEqual(
        heard.map((_, index) => (first.sequence + index) & 0xffff),
      );
    });

    test('nothing at all is over at once', async (bench) => {
      const { session, caller } = await bench.caller();
      expect(await (await session.play(caller.leg, [])).done).toBe('end');
    });

    test('what is stopped is heard no more', async (bench) => {
      const { session, caller } = await bench.caller();
      const playing = await session.play(caller.leg, LONG);
      await until('some of it', () => caller.peer.heard.length > 10);
      playing.stop();
      playing.stop();
      expect(await playing.done).toBe('stopped');
      await aWhile(100);
      const before = caller.peer.heard.length;
      await aWhile();
      if (bench.exact) expect(caller.peer.heard).toHaveLength(before);
      else expect(bench.heard(caller, LONG)).toBe(false);
    });

    test('who is bridged hears them in place of the other, who hears nothing of it', async (bench) => {
      const { session, caller, buyer } = await bench.talk();
      const [atCaller, atBuyer] = [caller.peer.heard.length, buyer.peer.heard.length];
      expect(await (await session.play(caller.leg, LONG)).done).toBe('end');
      await bench.hears(caller, LONG, atCaller);
      const after = caller.peer.heard.length;
      await until('the other again', () => bench.said(caller, BUYER_SAYS, after) > 5);
      const heard = audioOf(buyer.peer.heard.slice(atBuyer));
      expect(bench.said(buyer, CALLER_SAYS, atBuyer)).toBe(heard.length);
    });

    const ends: [
      string,
      (playing: Playing, conversation: Awaited<ReturnType<ContractBench['talk']>>) => void,
    ][] = [
      ['the leg is bridged', (_, { session, caller, buyer }) => void session.bridge(caller.leg, buyer.leg)],
      ['the leg is closed', (_, { caller }) => caller.leg.close()],
      ['the session is closed', (_, { session }) => session.close()],
      ['something else is played', (_, { session, caller }) => void session.play(caller.leg, OTHER)],
    ];
    for (const [what, end] of ends) {
      test(`they are stopped when ${what}`, async (bench) => {
        const conversation = await bench.talk();
        const playing = await conversation.session.play(conversation.caller.leg, LONG);
        end(playing, conversation);
        expect(await playing.done).toBe('stopped');
        playing.stop();
      });
    }

    test('two legs hear two things at a time', async (bench) => {
      const { session, caller } = await bench.caller();
      const buyer = await bench.answering(session);
      const playing = await Promise.all([session.play(caller.leg, SHORT), session.play(buyer.leg, OTHER)]);
      await Promise.all(playing.map(({ done }) => done));
      await Promise.all([bench.hears(caller, SHORT), bench.hears(buyer, OTHER)]);
    });

    test('a sound goes on until it is stopped', async (bench) => {
      const { session, caller } = await bench.caller();
      const playing = await session.play(caller.leg, 'ringback');
      await until('ringback', () => caller.peer.heard.length > 20);
      playing.stop();
      expect(await playing.done).toBe('stopped');
    });

    const refused: [string, readonly Clip[]][] = [
      ['a prompt that there is not', ['digits/1', 'no/such-prompt']],
      ['more than sixteen clips', Array<Clip>(17).fill('digits/1')],
      ['more than ten minutes', Array<Clip>(11).fill({ silenceMs: 60_000 })],
    ];
    for (const [what, clips] of refused) {
      test(`${what} is said by type`, async (bench) => {
        const { session, caller } = await bench.caller();
        await expect(session.play(caller.leg, clips)).rejects.toThrow(MediaUnavailable);
      });
    }

    test('for a leg that is gone, that is said by type', async (bench) => {
      const { session, caller } = await bench.caller();
      caller.leg.close();
      await expect(session.play(caller.leg, SHORT)).rejects.toThrow(MediaUnavailable);
    });
  },

  async lacks(bench) {
    const { session, caller } = await bench.caller();
    await expect(session.play(caller.leg, SHORT)).rejects.toThrow(MediaUnavailable);
  },
};

export const whisperPart: ContractPart = {
  capability: 'whisper',

  holds(test) {
    test('who answers hears it before they are joined; the caller goes on hearing ringback alone', async (bench) => {
      const { session, caller } = await bench.caller();
      await session.play(caller.leg, 'ringback');
      await until('ringback', () => caller.peer.heard.length > 5);
      const buyer = await bench.answering(session);
      expect(await (await session.play(buyer.leg, LONG)).done).toBe('end');
      await bench.hears(buyer, LONG);
      expect(bench.heard(caller, LONG)).toBe(false);
      const ringback = caller.peer.heard.length;
      await until('more ringback', () => caller.peer.heard.length > ringback + 5);
      await session.bridge(caller.leg, buyer.leg);
      caller.peer.speak(caller.sends, CALLER_SAYS);
      buyer.peer.speak(buyer.sends, BUYER_SAYS);
      await until('each other', () => {
        return bench.said(buyer, CALLER_SAYS) > 5 && bench.said(caller, BUYER_SAYS) > 5;
      });
    });
  },
};

import { MediaUnavailable } from '../../../../src/media';
import { aWhile } from '../harness';
import type { ContractBench, ContractPart, Conversation, Party } from './bench';
import { BUYER_HZ, CALLER_HZ, NEXT_HZ, SUPERVISOR_HZ, hearsTones, sing, toneTalk } from './tones';
import type { AudioCodec } from '../../../../src/media/sdp/audio-description';
import { PAYLOAD_TYPES } from '../../../../src/media/sdp/audio-description';

type Supervised = Conversation & { readonly buyer: Party; readonly supervisor: Party };

/** A conversation, and a supervisor who speaks all the time, whoever hears that. */
async function supervised(bench: ContractBench, codec: AudioCodec = 'PCMU'): Promise<Supervised> {
  const conversation = await toneTalk(bench, codec);
  const codecs = String(PAYLOAD_TYPES[codec]);
  const supervisor = await bench.answering(conversation.session, { role: 'supervisor', codecs });
  sing(bench, supervisor, SUPERVISOR_HZ, { codec });
  return { ...conversation, supervisor };
}

async function hears(
  { caller, buyer, supervisor }: Supervised,
  who: { readonly caller: number[]; readonly buyer: number[]; readonly supervisor?: number[] },
  codec?: AudioCodec,
): Promise<void> {
  await Promise.all([
    hearsTones(caller, who.caller, codec),
    hearsTones(buyer, who.buyer, codec),
    ...(who.supervisor ? [hearsTones(supervisor, who.supervisor, codec)] : []),
  ]);
}

const BOTH = [CALLER_HZ, BUYER_HZ];
const UNHEARD = { caller: [BUYER_HZ], buyer: [CALLER_HZ], supervisor: BOTH };
const WHISPERED = { caller: [BUYER_HZ], buyer: [CALLER_HZ, SUPERVISOR_HZ], supervisor: BOTH };
const BARGED = { caller: [BUYER_HZ, SUPERVISOR_HZ], buyer: [CALLER_HZ, SUPERVISOR_HZ], supervisor: BOTH };

export const monitorPart: ContractPart = {
  capability: 'monitor',

  holds(test) {
    for (const codec of ['PCMU', 'PCMA'] as const) {
      test(`who listens is heard by nobody, who whispers by the buyer, who barges by both (${codec})`, async (bench) => {
        const call = await supervised(bench, codec);
        const monitoring = await call.session.monitor(call.supervisor.leg, 'listen');
        expect(monitoring.mode).toBe('listen');
        await hears(call, UNHEARD, codec);
        await monitoring.change('whisper');
        expect(monitoring.mode).toBe('whisper');
        await hears(call, WHISPERED, codec);
        await monitoring.change('barge');
        await hears(call, BARGED, codec);
        await monitoring.change('listen');
        await hears(call, UNHEARD, codec);
        monitoring.stop();
        monitoring.stop();
        const { caller, buyer } = UNHEARD;
        await hears(call, { caller, buyer }, codec);
        await expect(monitoring.change('barge')).rejects.toThrow(MediaUnavailable);
        expect(call.lost).toEqual([]);
      });
    }

    test('what two who are listened to say takes its own way, unchanged and in time', async (bench) => {
      if (!bench.exact) return;
      const call = await supervised(bench);
      const streams = [call.caller, call.buyer].map(({ peer }) => peer.heard.at(-1)?.ssrc);
      const since = [call.caller, call.buyer].map(({ peer }) => peer.heard.length);
      const monitoring = await call.session.monitor(call.supervisor.leg, 'listen');
      await hears(call, UNHEARD);
      monitoring.stop();
      await aWhile(100);
      [call.caller, call.buyer].forEach(({ peer }, index) => {
        const heard = peer.heard.slice(since[index]);
        expect(heard.every(({ ssrc }) => ssrc === streams[index])).toBe(true);
        const first = heard[0]?.sequence ?? 0;
        expect(heard.map(({ sequence }) => sequence)).toEqual(heard.map((_, at) => (first + at) & 0xffff));
      });
    });

    test('the leg is closed: the two go on as before, and somebody else may listen', async (bench) => {
      const call = await supervised(bench);
      const monitoring = await call.session.monitor(call.supervisor.leg, 'barge');
      await hears(call, BARGED);
      call.supervisor.leg.close();
      const { caller, buyer } = UNHEARD;
      await hears(call, { caller, buyer });
      await expect(monitoring.change('listen')).rejects.toThrow(MediaUnavailable);
      const supervisor = await bench.answering(call.session, { role: 'supervisor' });
      await call.session.monitor(supervisor.leg, 'listen');
      await hearsTones(supervisor, BOTH);
      expect(call.lost).toEqual([]);
    });

    test('the conversation ends: so does that, and nobody else is listened to', async (bench) => {
      const call = await supervised(bench);
      const monitoring = await call.session.monitor(call.supervisor.leg, 'barge');
      await hears(call, BARGED);
      const next = await bench.answering(call.session);
      sing(bench, next, NEXT_HZ);
      await call.session.bridge(call.caller.leg, next.leg);
      await Promise.all([hearsTones(call.caller, [NEXT_HZ]), hearsTones(next, [CALLER_HZ])]);
      await expect(monitoring.change('listen')).rejects.toThrow(MediaUnavailable);
      const before = call.supervisor.peer.heard.length;
      await aWhile(200);
      const since = call.supervisor.peer.heard.slice(before);
      if (bench.exact) expect(since).toEqual([]);
      monitoring.stop();
      // Whoever asks again hears those who talk now.
      await call.session.monitor(call.supervisor.leg, 'whisper');
      await Promise.all([
        hearsTones(call.supervisor, [CALLER_HZ, NEXT_HZ]),
        hearsTones(next, [CALLER_HZ, SUPERVISOR_HZ]),
        hearsTones(call.caller, [NEXT_HZ]),
      ]);
      expect(call.lost).toEqual([]);
    });

    test('one at a time, and only of two who talk with each other', async (bench) => {
      const { session, caller } = await bench.caller();
      const supervisor = await bench.answering(session, { role: 'supervisor' });
      await expect(session.monitor(supervisor.leg, 'listen')).rejects.toThrow(MediaUnavailable);
      const buyer = await bench.answering(session);
      await session.bridge(caller.leg, buyer.leg, { early: true });
      await expect(session.monitor(supervisor.leg, 'listen')).rejects.toThrow(MediaUnavailable);
      await session.bridge(caller.leg, buyer.leg);
      await session.monitor(supervisor.leg, 'listen');
      const second = await bench.answering(session, { role: 'supervisor' });
      await expect(session.monitor(second.leg, 'listen')).rejects.toThrow(MediaUnavailable);
      second.leg.close();
      await expect(session.monitor(second.leg, 'listen')).rejects.toThrow(MediaUnavailable);
    });
  },

  async lacks(bench) {
    const { session } = await bench.talk();
    const supervisor = await bench.answering(session, { role: 'supervisor' });
    await expect(session.monitor(supervisor.leg, 'listen')).rejects.toThrow(MediaUnavailable);
  },
};

import type { Clip } from '../../../../src/media';
import { MediaUnavailable } from '../../../../src/media';
import type { AudioCodec } from '../../../../src/media/sdp/audio-description';
import { PAYLOAD_TYPES } from '../../../../src/media/sdp/audio-description';
import { G711_SILENCE } from '../../../../src/media/sounds/g711';
import { until } from '../../../support/until';
import type { ContractBench, ContractPart, Conversation, Party } from './bench';
import { BUYER_SAYS, CALLER_SAYS } from './bench';
import { sing } from './tones';

const FRAME = 160;

/** Says clips once, in time, and nothing but silence after them. */
function say(
  bench: ContractBench,
  { peer, sends }: Party,
  clips: readonly Clip[],
  codec: AudioCodec = 'PCMU',
): void {
  const octets = bench.octets(clips, codec);
  const silence = Buffer.alloc(FRAME, G711_SILENCE[codec]);
  const frameAt = (index: number): Buffer => {
    const at = index * FRAME;
    return at < octets.length ? octets.subarray(at, at + FRAME) : silence;
  };
  peer.repeat(sends, frameAt, { address: bench.address, payloadType: PAYLOAD_TYPES[codec] });
}

/** Somebody who answered a call whose caller hears ringback. */
async function answered(
  bench: ContractBench,
  codec: AudioCodec = 'PCMU',
): Promise<Conversation & { readonly buyer: Party }> {
  const codecs = String(PAYLOAD_TYPES[codec]);
  const conversation = await bench.caller({ codecs });
  await conversation.session.play(conversation.caller.leg, 'ringback');
  return { ...conversation, buyer: await bench.answering(conversation.session, { codecs }) };
}

export const machinePart: ContractPart = {
  capability: 'machine_detection',

  holds(test) {
    for (const codec of ['PCMU', 'PCMA'] as const) {
      test(`who talks on in ${codec} is a machine`, async (bench) => {
        const { session, buyer } = await answered(bench, codec);
        const found = session.detectMachine(buyer.leg);
        say(bench, buyer, [{ silenceMs: 200 }, 'voicemail/leave-message'], codec);
        expect((await found).verdict).toBe('machine');
      });
    }

    test('who says a word and waits is a person, and is spoken with then', async (bench) => {
      const { session, caller, buyer } = await answered(bench);
      const found = session.detectMachine(buyer.leg);
      say(bench, buyer, [{ silenceMs: 200 }, 'digits/1']);
      expect(await found).toEqual({ verdict: 'person', reason: 'short_greeting' });
      await session.bridge(caller.leg, buyer.leg);
      caller.peer.speak(caller.sends, CALLER_SAYS, bench.address);
      buyer.peer.speak(buyer.sends, BUYER_SAYS, bench.address);
      await until('audio both ways', () => {
        return bench.said(buyer, CALLER_SAYS) > 5 && bench.said(caller, BUYER_SAYS) > 5;
      });
    });

    test('a beep is a machine', async (bench) => {
      const { session, buyer } = await answered(bench);
      const found = session.detectMachine(buyer.leg);
      sing(bench, buyer, 1_000);
      expect(await found).toEqual({ verdict: 'machine', reason: 'beep' });
    });

    test('silence is what the terms say, also of who sends nothing at all', async (bench) => {
      const { session, buyer } = await answered(bench);
      const other = await bench.answering(session);
      say(bench, buyer, []);
      const found = [
        session.detectMachine(buyer.leg, { initialSilenceMs: 400, maxMs: 800 }),
        session.detectMachine(other.leg, { initialSilenceMs: 5_000, maxMs: 400 }),
      ];
      expect(await Promise.all(found)).toEqual([
        { verdict: 'machine', reason: 'initial_silence' },
        { verdict: 'unsure', reason: 'time' },
      ]);
    });

    test('who is gone is neither; one listens to a leg at a time', async (bench) => {
      const { session, buyer } = await answered(bench);
      const other = await bench.answering(session);
      const found = [session.detectMachine(buyer.leg), session.detectMachine(other.leg)];
      await expect(session.detectMachine(buyer.leg)).rejects.toThrow(MediaUnavailable);
      buyer.leg.close();
      const closed = { verdict: 'unsure', reason: 'closed' };
      expect(await found[0]).toEqual(closed);
      session.close();
      expect(await found[1]).toEqual(closed);
      expect(await session.detectMachine(other.leg)).toEqual(closed);
    });
  },

  async lacks(bench) {
    const session = bench.session();
    const leg = await session.createLeg('buyer');
    await expect(session.detectMachine(leg)).rejects.toThrow(MediaUnavailable);
  },
};

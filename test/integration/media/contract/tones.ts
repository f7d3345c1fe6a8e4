import { toneShare } from '../../../e2e/support/wav';
import { until } from '../../../support/until';
import type { AudioCodec } from '../../../../src/media/sdp/audio-description';
import { PAYLOAD_TYPES } from '../../../../src/media/sdp/audio-description';
import { encodeG711 } from '../../../../src/media/sounds/g711';
import type { RtpPeer } from '../../../support/rtp-peer';
import type { ContractBench, Conversation, Party, PartyOptions } from './bench';
import { audioOf, linear } from './bench';

/** Whole waves in 20 ms, none of which is another's harmonic. */
export const CALLER_HZ = 400;
export const BUYER_HZ = 700;
export const SUPERVISOR_HZ = 1_100;
export const NEXT_HZ = 1_500;
export const TONES = [CALLER_HZ, BUYER_HZ, SUPERVISOR_HZ, NEXT_HZ] as const;

const FRAME = 160;
const WINDOW = 2 * FRAME;
/** What is judged: 400 ms. */
const PACKETS = 20;
const AMPLITUDE = 0.3;
/** What a pure tone is at least, and what is no tone. */
const TONE = 0.8;
const NO_TONE = 0.1;
const WITHIN_MS = 15_000;

export function toneFrame(hertz: number, codec: AudioCodec = 'PCMU'): Buffer {
  const samples = Array.from({ length: FRAME }, (_, i) => {
    return AMPLITUDE * Math.sin((2 * Math.PI * hertz * i) / 8_000);
  });
  return encodeG711(samples, codec);
}

/** Says a tone from now on. */
export function sing(
  bench: ContractBench,
  { peer, sends }: Party,
  hertz: number,
  how: { readonly codec?: AudioCodec; readonly arrives?: (frame: number) => boolean } = {},
): void {
  const { codec = 'PCMU', ...rest } = how;
  const payloadType = PAYLOAD_TYPES[codec];
  peer.repeat(sends, toneFrame(hertz, codec), { address: bench.address, payloadType, ...rest });
}

/** Caller and buyer who hear each other's tones. */
export async function toneTalk(
  bench: ContractBench,
  codec: AudioCodec = 'PCMU',
  options: PartyOptions & Parameters<ContractBench['caller']>[0] = {},
): Promise<Conversation & { readonly buyer: Party }> {
  const codecs = String(PAYLOAD_TYPES[codec]);
  const conversation = await bench.caller({ codecs, ...options });
  const buyer = await bench.answering(conversation.session, { codecs, ...options });
  await conversation.session.bridge(conversation.caller.leg, buyer.leg);
  sing(bench, conversation.caller, CALLER_HZ, { codec });
  sing(bench, buyer, BUYER_HZ, { codec });
  await Promise.all([
    hearsTones(conversation.caller, [BUYER_HZ], codec),
    hearsTones(buyer, [CALLER_HZ], codec),
  ]);
  return { ...conversation, buyer };
}

/** Which tones this is of, and nothing else: undefined for what is not clear. */
export function tonesOf(samples: Int16Array): number[] | undefined {
  const shares = TONES.map((hertz) => shareOf(samples, hertz));
  const heard = TONES.filter((_, index) => (shares[index] ?? 0) > NO_TONE);
  const all = shares.reduce((sum, share) => sum + share, 0);
  const quiet = heard.length === 0 && samples.every((sample) => Math.abs(sample) < 100);
  return quiet || (heard.length > 0 && all > TONE) ? heard : undefined;
}

/** By windows of 40 ms: over more of them a tone that was moved by a sample now and then is no pure tone. */
function shareOf(samples: Int16Array, hertz: number): number {
  let [share, energy] = [0, 0];
  for (let from = 0; from + WINDOW <= samples.length; from += WINDOW) {
    const window = samples.subarray(from, from + WINDOW);
    const loudness = window.reduce((sum, sample) => sum + sample * sample, 0);
    share += loudness * toneShare(window, hertz);
    energy += loudness;
  }
  return energy === 0 ? 0 : share / energy;
}

/** The last 400 ms that came. */
function lately(peer: RtpPeer, since: number, codec: AudioCodec): Int16Array | undefined {
  const packets = audioOf(peer.heard.slice(since)).slice(-PACKETS);
  if (packets.length < PACKETS) return undefined;
  return linear(Buffer.concat(packets.map(({ payload }) => payload)), codec);
}

/** Waits until a party hears these tones and no others, for 400 ms. */
export async function hearsTones(
  { peer }: Party,
  hertz: readonly number[],
  codec: AudioCodec = 'PCMU',
): Promise<void> {
  const since = peer.heard.length;
  let heard: readonly number[] | undefined;
  await until(
    `to hear ${hertz.join(' and ')} Hz`,
    () => {
      const samples = lately(peer, since, codec);
      heard = samples && tonesOf(samples);
      return heard?.join() === hertz.join();
    },
    WITHIN_MS,
  ).catch((error: unknown) => {
    throw new Error(`hears ${heard?.join(' and ') ?? 'nothing clear'} Hz, not ${hertz.join(' and ')} Hz`, {
      cause: error,
    });
  });
}

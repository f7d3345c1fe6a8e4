import type { SdpProblem, SdpResult } from '../media-engine';
import type { Direction } from '../sdp/audio-description';
import { answerDirection, holdingDirection } from '../sdp/direction';
import { DescriptionVersion, PeerOffer } from '../sdp/offer-answer';
import type { CodecName, Payload, PeerAudio } from './descriptions';
import { CODECS, ownPayloads, peerPayloads, placeOf, readPeer, writeOwn } from './descriptions';

export interface NegotiationContext {
  readonly sessionId: number;
  /** Codecs that need no turning into another, those first that the others of the call have chosen. */
  preferred(): readonly CodecName[];
  /** Payloads of the digits of another leg's peer: ours have the same numbers, where they can. */
  digitsWished(): readonly Payload[];
  /** Hands an offer to FreeSWITCH; its answer. Rejected when it has none. */
  describe(sdp: string): Promise<string>;
}

/**
 * The offer/answer side of one leg (RFC 3264). FreeSWITCH is offered what the peer said, with one codec of the
 * peer's: the one that will be used. So it never chooses, and never offers.
 */
export class Negotiation {
  readonly #context: NegotiationContext;
  /** Where FreeSWITCH takes this leg's audio. */
  #place: { readonly address: string; readonly port: number };
  #peer: PeerAudio | undefined;
  readonly #offer = new PeerOffer<PeerAudio>();
  #codec: CodecName | undefined;
  /** What our last offer listed. */
  #offered: readonly Payload[] = [];
  #holds = false;
  readonly #version = new DescriptionVersion();
  /** What FreeSWITCH was told last, and how often it was told something. */
  #told = '';
  #tellings = 1;
  #telling: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** @param local - what FreeSWITCH answered when the channel was opened */
  constructor(context: NegotiationContext, local: string) {
    const place = placeOf(local);
    if (!place) throw new Error('the media server takes no audio');
    this.#context = context;
    this.#place = place;
  }

  /** The one in use. */
  get codec(): CodecName | undefined {
    return this.#codec;
  }

  /** Those that the peer has, in its order; empty before it said so. */
  get offered(): readonly CodecName[] {
    return [...(this.#latest?.codecs.keys() ?? [])];
  }

  get digits(): readonly Payload[] {
    return this.#latest?.events ?? [];
  }

  /** FreeSWITCH knows the peer: audio can flow. */
  get settled(): boolean {
    return this.#told !== '';
  }

  /** The peer has no way of its own to send digits, so it may send them as tones. */
  get digitsAreHeard(): boolean {
    return this.#peer !== undefined && this.#peer.events.length === 0;
  }

  get direction(): Direction {
    return this.#latest?.direction ?? 'sendrecv';
  }

  createOffer(): SdpResult {
    if (this.#closed) return { ok: false, reason: 'lost' };
    this.#offered = ownPayloads(this.#offering(), this.#peer?.events ?? this.#context.digitsWished());
    return { ok: true, sdp: this.#write(this.#offered, 'sendrecv', this.#peer) };
  }

  async applyAnswer(sdp: string): Promise<SdpResult> {
    const peer = this.#read(sdp);
    if (typeof peer === 'string') return { ok: false, reason: peer };
    const offering = this.#offering();
    const codec = [...peer.codecs.keys()].find((each) => offering.includes(each));
    if (codec === undefined) return { ok: false, reason: 'no_common_codec' };
    const problem = await this.#adopt(peer, codec, this.#offered);
    return problem === undefined ? { ok: true, sdp } : { ok: false, reason: problem };
  }

  receiveOffer(sdp: string): SdpResult {
    const peer = this.#read(sdp);
    if (typeof peer === 'string') return { ok: false, reason: peer };
    this.#offer.take(peer);
    return { ok: true, sdp };
  }

  createAnswer(): Promise<SdpResult> {
    if (this.#closed) return Promise.resolve({ ok: false, reason: 'lost' });
    return this.#offer.answer((peer) => {
      const codec = this.#chosenOf(peer);
      return codec && this.#answer(peer, codec);
    });
  }

  hold(held: boolean): void {
    this.#holds = held;
  }

  close(): void {
    this.#closed = true;
  }

  /** What the peer said last. */
  get #latest(): PeerAudio | undefined {
    return this.#offer.unanswered ?? this.#peer;
  }

  /** The codec in use, else one that needs no turning into another, else the first of the peer's. */
  #chosenOf({ codecs }: PeerAudio): CodecName | undefined {
    const wished = [...(this.#codec === undefined ? [] : [this.#codec]), ...this.#context.preferred()];
    return [...wished, ...codecs.keys()].find((codec) => codecs.has(codec));
  }

  async #answer(peer: PeerAudio, codec: CodecName): Promise<SdpResult> {
    const problem = await this.#adopt(peer, codec);
    if (problem !== undefined) return { ok: false, reason: problem };
    return { ok: true, sdp: this.#write(peerPayloads(peer, codec), answerDirection(peer.direction), peer) };
  }

  /** What we offer: the codec in use alone, else all, those first that need no turning into another. */
  #offering(): readonly CodecName[] {
    if (this.#codec !== undefined) return [this.#codec];
    return [...new Set([...this.#context.preferred(), ...CODECS])];
  }

  /** The peer's description holds from now on. */
  async #adopt(
    peer: PeerAudio,
    codec: CodecName,
    offered: readonly Payload[] = [],
  ): Promise<SdpProblem | undefined> {
    const known = this.#peer;
    this.#peer = peer;
    const silent = peer.address === '0.0.0.0';
    const { address, port } = silent && known ? known : peer;
    const said = {
      address,
      port,
      payloads: peerPayloads(peer, codec, offered),
      ptime: peer.ptime,
      direction: peer.direction,
    };
    const { sessionId } = this.#context;
    const shape = writeOwn({ ...said, sessionId, version: 0 });
    if (shape === this.#told) return this.#closed ? 'lost' : undefined;
    const telling = this.#telling.then(async () => {
      const version = ++this.#tellings;
      return this.#context.describe(writeOwn({ ...said, sessionId, version }));
    });
    this.#telling = telling.catch(() => undefined);
    try {
      const place = placeOf(await telling);
      if (this.#closed) return 'lost';
      if (!place) return 'no_common_codec';
      this.#place = place;
      this.#told = shape;
      this.#codec = codec;
      return undefined;
    } catch {
      return this.#closed ? 'lost' : 'no_common_codec';
    }
  }

  #read(sdp: string): PeerAudio | SdpProblem {
    return this.#closed ? 'lost' : readPeer(sdp);
  }

  #write(payloads: readonly Payload[], direction: Direction, peer: PeerAudio | undefined): string {
    const own = {
      ...this.#place,
      sessionId: this.#context.sessionId,
      payloads,
      ptime: peer?.ptime,
      direction: this.#holds ? holdingDirection(direction) : direction,
    };
    return this.#version.write((version) => writeOwn({ ...own, version }, peer));
  }
}

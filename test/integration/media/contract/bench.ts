import type { MediaCapability } from '../../../../src/domain';
import type {
  Clip,
  MediaEngine,
  MediaLeg,
  MediaLegRole,
  MediaSession,
  MediaSessionListener,
  PromptStore,
} from '../../../../src/media';
import type { AudioCodec } from '../../../../src/media/sdp/audio-description';
import { decodeG711, G711_SILENCE } from '../../../../src/media/sounds/g711';
import { holdsSound } from '../../../e2e/support/find-sound';
import type { HeardPacket } from '../../../support/rtp-peer';
import { RtpPeer } from '../../../support/rtp-peer';
import { until } from '../../../support/until';
import { portOf, sdpOf } from '../harness';

/** An engine, and what the suite must know of it. */
export interface ContractSubject {
  readonly engine: MediaEngine;
  /** What the engine plays by name; the shipped prompts are among them. */
  readonly prompts: PromptStore;
  /** Whether G.711 leaves it octet for octet as it stands in the store, and nothing else does. */
  readonly exact: boolean;
  /** Where its peers are; 127.0.0.1 by default. */
  readonly peerAddress?: string;
  close(): Promise<void>;
}

/** What one capability promises. */
export interface ContractPart {
  readonly capability: MediaCapability;
  /** Names the tests of engines that have it. */
  holds(test: ContractTest): void;
  /** What engines that lack it do instead, where that can be seen. */
  lacks?(bench: ContractBench): Promise<void>;
}

/** Names one test: it has a bench of its own, and runs beside others. */
export type ContractTest = (what: string, body: (bench: ContractBench) => Promise<void>) => void;

export interface KeyTold {
  readonly role: MediaLegRole;
  readonly digit: string;
  readonly durationMs: number;
}

/** A leg, who is at its other end, and the port of the engine that they send to. */
export interface Party {
  readonly leg: MediaLeg;
  readonly peer: RtpPeer;
  readonly sends: number;
}

export interface Conversation {
  readonly session: MediaSession;
  readonly caller: Party;
  readonly keys: readonly KeyTold[];
  readonly lost: readonly string[];
}

export interface PartyOptions {
  /** Payload types as a description lists them; `0 8` by default. */
  readonly codecs?: string;
  /** `null` for one who names no digits. */
  readonly telephoneEvent?: number | null;
  readonly role?: MediaLegRole;
}

/** 20 ms of G.711. */
const FRAME = 160;
const SAMPLES_PER_MS = 8;
const FULL_SCALE = 32_767;

/** Sets up what the tests of the suite have in common, and looks that nothing is left. */
export class ContractBench {
  readonly #subject: ContractSubject;
  readonly #peers: RtpPeer[] = [];
  readonly #sessions: MediaSession[] = [];

  constructor(subject: ContractSubject) {
    this.#subject = subject;
  }

  get engine(): MediaEngine {
    return this.#subject.engine;
  }

  get exact(): boolean {
    return this.#subject.exact;
  }

  async peer(): Promise<RtpPeer> {
    const peer = await RtpPeer.open(this.#subject.peerAddress);
    this.#peers.push(peer);
    return peer;
  }

  session(listener: Partial<MediaSessionListener> = {}): MediaSession {
    const session = this.engine.openSession('contract', {
      onMediaLost: () => undefined,
      onRtpTimeout: () => undefined,
      ...listener,
    });
    this.#sessions.push(session);
    return session;
  }

  /** A caller who was answered, and says nothing yet. */
  async caller(
    options: PartyOptions & { readonly listener?: Partial<MediaSessionListener> } = {},
  ): Promise<Conversation> {
    const keys: KeyTold[] = [];
    const lost: string[] = [];
    const session = this.session({
      onMediaLost: (reason) => lost.push(reason),
      onDigit: ({ role }, digit, durationMs) => keys.push({ role, digit, durationMs }),
      ...options.listener,
    });
    const peer = await this.peer();
    const leg = await session.createLeg(options.role ?? 'caller', { signalingAddress: this.address });
    sdpOf(leg.receiveOffer(this.#sdp(peer, options)));
    return { session, caller: { leg, peer, sends: portOf(sdpOf(await leg.createAnswer())) }, keys, lost };
  }

  /** Somebody who was offered the call and took it, and says nothing yet. */
  async answering(session: MediaSession, options: PartyOptions = {}): Promise<Party> {
    const peer = await this.peer();
    const leg = await session.createLeg(options.role ?? 'buyer');
    const sends = portOf(sdpOf(leg.createOffer()));
    sdpOf(await leg.applyAnswer(this.#sdp(peer, options)));
    return { leg, peer, sends };
  }

  /** Caller and buyer who hear each other: the caller says 1, the buyer 2. */
  async talk(options: PartyOptions = {}): Promise<Conversation & { readonly buyer: Party }> {
    const conversation = await this.caller(options);
    const buyer = await this.answering(conversation.session, options);
    await conversation.session.bridge(conversation.caller.leg, buyer.leg);
    conversation.caller.peer.speak(conversation.caller.sends, CALLER_SAYS, this.address);
    buyer.peer.speak(buyer.sends, BUYER_SAYS, this.address);
    await until('audio both ways', () => {
      return this.said(buyer, CALLER_SAYS) > 5 && this.said(conversation.caller, BUYER_SAYS) > 5;
    });
    return { ...conversation, buyer };
  }

  /** Frames that a party heard of who says this number all the time. */
  said({ peer }: Party, mark: number, since = 0): number {
    return peer.heard.slice(since).filter(({ payload }) => payload.every((octet) => octet === mark)).length;
  }

  /** The octets that these clips are. */
  octets(clips: readonly Clip[], codec: AudioCodec = 'PCMU'): Buffer {
    return Buffer.concat(
      clips.map((clip) => {
        if (typeof clip !== 'string')
          return Buffer.alloc(clip.silenceMs * SAMPLES_PER_MS, G711_SILENCE[codec]);
        const octets = this.#subject.prompts.octets(clip, codec);
        if (!octets) throw new Error(`there is no prompt ${clip}`);
        return octets;
      }),
    );
  }

  /** Whether these clips were heard, whole and in order, from a packet on. */
  heard({ peer }: Party, clips: readonly Clip[], since = 0, codec: AudioCodec = 'PCMU'): boolean {
    const packets = audioOf(peer.heard.slice(since));
    const heard = Buffer.concat(packets.map(({ payload }) => payload));
    const wanted = this.octets(clips, codec);
    if (this.exact) return heard.includes(wanted);
    return heard.length >= wanted.length && holdsSound(linear(heard, codec), linear(wanted, codec));
  }

  async hears(party: Party, clips: readonly Clip[], since = 0, codec: AudioCodec = 'PCMU'): Promise<void> {
    await until(`to hear ${JSON.stringify(clips)}`, () => this.heard(party, clips, since, codec), 20_000, 50);
  }

  /** Closes everybody. */
  leave(): void {
    for (const peer of this.#peers.splice(0)) peer.close();
    for (const session of this.#sessions.splice(0)) session.close();
  }

  /** Closes everybody, and looks that nothing is left, of others neither. */
  async settle(): Promise<void> {
    this.leave();
    await until('everything is given back', () => {
      const { sessions, legs, ports } = this.engine.stats();
      return sessions + legs + ports === 0;
    });
  }

  close(): Promise<void> {
    return this.#subject.close();
  }

  /** Where the peers are. */
  get address(): string {
    return this.#subject.peerAddress ?? '127.0.0.1';
  }

  #sdp(peer: RtpPeer, { codecs, telephoneEvent }: PartyOptions): string {
    return peer.sdp({
      address: this.address,
      ...(codecs === undefined ? {} : { codecs }),
      ...(telephoneEvent === undefined ? {} : { telephoneEvent }),
    });
  }
}

/** What the two of a conversation say all the time: an octet that is neither silence nor in any prompt for long. */
export const CALLER_SAYS = 1;
export const BUYER_SAYS = 2;

/** Without digits. */
export function audioOf(packets: readonly HeardPacket[]): readonly HeardPacket[] {
  return packets.filter(({ payload }) => payload.length === FRAME);
}

/** Samples of 16 bits. */
export function linear(octets: Buffer, codec: AudioCodec): Int16Array {
  return Int16Array.from(decodeG711(octets, codec), (sample) => Math.round(sample * FULL_SCALE));
}

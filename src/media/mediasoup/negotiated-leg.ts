import type { LegStats, MediaLeg, MediaLegRole, SdpResult } from '../media-engine';
import type { LegReading } from '../quality/leg-stats';
import { legStats } from '../quality/leg-stats';
import type { AudioTraits, Direction } from '../sdp/audio-description';
import type { AudioTerms, CallCodecs, Party } from '../sdp/call-codecs';
import { answerDirection, holdingDirection } from '../sdp/direction';
import { DescriptionVersion, PeerOffer } from '../sdp/offer-answer';
import type { Dialect, Problem } from './dialect';
import type { MediaPath } from './media-path';

/** What a leg needs of the call it belongs to. */
export interface LegContext<Remote extends AudioTraits> {
  readonly dialect: Dialect<Remote>;
  readonly codecs: CallCodecs;
  readonly sessionId: number;
  /** The peer's description is another one now. */
  onDescribed(): void;
  onClosed(): void;
}

/** A leg as its session sees it, whatever its peer speaks. */
export interface SessionLeg extends MediaLeg, Party {
  readonly path: MediaPath;
  /** Payload types for digits: those the peer sends, and those it wants. */
  readonly digits: { readonly in: number | undefined; readonly out: number | undefined };
  /**
   * What is told of the leg by a reading of it.
   * @param before - from when on loss and quality are counted; from the beginning by default
   */
  statsSince(now: LegReading, before?: LegReading): LegStats;
}

/** The offer/answer side of one leg (RFC 3264); its packets go the way of its {@link MediaPath}. */
export class NegotiatedLeg<Remote extends AudioTraits> implements SessionLeg {
  readonly #context: LegContext<Remote>;
  #remote: Remote | undefined;
  readonly #offer = new PeerOffer<Remote>();
  /** Our own offer that is not answered yet, or was answered once: a 200 may repeat a 183's answer. */
  #offered: AudioTerms | undefined;
  /** Payload type that we asked the peer to send digits with. */
  #digitsIn: number | undefined;
  /** We have the peer on hold. */
  #holds = false;
  readonly #version = new DescriptionVersion();
  #closed = false;

  constructor(
    readonly role: MediaLegRole,
    context: LegContext<Remote>,
  ) {
    this.#context = context;
  }

  get path(): MediaPath {
    return this.#context.dialect.path;
  }

  get oneCodec(): boolean {
    return this.#context.dialect.oneCodec;
  }

  get digits(): SessionLeg['digits'] {
    return { in: this.#digitsIn, out: this.#remote?.telephoneEvent };
  }

  createOffer(): SdpResult {
    if (this.#closed) return { ok: false, reason: 'lost' };
    this.#offered = this.#context.codecs.offer(this, this.#remote);
    return { ok: true, sdp: this.#write(this.#offered, 'sendrecv', this.#remote, false) };
  }

  async applyAnswer(sdp: string): Promise<SdpResult> {
    const remote = this.#read(sdp);
    if (typeof remote === 'string') return { ok: false, reason: remote };
    const { codecs } = this.#context;
    const offered = this.#offered ?? codecs.offer(this, this.#remote);
    if (!codecs.answeredBy(this, remote, offered)) return { ok: false, reason: 'no_common_codec' };
    this.#digitsIn = offered.telephoneEvent;
    const without = offered.telephoneEvent === undefined;
    const problem = await this.#adopt(without ? { ...remote, telephoneEvent: undefined } : remote, 'answer');
    return problem === undefined ? { ok: true, sdp } : { ok: false, reason: problem };
  }

  receiveOffer(sdp: string): SdpResult {
    const remote = this.#read(sdp);
    if (typeof remote === 'string') return { ok: false, reason: remote };
    if (!this.#context.codecs.offeredBy(this, remote)) return { ok: false, reason: 'no_common_codec' };
    this.#offer.take(remote);
    return { ok: true, sdp };
  }

  createAnswer(): Promise<SdpResult> {
    if (this.#closed) return Promise.resolve({ ok: false, reason: 'lost' });
    return this.#offer.answer((remote) => {
      const terms = this.#context.codecs.answer(this, remote);
      return terms && this.#answer(remote, terms);
    });
  }

  hold(held: boolean): void {
    this.#holds = held;
  }

  remoteDirection(): Direction {
    return (this.#offer.unanswered ?? this.#remote)?.direction ?? 'sendrecv';
  }

  async stats(): Promise<LegStats> {
    return this.statsSince(await this.path.reading());
  }

  statsSince(now: LegReading, before?: LegReading): LegStats {
    return { ...legStats(now, before), codec: this.#context.codecs.codec };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.path.close();
    this.#context.codecs.forget(this);
    this.#context.onClosed();
  }

  async #answer(remote: Remote, terms: AudioTerms): Promise<SdpResult> {
    this.#digitsIn = terms.telephoneEvent;
    const problem = await this.#adopt(remote, 'offer');
    if (problem !== undefined) return { ok: false, reason: problem };
    return { ok: true, sdp: this.#write(terms, answerDirection(remote.direction), remote, true) };
  }

  async #adopt(remote: Remote, kind: 'offer' | 'answer'): Promise<Problem | undefined> {
    this.#remote = remote;
    const problem = await this.#context.dialect.adopt(remote, kind);
    if (this.#closed) return 'lost';
    if (problem === undefined) this.#context.onDescribed();
    return problem;
  }

  #read(sdp: string): Remote | Problem {
    return this.#closed ? 'lost' : this.#context.dialect.read(sdp);
  }

  #write(terms: AudioTerms, direction: Direction, remote: Remote | undefined, answering: boolean): string {
    const { sessionId, dialect } = this.#context;
    const local = { ...terms, sessionId, direction: this.#holds ? holdingDirection(direction) : direction };
    return this.#version.write((version) => dialect.write({ ...local, version }, remote, answering));
  }
}

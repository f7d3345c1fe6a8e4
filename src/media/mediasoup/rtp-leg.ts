import { isIPv6 } from 'node:net';
import type { LegStats, MediaLeg, MediaLegRole, SdpResult } from '../media-engine';
import type { Direction, RemoteAudio } from '../sdp/audio-description';
import type { AudioTerms, CallCodecs } from '../sdp/call-codecs';
import { answerDirection } from '../sdp/direction';
import { parseAudio } from '../sdp/parse-audio';
import { writeAudio } from '../sdp/write-audio';
import type { RtpPath } from './rtp-path';

/** What a leg needs of the call it belongs to. */
export interface LegContext {
  readonly path: RtpPath;
  /** Where peers are told to send. */
  readonly address: string;
  readonly port: number;
  readonly codecs: CallCodecs;
  readonly sessionId: number;
  /** The peer's description is another one now. */
  onDescribed(leg: RtpLeg): void;
  onClosed(leg: RtpLeg): void;
}

/** The offer/answer side of one RTP leg (RFC 3264); its packets go the way of its {@link RtpPath}. */
export class RtpLeg implements MediaLeg {
  readonly path: RtpPath;
  readonly #context: LegContext;
  #remote: RemoteAudio | undefined;
  /** An offer of the peer's that is not answered yet. */
  #pending: RemoteAudio | undefined;
  /** Our own offer that is not answered yet, or was answered once: a 200 may repeat a 183's answer. */
  #offered: AudioTerms | undefined;
  /** Payload type that we asked the peer to send digits with. */
  #digitsIn: number | undefined;
  /** Our answer to the peer's last offer: a 200 repeats what a 183 said (RFC 6337 §3.1.1). */
  #answer: string | undefined;
  #version = 0;
  #written = '';
  #closed = false;

  constructor(
    readonly role: MediaLegRole,
    context: LegContext,
  ) {
    this.#context = context;
    this.path = context.path;
  }

  /** Payload types for digits: those the peer sends, and those it wants. */
  get digits(): { readonly in: number | undefined; readonly out: number | undefined } {
    return { in: this.#digitsIn, out: this.#remote?.telephoneEvent };
  }

  createOffer(): SdpResult {
    if (this.#closed) return { ok: false, reason: 'lost' };
    this.#offered = this.#context.codecs.offer(this.role, this.#remote);
    return { ok: true, sdp: this.#write(this.#offered, 'sendrecv') };
  }

  applyAnswer(sdp: string): Promise<SdpResult> {
    return Promise.resolve(this.#applyAnswer(sdp));
  }

  receiveOffer(sdp: string): SdpResult {
    const remote = this.#read(sdp);
    if (typeof remote === 'string') return { ok: false, reason: remote };
    if (!this.#context.codecs.offeredBy(this.role, remote)) return { ok: false, reason: 'no_common_codec' };
    this.#pending = remote;
    this.#answer = undefined;
    return { ok: true, sdp };
  }

  createAnswer(): Promise<SdpResult> {
    return Promise.resolve(this.#createAnswer());
  }

  remoteDirection(): Direction {
    return (this.#pending ?? this.#remote)?.direction ?? 'sendrecv';
  }

  async stats(): Promise<LegStats> {
    return { ...(await this.path.counters()), codec: this.#context.codecs.codec };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.path.close();
    this.#context.onClosed(this);
  }

  #applyAnswer(sdp: string): SdpResult {
    const remote = this.#read(sdp);
    if (typeof remote === 'string') return { ok: false, reason: remote };
    const offered = this.#offered ?? this.#context.codecs.offer(this.role, this.#remote);
    if (!this.#context.codecs.answeredBy(this.role, remote, offered))
      return { ok: false, reason: 'no_common_codec' };
    this.#digitsIn = offered.telephoneEvent;
    this.#described(offered.telephoneEvent === undefined ? { ...remote, telephoneEvent: undefined } : remote);
    return { ok: true, sdp };
  }

  #createAnswer(): SdpResult {
    if (this.#closed) return { ok: false, reason: 'lost' };
    if (this.#answer !== undefined) return { ok: true, sdp: this.#answer };
    const remote = this.#pending;
    if (!remote) return { ok: false, reason: 'no_audio' };
    const terms = this.#context.codecs.answer(this.role, remote);
    if (!terms) return { ok: false, reason: 'no_common_codec' };
    this.#pending = undefined;
    this.#digitsIn = terms.telephoneEvent;
    this.#answer = this.#write(terms, answerDirection(remote.direction), remote);
    this.#described(remote);
    return { ok: true, sdp: this.#answer };
  }

  #described(remote: RemoteAudio): void {
    this.#remote = remote;
    this.path.describe(remote);
    this.#context.onDescribed(this);
  }

  #read(sdp: string): RemoteAudio | Exclude<SdpResult, { ok: true }>['reason'] {
    if (this.#closed) return 'lost';
    const parsed = parseAudio(sdp);
    if (!parsed.ok) return parsed.reason;
    // A socket of one family does not reach the other.
    return isIPv6(parsed.audio.address) === isIPv6(this.#context.address)
      ? parsed.audio
      : 'unsupported_transport';
  }

  /** The same description keeps its version; another one gets the next (RFC 3264 §8). */
  #write(terms: AudioTerms, direction: Direction, answering?: RemoteAudio): string {
    const { sessionId, address, port } = this.#context;
    const rtcpMux = answering?.rtcpMux ?? this.#remote?.rtcpMux ?? false;
    const local = { ...terms, sessionId, address, port, rtcpMux, direction };
    const shape = writeAudio({ ...local, version: 0 }, answering);
    if (shape !== this.#written) this.#version++;
    this.#written = shape;
    return writeAudio({ ...local, version: this.#version }, answering);
  }
}

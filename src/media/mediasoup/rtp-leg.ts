import { isIPv4 } from 'node:net';
import type { types } from 'mediasoup';
import type { LegHints, LegStats, MediaLeg, MediaLegRole, SdpResult } from '../media-engine';
import type { AudioCodec, Direction, RemoteAudio } from '../sdp/session-description';
import { answerDirection, parseAudio, writeAudio } from '../sdp/session-description';
import type { LearnedSource } from './rtp-learner';
import { RtpLearner } from './rtp-learner';
import { codecParameters } from './worker-pool';

/** What a leg needs of the call it belongs to. */
export interface LegContext {
  /** Address the port is bound to, and the one that peers are told. */
  readonly listenAddress: string;
  readonly announcedAddress: string;
  readonly port: number;
  /** What the call has agreed so far. */
  readonly agreement: CodecAgreement;
  readonly now: () => number;
  router(codec: AudioCodec, telephoneEvent: number): Promise<types.Router>;
  /** A stream from this leg's peer can be heard: the other leg may be joined to it. */
  onProducer(leg: RtpLeg): void;
  onLost(reason: string): void;
  onClosed(leg: RtpLeg): void;
}

/** Codecs of one call: what the first side offered, and what both sides settled on. */
export interface CodecAgreement {
  offered: readonly AudioCodec[] | undefined;
  telephoneEvent: number | undefined;
  codec: AudioCodec | undefined;
  /** True once a peer was told the codec: it cannot change any more. */
  fixed: boolean;
}

const DEFAULT_CODECS: readonly AudioCodec[] = ['PCMU', 'PCMA'];
const DEFAULT_TELEPHONE_EVENT = 101;
/** A peer that waits to be spoken to first is spoken to after this long. */
const SPEAK_FIRST_MS = 150;
/** Bytes that arrived and belong to no known stream: a sign that the peer sends as somebody new. */
const STRANGE_BYTES = 600;
const MS_PER_SECOND = 1000;
const RTP_CLOCK = 8_000;

/**
 * One RTP leg. Its port is held by an {@link RtpLearner} until the peer's stream is known, then by a
 * mediasoup PlainTransport; it goes back to the learner when the peer starts to send as somebody new.
 */
export class RtpLeg implements MediaLeg {
  readonly #context: LegContext;
  readonly #hints: LegHints;
  readonly #sessionId: number;
  #version = 1;
  #lastDescription = '';
  #remote: RemoteAudio | undefined;
  #learner: RtpLearner | undefined;
  #transport: types.PlainTransport | undefined;
  #producer: types.Producer | undefined;
  #consumer: types.Consumer | undefined;
  /** The leg that this one hears, once bridged. */
  #peerLeg: RtpLeg | undefined;
  #speakTimer: NodeJS.Timeout | undefined;
  #closed = false;
  /** One change of who holds the port at a time. */
  #switching: Promise<void> = Promise.resolve();
  #lastBytes = { all: 0, media: 0 };
  #lastMediaAt: number | undefined;
  #bridgedAt: number | undefined;

  private constructor(
    readonly role: MediaLegRole,
    context: LegContext,
    hints: LegHints,
  ) {
    this.#context = context;
    this.#hints = hints;
    this.#sessionId = Math.floor(Math.random() * 2 ** 31);
  }

  /** @throws Error of the operating system when the port is taken */
  static async open(role: MediaLegRole, context: LegContext, hints: LegHints): Promise<RtpLeg> {
    const leg = new RtpLeg(role, context, hints);
    leg.#learner = await leg.#openLearner();
    return leg;
  }

  get port(): number {
    return this.#context.port;
  }

  /** The stream that this leg's peer sends, once known. */
  get producer(): types.Producer | undefined {
    return this.#producer;
  }

  get lastMediaAt(): number | undefined {
    return this.#lastMediaAt;
  }

  /** Monotonic instant since which audio from this leg is due; undefined while none is. */
  get audioDueSince(): number | undefined {
    const silent = this.#remote?.direction === 'inactive' || this.#remote?.direction === 'recvonly';
    return silent ? undefined : (this.#lastMediaAt ?? this.#bridgedAt);
  }

  createOffer(): SdpResult {
    const { agreement } = this.#context;
    const codecs =
      agreement.fixed && agreement.codec ? [agreement.codec] : (agreement.offered ?? DEFAULT_CODECS);
    const telephoneEvent = agreement.offered ? agreement.telephoneEvent : DEFAULT_TELEPHONE_EVENT;
    return { ok: true, sdp: this.#describe(codecs, telephoneEvent, 'sendrecv') };
  }

  async applyAnswer(sdp: string): Promise<SdpResult> {
    const parsed = parseAudio(sdp);
    if (!parsed.ok) return parsed;
    const { agreement } = this.#context;
    const allowed =
      agreement.fixed && agreement.codec ? [agreement.codec] : (agreement.offered ?? DEFAULT_CODECS);
    const codec = parsed.audio.codecs.find((name) => allowed.includes(name));
    if (codec === undefined) return { ok: false, reason: 'no_common_codec' };
    agreement.codec = codec;
    if (!agreement.offered) {
      agreement.offered = parsed.audio.codecs;
      agreement.telephoneEvent = parsed.audio.telephoneEvent;
    }
    await this.#setRemote(parsed.audio);
    return { ok: true, sdp };
  }

  receiveOffer(sdp: string): SdpResult {
    const parsed = parseAudio(sdp);
    if (!parsed.ok) return parsed;
    const { agreement } = this.#context;
    if (agreement.fixed && agreement.codec && !parsed.audio.codecs.includes(agreement.codec)) {
      return { ok: false, reason: 'no_common_codec' };
    }
    if (!agreement.offered) {
      agreement.offered = parsed.audio.codecs;
      agreement.telephoneEvent = parsed.audio.telephoneEvent;
    }
    this.#switching = this.#switching.then(() => this.#setRemote(parsed.audio));
    return { ok: true, sdp };
  }

  async createAnswer(): Promise<SdpResult> {
    await this.#switching;
    const remote = this.#remote;
    const { agreement } = this.#context;
    if (!remote) return { ok: false, reason: 'no_audio' };
    const codec = agreement.codec ?? remote.codecs[0];
    if (codec === undefined || !remote.codecs.includes(codec))
      return { ok: false, reason: 'no_common_codec' };
    agreement.codec = codec;
    agreement.fixed = true;
    return {
      ok: true,
      sdp: this.#describe([codec], remote.telephoneEvent, answerDirection(remote.direction), remote),
    };
  }

  remoteDirection(): Direction {
    return this.#remote?.direction ?? 'sendrecv';
  }

  /** Joins this leg's ears to the other leg's voice, as soon as both can. */
  async hear(other: RtpLeg): Promise<void> {
    this.#peerLeg = other;
    this.#bridgedAt ??= this.#context.now();
    this.#learner?.onLearned((source) => this.#learned(source));
    this.#speakTimer ??= setTimeout(() => this.#enqueue(() => this.#speakFirst()), SPEAK_FIRST_MS);
    await this.#enqueue(() => this.#join());
  }

  /** The other leg's stream appeared, or changed. */
  otherProducerChanged(): void {
    void this.#enqueue(() => this.#join());
  }

  async stats(): Promise<LegStats> {
    const [received, sent] = await Promise.all([this.#producer?.getStats(), this.#consumer?.getStats()]);
    const inbound = received?.[0];
    const outbound = sent?.find((stat) => stat.type === 'outbound-rtp');
    return {
      packetsReceived: inbound?.packetCount ?? 0,
      packetsSent: outbound?.packetCount ?? 0,
      bytesReceived: inbound?.byteCount ?? 0,
      bytesSent: outbound?.byteCount ?? 0,
      packetsLost: inbound?.packetsLost ?? 0,
      jitterMs: Math.round(((inbound?.jitter ?? 0) * MS_PER_SECOND) / RTP_CLOCK),
      codec: this.#context.agreement.codec,
    };
  }

  /** Looks at the counters: is audio arriving, and is it the stream that is known? */
  async watch(): Promise<void> {
    const transport = this.#transport;
    if (!transport || this.#closed) return;
    const [stats] = await transport.getStats().catch(() => []);
    if (!stats || this.#transport !== transport) return;
    const all = stats.bytesReceived - this.#lastBytes.all;
    const media = stats.rtpBytesReceived - this.#lastBytes.media;
    this.#lastBytes = { all: stats.bytesReceived, media: stats.rtpBytesReceived };
    if (media > 0) this.#lastMediaAt = this.#context.now();
    else if (all > STRANGE_BYTES || (!this.#producer && all > 0)) await this.#enqueue(() => this.#relearn());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#speakTimer);
    this.#transport?.close();
    const { onClosed } = this.#context;
    // The port is free for others when the socket that held it is.
    void (this.#learner?.close() ?? Promise.resolve()).then(() => onClosed(this));
  }

  /** Serialises everything that opens or closes the port. */
  #enqueue(step: () => Promise<void>): Promise<void> {
    this.#switching = this.#switching.then(async () => {
      if (this.#closed) return;
      try {
        await step();
      } catch (error) {
        if (!this.#closed) this.#context.onLost(error instanceof Error ? error.message : String(error));
      }
    });
    return this.#switching;
  }

  async #setRemote(remote: RemoteAudio): Promise<void> {
    const before = this.#remote;
    this.#remote = remote;
    const moved = before && (before.address !== remote.address || before.port !== remote.port);
    if (moved && remote.direction !== 'inactive' && this.#transport) await this.#relearn();
    const consumer = this.#consumer;
    if (!consumer) return;
    if (this.#mayBeHeard()) await consumer.resume().catch(() => undefined);
    else await consumer.pause().catch(() => undefined);
  }

  /** False while the peer wants to hear nothing (hold). */
  #mayBeHeard(): boolean {
    return this.#remote?.direction === 'sendrecv' || this.#remote?.direction === 'recvonly';
  }

  #openLearner(): Promise<RtpLearner> {
    return RtpLearner.open(this.#context.listenAddress, this.#context.port, (address) =>
      this.#isPeer(address),
    );
  }

  /** RTP is taken from where the peer said, or from where its signalling came; from elsewhere only behind NAT. */
  #isPeer(address: string): boolean {
    const announced = this.#remote?.address;
    if (announced === undefined) return false;
    if (address === announced || address === this.#hints.signalingAddress) return true;
    return isPrivate(announced) && !isPrivate(this.#hints.signalingAddress ?? announced);
  }

  #learned(source: LearnedSource): void {
    void this.#enqueue(async () => {
      if (this.#learner) await this.#openTransport(source);
    });
  }

  /** The peer is silent: perhaps it waits to hear something first. */
  async #speakFirst(): Promise<void> {
    const remote = this.#remote;
    if (this.#transport || !this.#peerLeg || !remote || remote.direction === 'inactive') return;
    await this.#openTransport(undefined);
  }

  async #openTransport(source: LearnedSource | undefined): Promise<void> {
    const remote = this.#remote;
    if (!remote || this.#closed) return;
    const { listenAddress, announcedAddress, port, agreement } = this.#context;
    const router = await this.#router();
    await this.#learner?.close();
    this.#learner = undefined;
    const transport = await router.createPlainTransport({
      listenIp: {
        ip: listenAddress,
        ...(announcedAddress === listenAddress ? {} : { announcedIp: announcedAddress }),
      },
      port,
      rtcpMux: remote.rtcpMux,
      comedia: false,
    });
    if (this.#closed) {
      transport.close();
      return;
    }
    this.#transport = transport;
    this.#lastBytes = { all: 0, media: 0 };
    const address = source?.address ?? remote.address;
    const rtpPort = source?.port ?? remote.port;
    const rtcpPort = rtpPort === remote.port ? remote.rtcpPort : rtpPort + 1;
    await transport.connect({ ip: address, port: rtpPort, ...(remote.rtcpMux ? {} : { rtcpPort }) });
    if (source) {
      this.#lastMediaAt = this.#context.now();
      this.#producer = await transport.produce({
        kind: 'audio',
        rtpParameters: rtpParameters(agreement, source.ssrc),
      });
      this.#context.onProducer(this);
    }
    await this.#join();
  }

  /** Gives the port back to the learner: the peer sends from elsewhere, or as somebody else. */
  async #relearn(): Promise<void> {
    const transport = this.#transport;
    if (!transport) return;
    this.#transport = undefined;
    this.#producer = undefined;
    this.#consumer = undefined;
    transport.close();
    this.#context.onProducer(this);
    this.#learner = await this.#bindAgain();
    this.#learner.onLearned((source) => this.#learned(source));
    clearTimeout(this.#speakTimer);
    this.#speakTimer = setTimeout(() => this.#enqueue(() => this.#speakFirst()), SPEAK_FIRST_MS);
  }

  /** The worker frees the port a moment after it was told to. */
  async #bindAgain(): Promise<RtpLearner> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#openLearner();
      } catch (error) {
        if (tries >= 20) throw error;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }

  async #join(): Promise<void> {
    const producer = this.#peerLeg?.producer;
    const transport = this.#transport;
    if (!transport || !producer || producer.closed || this.#consumer?.producerId === producer.id) return;
    this.#consumer?.close();
    const router = await this.#router();
    this.#consumer = await transport.consume({
      producerId: producer.id,
      rtpCapabilities: router.rtpCapabilities,
      paused: !this.#mayBeHeard(),
    });
  }

  #router(): Promise<types.Router> {
    const { codec = 'PCMU', telephoneEvent = DEFAULT_TELEPHONE_EVENT } = this.#context.agreement;
    return this.#context.router(codec, telephoneEvent);
  }

  #describe(
    codecs: readonly AudioCodec[],
    telephoneEvent: number | undefined,
    direction: Direction,
    answering?: RemoteAudio,
  ): string {
    const { announcedAddress, port } = this.#context;
    const local = {
      sessionId: this.#sessionId,
      address: announcedAddress,
      port,
      rtcpPort: port + 1,
      rtcpMux: answering?.rtcpMux ?? false,
      codecs,
      telephoneEvent,
      direction,
    };
    const shape = JSON.stringify([codecs, telephoneEvent, direction]);
    if (this.#lastDescription !== '' && this.#lastDescription !== shape) this.#version++;
    this.#lastDescription = shape;
    return writeAudio({ ...local, version: this.#version }, answering);
  }
}

function rtpParameters(agreement: CodecAgreement, ssrc: number): types.RtpParameters {
  const { codec = 'PCMU', telephoneEvent = DEFAULT_TELEPHONE_EVENT } = agreement;
  return { codecs: codecParameters(codec, telephoneEvent), encodings: [{ ssrc }] };
}

/** Addresses of RFC 1918, RFC 6598, loopback and unique local IPv6. */
function isPrivate(address: string): boolean {
  if (!isIPv4(address)) return /^(::1|f[cd])/i.test(address);
  return /^(10|127)\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\.|^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(
    address,
  );
}

import type { types } from 'mediasoup';
import type { LegStats } from '../media-engine';
import type { AudioCodec, RemoteAudio } from '../sdp/audio-description';
import { owesAudio, speaks, wantsAudio } from '../sdp/direction';
import { AUDIO_CODECS, PAYLOAD_TYPES } from '../sdp/audio-description';
import type { LearnedSource } from './rtp-learner';
import { RtpLearner } from './rtp-learner';
import type { Endpoint } from './source-rule';
import { isPrivate, SourceRule } from './source-rule';
import { StreamCounters } from './stream-counters';
import type { Sight } from './stream-watch';
import { StreamWatch } from './stream-watch';
import type { Exchange } from './worker-pool';

/** What a path needs of the engine and of its leg. */
export interface PathOptions {
  /** Address the port is bound to, and the one that peers are told. */
  readonly listenAddress: string;
  readonly announcedAddress: string;
  readonly port: number;
  /** Address the peer's signalling came from. */
  readonly signalingAddress: string | undefined;
  /** Whether RTP may come from elsewhere than announced. */
  readonly strangers: boolean;
  readonly now: () => number;
  /** The stream that can be heard from here is another one now, or none. */
  onProducer(): void;
  /** No audio for so long that the peer must be gone. */
  onSilence(silentForMs: number): void;
  /** The port or the worker is gone. */
  onLost(reason: string): void;
}

/** How a path joins the other one. */
export interface PathPlan {
  readonly exchange: Exchange;
  /** What this path's peer may send. */
  readonly codecs: readonly AudioCodec[];
  /** Payload types of its digits, and of those that the other side wants. */
  readonly digitsIn: number | undefined;
  readonly digitsOut: number | undefined;
  readonly other: RtpPath;
  /** The call is not answered yet: silence says nothing. */
  readonly early: boolean;
}

/** A peer that waits to be spoken to first is spoken to after this long. */
const SPEAK_FIRST_MS = 60;
/** A peer that says nothing for this long is left to the worker, to be heard of when it sends at last. */
const MAX_FEED_MS = 10_000;
/** Two packets' worth of bytes that belong to no known stream. */
const STRANGE_BYTES = 300;
/** The known stream's share of what arrives, below which another one may have begun. */
const MOST_OF_IT = 0.8;
const BIND_TRIES = 100;
const BIND_AGAIN_MS = 5;

/**
 * The way of one leg's RTP. Its port is held by an {@link RtpLearner} until the peer's stream is
 * known, then by a mediasoup PlainTransport; it goes back to the learner when the peer moves, or
 * sends as somebody new. While the learner holds it, what the other side says is sent from here, so
 * that two peers who each wait for the other's first packet do not wait for ever.
 */
export class RtpPath {
  readonly #options: PathOptions;
  readonly #rule: SourceRule;
  readonly #watch: StreamWatch;
  readonly #counters = new StreamCounters();
  #remote: RemoteAudio | undefined;
  #plan: PathPlan | undefined;
  #learner: RtpLearner | undefined;
  #source: LearnedSource | undefined;
  #transport: types.PlainTransport | undefined;
  #exchange: Exchange | undefined;
  #producer: types.Producer | undefined;
  #consumer: types.Consumer | undefined;
  /** Brings the other side's packets here while the learner holds the port. */
  #feed: types.Consumer | undefined;
  #feeding = false;
  #timer: NodeJS.Timeout | undefined;
  /** The worker's counters at the last look. */
  #seen:
    { readonly transport: types.PlainTransport; readonly all: number; readonly media: number } | undefined;
  #closed = false;
  /** Whatever opens or closes the port is done one after the other. */
  #queue: Promise<void> = Promise.resolve();

  private constructor(options: PathOptions) {
    this.#options = options;
    this.#rule = new SourceRule(options.strangers);
    this.#watch = new StreamWatch(options.now, {
      look: () => this.#look(),
      onSilence: (ms) => options.onSilence(ms),
    });
  }

  /** @throws Error of the operating system when the port is taken */
  static async open(options: PathOptions): Promise<RtpPath> {
    const path = new RtpPath(options);
    path.#learner = await path.#openLearner();
    return path;
  }

  /** The stream that the peer sends, once it is known. */
  get producer(): types.Producer | undefined {
    return this.#producer;
  }

  /** Monotonic milliseconds of the last packet known of; undefined before the first. */
  get lastMediaAt(): number | undefined {
    return this.#watch.lastAt;
  }

  /** The peer said where it is and what it wants; again for each later offer or answer. */
  describe(remote: RemoteAudio): void {
    const before = this.#remote;
    this.#remote = remote;
    this.#attend();
    const elsewhere = before?.address !== remote.address || before.port !== remote.port;
    // An address of zero says nothing of where the peer is: it is on hold, and comes back.
    if (elsewhere && isSomewhere(remote)) {
      this.#rule.expect(remote.address, this.#options.signalingAddress, this.#options.now());
      this.#learner?.forget();
      if (before) this.#enqueue(() => this.#relearn());
    } else if (this.#transport) {
      this.#enqueue(() => this.#listenAgain());
      this.#watch.lookSoon();
    }
    this.#enqueue(() => this.#join());
  }

  /** Lets the peer's audio be heard by the other path, and the other's here. */
  connect(plan: PathPlan): void {
    this.#plan = plan;
    this.#attend();
    this.#enqueue(async () => {
      if (!plan.early) await this.#listenAgain();
      if (this.#transport && this.#exchange !== plan.exchange) await this.#reopen();
      await this.#produce();
      await this.#join();
      this.#awaitPeer(SPEAK_FIRST_MS);
    });
  }

  /** The other path's stream appeared, changed or went away. */
  otherChanged(): void {
    this.#enqueue(() => this.#join());
  }

  stats(): Promise<Omit<LegStats, 'codec'>> {
    return this.#counters.read(this.#producer, this.#consumer);
  }

  /** Frees everything. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#watch.close();
    this.#feed?.close();
    this.#transport?.close();
    void this.#learner?.close();
  }

  #attend(): void {
    const direction = this.#remote?.direction;
    if (!this.#plan || direction === undefined || !speaks(direction)) this.#watch.attend('none');
    else this.#watch.attend(this.#plan.early || !owesAudio(direction) ? 'stream' : 'audio');
  }

  #enqueue(step: () => Promise<void>): void {
    this.#queue = this.#queue.then(async () => {
      if (this.#closed) return;
      try {
        await step();
      } catch (error) {
        if (!this.#closed) this.#options.onLost(error instanceof Error ? error.message : String(error));
      }
    });
  }

  #openLearner(): Promise<RtpLearner> {
    const { listenAddress, port, now } = this.#options;
    return RtpLearner.open(listenAddress, port, (header, from) => {
      const codecs = this.#plan?.codecs ?? AUDIO_CODECS;
      // A stream is opened for its audio; digits alone do not show one.
      if (!codecs.some((codec) => PAYLOAD_TYPES[codec] === header.payloadType)) return false;
      if (!this.#rule.admits(header, from, now())) return false;
      this.#watch.heard();
      return true;
    });
  }

  /** Waits for the peer's first packet; speaks to it after a while, and leaves it to the worker in the end. */
  #awaitPeer(speakAfterMs: number): void {
    this.#learner?.onLearned((source) => this.#enqueue(() => this.#settle(source)));
    clearTimeout(this.#timer);
    if (!this.#learner) return;
    this.#timer = setTimeout(() => {
      const silent = this.#remote !== undefined && !owesAudio(this.#remote.direction);
      this.#timer = setTimeout(() => this.#enqueue(() => this.#leaveToWorker()), silent ? 0 : MAX_FEED_MS);
      this.#feeding = !silent;
      this.#enqueue(() => this.#join());
    }, speakAfterMs);
  }

  async #settle(source: LearnedSource): Promise<void> {
    if (!this.#learner || !this.#plan) return;
    this.#rule.settle(source.address);
    this.#source = source;
    await this.#openTransport(source);
  }

  /** The peer does not send: the worker sends to where its description says. */
  async #leaveToWorker(): Promise<void> {
    const remote = this.#remote;
    if (!this.#learner || !this.#plan || !remote || !this.#reachable(remote)) return;
    this.#source = undefined;
    await this.#openTransport(remote);
  }

  /** Whether sending to where the description says makes sense: not behind the peer's NAT. */
  #reachable(remote: RemoteAudio): boolean {
    const { signalingAddress } = this.#options;
    const hidden =
      isPrivate(remote.address) && signalingAddress !== undefined && !isPrivate(signalingAddress);
    return wantsAudio(remote.direction) && !hidden;
  }

  async #openTransport(to: Endpoint): Promise<void> {
    const remote = this.#remote;
    const plan = this.#plan;
    if (!remote || !plan) return;
    clearTimeout(this.#timer);
    this.#stopFeed();
    await this.#learner?.close();
    this.#learner = undefined;
    const { listenAddress, announcedAddress, port } = this.#options;
    const transport = await retried(() =>
      plan.exchange.router.createPlainTransport({
        listenIp: {
          ip: listenAddress,
          ...(announcedAddress === listenAddress ? {} : { announcedIp: announcedAddress }),
        },
        port,
        rtcpMux: remote.rtcpMux,
        comedia: false,
      }),
    );
    if (this.#closed) {
      transport.close();
      return;
    }
    this.#transport = transport;
    this.#exchange = plan.exchange;
    const rtcpPort = to.port === remote.port ? remote.rtcpPort : Math.min(to.port + 1, 65_535);
    // The worker takes requests in order: nobody waits for one answer before asking the next.
    await Promise.all([
      transport.connect({ ip: to.address, port: to.port, ...(remote.rtcpMux ? {} : { rtcpPort }) }),
      this.#produce(),
      this.#join(),
    ]);
  }

  /** Opens the peer's stream on the transport, under the labels of the plan. */
  async #produce(): Promise<void> {
    const transport = this.#transport;
    const source = this.#source;
    const plan = this.#plan;
    if (!transport || !source || !plan) return;
    const first = plan.codecs.find((codec) => PAYLOAD_TYPES[codec] === source.payloadType);
    const codecs = first ? [first, ...plan.codecs.filter((codec) => codec !== first)] : plan.codecs;
    const labelled = plan.exchange.labels.stream(codecs, plan.digitsIn, plan.digitsOut);
    if (this.#producer && sameCodecs(this.#producer, labelled)) return;
    if (this.#producer) {
      await this.#counters.keep(this.#producer, undefined);
      this.#producer.close();
    }
    const producer = await transport.produce({
      kind: 'audio',
      rtpParameters: { codecs: labelled, encodings: [{ ssrc: source.ssrc }] },
    });
    if (this.#transport !== transport) return;
    this.#producer = producer;
    this.#options.onProducer();
  }

  /** Joins this path's ears to the other path's stream. */
  async #join(): Promise<void> {
    const remote = this.#remote;
    const producer = this.#plan?.other.producer;
    if (this.#learner && this.#feeding) await this.#startFeed();
    const transport = this.#transport;
    if (!transport || !remote || !producer || producer.closed) return;
    if (this.#consumer?.producerId !== producer.id || this.#consumer.closed) {
      await this.#counters.keep(undefined, this.#consumer);
      this.#consumer?.close();
      this.#consumer = undefined;
      const consumer = await transport.consume({
        producerId: producer.id,
        rtpCapabilities: this.#plan?.exchange.router.rtpCapabilities ?? {},
        paused: !wantsAudio(remote.direction),
      });
      if (this.#transport !== transport) return;
      this.#consumer = consumer;
    } else if (wantsAudio(remote.direction) === this.#consumer.paused) {
      await (this.#consumer.paused ? this.#consumer.resume() : this.#consumer.pause());
    }
  }

  /** While the learner holds the port: the other side's packets leave from here. */
  async #startFeed(): Promise<void> {
    const remote = this.#remote;
    const producer = this.#plan?.other.producer;
    if (!this.#learner || !this.#plan || !remote || !producer || producer.closed) return;
    if (this.#feed?.producerId === producer.id && !this.#feed.closed) return;
    this.#feed?.close();
    const { router } = this.#plan.exchange;
    const tap = await this.#plan.exchange.tap();
    const feed = await tap.consume({ producerId: producer.id, rtpCapabilities: router.rtpCapabilities });
    if (this.#closed) {
      feed.close();
      return;
    }
    this.#feed = feed;
    feed.on('rtp', (packet) => {
      const to = this.#remote;
      if (to && this.#reachable(to)) this.#learner?.send(packet, to);
    });
  }

  #stopFeed(): void {
    this.#feeding = false;
    this.#feed?.close();
    this.#feed = undefined;
  }

  /** Gives the port back to the learner: the peer sends from elsewhere, or as somebody else. */
  async #relearn(): Promise<void> {
    if (!this.#transport) return;
    await this.#closeTransport();
    this.#source = undefined;
    const learner = await retried(() => this.#openLearner());
    if (this.#closed) {
      await learner.close();
      return;
    }
    this.#learner = learner;
    this.#awaitPeer(0);
  }

  /** A peer that was left to the worker may speak now. */
  async #listenAgain(): Promise<void> {
    const remote = this.#remote;
    if (this.#transport && !this.#source && remote && owesAudio(remote.direction)) await this.#relearn();
  }

  /** The same peer, on another router. */
  async #reopen(): Promise<void> {
    const to = this.#source ?? this.#remote;
    if (!to) return;
    await this.#closeTransport();
    await this.#openTransport(to);
  }

  async #closeTransport(): Promise<void> {
    await this.#counters.keep(this.#producer, this.#consumer);
    this.#transport?.close();
    this.#transport = undefined;
    this.#exchange = undefined;
    this.#producer = undefined;
    this.#consumer = undefined;
    this.#options.onProducer();
  }

  /** Does the stream that the worker knows go on, and is it all that arrives at the port? */
  async #look(): Promise<Sight> {
    const transport = this.#transport;
    if (!transport) return 'nothing';
    const before = this.#seen;
    const [stats] = await transport.getStats().catch(() => []);
    if (!stats || this.#transport !== transport || this.#closed) return 'nothing';
    this.#seen = { transport, all: stats.bytesReceived, media: stats.rtpBytesReceived };
    if (before?.transport !== transport) return stats.rtpBytesReceived > 0 ? 'media' : 'nothing';
    const all = stats.bytesReceived - before.all;
    const media = stats.rtpBytesReceived - before.media;
    if (media > 0) return media < all * MOST_OF_IT ? 'mixed' : 'media';
    if (all > STRANGE_BYTES) this.#enqueue(() => this.#relearn());
    return 'nothing';
  }
}

function isSomewhere({ address }: RemoteAudio): boolean {
  return address !== '0.0.0.0' && address !== '::';
}

function sameCodecs(
  producer: types.Producer,
  labelled: readonly { mimeType: string; payloadType: number }[],
): boolean {
  const { codecs } = producer.rtpParameters;
  return (
    !producer.closed &&
    codecs.length === labelled.length &&
    labelled.every(({ mimeType, payloadType }, index) => {
      const codec = codecs[index];
      return codec?.mimeType === mimeType && codec.payloadType === payloadType;
    })
  );
}

/** Whoever held the port before frees it a moment after being told to. */
async function retried<T>(open: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await open();
    } catch (error) {
      if (tries >= BIND_TRIES || !/EADDRINUSE|address already in use/.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, BIND_AGAIN_MS));
    }
  }
}

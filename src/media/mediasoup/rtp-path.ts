import type { LegReading } from '../quality/leg-stats';
import type { RemoteAudio } from '../sdp/audio-description';
import { AUDIO_CODECS, PAYLOAD_TYPES } from '../sdp/audio-description';
import { owesAudio, speaks, wantsAudio } from '../sdp/direction';
import type { Sight } from './carriage';
import { Carriage } from './carriage';
import { addReadings, NO_READING } from './counters';
import { Feed } from './feed';
import type { MediaPath, PathPlan, Stream } from './media-path';
import { retryWhileTaken } from './retry-while-taken';
import type { LearnedSource } from './rtp-learner';
import { RtpLearner } from './rtp-learner';
import type { Endpoint } from './source-rule';
import { isPrivate, SourceRule } from './source-rule';
import { StepQueue } from './step-queue';
import { StreamWatch } from './stream-watch';

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
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** The stream that can be heard from here is another one now, or none. */
  onProducer(): void;
  /** Told again and again while audio is due from the peer and none comes. */
  onSilence(forMs: number): void;
  /** A peer that says nothing for this long is left to the worker, to be heard of when it sends at last. */
  readonly maxFeedMs: number;
  /** A packet of digits that came before the worker took the peer's stream. Absent where nobody reads them. */
  readonly onDigits?: (packet: Buffer) => void;
  /** The port or the worker is gone. */
  onLost(reason: string): void;
}

/** A peer that waits to be spoken to first is spoken to after this long. */
const SPEAK_FIRST_MS = 60;
const MAX_PORT = 65_535;

/**
 * The way of one leg's RTP. Its port is held by an {@link RtpLearner} until the peer's stream is
 * known, then by the worker ({@link Carriage}); it goes back to the learner when the peer moves, or
 * sends as somebody new. While the learner holds it, what the other side says is sent from here, so
 * that two peers who each wait for the other's first packet do not wait for ever.
 */
export class RtpPath implements MediaPath {
  readonly #options: PathOptions;
  readonly #rule: SourceRule;
  readonly #watch: StreamWatch;
  readonly #feed: Feed;
  #remote: RemoteAudio | undefined;
  #plan: PathPlan | undefined;
  /** Of learner and carriage one is there at a time; between them neither. */
  #learner: RtpLearner | undefined;
  #carriage: Carriage | undefined;
  /** The peer's stream; undefined while it is not known. */
  #source: LearnedSource | undefined;
  #feeding = false;
  #past: LegReading = NO_READING;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Whatever opens or closes the port is done one after the other. */
  readonly #steps = new StepQueue((reason) => this.#options.onLost(reason));

  private constructor(options: PathOptions) {
    this.#options = options;
    this.#rule = new SourceRule(options.strangers);
    this.#watch = new StreamWatch(options.now, {
      look: () => this.#look(),
      onSilence: (forMs) => options.onSilence(forMs),
    });
    this.#feed = new Feed((packet) => {
      const to = this.#remote;
      if (to && this.#reachable(to)) this.#learner?.send(packet, to);
    });
  }

  /** @throws Error of the operating system when the port is taken */
  static async open(options: PathOptions): Promise<RtpPath> {
    const path = new RtpPath(options);
    path.#learner = await path.#openLearner();
    return path;
  }

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
      if (before) this.#steps.add(() => this.#relearn());
    } else if (this.#carriage) {
      this.#steps.add(() => this.#listenAgain());
      this.#watch.lookSoon();
    }
    this.#steps.add(() => this.#join());
  }

  connect(plan: PathPlan): void {
    this.#plan = plan;
    this.#attend();
    this.#steps.add(async () => {
      if (plan.live) await this.#listenAgain();
      if (this.#carriage && this.#carriage.exchange !== plan.exchange) await this.#changeExchange();
      await this.#takeStream();
      await this.#join();
      this.#awaitPeer(SPEAK_FIRST_MS);
    });
  }

  otherChanged(): void {
    this.#steps.add(() => this.#join());
  }

  async look(): Promise<void> {
    const sight = await this.#look();
    if (sight === 'media' || sight === 'mixed') this.#watch.heard();
  }

  async reading(): Promise<LegReading> {
    return this.#carriage ? addReadings(this.#past, await this.#carriage.reading()) : this.#past;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#steps.close();
    clearTimeout(this.#timer);
    this.#watch.close();
    this.#feed.close();
    this.#carriage?.close();
    void this.#learner?.close();
  }

  #attend(): void {
    const direction = this.#remote?.direction;
    if (!this.#plan || direction === undefined || !speaks(direction)) this.#watch.attend('none');
    else this.#watch.attend(this.#plan.live && owesAudio(direction) ? 'audio' : 'stream');
  }

  #openLearner(): Promise<RtpLearner> {
    const { listenAddress, port, now } = this.#options;
    return RtpLearner.open(listenAddress, port, (header, from, packet) => {
      const codecs = this.#plan?.codecs ?? AUDIO_CODECS;
      const digits = header.payloadType === this.#plan?.digitsIn;
      if (!digits && !codecs.some((codec) => PAYLOAD_TYPES[codec] === header.payloadType)) return false;
      if (!this.#rule.admits(header, from, now())) return false;
      if (digits) {
        // A stream is opened for its audio; digits alone do not show one.
        this.#options.onDigits?.(packet);
        return false;
      }
      this.#watch.heard();
      return true;
    });
  }

  /** Waits for the peer's first packet; speaks to it after a while, and leaves it to the worker in the end. */
  #awaitPeer(speakAfterMs: number): void {
    if (!this.#learner || this.#closed) return;
    clearTimeout(this.#timer);
    const silent = this.#remote !== undefined && !owesAudio(this.#remote.direction);
    // The worker hands out no keys of who has said nothing: who is asked for them, and not bridged yet, stays here.
    const stays = !silent && this.#options.onDigits !== undefined && this.#plan?.live === false;
    const { maxFeedMs } = this.#options;
    this.#timer = setTimeout(() => {
      const leave = (): void => this.#steps.add(() => this.#leaveToWorker());
      if (!stays) this.#timer = setTimeout(leave, silent ? 0 : maxFeedMs);
      this.#feeding = !silent;
      this.#steps.add(() => this.#join());
    }, speakAfterMs);
    this.#learner.onLearned((source) => this.#steps.add(() => this.#settle(source)));
  }

  async #settle(source: LearnedSource): Promise<void> {
    if (!this.#learner || !this.#plan) return;
    this.#rule.settle(source.address);
    this.#source = source;
    await this.#handOver(source);
  }

  /** The peer does not send: the worker sends to where its description says. */
  async #leaveToWorker(): Promise<void> {
    if (this.#learner && this.#remote && this.#reachable(this.#remote)) await this.#handOver(this.#remote);
  }

  /** Whether sending to where the description says makes sense: not behind the peer's NAT. */
  #reachable(remote: RemoteAudio): boolean {
    const { signalingAddress } = this.#options;
    const hidden =
      isPrivate(remote.address) && signalingAddress !== undefined && !isPrivate(signalingAddress);
    return wantsAudio(remote.direction) && !hidden;
  }

  /** The port goes to the worker. */
  async #handOver(to: Endpoint): Promise<void> {
    const remote = this.#remote;
    const plan = this.#plan;
    if (!remote || !plan) return;
    clearTimeout(this.#timer);
    this.#feeding = false;
    if (plan.hears?.audience) {
      plan.hears.audience(false);
      await this.#feed.drain();
    }
    this.#feed.close();
    await this.#learner?.close();
    this.#learner = undefined;
    const { listenAddress, announcedAddress, port } = this.#options;
    const rtcpPort = to.port === remote.port ? remote.rtcpPort : Math.min(to.port + 1, MAX_PORT);
    const carriage = await retryWhileTaken(() =>
      Carriage.open({
        exchange: plan.exchange,
        listenAddress,
        announcedAddress,
        port,
        to,
        rtcpPort: remote.rtcpMux ? undefined : rtcpPort,
      }),
    );
    if (this.#closed) {
      carriage.close();
      return;
    }
    this.#carriage = carriage;
    await Promise.all([this.#takeStream(), this.#join()]);
  }

  /** Takes the peer's stream under the labels of the plan. */
  async #takeStream(): Promise<void> {
    const carriage = this.#carriage;
    const source = this.#source;
    const plan = this.#plan;
    if (!carriage || !source || !plan) return;
    // The worker opens a stream at its first packet of the first codec.
    const codecs = [...plan.codecs].sort(
      (a, b) =>
        Number(PAYLOAD_TYPES[b] === source.payloadType) - Number(PAYLOAD_TYPES[a] === source.payloadType),
    );
    const labelled = carriage.exchange.labels.stream(codecs, plan.digitsIn, plan.digitsOut);
    if (await carriage.take(source.ssrc, labelled)) this.#options.onProducer();
  }

  /** Joins this path's ears to what it is to hear. */
  async #join(): Promise<void> {
    const remote = this.#remote;
    const plan = this.#plan;
    if (!remote || !plan) return;
    const heard = plan.hears?.stream;
    if (!heard) {
      // Whom it heard before, or music, is not whom it is to hear.
      this.#feed.close();
      await this.#carriage?.hush();
    } else if (this.#learner && this.#feeding) {
      const { exchange, producer } = heard;
      await this.#feed.open(exchange, producer, plan.hearsDigits ? exchange.hearing : exchange.hearingAudio);
      plan.hears?.audience?.(this.#feed.brings(producer) && this.#reachable(remote));
    }
    // Two paths on their way to another router: the later one joins them.
    else if (this.#carriage?.exchange === heard.exchange) {
      const wanted = wantsAudio(remote.direction);
      await this.#carriage.hear(heard.producer, wanted, plan.hearsDigits);
      plan.hears?.audience?.(wanted);
    }
  }

  get stream(): Stream | undefined {
    return this.#carriage?.stream;
  }

  async #look(): Promise<Sight> {
    const carriage = this.#carriage;
    if (!carriage) return 'nothing';
    const sight = await carriage.look().catch(() => 'nothing' as const);
    if (sight === 'strange' && carriage === this.#carriage) this.#steps.add(() => this.#relearn());
    return sight;
  }

  /** The port goes back to the learner: the peer sends from elsewhere, or as somebody else. */
  async #relearn(): Promise<void> {
    if (!this.#carriage) return;
    await this.#leaveWorker();
    this.#source = undefined;
    const learner = await retryWhileTaken(() => this.#openLearner());
    if (this.#closed) {
      await learner.close();
      return;
    }
    this.#learner = learner;
    this.#awaitPeer(0);
  }

  /** A peer that was left to the worker may speak now. */
  async #listenAgain(): Promise<void> {
    if (!this.#source && this.#remote && owesAudio(this.#remote.direction)) await this.#relearn();
  }

  /** The same peer, on another router. */
  async #changeExchange(): Promise<void> {
    const to = this.#source ?? this.#remote;
    if (!to) return;
    await this.#leaveWorker();
    await this.#handOver(to);
  }

  async #leaveWorker(): Promise<void> {
    const carriage = this.#carriage;
    if (!carriage) return;
    this.#plan?.hears?.audience?.(false);
    this.#past = addReadings(this.#past, await carriage.reading());
    carriage.close();
    this.#carriage = undefined;
    this.#options.onProducer();
  }
}

function isSomewhere({ address }: RemoteAudio): boolean {
  return address !== '0.0.0.0' && address !== '::';
}

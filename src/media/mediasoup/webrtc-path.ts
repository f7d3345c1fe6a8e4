import type { types } from 'mediasoup';
import type { LegReading } from '../quality/leg-stats';
import type {
  DtlsSetup,
  Fingerprint,
  HostCandidate,
  IceCredentials,
  RemoteWebRtc,
} from '../sdp/audio-description';
import { owesAudio, speaks, wantsAudio } from '../sdp/direction';
import type { Sight } from './carriage';
import { Carriage } from './carriage';
import type { MediaPath, PathPlan, Stream } from './media-path';
import { StepQueue } from './step-queue';
import { StreamWatch } from './stream-watch';
import type { Exchange } from './worker-pool';

export interface WebRtcPathOptions {
  /** Where it stays: a browser's keys belong to one transport, and that to one router. */
  readonly exchange: Exchange;
  readonly server: types.WebRtcServer;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** The stream that can be heard from here is another one now, or none. */
  onProducer(): void;
  /** Told again and again while audio is due from the peer and none comes. */
  onSilence(forMs: number): void;
  /** No media will come any more: the keys were not agreed, the browser closed them, or the worker is gone. */
  onLost(reason: string): void;
}

/** Who hangs up closes its keys a moment before its BYE is here. */
const CLOSED_MS = 2_000;
const HASH = 'sha-256';

/** The way of a browser's audio: ICE-lite and DTLS-SRTP in the worker, on the worker's one port. */
export class WebRtcPath implements MediaPath {
  readonly #options: WebRtcPathOptions;
  readonly #transport: types.WebRtcTransport;
  readonly #carriage: Carriage;
  readonly #watch: StreamWatch;
  #remote: RemoteWebRtc | undefined;
  #plan: PathPlan | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #steps = new StepQueue((reason) => this.#lost(reason));

  private constructor(options: WebRtcPathOptions, transport: types.WebRtcTransport) {
    this.#options = options;
    this.#transport = transport;
    this.#carriage = new Carriage(options.exchange, transport);
    this.#watch = new StreamWatch(options.now, {
      look: () => this.#look(),
      onSilence: (forMs) => options.onSilence(forMs),
    });
    transport.on('dtlsstatechange', (state) => this.#keysChanged(state));
  }

  /** @throws Error when the worker is gone */
  static async open(options: WebRtcPathOptions): Promise<WebRtcPath> {
    const transport = await options.exchange.router.createWebRtcTransport({
      webRtcServer: options.server,
      enableUdp: true,
      enableTcp: true,
      preferUdp: true,
    });
    return new WebRtcPath(options, transport);
  }

  get lastMediaAt(): number | undefined {
    return this.#watch.lastAt;
  }

  get stream(): Stream | undefined {
    return this.#carriage.stream;
  }

  /** Our side of ICE; another one after {@link restartIce}. */
  get ice(): IceCredentials {
    return this.#transport.iceParameters;
  }

  get candidates(): HostCandidate[] {
    return this.#transport.iceCandidates.map(({ foundation, priority, ip, protocol, port }) => ({
      foundation,
      priority,
      address: ip,
      protocol,
      port,
    }));
  }

  get fingerprint(): Fingerprint {
    const found = this.#transport.dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === HASH);
    if (!found) throw new Error(`the media worker has no ${HASH} fingerprint`);
    return found;
  }

  /**
   * Lets the DTLS handshake happen, once.
   * @param peer - the peer's part in it
   */
  async secure(peer: Exclude<DtlsSetup, 'actpass'>, fingerprints: readonly Fingerprint[]): Promise<void> {
    await this.#transport.connect({
      dtlsParameters: {
        role: peer === 'active' ? 'client' : 'server',
        fingerprints: [...fingerprints],
      },
    });
  }

  /** New credentials of ours; what is sent with the former ones is still taken until the new are used. */
  async restartIce(): Promise<void> {
    await this.#transport.restartIce();
  }

  /** The peer said what it sends and wants; again for each later offer or answer. */
  describe(remote: RemoteWebRtc): void {
    this.#remote = remote;
    this.#attend();
    this.#steps.add(async () => {
      await this.#takeStream();
      await this.#join();
    });
  }

  connect(plan: PathPlan): void {
    this.#plan = plan;
    this.#attend();
    this.#steps.add(async () => {
      await this.#takeStream();
      await this.#join();
    });
  }

  otherChanged(): void {
    this.#steps.add(() => this.#join());
  }

  async look(): Promise<void> {
    if ((await this.#look()) === 'media') this.#watch.heard();
  }

  reading(): Promise<LegReading> {
    return this.#carriage.reading();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#steps.close();
    clearTimeout(this.#timer);
    this.#watch.close();
    this.#transport.close();
  }

  #attend(): void {
    const direction = this.#remote?.direction;
    if (!this.#plan || direction === undefined || !speaks(direction)) this.#watch.attend('none');
    else this.#watch.attend(this.#plan.live && owesAudio(direction) ? 'audio' : 'stream');
    this.#watch.lookSoon();
  }

  /** Takes the browser's stream under the labels of the plan. While it is on hold it may name none. */
  async #takeStream(): Promise<void> {
    const plan = this.#plan;
    const ssrc = this.#remote?.ssrc;
    if (!plan || ssrc === undefined) return;
    const codecs = plan.exchange.labels.stream(plan.codecs, plan.digitsIn, plan.digitsOut);
    if (await this.#carriage.take(ssrc, codecs)) this.#options.onProducer();
  }

  async #join(): Promise<void> {
    const plan = this.#plan;
    const remote = this.#remote;
    if (!plan || !remote) return;
    const heard = plan.hears?.stream;
    if (!heard) return this.#carriage.hush();
    if (heard.exchange === this.#options.exchange) {
      const wanted = wantsAudio(remote.direction);
      await this.#carriage.hear(heard.producer, wanted, plan.hearsDigits);
      plan.hears?.audience?.(wanted && this.#transport.dtlsState === 'connected');
    }
  }

  /** Whatever else arrives is ICE, DTLS and RTCP: media of somebody else does not pass the keys. */
  async #look(): Promise<Sight> {
    const sight = await this.#carriage.look().catch(() => 'nothing' as const);
    return sight === 'mixed' || sight === 'media' ? 'media' : 'nothing';
  }

  #keysChanged(state: types.DtlsState): void {
    if (state === 'connected') this.#steps.add(() => this.#join());
    if (state === 'failed') this.#lost('the browser and the exchange did not agree on keys');
    if (state !== 'closed' || this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lost('the browser closed its connection'), CLOSED_MS);
  }

  #lost(reason: string): void {
    if (!this.#closed) this.#options.onLost(reason);
  }
}

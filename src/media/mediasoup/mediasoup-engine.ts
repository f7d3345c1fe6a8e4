import type { types } from 'mediasoup';
import type {
  LegHints,
  MediaEngine,
  MediaEngineStats,
  MediaLeg,
  MediaLegRole,
  MediaSession,
  MediaSessionListener,
} from '../media-engine';
import { MediaUnavailable } from '../media-engine';
import type { AudioCodec } from '../sdp/session-description';
import { PortAllocator } from './port-allocator';
import type { CodecAgreement } from './rtp-leg';
import { RtpLeg } from './rtp-leg';
import type { PooledWorker } from './worker-pool';
import { WorkerPool } from './worker-pool';

export interface MediasoupOptions {
  readonly workerBin: string;
  readonly workers: number;
  /** Address the RTP ports are bound to. */
  readonly listenAddress: string;
  /** Address that peers are told, where it differs. */
  readonly announcedAddress?: string;
  /** UDP ports for RTP and RTCP, inclusive. The lower two thirds carry RTP. */
  readonly portRange: readonly [number, number];
  /** Milliseconds without audio on a bridged leg after which the session is told. */
  readonly rtpTimeoutMs: number;
  readonly now?: () => number;
  readonly onWorkerDied?: (pid: number) => void;
}

const PORT_TRIES = 16;
const WATCH_EVERY_MS = 2_000;
const FIRST_WATCHES_MS = [300, 700, 1_500];

/** Carrier RTP through mediasoup workers: audio crosses in C++, nothing is transcoded. */
export class MediasoupEngine implements MediaEngine {
  readonly name = 'mediasoup';
  readonly #options: MediasoupOptions;
  readonly #pool: WorkerPool;
  readonly #ports: PortAllocator;
  readonly #sessions = new Set<RtpSession>();
  readonly #now: () => number;

  private constructor(options: MediasoupOptions, pool: WorkerPool, ports: PortAllocator) {
    this.#options = options;
    this.#pool = pool;
    this.#ports = ports;
    this.#now = options.now ?? (() => performance.now());
  }

  /** @throws Error when the workers cannot be started */
  static async start(options: MediasoupOptions): Promise<MediasoupEngine> {
    const [first, last] = options.portRange;
    const split = first + Math.floor(((last - first) * 2) / 3);
    const pool = await WorkerPool.start({
      workerBin: options.workerBin,
      workers: options.workers,
      rtcpPorts: [split + 1, last],
      ...(options.onWorkerDied ? { onWorkerDied: options.onWorkerDied } : {}),
    });
    return new MediasoupEngine(options, pool, new PortAllocator(first, split));
  }

  get workerPids(): number[] {
    return this.#pool.pids;
  }

  openSession(_callId: string, listener: MediaSessionListener): MediaSession {
    const session = new RtpSession(this.#options, this.#pool, this.#ports, listener, this.#now, () =>
      this.#sessions.delete(session),
    );
    this.#sessions.add(session);
    return session;
  }

  stats(): MediaEngineStats {
    let legs = 0;
    for (const session of this.#sessions) legs += session.size;
    return { sessions: this.#sessions.size, legs, ports: this.#ports.used };
  }

  close(): Promise<void> {
    for (const session of [...this.#sessions]) session.close();
    this.#pool.close();
    return Promise.resolve();
  }
}

class RtpSession implements MediaSession {
  readonly #options: MediasoupOptions;
  readonly #pool: WorkerPool;
  readonly #ports: PortAllocator;
  readonly #listener: MediaSessionListener;
  readonly #now: () => number;
  readonly #onClose: () => void;
  readonly #legs = new Set<RtpLeg>();
  readonly #agreement: CodecAgreement = {
    offered: undefined,
    telephoneEvent: undefined,
    codec: undefined,
    fixed: false,
  };
  #pooled: PooledWorker | undefined;
  #bridged: readonly [RtpLeg, RtpLeg] | undefined;
  #watchTimer: NodeJS.Timeout | undefined;
  #watches = 0;
  #closed = false;

  constructor(
    options: MediasoupOptions,
    pool: WorkerPool,
    ports: PortAllocator,
    listener: MediaSessionListener,
    now: () => number,
    onClose: () => void,
  ) {
    this.#options = options;
    this.#pool = pool;
    this.#ports = ports;
    this.#listener = listener;
    this.#now = now;
    this.#onClose = onClose;
  }

  get size(): number {
    return this.#legs.size;
  }

  async createLeg(role: MediaLegRole, hints: LegHints = {}): Promise<MediaLeg> {
    this.#claimWorker();
    const { listenAddress, announcedAddress = listenAddress } = this.#options;
    // A port of our range may be in use by somebody else on this machine: the next one is tried.
    for (let tries = 0; tries < PORT_TRIES; tries++) {
      const port = this.#ports.take();
      if (port === undefined) break;
      try {
        const leg = await RtpLeg.open(
          role,
          {
            listenAddress,
            announcedAddress,
            port,
            agreement: this.#agreement,
            now: this.#now,
            router: (codec, telephoneEvent) => this.#router(codec, telephoneEvent),
            onProducer: (changed) => this.#producerChanged(changed),
            onLost: (reason) => this.#lost(reason),
            onClosed: (closed) => {
              this.#legs.delete(closed);
              this.#ports.give(port);
            },
          },
          hints,
        );
        this.#legs.add(leg);
        if (this.#closed) leg.close();
        return leg;
      } catch (error) {
        this.#ports.give(port);
        if ((error as { code?: string }).code !== 'EADDRINUSE') throw error;
      }
    }
    throw new MediaUnavailable('no RTP port is free');
  }

  async bridge(a: MediaLeg, b: MediaLeg): Promise<void> {
    if (!(a instanceof RtpLeg) || !(b instanceof RtpLeg)) throw new TypeError('legs of another engine');
    if (this.#closed) return;
    if (this.#bridged?.[0] === a && this.#bridged[1] === b) return;
    this.#bridged = [a, b];
    await Promise.all([a.hear(b), b.hear(a)]);
    clearTimeout(this.#watchTimer);
    this.#watches = 0;
    this.#scheduleWatch();
  }

  lastMediaAt(role?: MediaLegRole): number | undefined {
    let last: number | undefined;
    for (const leg of this.#legs) {
      if (role !== undefined && leg.role !== role) continue;
      if (leg.lastMediaAt !== undefined && (last === undefined || leg.lastMediaAt > last))
        last = leg.lastMediaAt;
    }
    return last;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#watchTimer);
    for (const leg of [...this.#legs]) leg.close();
    this.#pooled?.sessions.delete(this);
    this.#onClose();
  }

  /** The worker that carried this session is gone, and all audio with it. */
  workerDied(): void {
    this.#lost('the media worker died');
  }

  #claimWorker(): void {
    if (this.#closed) throw new MediaUnavailable('the session is closed');
    if (this.#pooled) return;
    const pooled = this.#pool.least();
    if (!pooled) throw new MediaUnavailable('no media worker is up');
    pooled.sessions.add(this);
    this.#pooled = pooled;
  }

  #router(codec: AudioCodec, telephoneEvent: number): Promise<types.Router> {
    if (!this.#pooled) return Promise.reject(new MediaUnavailable('no media worker'));
    return this.#pool.router(this.#pooled, codec, telephoneEvent);
  }

  #producerChanged(changed: RtpLeg): void {
    if (!this.#bridged?.includes(changed)) return;
    for (const leg of this.#bridged) if (leg !== changed) leg.otherProducerChanged();
  }

  #lost(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.#listener.onMediaLost(reason);
  }

  /** Soon after the bridge more often, to catch peers that send as somebody unexpected; then every two seconds. */
  #scheduleWatch(): void {
    if (this.#closed) return;
    const delay = FIRST_WATCHES_MS[this.#watches] ?? WATCH_EVERY_MS;
    this.#watches++;
    this.#watchTimer = setTimeout(() => {
      void this.#watch().finally(() => this.#scheduleWatch());
    }, delay);
  }

  async #watch(): Promise<void> {
    const bridged = this.#bridged;
    if (!bridged) return;
    await Promise.all(bridged.map((leg) => leg.watch()));
    if (this.#closed) return;
    const now = this.#now();
    for (const leg of bridged) {
      const since = leg.audioDueSince;
      if (since !== undefined && now - since > this.#options.rtpTimeoutMs) {
        this.#listener.onRtpTimeout(leg.role);
        return;
      }
    }
  }
}

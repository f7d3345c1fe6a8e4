import type * as Mediasoup from 'mediasoup';
import type { AudioCodec } from '../sdp/session-description';

type Worker = Mediasoup.types.Worker;
type Router = Mediasoup.types.Router;

export interface WorkerPoolOptions {
  /** Path of the mediasoup-worker binary. */
  readonly workerBin: string;
  readonly workers: number;
  /** Ports for RTCP that is not multiplexed, inclusive. */
  readonly rtcpPorts: readonly [number, number];
  readonly onWorkerDied?: (pid: number) => void;
}

/** One worker process with its routers, and the sessions that ride on it. */
export interface PooledWorker {
  readonly worker: Worker;
  readonly routers: Map<string, Promise<Router>>;
  /** Sessions on this worker, told when it dies. */
  readonly sessions: Set<{ workerDied(): void }>;
}

const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 5_000;

/** Media worker processes: the least loaded takes the next call, one that dies is replaced. */
export class WorkerPool {
  readonly #mediasoup: typeof Mediasoup;
  readonly #options: WorkerPoolOptions;
  readonly #workers: PooledWorker[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();
  #closed = false;

  private constructor(mediasoup: typeof Mediasoup, options: WorkerPoolOptions) {
    this.#mediasoup = mediasoup;
    this.#options = options;
  }

  /** @throws Error when the first workers cannot be started */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    // mediasoup reads the path when it is loaded, so it is set before and loaded here.
    process.env['MEDIASOUP_WORKER_BIN'] = options.workerBin;
    const mediasoup = await import('mediasoup');
    const pool = new WorkerPool(mediasoup, options);
    await Promise.all(Array.from({ length: options.workers }, () => pool.#spawn()));
    return pool;
  }

  get pids(): number[] {
    return this.#workers.map(({ worker }) => worker.pid);
  }

  /** The least loaded worker; undefined while none is up. */
  least(): PooledWorker | undefined {
    let best: PooledWorker | undefined;
    for (const candidate of this.#workers) {
      if (!best || candidate.sessions.size < best.sessions.size) best = candidate;
    }
    return best;
  }

  /**
   * The worker's router for calls of this codec whose telephone-event has this payload type: a
   * router's payload types are fixed, so there is one for each pair seen.
   *
   * The worker forwards only what it takes for media, and telephone-event is none to it. So the
   * digits travel under the name of the G.711 variant that the call does not use.
   */
  router(pooled: PooledWorker, codec: AudioCodec, telephoneEvent: number): Promise<Router> {
    const key = `${codec}/${telephoneEvent}`;
    let router = pooled.routers.get(key);
    if (!router) {
      const mediaCodecs = codecParameters(codec, telephoneEvent).map(
        ({ mimeType, payloadType, clockRate }) => ({
          kind: 'audio' as const,
          mimeType,
          clockRate,
          preferredPayloadType: payloadType,
        }),
      );
      router = pooled.worker.createRouter({ mediaCodecs });
      pooled.routers.set(key, router);
    }
    return router;
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { worker } of this.#workers.splice(0)) worker.close();
  }

  async #spawn(): Promise<void> {
    const [rtcMinPort, rtcMaxPort] = this.#options.rtcpPorts;
    const worker = await this.#mediasoup.createWorker({ logLevel: 'error', rtcMinPort, rtcMaxPort });
    if (this.#closed) {
      worker.close();
      return;
    }
    const pooled: PooledWorker = { worker, routers: new Map(), sessions: new Set() };
    this.#workers.push(pooled);
    worker.on('died', () => {
      const at = this.#workers.indexOf(pooled);
      if (at >= 0) this.#workers.splice(at, 1);
      for (const session of [...pooled.sessions]) session.workerDied();
      this.#options.onWorkerDied?.(worker.pid);
      this.#replace(FIRST_RETRY_MS);
    });
  }

  #replace(afterMs: number): void {
    if (this.#closed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#spawn().catch(() => this.#replace(Math.min(afterMs * 2, MAX_RETRY_MS)));
    }, afterMs);
    this.#timers.add(timer);
  }
}

const RTP_CLOCK = 8_000;

/** What a leg of a call sends and receives: its codec, and telephone-event under its stand-in name. */
export function codecParameters(
  codec: AudioCodec,
  telephoneEvent: number,
): { mimeType: string; payloadType: number; clockRate: number }[] {
  const payloadType = codec === 'PCMU' ? 0 : 8;
  const standIn = codec === 'PCMU' ? 'PCMA' : 'PCMU';
  return [
    { mimeType: `audio/${codec}`, payloadType, clockRate: RTP_CLOCK },
    { mimeType: `audio/${standIn}`, payloadType: telephoneEvent, clockRate: RTP_CLOCK },
  ];
}

import type * as Mediasoup from 'mediasoup';
import { asError } from '../../domain';
import { isAudio, Labels } from './labels';

type Worker = Mediasoup.types.Worker;

export interface WorkerPoolOptions {
  /** Path of the mediasoup-worker binary. */
  readonly workerBin: string;
  readonly workers: number;
  /** Ports for RTCP that is not multiplexed, inclusive. */
  readonly rtcpPorts: readonly [number, number];
  /** Where browsers reach the workers; undefined when they do not. */
  readonly webRtc?: WebRtcListening;
  readonly now: () => number;
  readonly onWorkerDied?: (pid: number) => void;
}

/**
 * Ports for the browsers of a worker. Each is one socket, whose queue in the kernel
 * (`net.core.rmem_default`) overflows when hundreds of calls share it and the worker is late by a
 * moment: so there are several, taken in turn.
 */
export interface WebRtcListening {
  readonly addresses: readonly { readonly listen: string; readonly announced: string }[];
  /** They are opened when the first browser comes. */
  readonly portsPerWorker: number;
  /** Whether browsers may come by TCP too. */
  readonly tcp: boolean;
  /** The first worker's first port, the next worker's follow its last; undefined for any of the RTCP range. */
  readonly firstPort: number | undefined;
}

/** What a worker tells those who ride on it. */
export interface WorkerPassenger {
  workerDied(): void;
}

const FIRST_RETRY_MS = 200;
const MAX_RETRY_MS = 5_000;
/** A call waits this long for a worker that is being replaced: a new one takes some 300 ms. */
const BOARDING_MS = 2_000;
const MAX_WAITING = 1_000;
/** A worker that lived this long did not die of its own start. */
const STEADY_MS = 10_000;
/** Payload types for digits are few in the field: calls beyond these go without digits. */
const MAX_EXCHANGES = 64;

/** Media worker processes: the least loaded takes the next call, one that dies is replaced. */
export class WorkerPool {
  readonly #mediasoup: typeof Mediasoup;
  readonly #options: WorkerPoolOptions;
  readonly #workers = new Set<PooledWorker>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Those who wait for a worker, each of whom is called once. */
  readonly #waiting = new Set<() => void>();
  #closed = false;

  private constructor(mediasoup: typeof Mediasoup, options: WorkerPoolOptions) {
    this.#mediasoup = mediasoup;
    this.#options = options;
  }

  /** @throws Error when a worker cannot be started */
  static async start(options: WorkerPoolOptions): Promise<WorkerPool> {
    // mediasoup takes the path of its worker from the environment, once, when it is loaded.
    process.env['MEDIASOUP_WORKER_BIN'] = options.workerBin;
    const mediasoup = await import('mediasoup');
    if (mediasoup.workerBin !== options.workerBin) {
      throw new Error(`mediasoup was loaded with another worker already: ${mediasoup.workerBin}`);
    }
    const pool = new WorkerPool(mediasoup, options);
    try {
      await Promise.all(
        Array.from({ length: options.workers }, (_, seat) => pool.#spawn(seat, FIRST_RETRY_MS)),
      );
    } catch (error) {
      pool.close();
      throw error;
    }
    return pool;
  }

  get pids(): number[] {
    return [...this.#workers].map(({ pid }) => pid);
  }

  /**
   * Takes a seat on the least loaded worker; where none is up, on the first one that comes back.
   * Undefined when none comes in time.
   */
  async board(passenger: WorkerPassenger): Promise<PooledWorker | undefined> {
    if (this.#workers.size === 0) await this.#aWorker();
    let least: PooledWorker | undefined;
    for (const worker of this.#workers) {
      if (!least || worker.passengers.size < least.passengers.size) least = worker;
    }
    least?.passengers.add(passenger);
    return least;
  }

  /** Resolves when a worker is up, or after a while without one. */
  #aWorker(): Promise<void> {
    if (this.#closed || this.#waiting.size >= MAX_WAITING) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, BOARDING_MS);
      this.#waiting.add(done);
    });
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const worker of this.#workers) worker.close();
    this.#workers.clear();
    for (const done of [...this.#waiting]) done();
  }

  /** @param seat - which of the workers it is; the one that takes its place has its port too */
  async #spawn(seat: number, retryMs: number): Promise<void> {
    const [rtcMinPort, rtcMaxPort] = this.#options.rtcpPorts;
    const worker = await this.#mediasoup.createWorker({ logLevel: 'error', rtcMinPort, rtcMaxPort });
    if (this.#closed) {
      worker.close();
      return;
    }
    const startedAt = this.#options.now();
    const pooled = new PooledWorker(worker, () => this.#listen(worker, seat));
    this.#workers.add(pooled);
    for (const done of [...this.#waiting]) done();
    worker.on('died', () => {
      this.#workers.delete(pooled);
      const steady = this.#options.now() - startedAt > STEADY_MS;
      this.#replaceAfter(seat, steady ? FIRST_RETRY_MS : retryMs);
      for (const passenger of [...pooled.passengers]) passenger.workerDied();
      this.#options.onWorkerDied?.(pooled.pid);
    });
  }

  /** A port that is taken is done without. @throws Error when all of them are */
  async #listen(worker: Worker, seat: number): Promise<Mediasoup.types.WebRtcServer[]> {
    const { webRtc } = this.#options;
    const count = webRtc?.portsPerWorker ?? 0;
    const protocols = webRtc?.tcp ? (['udp', 'tcp'] as const) : (['udp'] as const);
    const opened = await Promise.allSettled(
      Array.from({ length: count }, (_, index) => {
        const port = webRtc?.firstPort === undefined ? {} : { port: webRtc.firstPort + seat * count + index };
        const listenInfos = (webRtc?.addresses ?? []).flatMap(({ listen, announced }) =>
          protocols.map((protocol) => ({
            protocol,
            ip: listen,
            ...(announced === listen ? {} : { announcedIp: announced }),
            ...port,
          })),
        );
        return worker.createWebRtcServer({ listenInfos });
      }),
    );
    const servers = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const failed = opened.find((each) => each.status === 'rejected');
    if (servers.length === 0 && failed) throw asError(failed.reason);
    return servers;
  }

  #replaceAfter(seat: number, delayMs: number): void {
    if (this.#closed) return;
    const nextMs = Math.min(delayMs * 2, MAX_RETRY_MS);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#spawn(seat, nextMs).catch(() => this.#replaceAfter(seat, nextMs));
    }, delayMs);
    this.#timers.add(timer);
  }
}

/** One worker process, its routers, and the sessions that ride on it. */
export class PooledWorker {
  readonly passengers = new Set<WorkerPassenger>();
  readonly pid: number;
  readonly #worker: Worker;
  readonly #exchanges = new Map<string, Promise<Exchange>>();
  readonly #listen: () => Promise<Mediasoup.types.WebRtcServer[]>;
  #servers: Promise<readonly Mediasoup.types.WebRtcServer[]> | undefined;
  #nextServer = 0;

  /** @param listen - opens what it is reached by for browsers */
  constructor(worker: Worker, listen: () => Promise<Mediasoup.types.WebRtcServer[]>) {
    this.#worker = worker;
    this.#listen = listen;
    this.pid = worker.pid;
  }

  /**
   * The router for these payload types.
   * @throws Error when the worker died meanwhile
   */
  exchange(wanted: Labels): Promise<Exchange> {
    const full = this.#exchanges.size >= MAX_EXCHANGES && !this.#exchanges.has(wanted.key);
    const labels = full ? new Labels([]) : wanted;
    const { key } = labels;
    let exchange = this.#exchanges.get(key);
    if (!exchange) {
      exchange = this.#open(labels);
      this.#exchanges.set(key, exchange);
      exchange.catch(() => this.#exchanges.delete(key));
    }
    return exchange;
  }

  /**
   * The next of those where it is reached by browsers; undefined when it is not.
   * @throws Error when no port can be opened; the next one who asks tries again
   */
  async server(): Promise<Mediasoup.types.WebRtcServer | undefined> {
    if (!this.#servers) {
      const opening = (this.#servers = this.#listen());
      opening.catch(() => {
        if (this.#servers === opening) this.#servers = undefined;
      });
    }
    const servers = await this.#servers;
    return servers[this.#nextServer++ % servers.length];
  }

  close(): void {
    this.#worker.close();
  }

  async #open(labels: Labels): Promise<Exchange> {
    const router = await this.#worker.createRouter({ mediaCodecs: labels.mediaCodecs });
    return new Exchange(router, labels);
  }
}

/** A router, and the tap through which its packets can be had here. */
export class Exchange {
  readonly router: Mediasoup.types.Router;
  readonly labels: Labels;
  /** What a peer is able to hear: every codec here, without header extensions, which none has agreed to. */
  readonly hearing: Mediasoup.types.RtpCapabilities;
  /** The same of one who wants no digits. */
  readonly hearingAudio: Mediasoup.types.RtpCapabilities;
  /** Digits alone. */
  readonly #hearingKeys: Mediasoup.types.RtpCapabilities;
  #tap: Promise<Mediasoup.types.DirectTransport> | undefined;

  constructor(router: Mediasoup.types.Router, labels: Labels) {
    this.router = router;
    this.labels = labels;
    this.hearing = { ...router.rtpCapabilities, headerExtensions: [] };
    const codecs = this.hearing.codecs ?? [];
    this.hearingAudio = { ...this.hearing, codecs: codecs.filter(isAudio) };
    this.#hearingKeys = { ...this.hearing, codecs: codecs.filter((codec) => !isAudio(codec)) };
  }

  /** What hears the digits of a stream alone; undefined when it has none. */
  keysOf(producer: Mediasoup.types.Producer): Mediasoup.types.RtpCapabilities | undefined {
    return producer.rtpParameters.codecs.every(isAudio) ? undefined : this.#hearingKeys;
  }

  /** Shared by all who listen here: a transport without a socket. */
  tap(): Promise<Mediasoup.types.DirectTransport> {
    this.#tap ??= this.router.createDirectTransport();
    return this.#tap;
  }
}

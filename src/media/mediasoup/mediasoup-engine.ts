import { randomInt } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { MediaEngine, MediaEngineStats, MediaSession, MediaSessionListener } from '../media-engine';
import { PortAllocator } from './port-allocator';
import type { SessionContext } from './rtp-session';
import { RtpSession } from './rtp-session';
import { WorkerPool } from './worker-pool';

export interface MediasoupOptions {
  /** Path of the mediasoup-worker binary. */
  readonly workerBin: string;
  readonly workers: number;
  /** Address the RTP ports are bound to. */
  readonly listenAddress: string;
  /** Address that peers are told, where it differs. */
  readonly announcedAddress?: string;
  /** The same for the other IP family, for legs whose signalling comes by it. */
  readonly otherListenAddress?: string;
  readonly otherAnnouncedAddress?: string;
  /**
   * UDP ports, inclusive. The lower two thirds carry RTP, on even ports; the upper third carries
   * RTCP towards peers that do not multiplex it, on ports that the workers choose.
   */
  readonly portRange: readonly [number, number];
  /** Milliseconds without audio on a bridged leg after which the session is told. */
  readonly rtpTimeoutMs: number;
  /**
   * False to take RTP only from the addresses that a peer's description and signalling name. By
   * default a whole stream from elsewhere is taken when nothing comes from there.
   */
  readonly acceptStrangers?: boolean;
  readonly now?: () => number;
  /** A number for the `o=` line of each leg. */
  readonly sessionId?: () => number;
  readonly onWorkerDied?: (pid: number) => void;
}

const MAX_SESSION_ID = 2 ** 31;

/** Carrier RTP through mediasoup workers: audio crosses in C++, nothing is transcoded. */
export class MediasoupEngine implements MediaEngine {
  readonly name = 'mediasoup';
  readonly #pool: WorkerPool;
  readonly #context: SessionContext;
  readonly #sessions = new Set<RtpSession>();

  private constructor(options: MediasoupOptions, pool: WorkerPool, ports: PortAllocator, now: () => number) {
    this.#pool = pool;
    this.#context = {
      pool,
      ports,
      addresses: addressesOf(options),
      strangers: options.acceptStrangers ?? true,
      rtpTimeoutMs: options.rtpTimeoutMs,
      now,
      sessionId: options.sessionId ?? (() => randomInt(1, MAX_SESSION_ID)),
      onClosed: (session) => this.#sessions.delete(session),
    };
  }

  /**
   * @throws RangeError when the port range holds no port
   * @throws Error when the workers cannot be started
   */
  static async start(options: MediasoupOptions): Promise<MediasoupEngine> {
    const [first, last] = options.portRange;
    const split = first + Math.floor(((last - first) * 2) / 3);
    const ports = new PortAllocator(first, split);
    const now = options.now ?? (() => performance.now());
    const pool = await WorkerPool.start({
      workerBin: options.workerBin,
      workers: options.workers,
      rtcpPorts: [split + 1, last],
      now,
      ...(options.onWorkerDied ? { onWorkerDied: options.onWorkerDied } : {}),
    });
    return new MediasoupEngine(options, pool, ports, now);
  }

  /** Process ids of the workers that are up. */
  get workerPids(): number[] {
    return this.#pool.pids;
  }

  openSession(_callId: string, listener: MediaSessionListener): MediaSession {
    const session = new RtpSession(this.#context, listener);
    this.#sessions.add(session);
    return session;
  }

  stats(): MediaEngineStats {
    let legs = 0;
    for (const session of this.#sessions) legs += session.size;
    return { sessions: this.#sessions.size, legs, ports: this.#context.ports.used };
  }

  close(): Promise<void> {
    for (const session of [...this.#sessions]) session.close();
    this.#pool.close();
    return Promise.resolve();
  }
}

function addressesOf(options: MediasoupOptions): { listen: string; announced: string }[] {
  const { listenAddress, announcedAddress = listenAddress, otherListenAddress } = options;
  const addresses = [{ listen: listenAddress, announced: announcedAddress }];
  if (otherListenAddress === undefined) return addresses;
  if (isIPv6(otherListenAddress) === isIPv6(listenAddress)) {
    throw new TypeError('the other RTP address must be of the other IP family');
  }
  return [
    ...addresses,
    { listen: otherListenAddress, announced: options.otherAnnouncedAddress ?? otherListenAddress },
  ];
}

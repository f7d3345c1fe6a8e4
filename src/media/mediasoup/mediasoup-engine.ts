import { randomInt } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { ENGINE_CAPABILITIES } from '../engine-capabilities';
import type {
  MediaEngine,
  MediaEngineStats,
  MediaSession,
  MediaSessionListener,
  PromptStore,
} from '../media-engine';
import { Rounds } from '../quality/rounds';
import { Beats } from '../sounds/beats';
import { FRAME_MS } from '../sounds/score';
import type { RtpAddress, SessionContext } from './mediasoup-session';
import { MediasoupSession } from './mediasoup-session';
import { PortAllocator } from './port-allocator';
import { Sounds } from './sounds';
import { Voices } from './voices';
import { WorkerPool } from './worker-pool';

export interface MediasoupOptions {
  /** Path of the mediasoup-worker binary. */
  readonly workerBin: string;
  readonly workers: number;
  /** What may be played by name; nothing by default. */
  readonly prompts?: PromptStore;
  /** Address the RTP ports are bound to. */
  readonly listenAddress: string;
  /** Address that peers are told, where it differs. */
  readonly announcedAddress?: string;
  /** The same for the other IP family, for legs whose signalling comes by it. */
  readonly otherListenAddress?: string;
  readonly otherAnnouncedAddress?: string;
  /**
   * UDP ports, inclusive. After those of browsers, where these have none of their own, two thirds
   * carry RTP, on even ports; the upper third carries RTCP towards peers that do not multiplex it,
   * and browsers, on ports that the workers choose.
   */
  readonly portRange: readonly [number, number];
  /**
   * Where browsers send to: the first worker's first port; those of the next worker follow. Undefined
   * for any ports of the upper part of the range.
   */
  readonly webRtcPort?: number;
  /**
   * Ports that the browsers of one worker share, opened when its first browser comes; 16 by default,
   * 0 for no browsers.
   */
  readonly webRtcPorts?: number;
  /** Whether browsers may send over TCP too; false by default. */
  readonly webRtcTcp?: boolean;
  /** Milliseconds without audio on a bridged leg after which the session is told. */
  readonly rtpTimeoutMs: number;
  /** The same for browsers, who change networks in mid-call; as for RTP by default. */
  readonly webRtcTimeoutMs?: number;
  /** Milliseconds after the answer by which each side must have been heard; 2,500 by default. */
  readonly oneWayAfterMs?: number;
  /** Milliseconds after which a peer over RTP that has said nothing is left to the worker; 10,000 by default. */
  readonly maxFeedMs?: number;
  /** Milliseconds between two reports of how a call does; 5,000 by default. */
  readonly qualityEveryMs?: number;
  /** Whether calls without browsers are reported too: whether anybody watches. False by default. */
  readonly qualityWanted?: () => boolean;
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
const MAX_SSRC = 2 ** 32;
const WEBRTC_PORTS = 16;
const ONE_WAY_AFTER_MS = 2_500;
const MAX_FEED_MS = 10_000;
const QUALITY_EVERY_MS = 5_000;
const WRITE_EVERY_MS = 200;

/** Carriers' RTP and browsers' SRTP through mediasoup workers: audio crosses in C++, nothing is transcoded. */
export class MediasoupEngine implements MediaEngine {
  readonly name = 'mediasoup';
  readonly capabilities = ENGINE_CAPABILITIES.mediasoup;
  readonly #pool: WorkerPool;
  readonly #context: SessionContext;
  readonly #sessions = new Set<MediasoupSession>();

  private constructor(options: MediasoupOptions, pool: WorkerPool, ports: PortAllocator, now: () => number) {
    this.#pool = pool;
    this.#context = {
      pool,
      ports,
      sounds: new Sounds(now, () => randomInt(1, MAX_SSRC)),
      voices: new Voices(now, () => randomInt(1, MAX_SSRC)),
      prompts: options.prompts,
      rounds: new Rounds(now, options.qualityEveryMs ?? QUALITY_EVERY_MS),
      writes: new Beats(now, WRITE_EVERY_MS),
      mixes: new Beats(now, FRAME_MS),
      ssrc: () => randomInt(1, MAX_SSRC),
      addresses: addressesOf(options),
      strangers: options.acceptStrangers ?? true,
      timeoutMs: { rtp: options.rtpTimeoutMs, webrtc: options.webRtcTimeoutMs ?? options.rtpTimeoutMs },
      oneWayAfterMs: options.oneWayAfterMs ?? ONE_WAY_AFTER_MS,
      maxFeedMs: options.maxFeedMs ?? MAX_FEED_MS,
      qualityWanted: options.qualityWanted ?? (() => false),
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
    const portsPerWorker = webRtcPorts(options);
    const ofBrowsers = options.webRtcPort === undefined ? portsPerWorker * options.workers : 0;
    const split = first + Math.floor(((last - first - ofBrowsers) * 2) / 3);
    const ports = new PortAllocator(first, split);
    const now = options.now ?? (() => performance.now());
    const pool = await WorkerPool.start({
      workerBin: options.workerBin,
      workers: options.workers,
      rtcpPorts: [split + 1, last],
      webRtc: {
        addresses: addressesOf(options),
        firstPort: options.webRtcPort,
        portsPerWorker,
        tcp: options.webRtcTcp ?? false,
      },
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
    const session = new MediasoupSession(this.#context, listener);
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
    this.#context.sounds.close();
    this.#context.voices.close();
    this.#context.writes.close();
    this.#context.mixes.close();
    this.#pool.close();
    return Promise.resolve();
  }
}

/** Of the range's own ports browsers get a sixth at most: the others are for RTP and RTCP. */
function webRtcPorts({
  webRtcPort,
  webRtcPorts = WEBRTC_PORTS,
  workers,
  portRange: [first, last],
}: MediasoupOptions): number {
  if (webRtcPort !== undefined) return webRtcPorts;
  return Math.min(webRtcPorts, Math.floor((last - first) / 6 / workers));
}

function addressesOf(options: MediasoupOptions): RtpAddress[] {
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

import { randomInt } from 'node:crypto';
import type Srf from 'drachtio-srf';
import type { MediaCapability } from '../../domain';
import { ENGINE_CAPABILITIES } from '../engine-capabilities';
import type {
  MediaEngine,
  MediaEngineStats,
  MediaSession,
  MediaSessionListener,
  PromptStore,
} from '../media-engine';
import { Rounds } from '../quality/rounds';
import type { SessionContext } from './freeswitch-session';
import { FreeswitchSession } from './freeswitch-session';
import type { FreeswitchAddress, MediaServerFigures, ServerState, ServerTiming } from './media-server';
import { ServerPool } from './server-pool';
import { Spool } from './spool';

export interface FreeswitchOptions {
  readonly servers: readonly FreeswitchAddress[];
  /** The switch's own connection to its SIP server, by which channels are opened; it may connect later. */
  readonly srf: Srf;
  /** Shared with every server, under one path. */
  readonly spoolDir: string;
  readonly prompts: PromptStore;
  /** Where the servers find the prompts. */
  readonly promptsDir: string;
  /** Milliseconds without audio on a bridged leg after which the session is told. */
  readonly rtpTimeoutMs: number;
  /** Milliseconds after the answer by which each side must have been heard; 2,500 by default. */
  readonly oneWayAfterMs?: number;
  /** Milliseconds between two reports of how a call does; 5,000 by default. */
  readonly qualityEveryMs?: number;
  /** Whether anybody watches how calls do. False by default. */
  readonly qualityWanted?: () => boolean;
  /** Milliseconds between two looks at the legs of a call; 1,000 by default. */
  readonly lookEveryMs?: number;
  readonly timing?: Partial<ServerTiming>;
  readonly now?: () => number;
  /** A server came, went, or takes no more calls. */
  readonly onServer?: (server: string, state: ServerState, why: string) => void;
}

const TIMING: ServerTiming = { checkMs: 5_000, timeoutMs: 5_000, retryMs: 500, maxRetryMs: 15_000 };
const ONE_WAY_AFTER_MS = 2_500;
const QUALITY_EVERY_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
const MAX_SESSION_ID = 2 ** 31;

/** Calls on FreeSWITCH servers, through drachtio-fsmrf: what needs more than the passing on of audio. */
export class FreeswitchEngine implements MediaEngine {
  readonly name = 'freeswitch';
  readonly capabilities: ReadonlySet<MediaCapability> = ENGINE_CAPABILITIES.freeswitch;
  readonly #context: SessionContext;
  readonly #sessions = new Set<FreeswitchSession>();
  /** What goes on after its call. */
  readonly #endings = new Set<Promise<unknown>>();

  private constructor(options: FreeswitchOptions, pool: ServerPool, spool: Spool) {
    const now = options.now ?? (() => performance.now());
    this.#context = {
      pool,
      spool,
      prompts: options.prompts,
      promptsDir: options.promptsDir,
      looks: new Rounds(now, options.lookEveryMs ?? LOOK_EVERY_MS),
      rtpTimeoutMs: options.rtpTimeoutMs,
      oneWayAfterMs: options.oneWayAfterMs ?? ONE_WAY_AFTER_MS,
      qualityEveryMs: options.qualityEveryMs ?? QUALITY_EVERY_MS,
      qualityWanted: options.qualityWanted ?? (() => false),
      now,
      sessionId: () => randomInt(1, MAX_SESSION_ID),
      onClosed: (session) => this.#sessions.delete(session),
      onEnding: (work) => {
        this.#endings.add(work);
        void work.catch(() => undefined).finally(() => this.#endings.delete(work));
      },
    };
  }

  /**
   * Resolves when each server was tried once: one that is not there is tried again for as long as the engine lives.
   * @throws Error when the spool cannot be written to
   */
  static async start(options: FreeswitchOptions): Promise<FreeswitchEngine> {
    const spool = await Spool.open(options.spoolDir);
    const pool = await ServerPool.start({
      servers: options.servers,
      srf: options.srf,
      timing: { ...TIMING, ...options.timing },
      onServer: options.onServer ?? (() => undefined),
    });
    return new FreeswitchEngine(options, pool, spool);
  }

  /** Each server and how it is. */
  get servers(): readonly MediaServerFigures[] {
    return this.#context.pool.servers.map(({ figures }) => figures);
  }

  openSession(_callId: string, listener: MediaSessionListener): MediaSession {
    const session = new FreeswitchSession(this.#context, listener);
    this.#sessions.add(session);
    return session;
  }

  /** Ports are the servers' own: a leg takes one. */
  stats(): MediaEngineStats {
    let legs = 0;
    for (const session of this.#sessions) legs += session.size;
    return { sessions: this.#sessions.size, legs, ports: legs };
  }

  async close(): Promise<void> {
    for (const session of [...this.#sessions]) session.close();
    await Promise.allSettled(this.#endings);
    this.#context.pool.close();
    this.#context.spool.close();
  }
}

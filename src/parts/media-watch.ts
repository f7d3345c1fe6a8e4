import type { MediaEngine, MediaServerFigures, ServerState } from '../media';
import type { HealthCheck } from '../api';
import type { Logger } from '../telemetry';

/** Something about media servers that somebody should look at. */
export interface MediaAlert {
  /** `media.server_away`: one of several. `media.servers_away`: none takes calls. */
  readonly code: 'media.server_away' | 'media.servers_away';
  /** One clause. */
  readonly detail: string;
  /** Which; absent where it is about all. */
  readonly server?: string;
}

export interface MediaWatchOptions {
  /** All there are, by name. */
  readonly servers: readonly string[];
  readonly log: Logger;
  /** Milliseconds that a server must have been back before its alert is over: 10,000 by default. */
  readonly steadyMs?: number;
}

interface Standing {
  readonly alert: MediaAlert;
  /** It is over soon, if nothing comes between. */
  timer: NodeJS.Timeout | undefined;
}

/** Who is told of alerts. */
export interface MediaAlerted {
  onAlert(alert: MediaAlert): void;
  /** What the alert told of is over. */
  onCleared(alert: MediaAlert): void;
}

const STEADY_MS = 10_000;

/**
 * Watches how the media servers of this node are, for the log and for alerts. An alert is told once however often a
 * server comes and goes, and is over when it has stayed.
 */
export class MediaWatch {
  readonly #options: MediaWatchOptions;
  readonly #states = new Map<string, { readonly state: ServerState; readonly why: string }>();
  readonly #standing = new Map<string, Standing>();
  #alerted: MediaAlerted | undefined;

  constructor(options: MediaWatchOptions) {
    this.#options = options;
  }

  /** A server is in another state now. */
  onServer(server: string, state: ServerState, why: string): void {
    const { log } = this.#options;
    this.#states.set(server, { state, why });
    if (state === 'down') log.error({ server, why }, 'a media server is down');
    else log.info({ server, why }, `a media server is ${state}`);
    this.#judge();
  }

  /** From now on alerts are told: also of what is so already. */
  start(alerted: MediaAlerted): void {
    this.#alerted = alerted;
    this.#judge();
  }

  close(): void {
    this.#alerted = undefined;
    for (const { timer } of this.#standing.values()) clearTimeout(timer);
    this.#standing.clear();
  }

  #judge(): void {
    if (!this.#alerted) return;
    const due = new Map(this.#due().map((alert) => [subjectOf(alert), alert]));
    for (const [subject, alert] of due) this.#raise(subject, alert);
    for (const [subject, standing] of this.#standing)
      if (!due.has(subject)) this.#clearSoon(subject, standing);
  }

  /** What is so, by the states of now. */
  #due(): MediaAlert[] {
    const { servers } = this.#options;
    const alerts: MediaAlert[] = [];
    const states = [...this.#states];
    // Of an only one it is the same.
    if (servers.length > 1) {
      for (const [server, { state, why }] of states) {
        if (state === 'down')
          alerts.push({
            code: 'media.server_away',
            server,
            detail: `media server ${server} is away: ${why}`,
          });
      }
    }
    const all = states.length === servers.length && states.every(([, { state }]) => state !== 'up');
    if (all && servers.length > 0) {
      const whys = [...new Set(states.map(([, { why }]) => why))].slice(0, 3).join('; ');
      alerts.push({ code: 'media.servers_away', detail: `no media server takes calls: ${whys}` });
    }
    return alerts;
  }

  #raise(subject: string, alert: MediaAlert): void {
    const standing = this.#standing.get(subject);
    if (standing) {
      clearTimeout(standing.timer);
      standing.timer = undefined;
      return;
    }
    this.#standing.set(subject, { alert, timer: undefined });
    this.#alerted?.onAlert(alert);
  }

  #clearSoon(subject: string, standing: Standing): void {
    standing.timer ??= setTimeout(() => {
      this.#standing.delete(subject);
      const { code, server } = standing.alert;
      this.#alerted?.onCleared({
        ...standing.alert,
        detail:
          code === 'media.server_away' ? `media server ${server} is back` : 'media servers take calls again',
      });
    }, this.#options.steadyMs ?? STEADY_MS);
  }
}

const subjectOf = ({ code, server = '' }: MediaAlert): string => `${code}:${server}`;

/** Whether any takes new calls, where there are some. */
export function takesCalls(servers: readonly MediaServerFigures[]): boolean {
  return servers.some(({ state }) => state === 'up');
}

/**
 * How media is, on this node: `down` where no server takes calls and there is nothing else, `degraded` where
 * one is away.
 */
export function mediaHealth(main: MediaEngine, servers: readonly MediaServerFigures[]): HealthCheck {
  const own = `${main.name}, ${main.stats().legs} legs`;
  if (servers.length === 0) return { status: 'ok', detail: own };
  const up = servers.filter(({ state }) => state === 'up').length;
  const detail = `${own}; ${up} of ${servers.length} media servers take calls`;
  if (up === 0) return { status: main.name === 'freeswitch' ? 'down' : 'degraded', detail };
  return { status: servers.some(({ state }) => state === 'down') ? 'degraded' : 'ok', detail };
}

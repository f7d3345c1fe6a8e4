import { join } from 'node:path';
import type { Config } from '../config';
import type { PlanWorld } from '../dialplan';
import { enginesOf } from '../dialplan';
import type { PromptStore } from '../media';
import { ENGINE_CAPABILITIES } from '../media';
import type { Database } from '../storage';
import type { Logger } from '../telemetry';
import { SHIPPED_PROMPTS } from './open-prompts';
import type { PlanAlert } from './plan-shelf';
import { PlanShelf } from './plan-shelf';

/** The same from the sources as from what is compiled. */
const SHIPPED_PLANS = join(__dirname, '../../dialplans');

export interface PlanParts {
  readonly config: Pick<Config, 'dialplans' | 'media'>;
  readonly database: Database;
  readonly prompts: Pick<PromptStore, 'names'>;
  readonly log: Logger;
  readonly onAlert: (alert: PlanAlert) => void;
  readonly onCleared: (alert: PlanAlert) => void;
  readonly onDegraded: (degraded: boolean, error?: Error) => void;
}

/** The plans that calls of this node may take. To be started, and closed. */
export function openPlans({ config, database, prompts, log, ...parts }: PlanParts): PlanShelf {
  const engines = enginesOfConfig(config);
  return new PlanShelf({
    folder: planFolder(config),
    database,
    world: () => ({ prompts: prompts.names(), engines }),
    onAlert: (alert) => {
      log.error(
        { plan: alert.subject, kind: alert.kind, reason: alert.detail },
        'a dialplan cannot be used as it is',
      );
      parts.onAlert(alert);
    },
    onCleared: (alert) => {
      log.info({ plan: alert.subject }, 'a dialplan is good again');
      parts.onCleared(alert);
    },
    onRefused: (reason) => log.warn({ reason }, 'a dialplan that no call took so far is refused'),
    onChanged: (plan) => log.info({ plan }, 'calls take another version of a dialplan'),
    onStale: (error) => parts.onDegraded(true, error),
    onFresh: () => parts.onDegraded(false),
  });
}

/** Where the plans are that are files. */
function planFolder({ dialplans }: Pick<Config, 'dialplans'>): string {
  return dialplans.dir ?? SHIPPED_PLANS;
}

/** What is configured of plans, for whoever checks some without a switch. */
export function configuredPlans(config: Pick<Config, 'dialplans' | 'media'>): {
  readonly folder: string;
  readonly prompts: string;
  readonly engines: NonNullable<PlanWorld['engines']>;
} {
  const prompts = config.media.promptsDir ?? SHIPPED_PROMPTS;
  return { folder: planFolder(config), prompts, engines: enginesOfConfig(config) };
}

/** What plans may ask of the engine that is configured, whether it runs or not. */
function enginesOfConfig({ media }: Pick<Config, 'media'>): NonNullable<PlanWorld['engines']> {
  return enginesOf({
    [media.engine]: ENGINE_CAPABILITIES[media.engine],
    ...(media.freeswitch.servers.length > 0 ? { freeswitch: ENGINE_CAPABILITIES.freeswitch } : {}),
  });
}

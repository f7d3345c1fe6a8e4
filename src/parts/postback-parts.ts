import type { PostbackPlaces } from '../billing';
import { PortPolicy, PostbackDispatcher, PostbackTester } from '../billing';
import type { Config } from '../config';
import type { Clock } from '../domain';
import { AddressPolicy, systemClock } from '../domain';
import type { Database, Vault } from '../storage';
import type { Logger } from '../telemetry';

/** What the API tells and tries of webhooks. */
export interface WebhookParts {
  readonly places: PostbackPlaces;
  readonly tester: PostbackTester;
}

/** A test is answered while its request to the API waits. */
const MAX_TEST_MS = 15_000;

/** Where webhooks may go, and what sends a test there. */
export function openWebhooks(config: Config, vault: Vault, clock: Clock): WebhookParts {
  const places = placesOf(config);
  const tester = new PostbackTester(vault, {
    places,
    timeoutMs: Math.min(config.postbacks.timeoutMs, MAX_TEST_MS),
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
  });
  return { places, tester };
}

/** What tells of events of money. Requests that were made name callers: they go no later than calls do. */
export function postbackDispatcher(
  config: Config,
  database: Database,
  vault: Vault,
  log: Logger,
): PostbackDispatcher {
  const { concurrency, logDays, perHost, timeoutMs } = config.postbacks;
  return new PostbackDispatcher(database, vault, {
    places: placesOf(config),
    concurrency,
    perHost,
    timeoutMs,
    logDays: Math.min(logDays, config.privacy.callsDays),
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    random: () => Math.random(),
    onPaused: (webhookId) => log.warn({ webhookId }, 'a webhook is paused: its receiver is gone'),
    onError: (error) => log.warn({ error: error.message }, 'webhooks are disturbed'),
  });
}

function placesOf({ postbacks: { allowPrivate, allowPorts, allowHttp } }: Config): PostbackPlaces {
  return { addresses: new AddressPolicy(allowPrivate), ports: new PortPolicy(allowPorts), allowHttp };
}

import { OutboxRelay, settlementStatus, SettlementWorker } from '../billing';
import type { Config } from '../config';
import { Database, openRedis } from '../storage';
import type { Logger, Metrics } from '../telemetry';
import { RepeatedLog } from '../telemetry';
import { traceSettlement } from './call-traces';

/** Settling that goes on. */
export interface Settling {
  /** Writes down what is open; while the database is away, nothing. */
  observe(): Promise<void>;
  close(): Promise<void>;
}

/** Two batches, what came apart of them, letters that are written, and the relay. */
const CONNECTIONS = 6;
/** No statement of a batch takes this long, unless something is wrong with one of its calls or the database. */
const STATEMENT_MS = 10_000;
const REPEAT_MS = 10_000;

/** Connections of its own, so that no report and no other work stands in the way of money. */
export function startSettling(
  config: Config,
  urls: { readonly database: string; readonly redis: string },
  metrics: Metrics,
  log: Logger,
): Settling {
  const repeated = new RepeatedLog(REPEAT_MS, () => performance.now());
  const onError = (error: Error): void =>
    repeated.log(error.message, (suppressed) =>
      log.warn({ error: error.message, suppressed }, 'settlement is disturbed'),
    );
  const database = new Database({
    ...config.database,
    url: urls.database,
    poolSize: CONNECTIONS,
    statementTimeoutMs: Math.min(config.database.statementTimeoutMs, STATEMENT_MS),
    applicationName: 'dce settlement',
    onError,
  });
  const redis = openRedis(urls.redis, true);
  const relayRedis = openRedis(urls.redis, true);
  const relay = new OutboxRelay(database, relayRedis, onError);
  relay.start();
  const worker = new SettlementWorker(database, redis, {
    concurrency: config.billing.concurrency,
    onSettled: (callId, outcome, tookMs) => {
      metrics.settlements.inc({ outcome });
      const at = Date.now();
      traceSettlement(callId, outcome, at - tookMs, at);
    },
    onDead: (letter) => {
      metrics.settlements.inc({ outcome: 'dead' });
      log.error({ ...letter }, 'a settlement needs a person: dce settlements dead');
    },
    onError,
  });
  return {
    async observe() {
      const { open, oldestOpenMs, deadLetters, openDifferences } = await settlementStatus(database);
      metrics.settlementsOpen.set(open);
      metrics.settlementOldestOpen.set(oldestOpenMs / 1_000);
      metrics.deadLetters.set(deadLetters);
      metrics.settlementDifferences.set(openDifferences);
    },
    async close() {
      await worker.close();
      await relay.close();
      redis.disconnect();
      relayRedis.disconnect();
      await database.close();
    },
  };
}

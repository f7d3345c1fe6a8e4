import { ledgerBalances, OutboxRelay, SettlementWorker } from './billing';
import type { Config } from './config';
import { Database, MarketHistoryKeeper, openRedis } from './storage';
import type { Logger } from './telemetry';
import { createMetrics, serveMetrics } from './telemetry';

/** A worker that runs. */
export interface RunningWorker {
  stop(): Promise<void>;
}

/** Starts a settlement worker; any number of them may run. It relays the outbox too, in case no switch is up to do so. */
export async function startWorker(config: Config, log: Logger): Promise<RunningWorker> {
  const { url } = config.database;
  if (url === undefined || config.redis.url === undefined) {
    throw new Error('database.url (DCE_DATABASE_URL) and redis.url (DCE_REDIS_URL) must be set');
  }
  const database = new Database({
    ...config.database,
    url,
    applicationName: 'dce worker',
    onError: (error) => log.warn({ error: error.message }, 'database connection lost'),
  });
  const metrics = createMetrics();
  const redis = openRedis(config.redis.url, true);
  const relayRedis = openRedis(config.redis.url, true);
  const onError = (error: Error): void => log.warn({ error: error.message }, 'settlement is disturbed');
  const relay = new OutboxRelay(database, relayRedis, onError);
  relay.start();
  const worker = new SettlementWorker(database, redis, {
    concurrency: config.billing.concurrency,
    onSettled: (_callId, outcome) => metrics.settlements.inc({ outcome }),
    onDead: (letter) => {
      metrics.settlements.inc({ outcome: 'dead' });
      log.error({ ...letter }, 'a settlement needs a person');
    },
    onError,
  });
  const history = new MarketHistoryKeeper(database, {
    days: config.market.historyDays,
    onPruned: (rows) => log.info({ rows }, 'old history of the market was let go'),
    onError: (error) => log.warn({ error: error.message }, 'old history of the market stays for now'),
  });
  history.start();
  const { workerMetricsPort } = config.telemetry;
  const metricsServer =
    workerMetricsPort === undefined
      ? undefined
      : await serveMetrics(metrics.registry, config.api.host, workerMetricsPort, async () => {
          const sums = new Map<string, number>();
          for (const { currency, balanceMicros } of await ledgerBalances(database)) {
            sums.set(currency, (sums.get(currency) ?? 0) + balanceMicros);
          }
          for (const [currency, sum] of sums) metrics.ledgerImbalance.set({ currency }, sum);
        });
  log.info({ concurrency: config.billing.concurrency }, 'the worker settles calls');
  return {
    stop: async () => {
      metricsServer?.close();
      await worker.close();
      await relay.close();
      await history.close();
      redis.disconnect();
      relayRedis.disconnect();
      await database.close();
    },
  };
}

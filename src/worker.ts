import { OutboxRelay, SettlementWorker } from './billing';
import type { Config } from './config';
import { Database, openRedis } from './storage';
import type { Logger } from './telemetry';

/** A worker that runs. */
export interface RunningWorker {
  stop(): Promise<void>;
}

/** Starts a settlement worker; any number of them may run. It relays the outbox too, in case no switch is up to do so. */
export function startWorker(config: Config, log: Logger): RunningWorker {
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
  const redis = openRedis(config.redis.url, true);
  const relayRedis = openRedis(config.redis.url, true);
  const onError = (error: Error): void => log.warn({ error: error.message }, 'settlement is disturbed');
  const relay = new OutboxRelay(database, relayRedis, onError);
  relay.start();
  const worker = new SettlementWorker(database, redis, {
    concurrency: config.billing.concurrency,
    onDead: (letter) => log.error({ ...letter }, 'a settlement needs a person'),
    onError,
  });
  log.info({ concurrency: config.billing.concurrency }, 'the worker settles calls');
  return {
    stop: async () => {
      await worker.close();
      await relay.close();
      redis.disconnect();
      relayRedis.disconnect();
      await database.close();
    },
  };
}

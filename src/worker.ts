import { analyticsLagMs, AnalyticsRollUp } from './analytics';
import { ledgerSums } from './billing';
import type { Config } from './config';
import { asError } from './domain';
import type { BackgroundJob } from './parts/money-jobs';
import { moneyJobs } from './parts/money-jobs';
import type { PrivacyParts } from './parts/privacy-parts';
import { openKeyRing } from './parts/open-recordings';
import { openPrivacy } from './parts/privacy-parts';
import { RewrapJob } from './recordings';
import { startSettling } from './parts/settling';
import {
  AuditSealer,
  CapUsage,
  Database,
  CallbackKeeper,
  DisciplineJob,
  FraudRollUp,
  isUnavailable,
  MarketHistoryKeeper,
  PrivacyJob,
  QualityRollUp,
} from './storage';
import type { Logger } from './telemetry';
import { createMetrics, serveMetrics } from './telemetry';

/** A worker that runs. */
export interface RunningWorker {
  stop(): Promise<void>;
}

const RETRY_MS = 1_000;

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
  const settling = startSettling(config, { database: url, redis: config.redis.url }, metrics, log);
  const background = await startBackground(config, database, log);
  const { workerMetricsPort } = config.telemetry;
  const metricsServer =
    workerMetricsPort === undefined
      ? undefined
      : await serveMetrics(metrics.registry, config.api.host, workerMetricsPort, async () => {
          for (const [currency, sum] of await ledgerSums(database)) {
            metrics.ledgerImbalance.set({ currency }, Number(sum));
          }
          metrics.analyticsLag.set((await analyticsLagMs(database, Date.now())) / 1_000);
          await settling.observe();
        });
  log.info({ concurrency: config.billing.concurrency }, 'the worker settles calls');
  return {
    stop: async () => {
      metricsServer?.close();
      await settling.close();
      await background.close();
      await database.close();
    },
  };
}

/**
 * Starts the work in the background; while the database is away it waits for that, and nothing else does.
 * @throws Error in one line that says what to do
 */
async function startBackground(
  config: Config,
  database: Database,
  log: Logger,
): Promise<Pick<BackgroundJob, 'close'>> {
  let jobs: readonly BackgroundJob[] = [];
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const begin = async (): Promise<void> => {
    const privacy = await openPrivacy(config, database);
    if (closed) return;
    jobs = [
      ...moneyJobs(config, database, privacy.vault, log),
      ...backgroundJobs(config, database, privacy, log),
    ];
    for (const job of jobs) job.start();
  };
  const beginLater = (error: unknown): void => {
    log.warn({ error: asError(error).message }, 'work in the background waits');
    if (!closed) timer = setTimeout(() => void begin().catch(beginLater), RETRY_MS);
  };
  await begin().catch((error: unknown) => {
    if (!isUnavailable(error)) throw error;
    beginLater(error);
  });
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await Promise.all(jobs.map((job) => job.close()));
    },
  };
}

/** What the market learns of calls that ended, and what time takes away. */
function backgroundJobs(
  config: Config,
  database: Database,
  privacy: PrivacyParts,
  log: Logger,
): BackgroundJob[] {
  const now = (): number => Date.now();
  const failed = (message: string) => ({
    onError: (error: Error) => log.warn({ error: error.message }, message),
  });
  const keeping = [
    new AuditSealer(database, {
      now,
      onHead: ({ block, hash }) => log.info({ block, hash }, 'head of the audit log'),
      ...failed('the audit log is not sealed for now'),
    }),
    new CallbackKeeper(database, { now, ...failed('callbacks whose time is over stay as they are for now') }),
    new MarketHistoryKeeper(database, {
      days: config.market.historyDays,
      onPruned: (rows) => log.info({ rows }, 'old history of the market was let go'),
      ...failed('old history of the market stays for now'),
    }),
    new CapUsage(database, {
      nodeId: config.node.id,
      now,
      ...failed('use of limits is not counted for now'),
    }),
    new RewrapJob(database, openKeyRing(config, privacy.vault), {
      onReport: ({ rewrapped, unknown }) => {
        if (rewrapped > 0) log.info({ rewrapped }, 'keys of recordings were wrapped anew');
        if (unknown.size > 0) {
          log.error({ keys: Object.fromEntries(unknown) }, 'recordings that no key of recordings.keys opens');
        }
      },
      ...failed('keys of recordings stay as they are for now'),
    }),
    new PrivacyJob(database, privacy.vault, {
      ...privacy.retention,
      erasure: privacy.erasure,
      retentionEveryMs: config.privacy.retentionEveryMs,
      now,
      ...failed('requests of persons wait'),
    }),
  ];
  if (config.decision.without.includes('no_analytics')) return keeping;
  return [
    ...keeping,
    new AnalyticsRollUp(database, failed('figures of calls are of before for now')),
    new QualityRollUp(database, { now, ...failed('records of bids stay as they are for now') }),
    new DisciplineJob(database, {
      now,
      onPaused: (pause) => log.warn({ ...pause }, 'a target that does not answer is paused'),
      ...failed('targets that do not answer are not paused for now'),
    }),
    new FraudRollUp(database, {
      onReport: (report) => log.info({ ...report }, 'calls were looked at for fraud'),
      ...failed('calls are not looked at for fraud for now'),
    }),
  ];
}

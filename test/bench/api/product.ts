import { pino } from 'pino';
import { createApi, listen } from '../../../src/api';
import type { ApiServices } from '../../../src/api';
import { requestLog } from '../../../src/parts/api-log';
import { AuditTrail, Database, openRedis, RedisRateLimits } from '../../../src/storage';
import { createLogger, createMetrics } from '../../../src/telemetry';
import { serve } from './serve';

/** The API as a switch has it, in a process of its own: nothing is left out of it but what is not asked for. */
const MUCH = { count: 100_000_000, seconds: 60, burst: 10_000_000 };
/** What no request of the measurement is about. */
const UNUSED = {} as never;

async function main(): Promise<void> {
  const { DATABASE_URL: url = '', REDIS_URL: redisUrl = '', LOG_FILE: logFile = '' } = process.env;
  const database = new Database({ url, poolSize: 20, statementTimeoutMs: 30_000, connectTimeoutMs: 5_000 });
  const redis = openRedis(redisUrl);
  await new Promise((ready) => redis.once('ready', ready));
  const now = (): number => performance.now();
  const metrics = createMetrics();
  // As the switch has it: lines are written by a thread of their own, or as they come.
  const log = createLogger({
    level: 'info',
    component: 'switch',
    destination: pino.destination({ dest: logFile, sync: true }),
  });
  const fail = (error: unknown): never => {
    throw error;
  };
  const services: ApiServices = {
    ...(UNUSED as ApiServices),
    database,
    live: { list: () => [], hangup: () => false },
    news: { subscribe: () => () => undefined },
    persons: { vault: UNUSED, now: () => Date.now() },
    numberLists: { lists: UNUSED, now: () => Date.now() },
    system: { stats: () => Promise.resolve({}) },
    webhooks: UNUSED,
    requestsPerMinute: MUCH.burst,
    limits: { unproven: MUCH },
    limiter: new RedisRateLimits(redis, { now, onDegraded: (yes, error) => void (yes && fail(error)) }),
    trail: new AuditTrail(database, { now, onLost: (_entry, error) => fail(error) }),
    now,
    onBug: fail,
    onRequest: ({ method, endpoint, status, seconds }) => {
      metrics.httpRequests.inc({ method, endpoint, status });
      metrics.httpDuration.observe({ method, endpoint }, seconds);
    },
    logRequest: requestLog(log),
    health: {
      checks: () => Promise.resolve({}),
      ready: () => true,
      metrics: () => Promise.reject(new Error('none')),
    },
  };
  serve(await listen(createApi(services), '127.0.0.1', 0));
}

void main();

import { OutboxRelay, SettlementWorker } from '../../src/billing';
import { Database, openRedis } from '../../src/storage';

/** What is told to a settling process, and what it answers. */
export type SettlementOrder = 'figures' | 'stop';
export interface SettlementFigures {
  /** Calls whose settlement this process reported. */
  readonly settled: number;
  readonly dead: number;
  /** Milliseconds of processor time since it was asked the last time. */
  readonly cpuMs: number;
}

/**
 * A process that settles calls, for tests that kill it and benchmarks that time it. Which parts it runs, and
 * how, the environment says.
 */
function main(): void {
  const { env } = process;
  const number = (name: string, otherwise: number): number => Number(env[name] ?? otherwise);
  const database = new Database({
    url: env['SETTLE_DATABASE'] ?? '',
    poolSize: 6,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 2_000,
    applicationName: 'dce settlement',
    onError: () => undefined,
  });
  const redis = openRedis(env['SETTLE_REDIS'] ?? '', true);
  const parts = env['SETTLE_PARTS'] ?? 'relay,worker';
  const quiet = (): void => undefined;
  const relay = parts.includes('relay')
    ? new OutboxRelay(database, redis, quiet, { resendAfterMs: number('SETTLE_RESEND_MS', 60_000) })
    : undefined;
  let settled = 0;
  let dead = 0;
  const worker = parts.includes('worker')
    ? new SettlementWorker(database, openRedis(env['SETTLE_REDIS'] ?? '', true), {
        concurrency: number('SETTLE_CONCURRENCY', 192),
        lockMs: number('SETTLE_LOCK_MS', 15_000),
        onSettled: () => settled++,
        onDead: () => dead++,
        onError: quiet,
      })
    : undefined;
  let before = process.cpuUsage();
  process.on('message', (order: SettlementOrder) => {
    if (order === 'figures') {
      const { user, system } = process.cpuUsage(before);
      before = process.cpuUsage();
      process.send?.({ settled, dead, cpuMs: (user + system) / 1_000 } satisfies SettlementFigures);
      return;
    }
    void (async () => {
      await worker?.close();
      await relay?.close();
      await database.close();
      process.exit(0);
    })();
  });
  // Without whoever started it there is nothing to do.
  process.on('disconnect', () => process.exit(0));
  relay?.start();
  process.send?.('started');
}

main();

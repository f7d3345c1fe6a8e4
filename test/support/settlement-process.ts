import { OutboxRelay, SettlementWorker } from '../../src/billing';
import { Database, openRedis } from '../../src/storage';

/** What is told to a settling process, and what it answers. */
export type SettlementOrder = 'figures' | 'stop';
export interface SettlementFigures {
  /** Calls whose settlement this process reported. */
  readonly settled: number;
  readonly dead: number;
}

/**
 * A process that settles calls, for tests that kill it and benchmarks that time it. How it runs, the
 * environment says.
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
  const quiet = (): void => undefined;
  const relay = new OutboxRelay(database, redis, quiet, {
    resendAfterMs: number('SETTLE_RESEND_MS', 60_000),
  });
  let settled = 0;
  let dead = 0;
  const worker = new SettlementWorker(database, openRedis(env['SETTLE_REDIS'] ?? '', true), {
    concurrency: 192,
    lockMs: number('SETTLE_LOCK_MS', 15_000),
    onSettled: () => settled++,
    onDead: () => dead++,
    onError: quiet,
  });
  process.on('message', (order: SettlementOrder) => {
    if (order === 'figures') {
      process.send?.({ settled, dead } satisfies SettlementFigures);
      return;
    }
    void (async () => {
      await worker.close();
      await relay.close();
      await database.close();
      process.exit(0);
    })();
  });
  // Without whoever started it there is nothing to do.
  process.on('disconnect', () => process.exit(0));
  relay.start();
  process.send?.('started');
}

main();

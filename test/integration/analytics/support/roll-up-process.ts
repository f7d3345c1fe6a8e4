import { AnalyticsRollUp } from '../../../../src/analytics';
import { Database } from '../../../../src/storage';

/** A process that rolls figures up without end, in small steps, for tests that kill it. */
async function main(): Promise<void> {
  const database = new Database({
    url: process.argv[2] ?? '',
    poolSize: 2,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 2_000,
    onError: () => undefined,
  });
  const job = new AnalyticsRollUp(database, { batch: 3 });
  // Without whoever started it there is nothing to do.
  process.on('disconnect', () => process.exit(0));
  for (;;) {
    const { calls, backfilled } = await job.roll(() => {
      process.send?.('step');
      return false;
    });
    if (calls + backfilled === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

void main();

import { runCallsReconciliation } from '../../../../src/billing';
import type { TestApi } from './test-api';

let count = 0;

/** Reconciles a moment of its own in which one settlement has no call. */
export async function beginTestRun(api: TestApi): Promise<{ run: string; difference: string }> {
  const at = Date.UTC(2001, 0, 1) + ++count * 1_000;
  await api.pool.query(
    `insert into settlements (call_id, connected_ms, revenue, payout, currency, settled_at)
     values ($1, 1000, 5000000, 0, 'USD', to_timestamp($2::bigint / 1000.0))`,
    [`ghost-${count}`, at],
  );
  const run = await runCallsReconciliation(api.pool, {
    period: { from: at, to: at + 1_000 },
    requestedBy: 'test',
    now: at,
  });
  const { rows } = await api.pool.query<{ id: number }>(
    'select id from reconciliation_differences where reconciliation_id = $1 limit 1',
    [run?.id],
  );
  return { run: String(run?.id), difference: String(rows[0]?.id) };
}

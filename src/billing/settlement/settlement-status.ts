import type { Queryable } from '../../storage';

/** How settling stands. */
export interface SettlementStatus {
  /** Sold or unsold calls that are over and not done yet, dead letters aside. */
  readonly open: number;
  /** Milliseconds since the end of the oldest of those was stored; 0 without any. */
  readonly oldestOpenMs: number;
  readonly deadLetters: number;
  /** Calls whose end came late and would have made another price, waiting for people. */
  readonly openDifferences: number;
}

/** Counts what is open; the indexes read are of open rows alone. */
export async function settlementStatus(db: Queryable): Promise<SettlementStatus> {
  const { rows } = await db.query<SettlementStatus>({
    name: 'settlement-status',
    text: `select o.open, o."oldestOpenMs",
        (select count(*)::integer from outbox where type = 'call.ended' and dead_at is not null) as "deadLetters",
        (select count(*)::integer from settlement_differences where state = 'open') as "openDifferences"
      from (select count(*)::integer as open,
          coalesce(floor(extract(epoch from now() - min(created_at)) * 1000), 0)::bigint as "oldestOpenMs"
        from outbox where done_at is null and dead_at is null and type = 'call.ended') o`,
  });
  return rows[0] ?? { open: 0, oldestOpenMs: 0, deadLetters: 0, openDifferences: 0 };
}

import type { Database } from '../../../src/storage';
import type { TimeRange } from '../../../src/storage';

/** How the same is asked of the calls themselves, by their index of time. */
export type Scan = 'campaignByDay' | 'totalByHour' | 'byState' | 'buyerByDay';

const KEYS: Readonly<Record<Scan, { readonly key: string; readonly unit: 'day' | 'hour' | 'total' }>> = {
  campaignByDay: { key: 'c.campaign_id', unit: 'day' },
  totalByHour: { key: `''`, unit: 'hour' },
  byState: { key: 'substr(c.caller, 3, 3)', unit: 'total' },
  buyerByDay: { key: 'c.buyer_id', unit: 'day' },
};

export interface Scanned {
  readonly calls: number;
  readonly answered: number;
  readonly revenue: number;
}

/** Counts call by call. @returns sums over all rows, to be compared */
export async function scan(
  db: Database,
  kind: Scan,
  zone: string,
  { from, to }: TimeRange,
): Promise<Scanned> {
  const { key, unit } = KEYS[kind];
  const bucket =
    unit === 'total' ? '0' : `date_trunc('${unit}', to_timestamp(c.received_at / 1000.0), '${zone}')`;
  const { rows } = await db.query<Scanned>(
    `select ${bucket} as bucket, ${key} as key, count(*) as calls, count(c.answered_at) as answered,
       count(c.first_ring_at) as connected, count(*) filter (where s.revenue > 0) as converted,
       sum(c.connected_ms)::bigint as connected_ms, sum(c.first_ring_at - c.received_at)::bigint as pdd_ms,
       coalesce(sum(s.revenue), 0)::bigint as revenue, sum(s.payout)::bigint as payout, sum(s.fees)::bigint as fees,
       sum(s.carrier_cost)::bigint as cost
     from calls c left join settlements s on s.call_id = c.id
     where c.received_at >= $1 and c.received_at < $2 group by 1, 2`,
    [from, to],
  );
  return rows.reduce(
    (sum, row) => ({
      calls: sum.calls + row.calls,
      answered: sum.answered + row.answered,
      revenue: sum.revenue + row.revenue,
    }),
    { calls: 0, answered: 0, revenue: 0 },
  );
}

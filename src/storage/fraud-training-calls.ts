import type { FraudSignals } from '../domain';
import type { Queryable } from './database';

/** A call whose truth is known, with its signals as they were when it was decided. */
export interface TrainingCall {
  readonly callId: string;
  readonly sellerId: string | null;
  /** UTC epoch milliseconds. */
  readonly receivedAt: number;
  readonly signals: FraudSignals;
  readonly fraud: boolean;
}

const PAGE = 5_000;
/** A conversation this long, paid for by a buyer, was honest unless somebody said otherwise. */
const HONEST_MS = 60_000;

/**
 * Calls to learn from, oldest first: what people confirmed is fraud; what they cleared, and what a
 * buyer talked with for a minute and paid for, is honest. Of the rest nobody knows.
 *
 * @param since - UTC epoch milliseconds
 * @param most - calls read at most, the oldest of them first
 */
export async function* readTrainingCalls(
  db: Queryable,
  since: number,
  most: number,
): AsyncGenerator<TrainingCall> {
  let after: Pick<TrainingCall, 'receivedAt' | 'callId'> = { receivedAt: since, callId: '' };
  for (let read = 0; read < most;) {
    const { rows } = await db.query<TrainingCall>({
      name: 'fraud-training',
      text: `select c.id as "callId", d.decision #>> '{trace,sellerId}' as "sellerId", c.received_at as "receivedAt",
          d.decision #> '{trace,facts,fraud}' as signals, coalesce(f.state = 'confirmed', false) as fraud
        from calls c join call_decisions d on d.call_id = c.id left join fraud_cases f on f.call_id = c.id
          left join settlements s on s.call_id = c.id
        where (c.received_at, c.id) > ($1, $2) and c.ended_at is not null
          and coalesce(d.decision #> '{trace,facts,fraud}', '{}') <> '{}'
          and (f.state in ('confirmed', 'cleared') or (f.state is null and c.connected_ms >= $3 and s.revenue > 0))
        order by c.received_at, c.id limit $4`,
      values: [after.receivedAt, after.callId, HONEST_MS, Math.min(PAGE, most - read)],
    });
    yield* rows;
    const last = rows[rows.length - 1];
    if (!last) return;
    read += rows.length;
    after = last;
  }
}

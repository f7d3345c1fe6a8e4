import type { Decision } from '../domain';
import type { Database } from '../storage';
import { comparePositions, readPosition } from '../storage';

/** Decisions of a period, oldest first. */
export interface Period {
  /** UTC epoch milliseconds of the calls' arrival, inclusive. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly campaignId?: string | undefined;
}

export interface StoredDecision {
  readonly callId: string;
  readonly decision: Decision;
}

/** Decisions hold all facts of a call: some tens of kilobytes each. */
const PAGE = 200;

/**
 * Pages of the decisions of a period. Within a page they come in the order of the markets they were
 * made over, so that whoever rebuilds those goes forward: nodes are not equally far.
 */
export async function* storedDecisions(
  database: Database,
  { from, to, campaignId }: Period,
  pageSize = PAGE,
): AsyncGenerator<StoredDecision[]> {
  let after = { receivedAt: from, id: '' };
  for (;;) {
    const { rows } = await database.query<{ id: string; receivedAt: number; decision: Decision }>(
      `select c.id, c.received_at as "receivedAt", d.decision
       from calls c join call_decisions d on d.call_id = c.id
       where (c.received_at, c.id) > ($1, $2) and c.received_at < $3
         and ($4::text is null or c.campaign_id = $4)
       order by c.received_at, c.id limit $5`,
      [after.receivedAt, after.id, to, campaignId ?? null, pageSize],
    );
    const last = rows.at(-1);
    if (!last) return;
    yield byPosition(rows.map(({ id, decision }) => ({ callId: id, decision })));
    if (rows.length < pageSize) return;
    after = last;
  }
}

function byPosition(page: readonly StoredDecision[]): StoredDecision[] {
  const placed = page.map((stored) => ({
    stored,
    position: readPosition(stored.decision.trace.marketPosition ?? ''),
  }));
  placed.sort((a, b) => {
    if (!a.position || !b.position) return Number(!a.position) - Number(!b.position);
    return comparePositions(a.position, b.position);
  });
  return placed.map(({ stored }) => stored);
}

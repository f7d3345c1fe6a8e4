import type { LadderEntry } from '../domain';
import type { Queryable } from './database';

/** The SIP messages of a call that is over; undefined when there is no such call, null where none were kept. */
export async function getLadder(
  db: Queryable,
  callId: string,
): Promise<{ readonly endedAt: number | null; readonly ladder: readonly LadderEntry[] | null } | undefined> {
  const { rows } = await db.query<{ endedAt: number | null; ladder: readonly LadderEntry[] | null }>(
    'select ended_at as "endedAt", ladder from calls where id = $1',
    [callId],
  );
  return rows[0];
}

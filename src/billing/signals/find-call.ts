import type { Queryable } from '../../storage';

/** A call by its id, or by the name that its buyer gave its offer for it. */
export type FoundCall =
  | { readonly ok: true; readonly callId: string }
  | { readonly ok: false; readonly reason: 'unknown_call' | 'ambiguous' };

/** The call of that id, if there is one, is the first; of those with that reference each is there once. */
const FIND = {
  name: 'signal-find-call',
  text: `select id, id = $1 as named from calls
    where id = $1 and ($2::text is null or sale #>> '{target,buyerAccountId}' = $2)
    union
    select id, false from calls
    where sale #>> '{target,reference}' = $1 and ($2::text is null or sale #>> '{target,buyerAccountId}' = $2)
    order by 2 desc limit 3`,
};

/**
 * Finds the call that somebody speaks of.
 * @param accountId - buyer whose calls they may be; undefined for those of anybody
 */
export async function findCall(
  db: Queryable,
  name: string,
  accountId: string | undefined,
): Promise<FoundCall> {
  const { rows } = await db.query<{ id: string; named: boolean }>({
    ...FIND,
    values: [name, accountId ?? null],
  });
  const [first] = rows;
  if (!first) return { ok: false, reason: 'unknown_call' };
  return first.named || rows.length === 1
    ? { ok: true, callId: first.id }
    : { ok: false, reason: 'ambiguous' };
}

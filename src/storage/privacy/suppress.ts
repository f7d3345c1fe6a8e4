import type { E164 } from '../../domain';
import { yearsAfter } from '../consents/revoke-consents';
import type { Queryable } from '../database';
import type { Vault } from './vault';

/** The last instant that a date may be. */
const FOR_EVER = 8_640_000_000_000_000;

/**
 * Takes a number off the lists that are kept row by row, and remembers by its keyed hash that it was
 * erased, and whether it was not to be called: so that erasure does not bring calls back.
 * @returns rows that were removed
 */
export async function suppress(
  tx: Queryable,
  vault: Vault,
  number: E164,
  now: number,
  years: number,
): Promise<number> {
  const { rows } = await tx.query<{ source: string; expires_at: number | null }>(
    'delete from dnc_entries where number = $1 returning source, expires_at',
    [number],
  );
  const internal = rows.find(({ source }) => source === 'internal');
  const listedUntil = internal === undefined ? 0 : (internal.expires_at ?? FOR_EVER);
  await tx.query(
    `insert into privacy_suppressions as s (number_hash, refuses_calls, created_at, ends_at)
     values ($1, $2, to_timestamp($3::double precision / 1000), $4)
     on conflict (number_hash) do update set created_at = excluded.created_at,
       refuses_calls = excluded.refuses_calls or (s.refuses_calls and s.ends_at > $3),
       ends_at = greatest(s.ends_at, excluded.ends_at)`,
    [vault.hashNumber(number), listedUntil > now, now, Math.max(listedUntil, yearsAfter(now, years))],
  );
  return rows.length;
}

/**
 * Removes what the history of the market holds of a number's rows. Nodes that have not seen yet that the
 * rows are gone read the whole market again.
 * @returns rows that were removed
 */
export async function forgetListHistory(tx: Queryable, number: E164): Promise<number> {
  const { rows } = await tx.query<{ removed: number }>(
    `with gone as (
       delete from market_history where entity = 'dnc' and id in
         (select $1 || '/' || source from unnest($2::text[]) as s(source)) returning era, xid),
     passed as (select era, max(xid) as xid from gone group by era),
     marked as (
       update market_eras m set erased = greatest(m.erased, passed.xid) from passed where passed.era = m.era)
     select count(*)::integer as removed from gone`,
    [number, ['internal', 'national', 'state', 'litigator']],
  );
  return rows[0]?.removed ?? 0;
}

import type { Queryable } from '../database';
import type { CallFact } from './call-fact';
import { FACT_COLUMNS, selected, SUM_COLUMNS, SUMS } from './call-fact';
import { coarseSumsOf, CUBES, fineSumsOf, OF_ZONE_DAY, SUM_LIST, SUM_PLACE } from './cubes';

const COLUMNS = Object.values(FACT_COLUMNS);
const TYPES: Readonly<Record<string, string>> = {
  call_id: 'text',
  campaign_id: 'text',
  seller_id: 'text',
  trunk_id: 'text',
  carrier_account: 'text',
  buyer_id: 'text',
  buyer_account: 'text',
  state: 'text',
  currency: 'text',
  settled: 'boolean',
};
const TYPED = COLUMNS.map((column) => `${column} ${TYPES[column] ?? 'bigint'}`);
const CHANGED = COLUMNS.filter((column) => column !== 'call_id' && column !== 'n');

/**
 * What the facts of calls are now takes the place of what they were, and the difference goes into the sums:
 * in one statement, so that both happen or neither. Doing it again changes nothing.
 */
const TAKE = {
  name: 'analytics-take',
  text: `with fresh as (
      select * from json_to_recordset($1::json) as r(${TYPED.join(', ')})),
    was as (select * from call_facts where call_id = any($2)),
    signed as (
      select ${COLUMNS.join(', ')}, 1::bigint as sign from fresh
      union all select ${COLUMNS.join(', ')}, -1::bigint from was),
    written as (
      insert into call_facts as f (${COLUMNS.join(', ')}) select ${COLUMNS.join(', ')} from fresh
      on conflict (call_id, n) do update set ${CHANGED.map((column) => `${column} = excluded.${column}`).join(', ')}
      where (${CHANGED.map((column) => `f.${column}`).join(', ')})
        is distinct from (${CHANGED.map((column) => `excluded.${column}`).join(', ')})),
    gone as (
      delete from call_facts f using was w where f.call_id = w.call_id and f.n = w.n
        and not exists (select from fresh r where r.call_id = w.call_id and r.n = w.n)),
    fine as (select * from (${CUBES.map((cube) => fineSumsOf(cube, 'signed', 'f.sign')).join('\nunion all\n')}) h
      where (${SUM_LIST}) is distinct from (${SUMS.map(() => '0').join(', ')}))
    insert into analytics_sums as s (${SUM_PLACE}, ${SUM_LIST})
    select * from (select * from fine union all ${coarseSumsOf('fine')}) d
    order by 1, 2, 3, 4, 5, 6
    on conflict (${SUM_PLACE}) do update set ${SUMS.map((sum) => {
      const column = SUM_COLUMNS[sum];
      return `${column} = s.${column} + excluded.${column}`;
    }).join(', ')}`,
};

/** @param callIds - the calls that the facts are of: whatever else is known of them goes */
export async function putFacts(
  tx: Queryable,
  callIds: readonly string[],
  facts: readonly CallFact[],
): Promise<void> {
  if (callIds.length === 0) return;
  const rows = facts.map((fact) =>
    Object.fromEntries(
      Object.entries(FACT_COLUMNS).map(([field, column]) => [column, fact[field as keyof CallFact]]),
    ),
  );
  await tx.query({ ...TAKE, values: [JSON.stringify(rows), callIds] });
}

/** The facts of calls as they are stored. */
export async function readFacts(db: Queryable, callIds: readonly string[]): Promise<CallFact[]> {
  const { rows } = await db.query<CallFact>({
    name: 'analytics-facts',
    text: `select ${selected(FACT_COLUMNS)} from call_facts where call_id = any($1) order by call_id, n`,
    values: [callIds],
  });
  return rows;
}

/**
 * Makes every sum anew from the facts. To be run in a transaction that has claimed the work: who reads
 * meanwhile sees the old ones until it is committed.
 * @returns how many sums there are
 */
export async function rebuildSums(tx: Queryable): Promise<number> {
  // One run at a time, and seldom: without it groups are sorted on the disk.
  await tx.query(`set local work_mem = '128MB'`);
  await tx.query('delete from analytics_sums');
  const into = `insert into analytics_sums (${SUM_PLACE}, ${SUM_LIST})`;
  let rows = 0;
  for (const cube of CUBES)
    rows += (await tx.query(`${into} ${fineSumsOf(cube, 'call_facts')} order by 2, 3`)).rowCount ?? 0;
  rows += (await tx.query(`${into} ${coarseSumsOf('analytics_sums')} order by 1, 2, 3`)).rowCount ?? 0;
  await tx.query('update analytics_progress set days_at = null');
  return rows;
}

/** A sum that is not what the facts come to. */
export interface WrongSum {
  readonly cube: string;
  /** Minutes. */
  readonly grain: number;
  readonly startAt: number;
  readonly key: string;
  readonly currency: string;
}

const MOST_WRONG = 100;

/** Compares sums with what the facts come to, but for days that are not filled in yet. @returns the first 100 that differ */
export async function findWrongSums(db: Queryable): Promise<WrongSum[]> {
  const wrong: WrongSum[] = [];
  for (const cube of CUBES) {
    const { rows } = await db.query<WrongSum>(
      `with fine as (${fineSumsOf(cube, 'call_facts')}), truth as (select * from fine union all ${coarseSumsOf('fine')})
       select cube, grain, start_at as "startAt", key, currency from (
         select ${SUM_PLACE}, ${SUM_LIST}, 1 as side from truth
         union all select ${SUM_PLACE}, ${SUMS.map((sum) => `- ${SUM_COLUMNS[sum]}`).join(', ')}, -1 from analytics_sums where cube = '${cube}') d
       where not (${OF_ZONE_DAY}) or start_at >= coalesce((select days_at from analytics_progress), 0)
       group by ${SUM_PLACE}
       having (${SUMS.map((sum) => `sum(${SUM_COLUMNS[sum]})`).join(', ')}) is distinct from (${SUMS.map(() => '0').join(', ')})
       order by start_at, grain limit ${MOST_WRONG}`,
    );
    wrong.push(...rows);
  }
  return wrong.slice(0, MOST_WRONG);
}

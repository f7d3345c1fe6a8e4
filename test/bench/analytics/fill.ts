import { classifyNumber, placeOf } from '../../../src/compliance';
import { geographicNpas } from '../../../src/compliance/numbering';
import type { E164 } from '../../../src/domain';
import type { Database } from '../../../src/storage';

/** The year that the calls are of. */
export const YEAR_START = Date.UTC(2025, 10, 1);
export const YEAR_END = YEAR_START + 365 * 86_400_000;

const CAMPAIGNS = 50;
const BUYERS = 200;
const SELLERS = 100;
const TRUNKS = 20;
/** Calls of one statement: few enough to tell of progress, many enough for it to cost nothing. */
const CHUNK = 500_000;

/** Tables that are filled; the sums are made by the product. */
const TABLES = ['calls', 'settlements', 'call_facts'] as const;
type Table = (typeof TABLES)[number];

/** Indexes of calls that neither reports nor the scans use: they would cost minutes and gigabytes. */
const UNUSED = `do $$ declare name text; begin
  for name in select indexname from pg_indexes where tablename = 'calls' and indexname not in ('calls_pkey', 'calls_by_time') loop
    execute format('drop index %I', name);
  end loop; end $$`;

/** A number from 0 to 1 that follows from a call's number and a seed. */
const random = (seed: number): string => `((hashint8extended(g, ${seed}) & 1048575) / 1048576.0::float8)`;

/**
 * What is known of each call, from its number alone, so that every table is filled by itself. Calls are in the
 * order of time; some campaigns, buyers, sellers and states have many, most have few. Of a hundred calls nobody
 * wants 30, 10 find their buyer busy and 15 nobody answers; 5 of the 45 that are answered rang at another buyer
 * before. Answered calls are settled; what lasts a minute converts.
 */
const MADE = `create function bench_calls(first bigint, last bigint, total bigint) returns table (
    id text, at bigint, campaign text, seller text, trunk text, carrier text, npa text, state text, ring_ms bigint,
    talked bigint, revenue bigint, outcome text, buyer text, account text, before text, before_account text)
  language sql stable parallel safe as $$
  select md5(g::text)::uuid::text, at, 'c' || campaign, 's' || seller, 't' || trunk, 'k' || trunk % 5, p.npa, p.state,
    case when fate < 0.60 then ring_ms end, case when fate < 0.45 then talked else 0 end,
    case when fate >= 0.45 then null when talked < 60000 then 0 else 20000000 + talked * 10 end,
    case when fate < 0.45 then 'answered' when fate < 0.60 then 'no_answer' when fate < 0.70 then 'busy' end,
    case when fate < 0.70 then 'b' || buyer end, case when fate < 0.70 then 'a' || buyer end,
    case when fate < 0.05 then 'b' || (buyer + 1) % ${BUYERS} end,
    case when fate < 0.05 then 'a' || (buyer + 1) % ${BUYERS} end
  from (
    select g, ${YEAR_START}::bigint + floor(g * ${YEAR_END - YEAR_START}::float8 / total)::bigint as at,
      ${random(1)} as fate, floor(${random(2)} * 5000)::bigint as ring_ms, floor(${random(3)} * 600000)::bigint as talked,
      floor(power(${random(4)}, 2) * ${CAMPAIGNS})::int as campaign, floor(power(${random(5)}, 2) * ${SELLERS})::int as seller,
      floor(power(${random(6)}, 2) * ${BUYERS})::int as buyer, floor(${random(7)} * ${TRUNKS})::int as trunk,
      floor(power(${random(8)}, 1.5) * (select count(*) from bench_places))::int as place
    from generate_series(first, last) g offset 0) made
  join bench_places p on p.n = made.place $$`;

const INSERTS: Readonly<Record<Table, string>> = {
  calls: `insert into calls (id, node_id, boot_id, sip_call_id, state, end_reason, sip_status, trunk_id, caller, dialled,
      origin, campaign_id, seller_id, buyer_id, received_at, first_ring_at, answered_at, ended_at, connected_ms, attempts, sale)
    select id, 'n1', '', left(id, 18) || '@192.0.2.7', case when outcome = 'answered' then 'completed' else 'failed' end,
      'caller_hangup', 200, trunk, '+1' || npa || '5550100', '+18005550100', 'inbound_consumer', campaign, seller,
      case when outcome = 'answered' then buyer end, at, at + ring_ms, case when outcome = 'answered' then at + 9000 end,
      at + 12000 + talked, talked,
      ('[' || coalesce('{"buyerId":"' || before || '","outcome":"no_answer"},', '')
        || coalesce('{"buyerId":"' || buyer || '","outcome":"' || outcome || '"}', '') || ']')::jsonb,
      case when outcome = 'answered' then ('{"target":{"buyerId":"' || buyer || '","buyerAccountId":"' || account
        || '"},"terms":{"campaignId":"' || campaign || '","sellerId":"' || seller || '","currency":"USD"}}')::jsonb end
    from (select * from bench_calls($1, $2, $3) offset 0) m`,
  settlements: `insert into settlements (call_id, connected_ms, revenue, payout, fees, carrier_cost, currency, settled_at)
    select id, talked, revenue, revenue * 7 / 10, 150000, 12000, 'USD', to_timestamp((at + talked + 15000) / 1000.0)
    from (select * from bench_calls($1, $2, $3) offset 0) m where revenue is not null`,
  // What the product makes of the same calls one by one; that it is the same is asked for afterwards.
  call_facts: `insert into call_facts (call_id, n, received_at, campaign_id, seller_id, trunk_id, carrier_account, buyer_id,
      buyer_account, state, currency, calls, connected, offered, reached, answered, converted, rang, pdd_ms, connected_ms,
      revenue, payout, fees, taxes, carrier_cost, settled, revisions)
    select id, r.n, at, campaign, seller, trunk, carrier, r.buyer, r.account, state, 'USD', r.own, r.own * m.reached,
      case when r.n = 1 then 1 else m.reached end, case when r.n = 1 then 1 else m.reached end, r.own * m.answered,
      r.own * m.converted, r.own * m.rang, r.own * coalesce(ring_ms, 0), r.own * talked, r.own * m.revenue,
      r.own * (m.revenue * 7 / 10), r.own * m.answered * 150000, 0, r.own * m.answered * 12000, m.answered = 1, 0
    from (select * from bench_calls($1, $2, $3) offset 0) c
    cross join lateral (select (outcome is not null)::int as reached, (outcome is not distinct from 'answered')::int as answered,
      (coalesce(revenue, 0) > 0)::int as converted, (ring_ms is not null)::int as rang, coalesce(revenue, 0) as revenue offset 0) m
    cross join lateral (select 0 as n, buyer, account, 1 as own
      union all select 1, before, before_account, 0 where before is not null) r`,
};

/** Fills a migrated database with calls, their money and their facts. @returns seconds of each step */
export async function fill(
  db: Database,
  calls: number,
  say: (line: string) => void,
): Promise<Record<string, number>> {
  const seconds: Record<string, number> = {};
  const step = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const startedAt = performance.now();
    await work();
    seconds[name] = (performance.now() - startedAt) / 1_000;
    say(`${name} after ${seconds[name].toFixed(0)} s`);
  };
  await insertMarket(db);
  await db.query(UNUSED);
  for (const table of TABLES) await pauseIndexes(db, table);
  // Each table is written by one connection, in the order of time; two at once.
  await Promise.all([
    step('calls', () => insert(db, 'calls', calls, say)),
    (async () => {
      await step('call_facts', () => insert(db, 'call_facts', calls, say));
      await step('settlements', () => insert(db, 'settlements', calls, say));
    })(),
  ]);
  await Promise.all([
    (async () => {
      await step('indexes of calls', () => makeIndexes(db, 'calls'));
      await step('indexes of settlements', () => makeIndexes(db, 'settlements'));
    })(),
    step('indexes of call_facts', () => makeIndexes(db, 'call_facts')),
  ]);
  await db.query('drop function bench_calls; drop table bench_places');
  return seconds;
}

async function insertMarket(db: Database): Promise<void> {
  const places = geographicNpas().flatMap((npa) => {
    const { state } = placeOf(classifyNumber(`+1${npa}5550100` as E164), undefined, undefined);
    return state === undefined ? [] : [{ npa, state }];
  });
  await db.query(
    `create table bench_places as select (row_number() over () - 1)::int as n, r.* from
       json_to_recordset('${JSON.stringify(places)}') as r(npa text, state text);
     create unique index on bench_places (n);
     analyze bench_places;
     insert into accounts (id, name, type)
       select 'a' || n, 'Buyer ' || n, 'buyer' from generate_series(0, ${BUYERS - 1}) n union all
       select 's' || n, 'Seller ' || n, 'seller' from generate_series(0, ${SELLERS - 1}) n union all
       select 'k' || n, 'Carrier ' || n, 'carrier' from generate_series(0, 4) n;
     insert into buyers (id, account_id, name) select 'b' || n, 'a' || n, 'Buyer ' || n from generate_series(0, ${BUYERS - 1}) n;
     insert into trunks (id, account_id, name, sources, origin)
       select 't' || n, 'k' || n % 5, 'Trunk ' || n, array[('192.0.2.' || n)], 'inbound_consumer' from generate_series(0, ${TRUNKS - 1}) n;
     insert into campaigns (id, name, status, currency, auction_type, reserve_price, routing, ring_timeout_ms, max_attempts,
         max_duration_ms, payout)
       select 'c' || n, 'Campaign ' || n, 'active', 'USD', 'first_price', 0, 'auction', 20000, 3, 3600000, '{}'
       from generate_series(0, ${CAMPAIGNS - 1}) n`,
  );
  await db.query(MADE);
}

async function insert(db: Database, table: Table, calls: number, say: (line: string) => void): Promise<void> {
  for (let first = 0; first < calls; first += CHUNK) {
    const last = Math.min(first + CHUNK, calls) - 1;
    await db.query(INSERTS[table], [first, last, calls]);
    if (last + 1 < calls) say(`${table}: ${last + 1} of ${calls}`);
  }
}

/** Rows do not go into indexes until {@link makeIndexes}, which makes each in one go. */
async function pauseIndexes(db: Database, table: Table): Promise<void> {
  await db.query(
    `update pg_index set indisready = false, indisvalid = false where indrelid = '${table}'::regclass`,
  );
}

async function makeIndexes(db: Database, table: Table): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query(`set local maintenance_work_mem = '1GB'`);
    await tx.query(`set local max_parallel_maintenance_workers = 1`);
    await tx.query(`reindex table ${table}`);
  });
}

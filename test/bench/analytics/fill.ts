import type { Database } from '../../../src/storage';

/** The year that the calls are of. */
export const YEAR_START = Date.UTC(2025, 10, 1);
export const YEAR_END = YEAR_START + 365 * 86_400_000;

const CAMPAIGNS = 50;
const BUYERS = 200;
const SELLERS = 100;
const TRUNKS = 20;
const STATES = 51;

/** A number from 0 to 1 that follows from a call's number and a seed. */
const random = (seed: number): string => `((hashint8extended(g, ${seed}) & 1048575) / 1048576.0::float8)`;

/** Indexes of calls that neither reports nor the scan use: they would cost minutes and a gigabyte. */
const UNUSED = `do $$ declare name text; begin
  for name in select indexname from pg_indexes where tablename = 'calls' and indexname not in ('calls_pkey', 'calls_by_time') loop
    execute format('drop index %I', name);
  end loop; end $$`;

/** Calls in the order of time: two of five are answered, and settled; some campaigns have many, most have few. */
const CALLS = `insert into calls (id, node_id, boot_id, sip_call_id, state, end_reason, sip_status, trunk_id, caller,
    dialled, origin, campaign_id, seller_id, buyer_id, received_at, first_ring_at, answered_at, ended_at, connected_ms, sale)
  select 'c' || g, 'n', 'b', '', case when answered then 'completed' else 'failed' end, 'caller_hangup', 200, 't' || trunk,
    '+1' || (200 + state) || '5550100', '+18005550100', 'unknown', 'c' || campaign, 's' || seller,
    case when answered then 'b' || buyer end, at, case when rang then at + ring_ms end, case when answered then at + 9000 end,
    at + 200000, case when answered then talked else 0 end,
    case when answered then jsonb_build_object('target', jsonb_build_object('buyerAccountId', 'a' || buyer)) end
  from (
    select g, $1::bigint + floor(g * ($2::bigint - $1::bigint) / $3::float8)::bigint as at,
      ${random(1)} < 0.4 as answered, ${random(1)} < 0.7 as rang, floor(${random(2)} * 5000)::bigint as ring_ms,
      floor(${random(3)} * 600000)::bigint as talked, floor(power(${random(4)}, 2) * ${CAMPAIGNS})::int as campaign,
      floor(power(${random(5)}, 2) * ${SELLERS})::int as seller, floor(power(${random(6)}, 2) * ${BUYERS})::int as buyer,
      floor(${random(7)} * ${TRUNKS})::int as trunk, floor(power(${random(8)}, 1.5) * ${STATES})::int as state
    from generate_series(0, $3::bigint - 1) g) made`;

const SETTLEMENTS = `insert into settlements (call_id, connected_ms, revenue, payout, fees, carrier_cost, currency, settled_at)
  select id, connected_ms, revenue, revenue * 7 / 10, 150000, 12000, 'USD', to_timestamp(ended_at / 1000.0)
  from (select c.*, case when connected_ms > 60000 then 20000000 + connected_ms * 10 else 0 end as revenue from calls c
    where answered_at is not null) c`;

/** What the job makes of calls one by one, in one statement. */
const FACTS =
  `insert into call_facts (call_id, n, received_at, campaign_id, seller_id, trunk_id, carrier_account, buyer_id,
    buyer_account, state, currency, calls, connected, offered, reached, answered, converted, rang, pdd_ms, connected_ms,
    revenue, payout, fees, taxes, carrier_cost, settled, revisions)
  select c.id, 0, c.received_at, c.campaign_id, c.seller_id, c.trunk_id, 'carrier', c.buyer_id, c.buyer_account_id,
    'S' || substr(c.caller, 4, 2), 'USD', 1, (c.first_ring_at is not null)::int, (c.buyer_id is not null)::int,
    (c.buyer_id is not null)::int, (c.answered_at is not null)::int, (coalesce(s.revenue, 0) > 0)::int,
    (c.first_ring_at is not null)::int, coalesce(c.first_ring_at - c.received_at, 0), c.connected_ms,
    coalesce(s.revenue, 0), coalesce(s.payout, 0), coalesce(s.fees, 0), 0, coalesce(s.carrier_cost, 0),
    s.call_id is not null, 0
  from calls c left join settlements s on s.call_id = c.id order by c.received_at`.replace(
    'pddMs_',
    'pdd_ms',
  );

/** Fills a migrated database with calls, their money and their facts. @returns seconds of each step */
export async function fill(db: Database, calls: number): Promise<Record<string, number>> {
  const seconds: Record<string, number> = {};
  const step = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    const startedAt = performance.now();
    await work();
    seconds[name] = (performance.now() - startedAt) / 1_000;
  };
  await db.query(UNUSED);
  await db.query(
    `insert into accounts (id, name, type) select 'a' || n, 'Account ' || n, 'buyer' from generate_series(0, ${BUYERS - 1}) n`,
  );
  await db.query(
    `insert into buyers (id, account_id, name) select 'b' || n, 'a' || n, 'Buyer ' || n from generate_series(0, ${BUYERS - 1}) n`,
  );
  await step('calls', () => db.query(CALLS, [YEAR_START, YEAR_END, calls]));
  await step('settlements', () => db.query(SETTLEMENTS));
  await step('facts', async () => {
    // Indexes are made afterwards, in one go each.
    const { rows } = await db.query<{ text: string }>(
      `select indexdef as text from pg_indexes where tablename = 'call_facts' and indexname <> 'call_facts_pkey'`,
    );
    for (const name of ['time', 'campaign', 'seller', 'buyer'])
      await db.query(`drop index call_facts_by_${name}`);
    await db.query(FACTS);
    for (const { text } of rows) await db.query(text);
  });
  return seconds;
}

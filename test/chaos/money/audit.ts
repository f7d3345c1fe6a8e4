import type { Client } from 'pg';
import { describeFinding, verifyLedger } from '../../../src/billing';
import { reconcileCalls } from '../../../src/billing/reconciliation/reconcile-calls';
import { STORED_SOURCES } from '../../../src/billing/settlement/settlement-sources';
import type { Database } from '../../../src/storage';
import { CREDIT, TOP_UPS } from './market';

/** What the books say at the end; every figure that is wrong comes with its cases. */
export interface Audit {
  /** Calls that a carrier was given a 200 for, without a settled CDR; and sold calls without settlement. */
  readonly lost: number;
  /** Calls that were charged more than once. */
  readonly doubled: number;
  /** Debits less credits over all the ledger, summed without sign over currencies. */
  readonly imbalanceMicros: number;
  /** Everything else that is not as it must be, in words. */
  readonly wrong: readonly string[];
  /** What there was, for people. */
  readonly figures: Readonly<Record<string, number>>;
}

const MOST_TOLD = 5;

/** Looks at the books when nothing is under way any more. @param answered - Call-IDs that carriers were given a 200 for */
export async function audit(db: Client, database: Database, answered: readonly string[]): Promise<Audit> {
  const wrong: string[] = await ownChecks(database);
  const ids = async (what: string, sql: string, values: unknown[] = []): Promise<number> => {
    const { rows } = await db.query<{ id: string }>(sql, values);
    if (rows.length > 0) {
      const some = rows.slice(0, MOST_TOLD).map(({ id }) => id);
      wrong.push(`${what}: ${rows.length} (${some.join(', ')}${rows.length > MOST_TOLD ? ', …' : ''})`);
    }
    return rows.length;
  };
  const unseen = await ids(
    'answered for a carrier, and no settled call',
    `select a.id from unnest($1::text[]) as a(id) where not exists (
       select from calls c join settlements s on s.call_id = c.id where c.sip_call_id = a.id)`,
    [answered],
  );
  const unsettled = await ids(
    'sold and not settled',
    `select c.id from calls c where c.sale is not null and not exists (
       select from settlements s where s.call_id = c.id)`,
  );
  const twice = await ids(
    'charged twice',
    `select call_id as id from ledger_transactions where kind = 'call_settlement'
     group by call_id having count(*) > 1`,
  );
  const dialogTwice = await ids(
    'one call of a carrier sold twice',
    `select sip_call_id as id from calls c join settlements s on s.call_id = c.id
     where s.transaction_id is not null and c.sale is not null group by 1 having count(*) > 1`,
  );
  await ids('a call without an end', `select id from calls where ended_at is null or end_reason is null`);
  await ids('money without a sold call', STRAY_MONEY);
  await ids('lines of a settlement that the ledger does not have', LINES_DIFFER);
  await ids(
    'open in the outbox',
    `select type || ' ' || subject as id from outbox
     where type = 'call.ended' and done_at is null`,
  );
  await ids('held for no call', `select id from holds where state = 'open'`);
  await ids(
    'a held account with money in it',
    `select account_id as id from ledger_accounts
     where purpose = 'held' and balance <> 0`,
  );
  await ids(
    'a balance that is not the sum of its entries',
    `select id::text from ledger_accounts a
     where balance <> coalesce((select sum(amount) from ledger_entries e where e.ledger_account_id = a.id), 0)`,
  );
  for (const [accountId, credit] of CREDIT) {
    await ids(
      'owes more than its credit',
      `select account_id as id from ledger_accounts
       where account_id = $1 and purpose = 'wallet' and balance > $2::numeric`,
      [accountId, String(Math.min(credit, 9e15))],
    );
  }
  for (const [accountId, given] of TOP_UPS) {
    await ids('what it was given, less what it paid, is not what it has', WALLET_DIFFERS, [accountId, given]);
  }
  const { rows } = await db.query<{ imbalance: string }>(
    `select coalesce(sum(abs(sum)), 0)::text as imbalance from (
       select sum(e.amount) as sum from ledger_entries e join ledger_accounts a on a.id = e.ledger_account_id
       group by a.currency) s`,
  );
  return {
    lost: unseen + unsettled,
    doubled: twice + dialogTwice,
    imbalanceMicros: Number(rows[0]?.imbalance ?? NaN),
    wrong,
    figures: await figures(db),
  };
}

/** What the product's own verification and reconciliation say: every call rated again, every hash made anew. */
async function ownChecks(database: Database): Promise<string[]> {
  const { findings } = await verifyLedger(database);
  const wrong = findings.map((finding) => `ledger: ${describeFinding(finding)}`);
  const now = Date.now();
  const request = { period: { from: 0, to: now + 1 }, now, graceMs: 0, sources: STORED_SOURCES };
  await reconcileCalls(database, request, (found) => {
    // A call whose node came back with another end is for people, and that is what it says.
    for (const { kind, callId, detail } of found) {
      if (kind !== 'late_end') wrong.push(`reconciliation: ${kind} ${callId ?? ''} ${detail}`);
    }
    return Promise.resolve();
  });
  return wrong.slice(0, MOST_TOLD * 4);
}

/** Postings of a settlement whose call was never sold, but for what carriers are paid for its legs. */
const STRAY_MONEY = `select t.call_id as id from ledger_transactions t
  where t.kind = 'call_settlement' and not exists (
    select from calls c where c.id = t.call_id and (c.sale is not null and c.answered_at is not null
      or c.carried is not null and not exists (
        select from ledger_entries e join ledger_accounts a on a.id = e.ledger_account_id
        where e.transaction_id = t.id and a.purpose not in ('payable', 'carrier_cost'))))`;

/** What the settlement says a call came to, beside what its transaction moved on the accounts of each kind. */
const LINES_DIFFER = `with said as (
    select s.call_id, s.revenue, s.payout, s.fees, s.taxes, s.carrier_cost from settlements s),
  moved as (
    select t.call_id,
      coalesce(-sum(e.amount) filter (where a.purpose = 'revenue'), 0) as revenue,
      coalesce(sum(e.amount) filter (where a.purpose = 'payout'), 0) as payout,
      coalesce(-sum(e.amount) filter (where a.purpose = 'fees'), 0) as fees,
      coalesce(-sum(e.amount) filter (where a.purpose = 'tax'), 0) as taxes,
      coalesce(sum(e.amount) filter (where a.purpose = 'carrier_cost'), 0) as carrier_cost
    from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
    join ledger_accounts a on a.id = e.ledger_account_id
    where t.kind = 'call_settlement' group by t.call_id)
  select said.call_id as id from said left join moved using (call_id)
  where (said.revenue, said.payout, said.fees, said.taxes, said.carrier_cost) is distinct from
    (coalesce(moved.revenue, 0), coalesce(moved.payout, 0), coalesce(moved.fees, 0), coalesce(moved.taxes, 0),
     coalesce(moved.carrier_cost, 0))`;

/** A wallet's balance from its top-ups and what its account's settled calls cost, by the settlements alone. */
const WALLET_DIFFERS = `select a.account_id as id from ledger_accounts a
  where a.account_id = $1 and a.purpose = 'wallet' and -a.balance <> $2::bigint - (
    select coalesce(sum(s.revenue + s.fees + s.taxes), 0) from settlements s join calls c on c.id = s.call_id
    where c.sale #>> '{target,buyerAccountId}' = $1)`;

async function figures(db: Client): Promise<Record<string, number>> {
  const { rows } = await db.query<Record<string, string>>(
    `select (select count(*) from calls) as cdrs,
       (select count(*) from settlements) as settled,
       (select count(*) from calls where end_reason = 'node_lost') as closed_for_a_lost_node,
       (select count(*) from holds) as holds,
       (select count(*) from holds where state = 'captured') as captured,
       (select count(*) from call_late_ends) as late_ends,
       (select count(*) from calls where attempts::text like '%no_funds%') as without_funds,
       (select count(*) from outbox where dead_at is not null) as dead_letters,
       (select count(*) from ledger_entries) as ledger_entries`,
  );
  return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([name, value]) => [name, Number(value)]));
}

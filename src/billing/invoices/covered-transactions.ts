import type { Currency, Micros } from '../../domain';
import type { Queryable, Statement } from '../../storage';

/** The chain of documents of one account in one currency. */
export interface DocumentChain {
  readonly accountId: string;
  readonly currency: Currency;
}

/** A statement that gives `(transaction_id, amount)`: what a document is made of. */
export type Items = Statement & { readonly values: readonly unknown[] };

/** What a set of transactions comes to. */
export interface ItemSums {
  readonly transactions: number;
  readonly amount: Micros;
  /** Of those that are for the account's good, positive. */
  readonly credits: Micros;
}

/**
 * What an account owes as a buyer is in its wallet, of which a part may be held: a hold moves nothing
 * between them, and is on no document.
 */
const MINE = `select id from ledger_accounts where account_id = $1 and currency = $2 and purpose in ('wallet', 'held')`;

/** Transactions that moved what the account owes and are on no document, with an entry beyond the floor. */
const FRESH = `select f.transaction_id, sum(e.amount)::bigint as amount, min(e.id) as first_entry
  from (select distinct e.transaction_id from ledger_entries e where e.ledger_account_id in (${MINE}) and e.id > $3) f
  join ledger_entries e on e.transaction_id = f.transaction_id and e.ledger_account_id in (${MINE})
  where not exists (
    select 1 from billing_document_transactions d
    where d.account_id = $1 and d.currency = $2 and d.transaction_id = f.transaction_id)
  group by f.transaction_id having sum(e.amount) <> 0`;

const FRESH_BEFORE = `select f.transaction_id, f.amount from (${FRESH}) f
  join ledger_transactions t on t.id = f.transaction_id
  where t.posted_at < to_timestamp($4::bigint / 1000.0)`;

/**
 * Locks the chain, so that one document is made at a time.
 * @returns its floor: every entry up to it is on a document, or moved nothing
 */
export async function lockChain(tx: Queryable, { accountId, currency }: DocumentChain): Promise<number> {
  await tx.query({
    name: 'document-chain-open',
    text: `insert into billing_document_chains (account_id, currency) values ($1, $2) on conflict do nothing`,
    values: [accountId, currency],
  });
  const { rows } = await tx.query<{ floor: number }>({
    name: 'document-chain-lock',
    text: 'select floor from billing_document_chains where account_id = $1 and currency = $2 for update',
    values: [accountId, currency],
  });
  return rows[0]?.floor ?? 0;
}

/** The floor, for who only looks. */
export async function floorOf(db: Queryable, { accountId, currency }: DocumentChain): Promise<number> {
  const { rows } = await db.query<{ floor: number }>(
    'select floor from billing_document_chains where account_id = $1 and currency = $2',
    [accountId, currency],
  );
  return rows[0]?.floor ?? 0;
}

/** What was posted before an instant and is on no document. */
export function freshItems({ accountId, currency }: DocumentChain, floor: number, before: number): Items {
  return { text: FRESH_BEFORE, values: [accountId, currency, floor, before] };
}

/** What a document covers. */
export function documentItems(documentId: number): Items {
  return {
    text: 'select transaction_id, amount from billing_document_transactions where document_id = $1',
    values: [documentId],
  };
}

/** When the first of what is on no document was posted; UTC epoch milliseconds, undefined when there is none. */
export async function firstFresh(db: Queryable, chain: DocumentChain): Promise<number | undefined> {
  const { rows } = await db.query<{ first: number | null }>(
    `select (extract(epoch from min(t.posted_at)) * 1000)::bigint as first
     from (${FRESH}) f join ledger_transactions t on t.id = f.transaction_id`,
    [chain.accountId, chain.currency, await floorOf(db, chain)],
  );
  return rows[0]?.first ?? undefined;
}

/** Puts what was posted before an instant and is on no document on this one. */
export async function coverFresh(
  tx: Queryable,
  chain: DocumentChain,
  floor: number,
  before: number,
  documentId: number,
): Promise<void> {
  await tx.query({
    name: 'document-cover',
    text: `insert into billing_document_transactions (account_id, currency, transaction_id, document_id, amount)
      select $1, $2, transaction_id, $5, amount from (${FRESH_BEFORE}) fresh`,
    values: [chain.accountId, chain.currency, floor, before, documentId],
  });
}

/** What they come to, and how many of them were posted before an instant. */
export async function sumItems(
  db: Queryable,
  items: Items,
  before: number,
): Promise<ItemSums & { readonly earlier: number }> {
  const { rows } = await db.query<ItemSums & { earlier: number }>(
    `select count(*)::integer as transactions, coalesce(sum(i.amount), 0)::bigint as amount,
       coalesce(-sum(i.amount) filter (where i.amount < 0), 0)::bigint as credits,
       (count(*) filter (where t.posted_at < to_timestamp($${items.values.length + 1}::bigint / 1000.0)))::integer as earlier
     from (${items.text}) i join ledger_transactions t on t.id = i.transaction_id`,
    [...items.values, before],
  );
  return rows[0] as ItemSums & { earlier: number };
}

/**
 * Raises the floor, so that the next document does not read everything again. What is below the last entry
 * now visible may still hide transactions that are under way: it becomes the floor only once all that were
 * under way are over, and the entries they left have been looked at.
 */
export async function raiseFloor(tx: Queryable, chain: DocumentChain, floor: number): Promise<void> {
  await tx.query({
    name: 'document-chain-floor',
    text: `with seen as (
        select coalesce((select min(first_entry) - 1 from (${FRESH}) f),
          (select max(e.id) from ledger_entries e where e.ledger_account_id in (${MINE})), $3) as upto)
      update billing_document_chains c
      set floor = case when pg_snapshot_xmin(pg_current_snapshot()) >= c.scanned_xmax
          then greatest(c.floor, least(c.scanned_to, seen.upto)) else c.floor end,
        scanned_to = seen.upto, scanned_xmax = pg_snapshot_xmax(pg_current_snapshot())
      from seen where c.account_id = $1 and c.currency = $2`,
    values: [chain.accountId, chain.currency, floor],
  });
}

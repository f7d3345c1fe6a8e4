import type { Currency, Micros } from '../../domain';
import type { Queryable } from '../../storage';
import type { Posting } from '../ledger/ledger';

/** A call's money, rated and to be booked. */
export interface RatedCall {
  readonly callId: string;
  /** Milliseconds. */
  readonly connectedMs: number;
  readonly revenue: Micros;
  readonly payout: Micros;
  readonly currency: Currency;
  readonly postings: readonly Posting[];
}

/** Under which the ledger takes a call's settlement once. */
export const settlementKey = (callId: string): string => `call:${callId}`;

const UNIQUE_VIOLATION = '23505';

/**
 * The usual case in one statement, which is one transaction: the call is untouched and its ledger
 * accounts are there. Eight statements say the same and cost the database four times as much.
 */
const SETTLE = {
  name: 'settle-at-once',
  text: `with wanted as (
      select * from unnest($7::text[], $8::text[], $9::bigint[]) as p(account_id, purpose, amount)),
    accounts as (
      select l.id, w.amount from wanted w
      join ledger_accounts l on l.account_id = w.account_id and l.purpose = w.purpose and l.currency = $6),
    posted as (
      insert into ledger_transactions (idempotency_key, kind, call_id)
      select $2, 'call_settlement', $1
      where (select count(*) from accounts) = (select count(*) from wanted)
      on conflict (idempotency_key) do nothing
      returning id),
    settled as (
      insert into settlements (call_id, transaction_id, connected_ms, revenue, payout, currency)
      select $1, id, $3, $4, $5, $6 from posted),
    entries as (
      insert into ledger_entries (transaction_id, ledger_account_id, amount)
      select posted.id, accounts.id, accounts.amount from posted, accounts),
    done as (
      update outbox set done_at = now(), dead_at = null, dead_reason = null
      from posted where type = 'call.ended' and subject = $1 and done_at is null)
    select id from posted`,
};

/**
 * Books a call that has not been booked.
 * @returns false when nothing was done: it was booked before, an account is to be opened first, or the
 * books contradict themselves; taking it step by step tells which
 */
export async function settleAtOnce(database: Queryable, call: RatedCall): Promise<boolean> {
  try {
    const { rowCount } = await database.query({
      ...SETTLE,
      values: [
        call.callId,
        settlementKey(call.callId),
        call.connectedMs,
        call.revenue,
        call.payout,
        call.currency,
        call.postings.map((posting) => posting.accountId),
        call.postings.map((posting) => posting.purpose),
        call.postings.map((posting) => posting.amount),
      ],
    });
    return rowCount === 1;
  } catch (error) {
    // A settlement without its money stands in the way.
    if ((error as { code?: unknown }).code === UNIQUE_VIOLATION) return false;
    throw error;
  }
}

import type { Currency, Micros, RingTarget, SaleTerms } from '../../domain';
import { subtractMicros, ZERO_MICROS } from '../../domain';
import type { Database, Queryable } from '../../storage';
import type { Posting } from '../ledger/ledger';
import { postTransaction } from '../ledger/ledger';
import { rateCall } from '../rating';
import type { RatedCall } from './settle-at-once';
import { settleAtOnce, settlementKey } from './settle-at-once';

/** The account that stands for the exchange itself. */
export const OPERATOR_ACCOUNT = 'operator';

interface EndedCall {
  readonly connectedMs: number;
  readonly sale: { readonly target: RingTarget; readonly terms: SaleTerms } | null;
}

export type SettlementOutcome = 'settled' | 'already_settled' | 'not_sold';

/**
 * Settles one call: rates it and posts its money, all or nothing. Doing it again changes nothing.
 * @throws Error when the call is unknown or not over: the job is tried again, then looked at by people
 */
export async function settleCall(database: Database, callId: string): Promise<SettlementOutcome> {
  const { connectedMs, sale } = await readEnded(database, callId);
  if (!sale) {
    await markDone(database, callId);
    return 'not_sold';
  }
  const { target, terms } = sale;
  const { revenue, payout } = rateCall(target.plan, terms.payout, connectedMs);
  const postings = postingsOf(target.buyerAccountId, terms.sellerId, terms.currency, revenue, payout);
  const call: RatedCall = { callId, connectedMs, revenue, payout, currency: terms.currency, postings };
  if (postings.length > 0 && (await settleAtOnce(database, call))) return 'settled';
  return database.transaction((tx) => settleStepwise(tx, call));
}

/** An ended call is not changed any more: what is read here holds. */
async function readEnded(database: Queryable, callId: string): Promise<EndedCall> {
  const { rows } = await database.query<EndedCall>({
    name: 'settle-read',
    text: `select connected_ms as "connectedMs", sale from calls where id = $1 and ended_at is not null`,
    values: [callId],
  });
  const [call] = rows;
  if (!call) throw new Error(`call ${callId} is not over, or not known`);
  return call;
}

/** Opens accounts that are not there yet, and finds out what was done before. */
async function settleStepwise(tx: Queryable, call: RatedCall): Promise<SettlementOutcome> {
  const { callId, connectedMs, revenue, payout, currency, postings } = call;
  const transactionId =
    postings.length === 0
      ? null
      : await postTransaction(tx, {
          idempotencyKey: settlementKey(callId),
          kind: 'call_settlement',
          callId,
          postings,
        });
  const claimed = await tx.query({
    name: 'settle-claim',
    text: `insert into settlements (call_id, transaction_id, connected_ms, revenue, payout, currency)
      values ($1, $2, $3, $4, $5, $6) on conflict (call_id) do nothing`,
    values: [callId, transactionId ?? null, connectedMs, revenue, payout, currency],
  });
  const first = claimed.rowCount === 1;
  // Books that contradict themselves are for people: nothing is posted.
  if (first && transactionId === undefined) {
    throw new Error(`the money of call ${callId} was posted without a settlement`);
  }
  if (!first && typeof transactionId === 'number') {
    throw new Error(`call ${callId} was settled without its money`);
  }
  await markDone(tx, callId);
  return first ? 'settled' : 'already_settled';
}

/** Nothing is left to be done because of the call's end. */
async function markDone(database: Queryable, callId: string): Promise<void> {
  await database.query({
    name: 'settle-done',
    text: `update outbox set done_at = now(), dead_at = null, dead_reason = null
      where type = 'call.ended' and subject = $1 and done_at is null`,
    values: [callId],
  });
}

/** The buyer owes the revenue, which the exchange earned; the payout is its cost, owed to the seller. */
function postingsOf(
  buyerAccountId: string,
  sellerId: string,
  currency: Currency,
  revenue: Micros,
  payout: Micros,
): Posting[] {
  const postings: Posting[] = [];
  const move = (
    debit: Omit<Posting, 'amount' | 'currency'>,
    credit: Omit<Posting, 'amount' | 'currency'>,
    amount: Micros,
  ): void => {
    if (amount === 0) return;
    postings.push(
      { ...debit, currency, amount },
      { ...credit, currency, amount: subtractMicros(ZERO_MICROS, amount) },
    );
  };
  move(
    { accountId: buyerAccountId, purpose: 'wallet' },
    { accountId: OPERATOR_ACCOUNT, purpose: 'revenue' },
    revenue,
  );
  move(
    { accountId: OPERATOR_ACCOUNT, purpose: 'payout' },
    { accountId: sellerId, purpose: 'payable' },
    payout,
  );
  return postings;
}

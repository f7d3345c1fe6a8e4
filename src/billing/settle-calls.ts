import type { Currency, Micros, RingTarget, SaleTerms } from '../domain';
import { subtractMicros, ZERO_MICROS } from '../domain';
import type { Database, Queryable } from '../storage';
import type { Posting } from './ledger';
import { postTransaction } from './ledger';
import { rateCall } from './rating';

/** The account that stands for the exchange itself. */
export const OPERATOR_ACCOUNT = 'operator';

interface EndedCall {
  readonly id: string;
  readonly connectedMs: number;
  readonly sale: { readonly target: RingTarget; readonly terms: SaleTerms } | null;
}

export type SettlementOutcome = 'settled' | 'already_settled' | 'not_sold';

/**
 * Settles one call: rates it and posts its money, in one database transaction. Doing it again
 * changes nothing.
 * @throws Error when the call is unknown or not over: the job is tried again, then looked at by people
 */
export async function settleCall(database: Database, callId: string): Promise<SettlementOutcome> {
  return database.transaction((tx) => settleWithin(tx, callId));
}

async function settleWithin(tx: Queryable, callId: string): Promise<SettlementOutcome> {
  const { rows } = await tx.query<EndedCall>({
    name: 'settle-read',
    text: `select id, connected_ms as "connectedMs", sale from calls where id = $1 and ended_at is not null`,
    values: [callId],
  });
  const call = rows[0];
  if (!call) throw new Error(`call ${callId} is not over, or not known`);
  if (!call.sale) return 'not_sold';
  const { target, terms } = call.sale;
  const rated = rateCall(target.plan, terms.payout, call.connectedMs);
  const claimed = await tx.query({
    name: 'settle-claim',
    text: `insert into settlements (call_id, connected_ms, revenue, payout, currency) values ($1, $2, $3, $4, $5)
      on conflict (call_id) do nothing`,
    values: [callId, call.connectedMs, rated.revenue, rated.payout, terms.currency],
  });
  if (claimed.rowCount === 0) return 'already_settled';
  const postings = postingsOf(
    target.buyerAccountId,
    terms.sellerId,
    terms.currency,
    rated.revenue,
    rated.payout,
  );
  if (postings.length > 0) {
    const transactionId = await postTransaction(tx, {
      idempotencyKey: `call:${callId}`,
      kind: 'call_settlement',
      callId,
      postings,
    });
    await tx.query({
      name: 'settle-link',
      text: 'update settlements set transaction_id = $2 where call_id = $1',
      values: [callId, transactionId ?? null],
    });
  }
  return 'settled';
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
    { accountId: buyerAccountId, purpose: 'receivable' },
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

import { addMicros, ZERO_MICROS } from '../../domain';
import type { Queryable } from '../../storage';
import type { TakenHold } from './call-postings';
import type { CallToBook } from './settle-batch';

/** What is to be written of a batch of calls, once their money is posted. */
export interface SettlementsToWrite {
  readonly calls: readonly CallToBook[];
  readonly heldOf: (callId: string) => readonly TakenHold[];
  /** Undefined when no money moved. */
  readonly transactionIdOf: (callId: string) => number | undefined;
  /** Events because of which nothing is left to be done. */
  readonly doneEvents: readonly number[];
}

/**
 * Settlements, the events that were because of them, and the events that tell of them. A settlement that is
 * there already is an error: whose event is locked is settled by nobody else.
 */
const WRITE = {
  name: 'settle-write',
  text: `with rows as (
      select * from json_to_recordset($1::json) as r(
        call_id text, transaction_id bigint, connected_ms bigint, revenue bigint, payout bigint, fees bigint,
        taxes bigint, carrier_cost bigint, held bigint, currency text, priced text, earned text, lines jsonb, told jsonb)),
    settled as (
      insert into settlements (call_id, transaction_id, connected_ms, revenue, payout, fees, taxes, carrier_cost, held,
        currency, priced, earned, lines)
      select call_id, transaction_id, connected_ms, revenue, payout, fees, taxes, carrier_cost, held,
        currency, priced, earned, lines from rows),
    done as (
      update outbox set done_at = now(), dead_at = null, dead_reason = null
      where id = any($2::bigint[]) and done_at is null)
    insert into outbox (type, subject, payload)
    select 'call.settled', call_id, told from rows on conflict (type, subject) do nothing`,
};

export async function writeSettlements(tx: Queryable, batch: SettlementsToWrite): Promise<void> {
  if (batch.calls.length === 0 && batch.doneEvents.length === 0) return;
  await tx.query({
    ...WRITE,
    values: [JSON.stringify(batch.calls.map((one) => rowOf(one, batch))), batch.doneEvents],
  });
}

function rowOf({ call, rated }: CallToBook, batch: SettlementsToWrite): unknown {
  const { callId, connectedMs, sale, campaignId } = call;
  const { currency, revenue, payout, fees, taxes, carrierCost, priced, earned, lines } = rated;
  const transactionId = batch.transactionIdOf(callId);
  const held = batch
    .heldOf(callId)
    .reduce((sum, hold) => (hold.currency === currency ? addMicros(sum, hold.amount) : sum), ZERO_MICROS);
  return {
    call_id: callId,
    transaction_id: transactionId,
    connected_ms: connectedMs,
    revenue,
    payout,
    fees,
    taxes,
    carrier_cost: carrierCost,
    held,
    currency,
    priced,
    earned,
    lines,
    told: {
      callId,
      transactionId,
      connectedMs,
      currency,
      revenueMicros: revenue,
      payoutMicros: payout,
      feesMicros: fees,
      taxesMicros: taxes,
      carrierCostMicros: carrierCost,
      priced,
      // What carriers are paid for a call that nobody bought is no party's business.
      campaignId: sale?.terms.campaignId ?? campaignId,
      sellerId: sale?.terms.sellerId,
      buyerId: sale?.target.buyerId,
      buyerAccountId: sale?.target.buyerAccountId,
    },
  };
}

import { randomUUID } from 'node:crypto';
import { AppError } from '../../domain';
import type { Database, Queryable } from '../../storage';
import type { OnTopUpDue, TopUpDue } from '../wallets/top-up-due';
import { failedTopUps } from './failed-top-ups';
import { insertPayment } from './payment-rows';
import { idempotencyKeyOf, whyNotChargeable } from './request-payment';
import { settlePayment } from './settle-payment';

/** After a failure the next one waits this long for each that there was: banks dislike who tries at once. */
const REST_MS = 900_000;

/**
 * What a wallet that ran low calls: writes a charge of the payment method that its owner named, which the
 * keeper of payments asks the provider for. The same key again is the same charge. What cannot be charged at
 * all is a payment that failed, and counts as one.
 *
 * @param now - UTC epoch milliseconds
 * @returns a hook that rejects with AppError `conflict` while another top-up of that wallet is under way
 */
export function chargeTopUps(database: Database, now: () => number): OnTopUpDue {
  return (due) =>
    database.transaction(async (tx) => {
      if (await isKnown(tx, due)) return;
      const problem = await whyNotChargeable(tx, { ...due, methodId: due.paymentMethod });
      const id = randomUUID();
      const written = await insertPayment(tx, {
        id,
        kind: 'charge',
        cause: 'auto_top_up',
        accountId: due.accountId,
        currency: due.currency,
        amount: due.amount,
        idempotencyKey: idempotencyKeyOf(id),
        methodId: problem ? undefined : due.paymentMethod,
        topUpKey: due.key,
        dueAt: now() + REST_MS * (await failedTopUps(tx, due)),
      });
      if (!written) {
        if (await isKnown(tx, due)) return;
        throw new AppError('conflict', 'top_up_under_way', `a top-up of ${due.accountId} is under way`);
      }
      if (!problem) return;
      const message = `${problem.pointer.slice(1)} ${problem.message}`;
      await settlePayment(tx, id, {
        state: 'failed',
        ref: undefined,
        failure: { code: 'not_chargeable', message, retryable: false },
      });
    });
}

async function isKnown(tx: Queryable, { key }: TopUpDue): Promise<boolean> {
  const { rowCount } = await tx.query('select 1 from payments where top_up_key = $1', [key]);
  return rowCount === 1;
}

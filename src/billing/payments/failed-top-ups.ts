import type { Queryable } from '../../storage';
import type { Payment } from './payment';

/** Failures in a row after which a wallet asks for no more money by itself. */
const MAX_FAILED_TOP_UPS = 3;

type Owner = Pick<Payment, 'accountId' | 'currency'>;

/** Failures in a row of top-ups that a wallet asked for, since one worked or it was switched off. */
export async function failedTopUps(db: Queryable, { accountId, currency }: Owner): Promise<number> {
  const { rows } = await db.query<{ failures: number }>({
    name: 'top-ups-failed',
    text: `select count(*)::integer as failures from payments
      where account_id = $1 and currency = $2 and cause = 'auto_top_up' and state = 'failed' and seq > coalesce((
        select max(seq) from payments where account_id = $1 and currency = $2 and cause = 'auto_top_up'
          and (state = 'succeeded' or switched_off)), 0)`,
    values: [accountId, currency],
  });
  return rows[0]?.failures ?? 0;
}

/**
 * Counts one more, which is not written down yet, and switches the wallet's top-ups off when it is one too
 * many: its owner sets them up again, with a card that works.
 */
export async function noteFailedTopUp(
  tx: Queryable,
  owner: Owner,
): Promise<{ readonly failures: number; readonly switchedOff: boolean }> {
  const failures = (await failedTopUps(tx, owner)) + 1;
  const switchedOff = failures >= MAX_FAILED_TOP_UPS;
  if (switchedOff) {
    await tx.query({
      name: 'top-ups-off',
      text: `update wallets set top_up_below = null, top_up_amount = null, top_up_method = null,
          version = version + 1, updated_at = now()
        where account_id = $1 and currency = $2`,
      values: [owner.accountId, owner.currency],
    });
  }
  return { failures, switchedOff };
}

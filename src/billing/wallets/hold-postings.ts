import type { Currency, Micros } from '../../domain';
import { negateMicros } from '../../domain';
import type { LedgerKind } from '../ledger/chart';
import type { LedgerTransaction } from '../ledger/transaction';
import { movement } from '../ledger/transaction';

/** Whose money is set aside. */
export interface HeldOf {
  /** `<call>/<number of the attempt>`. */
  readonly id: string;
  readonly callId: string;
  readonly accountId: string;
  readonly currency: Currency;
}

/** Sets money aside: from the wallet to what is held. */
export function holdPosting(hold: HeldOf, amount: Micros): LedgerTransaction {
  return moved(hold, `hold:${hold.id}`, 'hold', amount);
}

/** Sets more aside, so that it is so much in all. */
export function extensionPosting(hold: HeldOf, more: Micros, inAll: Micros): LedgerTransaction {
  return moved(hold, `hold:${hold.id}:to:${inAll}`, 'hold_extension', more);
}

/** Gives everything back to the wallet. */
export function releasePosting(hold: HeldOf, amount: Micros): LedgerTransaction {
  return moved(hold, `hold:${hold.id}:release`, 'hold_release', negateMicros(amount));
}

function moved(hold: HeldOf, idempotencyKey: string, kind: LedgerKind, amount: Micros): LedgerTransaction {
  const { callId, accountId, currency } = hold;
  return {
    idempotencyKey,
    kind,
    callId,
    postings: movement({ accountId, purpose: 'wallet' }, { accountId, purpose: 'held' }, currency, amount),
  };
}

import type { Currency, Micros } from '../../domain';
import { OPERATOR_ACCOUNT, AppError, negateMicros } from '../../domain';
import type { Queryable } from '../../storage';
import type { LedgerKind } from '../ledger/chart';
import type { LedgerTransaction, Posting } from '../ledger/ledger';
import { movement } from '../ledger/transaction';
import type { AdjustedAccount, Adjustment, NewAdjustment } from './adjustment';
import { debitsOf } from './earnings';

/** Where the money goes from, and where to. */
export interface Ends {
  readonly from: AdjustedAccount;
  readonly to: AdjustedAccount;
}

/** What an adjustment is to move. */
export interface PlannedAdjustment {
  /** Undefined of a reversal. */
  readonly ends: Ends | undefined;
  readonly reversesId: number | undefined;
  readonly currency: Currency;
  readonly amount: Micros;
}

/** Kinds of transactions that people make by hand, and may take back so. */
const REVERSIBLE: ReadonlySet<LedgerKind> = new Set(['top_up', 'adjustment']);
/** How the money of others is taken back. */
const OTHERWISE: Readonly<Partial<Record<LedgerKind, string>>> = {
  hold: 'the wallet releases it',
  hold_extension: 'the wallet releases it',
  hold_release: 'the wallet has it',
  call_settlement: 'give the call back',
  call_rerating: 'give the call back',
  publisher_payout: 'mark the payout as failed',
  refund: 'correct it',
  chargeback: 'correct it',
  reversal: 'correct it',
};
/** Who has which ledger account that corrections reach. */
const OWNERS: Readonly<Record<AdjustedAccount['purpose'], readonly string[]>> = {
  wallet: ['buyer'],
  payable: ['seller', 'carrier'],
  adjustments: ['operator'],
  cash: ['operator'],
};

/**
 * Where the money of an adjustment goes.
 * @throws AppError `unprocessable` with the place when there are no such accounts, or a transaction cannot be
 * taken back
 */
export async function planAdjustment(tx: Queryable, wish: NewAdjustment): Promise<PlannedAdjustment> {
  if (wish.kind === 'reversal') return planReversal(tx, wish.transactionId);
  const { currency, amount } = wish;
  const ends = endsOf(wish);
  await assertOwners(tx, ends, wish.kind);
  return { ends, reversesId: undefined, currency, amount };
}

/** Where the money of anything but a reversal goes. */
export function endsOf(wish: Exclude<NewAdjustment, { kind: 'reversal' }>): Ends {
  const ours = { accountId: OPERATOR_ACCOUNT, purpose: 'adjustments' } as const;
  if (wish.kind === 'correction') return { from: wish.from, to: wish.to };
  return wish.kind === 'goodwill'
    ? { from: ours, to: { accountId: wish.accountId, purpose: 'wallet' } }
    : { from: { accountId: wish.accountId, purpose: 'payable' }, to: ours };
}

async function assertOwners(tx: Queryable, { from, to }: Ends, kind: string): Promise<void> {
  if (from.accountId === to.accountId && from.purpose === to.purpose) {
    throw refused('the money would stay where it is', '/to', 'is where it comes from');
  }
  const { rows } = await tx.query<{ id: string; type: string }>(
    'select id, type from accounts where id = any($1)',
    [[from.accountId, to.accountId]],
  );
  const typeOf = new Map(rows.map(({ id, type }) => [id, type]));
  for (const [end, { accountId, purpose }] of [
    ['/from/accountId', from],
    ['/to/accountId', to],
  ] as const) {
    const type = typeOf.get(accountId);
    if (type !== undefined && OWNERS[purpose].includes(type)) continue;
    const owners = OWNERS[purpose].join(' or ');
    throw refused(
      `there is no ${purpose} of account ${accountId}`,
      kind === 'correction' ? end : '/accountId',
      `is no account of a ${owners}`,
    );
  }
}

interface PostedRow {
  readonly kind: LedgerKind;
  readonly callId: string | null;
  readonly reversesId: number | null;
  readonly reversed: boolean;
  readonly ofPayment: boolean;
}

async function planReversal(tx: Queryable, transactionId: number): Promise<PlannedAdjustment> {
  const { rows } = await tx.query<PostedRow>(
    `select kind, call_id as "callId", reverses_id as "reversesId",
       exists (select 1 from ledger_transactions r where r.reverses_id = t.id) as reversed,
       starts_with(idempotency_key, 'payment:') as "ofPayment"
     from ledger_transactions t where id = $1`,
    [transactionId],
  );
  const [posted] = rows;
  if (!posted) throw notReversible(`there is no ledger transaction ${transactionId}`);
  const { kind, callId, reversesId, reversed, ofPayment } = posted;
  if (reversed) {
    throw new AppError('conflict', 'already_reversed', `transaction ${transactionId} was taken back before`);
  }
  if (!REVERSIBLE.has(kind) || callId !== null || reversesId !== null) {
    const how = callId === null ? OTHERWISE[kind] : 'give the call back';
    throw notReversible(`a ${kind} is not taken back as a whole${how === undefined ? '' : `: ${how}`}`);
  }
  // The payment would not know, and be refunded or charged back on top.
  if (ofPayment) throw notReversible('the money of a payment is taken back by a refund of the payment');
  const debits = debitsOf(await postingsOf(tx, transactionId));
  if (!debits) throw notReversible('a transaction in several currencies is not taken back as a whole');
  return { ends: undefined, reversesId: transactionId, ...debits };
}

function notReversible(text: string): AppError {
  return refused(text, '/transactionId', 'cannot be taken back');
}

/** What the ledger is to take, once. */
export async function transactionOf(tx: Queryable, adjustment: Adjustment): Promise<LedgerTransaction> {
  const { id, reason, currency, amount, reversesId } = adjustment;
  if (reversesId !== null) {
    const postings = await postingsOf(tx, reversesId);
    return {
      idempotencyKey: `reversal:${reversesId}`,
      kind: 'reversal',
      reason,
      reversesId,
      postings: postings.map((posting) => ({ ...posting, amount: negateMicros(posting.amount) })),
    };
  }
  const { fromAccount, fromPurpose, toAccount, toPurpose } = adjustment;
  if (fromAccount === null || fromPurpose === null || toAccount === null || toPurpose === null) {
    throw new Error(`adjustment ${id} has no ends`);
  }
  return {
    idempotencyKey: `adjustment:${id}`,
    kind: 'adjustment',
    reason,
    postings: movement(
      { accountId: fromAccount, purpose: fromPurpose },
      { accountId: toAccount, purpose: toPurpose },
      currency,
      amount,
    ),
  };
}

/** Entries of a posted transaction: it is never changed. */
async function postingsOf(tx: Queryable, transactionId: number): Promise<Posting[]> {
  const { rows } = await tx.query<Posting>(
    `select l.account_id as "accountId", l.purpose, l.currency, e.amount
     from ledger_entries e join ledger_accounts l on l.id = e.ledger_account_id
     where e.transaction_id = $1 order by e.id`,
    [transactionId],
  );
  return rows;
}

function refused(text: string, pointer: string, message: string): AppError {
  return new AppError('unprocessable', 'not_adjustable', text, { errors: [{ pointer, message }] });
}

import { AppError } from '../../domain';
import type { LedgerTransaction, Posting } from './transaction';

const MAX_ERRORS = 50;

/** Says which postings are of accounts that there are not. */
export function unknownAccounts(
  transactions: readonly LedgerTransaction[],
  isUnknown: (posting: Posting) => boolean,
  place: (n: number) => string,
): AppError {
  const errors = transactions.flatMap(({ postings }, n) =>
    postings.flatMap((posting, p) =>
      isUnknown(posting)
        ? [
            {
              pointer: `${place(n)}/postings/${p}/accountId`,
              message: `there is no account ${posting.accountId}`,
            },
          ]
        : [],
    ),
  );
  return new AppError('unprocessable', 'ledger_account_unknown', errors[0]?.message ?? 'no such account', {
    errors: errors.slice(0, MAX_ERRORS),
  });
}

const REVERSES_NOTHING = ['ledger_reversed_unknown', 'there is no such transaction to reverse'] as const;
/** Constraints of the schema whose refusal is the caller's to hear, by what it is told. */
const REFUSALS: Readonly<Record<string, readonly [code: string, message: string]>> = {
  ledger_accounts_balance_check: ['ledger_overflow', 'the balance of a ledger account would be out of range'],
  ledger_transactions_effective_on_check: [
    'ledger_effective_later',
    'a transaction cannot belong to a day that is yet to come',
  ],
  ledger_transactions_period_open: [
    'ledger_period_closed',
    'the books of that month are closed: post it with a later accounting date',
  ],
  ledger_transactions_reverses_id_fkey: REVERSES_NOTHING,
  ledger_transactions_reverses_earlier: REVERSES_NOTHING,
};
const OUT_OF_RANGE = '22003';

/** What the database refused, in the ledger's words; anything else as it is. */
export function explainRefusal(error: unknown): unknown {
  const { code, constraint, detail } = error as { code?: string; constraint?: string; detail?: string };
  if (code === undefined || error instanceof AppError) return error;
  const name = code === OUT_OF_RANGE ? 'ledger_accounts_balance_check' : (constraint ?? '');
  const [known, message] = REFUSALS[name] ?? [];
  if (known === undefined || message === undefined) return error;
  return new AppError('unprocessable', known, message, detail === undefined ? {} : { detail });
}

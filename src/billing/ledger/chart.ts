/**
 * The chart of accounts. Debits are positive, credits negative; a balance is their sum.
 * - `wallet` (of a buyer): what it has with the exchange is a credit, what it owes a debit.
 * - `held` (of a buyer): set aside for calls that ring or are up; a credit.
 * - `payable` (of a seller or carrier): what the exchange owes it is a credit.
 * - of the operator: `revenue` and `fees` earned, `payout` and `carrier_cost` paid away, `tax` owed to
 *   authorities, `adjustments` given and taken, `cash` that came in and went out.
 */
export const LEDGER_PURPOSES = [
  'wallet',
  'held',
  'payable',
  'revenue',
  'payout',
  'fees',
  'carrier_cost',
  'tax',
  'adjustments',
  'cash',
] as const;
export type LedgerPurpose = (typeof LEDGER_PURPOSES)[number];

/** Why money moved. */
export const LEDGER_KINDS = [
  'hold',
  'hold_extension',
  'hold_release',
  'call_settlement',
  'call_rerating',
  'top_up',
  'refund',
  'chargeback',
  'adjustment',
  'reversal',
  'publisher_payout',
] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

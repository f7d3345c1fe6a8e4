export { billedMilliseconds, rate, rateCall } from './rating';
export type { RatedCall } from './rating';
export { ledgerBalances, ledgerLinesOfCall, postTransaction, trialBalance } from './ledger/ledger';
export { LEDGER_KINDS, LEDGER_PURPOSES } from './ledger/ledger';
export type {
  LedgerBalance,
  LedgerKind,
  LedgerPurpose,
  LedgerLine,
  LedgerTransaction,
  Posting,
  TrialBalance,
} from './ledger/ledger';
export { OPERATOR_ACCOUNT, settleCall } from './settlement/settle-calls';
export type { SettlementOutcome } from './settlement/settle-calls';
export { OutboxRelay } from './settlement/outbox-relay';
export type { OutboxRelayOptions } from './settlement/outbox-relay';
export { SettlementWorker } from './settlement/settlement-worker';
export type { SettlementWorkerOptions } from './settlement/settlement-worker';
export { DeadLetters } from './settlement/dead-letters';
export type { DeadLetter } from './settlement/dead-letters';
export { captureHolds, heldDifferences, HOLD_STATES, listHolds } from './wallets/holds';
export type { CapturedHold, HeldDifference, Hold, HoldFilter, HoldState } from './wallets/holds';
export { endTopUp } from './wallets/top-up-due';
export type { OnTopUpDue, TopUpDue } from './wallets/top-up-due';

export { billedMilliseconds, rate, rateCall } from './rating';
export type { RatedCall } from './rating';
export { ledgerBalances, ledgerLinesOfCall, postTransaction, trialBalance } from './ledger';
export type { LedgerBalance, LedgerLine, LedgerTransaction, Posting, TrialBalance } from './ledger';
export { OPERATOR_ACCOUNT, settleCall } from './settle-calls';
export type { SettlementOutcome } from './settle-calls';
export { OutboxRelay } from './settlement-queue';
export { DeadLetters, SettlementWorker } from './settlement-worker';
export type { DeadLetter } from './settlement-worker';

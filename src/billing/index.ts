export { billedMilliseconds, rate, rateCall } from './rating';
export type { RatedCall } from './rating';
export { LEDGER_KINDS, LEDGER_PURPOSES } from './ledger/chart';
export type { LedgerKind, LedgerPurpose } from './ledger/chart';
export { postTransaction, postTransactions } from './ledger/ledger';
export type { LedgerTransaction, Posting } from './ledger/ledger';
export { ledgerBalances, ledgerLinesOfCall, trialBalance } from './ledger/ledger-queries';
export type { LedgerBalance, LedgerLine, TrialBalance } from './ledger/ledger-queries';
export { OPERATOR_ACCOUNT, settleCall } from './settlement/settle-calls';
export type { SettlementOutcome } from './settlement/settle-calls';
export { OutboxRelay } from './settlement/outbox-relay';
export type { OutboxRelayOptions } from './settlement/outbox-relay';
export { SettlementWorker } from './settlement/settlement-worker';
export type { SettlementWorkerOptions } from './settlement/settlement-worker';
export { DeadLetters } from './settlement/dead-letters';
export type { DeadLetter } from './settlement/dead-letters';
export { changeWallet, createWallet, getWallet, listWallets, WALLET_KINDS } from './wallets/wallets';
export type { AutoTopUp, Wallet, WalletFilter, WalletKind, WalletTerms } from './wallets/wallets';
export type { OnExhausted, WalletName } from './wallets/purses';
export { PostgresFunds } from './wallets/postgres-funds';
export type { PostgresFundsOptions } from './wallets/postgres-funds';
export type { FundsReply, HoldRequest } from './wallets/funds-batch';
export { listTopUps, receiveTopUp } from './wallets/receive-top-up';
export type { ReceivedTopUp, TopUp } from './wallets/receive-top-up';
export { captureHolds, heldDifferences, HOLD_STATES, listHolds } from './wallets/holds';
export type { CapturedHold, HeldDifference, Hold, HoldFilter, HoldState } from './wallets/holds';
export { endTopUp } from './wallets/top-up-due';
export type { OnTopUpDue, TopUpDue } from './wallets/top-up-due';
export { MAX_SIGNALS, recordSignal, SIGNAL_VALUE } from './signals/record-signal';
export type { RecordedSignal, SignalRefusal, SignalReport, SignalRules } from './signals/record-signal';
export { listSignals, signalsOfCalls } from './signals/signals-of-calls';
export type { StoredSignal } from './signals/signals-of-calls';
export {
  createPostbackToken,
  identifyPostbackToken,
  listPostbackTokens,
  revokePostbackToken,
} from './signals/postback-tokens';
export type { NewPostbackToken, PostbackToken, TokenFilter } from './signals/postback-tokens';
export { findCall } from './signals/find-call';
export type { FoundCall } from './signals/find-call';
export { worstCost } from './wallets/worst-cost';

export { LEDGER_KINDS, LEDGER_PURPOSES } from './ledger/chart';
export type { LedgerKind, LedgerPurpose } from './ledger/chart';
export { describeFinding, LEDGER_PROBLEMS } from './ledger/findings';
export type { LedgerFinding, LedgerProblem } from './ledger/findings';
export { openLedgerAccounts, postTransaction, postTransactions } from './ledger/ledger';
export type { LedgerAccountName, LedgerTransaction, Posting } from './ledger/ledger';
export { ledgerLines, ledgerLinesOfCall } from './ledger/ledger-lines';
export type { LedgerCursor, LedgerLine, LedgerLineFilter, LedgerLinePage } from './ledger/ledger-lines';
export {
  balanceAt,
  ledgerBalances,
  ledgerSums,
  listLedgerBalances,
  trialBalance,
} from './ledger/ledger-queries';
export type { BalancePage, LedgerBalance, TrialBalance } from './ledger/ledger-queries';
export { closePeriod, listPeriods, periodBalances } from './ledger/periods';
export type { ClosePeriodOptions, LedgerPeriod, PeriodBalance } from './ledger/periods';
export { reversalOf } from './ledger/reversal';
export type { Reversal, ReversalOptions } from './ledger/reversal';
export { verifyLedger, verifyNewestBlocks } from './ledger/verify-ledger';
export type { LedgerVerification, VerifyLedgerOptions } from './ledger/verify-ledger';
export type { TakenHold } from './settlement/call-postings';
export { settleCall, settleCalls } from './settlement/settle-calls';
export type { SettleOptions } from './settlement/settle-calls';
export type { Settled, SettlementOutcome } from './settlement/settle-batch';
export { STORED_SOURCES } from './settlement/settlement-sources';
export type { CallFacts, SettlementSources } from './settlement/settlement-sources';
export type { EndedCall, SoldCall } from './settlement/ended-call';
export { OutboxRelay } from './settlement/outbox-relay';
export type { OutboxRelayOptions } from './settlement/outbox-relay';
export { SettlementWorker } from './settlement/settlement-worker';
export type { SettlementWorkerOptions } from './settlement/settlement-worker';
export { DeadLetters } from './settlement/dead-letters';
export type {
  DeadLetter,
  ExplainedLetter,
  LetterFilter,
  SettlementIncident,
} from './settlement/dead-letters';
export { settlementStatus } from './settlement/settlement-status';
export type { SettlementStatus } from './settlement/settlement-status';
export { getSettlement, listSettlements } from './settlement/settlements';
export type { Settlement } from './settlement/settlements';
export { LateEnds } from './settlement/late-ends';
export type { LateEndsOptions } from './settlement/late-ends';
export {
  acceptDifference,
  DIFFERENCE_STATES,
  dismissDifference,
  getDifference,
  listDifferences,
} from './settlement/settlement-differences';
export type {
  DifferenceState,
  DifferenceVerdict,
  SettlementDifference,
} from './settlement/settlement-differences';
export { openSettlementQueue } from './settlement/settlement-queue';
export type { SettlementQueue } from './settlement/settlement-queue';
export { captureHolds, heldDifferences, HOLD_STATES, listHolds } from './wallets/holds';
export type { CapturedHold, HeldDifference, Hold, HoldFilter, HoldState } from './wallets/holds';
export { changeWallet, createWallet, getWallet, listWallets, WALLET_KINDS } from './wallets/wallets';
export type { AutoTopUp, Wallet, WalletFilter, WalletKind, WalletTerms } from './wallets/wallets';
export { purseKey } from './wallets/purses';
export type { OnExhausted, WalletName } from './wallets/purses';
export { PostgresFunds } from './wallets/postgres-funds';
export type { PostgresFundsOptions } from './wallets/postgres-funds';
export type { FundsReply, HoldRequest } from './wallets/funds-batch';
export { HoldSweeper } from './wallets/hold-sweeper';
export type { HoldSweeperOptions, SweptHold } from './wallets/hold-sweeper';
export { WalletWatch } from './wallets/wallet-watch';
export type { WalletWatchOptions } from './wallets/wallet-watch';
export { worstCost } from './wallets/worst-cost';
export { listTopUps, receiveTopUp } from './wallets/receive-top-up';
export type { ReceivedTopUp, TopUp } from './wallets/receive-top-up';
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
export { chargeTopUps } from './payments/auto-top-up';
export { PAYMENT_CAUSES, PAYMENT_KINDS, PAYMENT_STEPS } from './payments/payment';
export type { Payment, PaymentCause, PaymentFailure, PaymentKind, PaymentStep } from './payments/payment';
export { PaymentKeeper } from './payments/payment-keeper';
export type { PaymentKeeperOptions } from './payments/payment-keeper';
export {
  addPaymentMethod,
  changePaymentMethod,
  getPaymentMethod,
  listPaymentMethods,
  paymentMethodNotFound,
  removePaymentMethod,
} from './payments/payment-methods';
export type { CardFace, NewPaymentMethod, PaymentMethod } from './payments/payment-methods';
export type {
  ChargeRequest,
  PaymentOutcome,
  PaymentProvider,
  RefundRequest,
  RetrieveRequest,
} from './payments/payment-provider';
export { getPayment, listPayments } from './payments/payment-rows';
export type { PaymentFilter } from './payments/payment-rows';
export { listKeptEvents, resolveKeptEvent, takeProviderEvent } from './payments/provider-events';
export type { EventOutcome, KeptEvent, ProviderEvent, ProviderNews } from './payments/provider-events';
export { requestCharge, retryPayment } from './payments/request-payment';
export type { ChargeWish } from './payments/request-payment';
export { requestRefund } from './payments/request-refund';
export type { RefundWish } from './payments/request-refund';
export { StripeProvider } from './payments/stripe-provider';
export type { StripeOptions } from './payments/stripe-provider';
export { readStripeMessage } from './payments/stripe-webhook';
export type { StripeMessage } from './payments/stripe-webhook';
export { draftInvoice, issueInvoice } from './invoices/issue-invoice';
export type { InvoiceRequest, IssuedInvoice } from './invoices/issue-invoice';
export { issueCreditNote } from './invoices/issue-credit-note';
export type { CreditNoteRequest, IssuedCreditNote } from './invoices/issue-credit-note';
export type { CreditWanted } from './invoices/credited-parts';
export {
  documentNotFound,
  getDocument,
  getDocumentFile,
  listDocuments,
  INVOICE_STATES,
} from './invoices/document-queries';
export type { DocumentSummary, IssuedDocument, InvoiceState } from './invoices/document-queries';
export { DOCUMENT_KINDS, LINE_KINDS } from './invoices/document';
export type { DocumentContent, DocumentKind, DocumentLine, DocumentPeriod } from './invoices/document';
export { renderDocument } from './invoices/render-document';
export { writeDocumentCsv } from './invoices/document-csv';
export { csvRecord, localTime } from './invoices/csv-text';
export type { WriteText } from './invoices/csv-text';
export {
  accountTimezone,
  getInvoiceProfile,
  listInvoiceProfiles,
  putInvoiceProfile,
} from './invoices/profiles';
export type { InvoiceProfile, StoredInvoiceProfile } from './invoices/profiles';
export { INVOICE_RHYTHMS, readPeriod } from './invoices/invoice-period';
export { InvoiceJob } from './invoices/invoice-job';
export type { InvoiceJobOptions } from './invoices/invoice-job';
export { readStatement, writeStatementCsv } from './invoices/statement';
export type { StatementPage, StatementPosition, StatementRequest } from './invoices/statement';
export { ReratingJob } from './signals/rerating-job';
export type { ReratingOptions } from './signals/rerating-job';
export { listDeadSignals, redriveSignals } from './signals/signal-events';
export type { DeadSignal } from './signals/signal-events';
export { moneyOfCall, revisionsOfCall } from './revisions/money-of-call';
export type { CallMoney, StoredRevision } from './revisions/money-of-call';
export { lockSoldBook } from './revisions/call-book';
export type { CallBook, RevisionKind, SoldBook } from './revisions/call-book';
export type { Correction } from './revisions/correct-call';
export type { Actor } from './actor';
export { approvePayouts, cancelPayouts } from './payouts/approve-payouts';
export { failItems, payItems } from './payouts/close-items';
export type { FailedItems, PaidItems } from './payouts/close-items';
export { exportPayouts } from './payouts/export-payouts';
export { BATCH_STATES, ITEM_STATES, LEFT_OUT, PAYOUT_PERIODS } from './payouts/payout';
export type {
  BatchState,
  ItemState,
  LeftOut,
  PayoutBatch,
  PayoutItem,
  PayoutPeriod,
  PayoutTerms,
} from './payouts/payout';
export { getPayoutBatch, itemsOfBatch, listPayoutBatches, listPayoutItems } from './payouts/payout-rows';
export { getPayoutTerms, listPayoutTerms, putPayoutTerms } from './payouts/payout-terms';
export type { NewPayoutTerms } from './payouts/payout-terms';
export { preparePayouts } from './payouts/prepare-payouts';
export type { ContestedMoney, PayoutWish, PreparedPayouts } from './payouts/prepare-payouts';
export {
  DELIVERY_STATES,
  getDelivery,
  listDeliveries,
  MAX_REDRIVEN,
  redriveDead,
  redriveDelivery,
} from './postbacks/delivery-log';
export type { Delivery, DeliveryDetail, DeliveryState } from './postbacks/delivery-log';
export { POSTBACK_EVENTS } from './postbacks/events';
export type { PostbackEvent } from './postbacks/events';
export type { PostbackPlaces } from './postbacks/check-postback';
export { PortPolicy } from './postbacks/port-policy';
export type { Postback, PostbackSettings, PostbackStatus } from './postbacks/postback';
export { PostbackDispatcher } from './postbacks/postback-dispatcher';
export type { PostbackDispatcherOptions } from './postbacks/postback-dispatcher';
export { PostbackStore } from './postbacks/postback-store';
export type { NewPostback, PostbackChanges } from './postbacks/postback-store';
export { PostbackTester } from './postbacks/postback-tester';
export type { PostbackTest, PostbackTesterSettings } from './postbacks/postback-tester';
export { REPLAY_DAYS, replayEvents } from './postbacks/replay';
export type { Replay, Replayed } from './postbacks/replay';
export { AccountTermsBook } from './terms/account-terms-book';
export type { AccountTermsBookOptions, WantedTerms } from './terms/account-terms-book';
export { addAccountTerms, CLOSED_AFTER_MS, listAccountTerms, MAX_TERMS } from './terms/account-terms-store';
export type { AddedTerms, NewTerms, StoredTerms } from './terms/account-terms-store';
export type { TermsOfCall } from './terms/terms-of-calls';
export { CarrierRates } from './carrier-rates/carrier-rates';
export type { WantedLeg } from './carrier-rates/carrier-rates';
export { carriedLegs } from './carrier-rates/carried-call';
export type { CarriedCall } from './carrier-rates/carried-call';
export { getRateDeck, importRateDeck, listCarrierRates, listRateDecks } from './carrier-rates/rate-decks';
export type { CarrierRate, ImportedDeck, NewRateDeck, RateDeck } from './carrier-rates/rate-decks';
export { DECK_LIMITS } from './carrier-rates/read-rate-deck';
export type { DeckError, DeckLimits } from './carrier-rates/read-rate-deck';
export { DISPUTE_REASONS, DISPUTE_SIDES, DISPUTE_STATES, DISPUTE_TRANSITIONS } from './disputes/dispute';
export type { Dispute, DisputeReason, DisputeSide, DisputeState } from './disputes/dispute';
export { getDispute, listDisputeEvents, listDisputes, mustFindDispute } from './disputes/dispute-rows';
export type { DisputeEvent } from './disputes/dispute-rows';
export { listDisputeWindows, setDisputeWindow } from './disputes/dispute-window';
export type { DisputeWindow } from './disputes/dispute-window';
export { openDispute } from './disputes/open-dispute';
export type { DisputeRules, NewDispute } from './disputes/open-dispute';
export { resolveDispute, reviewDispute, withdrawDispute } from './disputes/close-dispute';
export type { DisputeMove, Verdict } from './disputes/close-dispute';
export { addEvidence, listEvidence, MAX_EVIDENCE } from './disputes/evidence';
export type { Evidence, NewEvidence } from './disputes/evidence';
export { listRefunds, refundCall } from './disputes/refund-call';
export type { CallRefund, NewRefund } from './disputes/refund-call';
export { contestedPayable, disputedPayable } from './disputes/withheld';
export type { DisputedPayable } from './disputes/withheld';
export { BEARERS } from './revisions/call-lines';
export type { Bearer, ChangedLine } from './revisions/call-lines';
export { adjust, approveAdjustment, rejectAdjustment } from './adjustments/adjust';
export type { AdjustmentRules } from './adjustments/adjust';
export { getAdjustment, listAdjustments } from './adjustments/adjustment-rows';
export type { AdjustmentFilter } from './adjustments/adjustment-rows';
export { ADJUSTMENT_KINDS, ADJUSTMENT_STATES, CORRECTED_PURPOSES } from './adjustments/adjustment';
export type {
  AdjustedAccount,
  Adjustment,
  AdjustmentKind,
  AdjustmentState,
  CorrectedPurpose,
  NewAdjustment,
} from './adjustments/adjustment';
export { DIFFERENCE_KINDS } from './reconciliation/difference';
export type { DifferenceKind, FoundDifference } from './reconciliation/difference';
export { runCallsReconciliation } from './reconciliation/run-calls';
export type { CallsRun } from './reconciliation/run-calls';
export { ReconciliationJob } from './reconciliation/reconciliation-job';
export type { ReconciliationJobOptions } from './reconciliation/reconciliation-job';
export {
  explainDifference,
  getRun,
  listReconciliationDifferences,
  listRuns,
  requestRun,
  RUN_KINDS,
  RUN_STATES,
  sumDifferences,
} from './reconciliation/runs';
export type { DifferenceSum, FinishedRun, ReconciliationRun, StoredDifference } from './reconciliation/runs';
export { cdrProfileSchema } from './reconciliation/cdr-profile';
export type { CdrProfile } from './reconciliation/cdr-profile';
export {
  deleteCarrierFile,
  getCdrProfile,
  importCarrierFile,
  listCarrierFiles,
  putCdrProfile,
} from './reconciliation/carrier-files';
export type { CarrierFile, CarrierImport } from './reconciliation/carrier-files';
export { runCarrierReconciliation } from './reconciliation/reconcile-carrier';
export type { CarrierRun, CarrierTotals } from './reconciliation/reconcile-carrier';

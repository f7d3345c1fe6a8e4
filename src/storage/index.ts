export { Database } from './database';
export type { DatabaseOptions, Queryable, Session, Statement } from './database';
export { isRivalry, isUnavailable } from './unavailable';
export { createMigration, migrateDown, migrateUp, migrationStatus, readMigrations } from './migrations';
export { entityStores, EntityStore } from './entity-store';
export type { EntityStores, Listed, Sight, Stored } from './entity-store';
export { listRows, listStatement } from './list-statement';
export type { ListedRow, ListedTable, ListQuery, Position, SortKey, SortKind } from './list-statement';
export { MarketFeed } from './market-feed';
export { applyChanges, fillMarket } from './market-fill';
export { changesBetween, marketAt } from './market-history';
export type { NoSuchMarket, PastChanges, PastContents } from './market-history';
export { PastMarket } from './past-market';
export type { AlteredMarket, Alteration } from './past-market';
export { comparePositions, readPosition } from './market-position';
export type { MarketPosition } from './market-position';
export { DialplanFeed } from './dialplans/dialplan-feed';
export {
  addCallback,
  CallbackKeeper,
  changeCallback,
  expireCallbacks,
  getCallback,
  listCallbacks,
} from './callbacks';
export type { CallbackRow } from './callbacks';
export { dialplanIsThere, DialplanStore } from './dialplans/dialplan-store';
export type {
  DialplanVersion,
  NewDialplanVersion,
  StoredDialplan,
  WholeDialplanVersion,
} from './dialplans/dialplan-store';
export type { DialplanFeedEvents, DialplanFeedOptions, PublishedDialplan } from './dialplans/dialplan-feed';
export { MarketHistoryKeeper } from './market-history-keeper';
export type { HistoryKeeperOptions } from './market-history-keeper';
export { pruneMarketHistory } from './prune-market-history';
export type { Pruned, PruneOptions } from './prune-market-history';
export { openRedis } from './redis';
export { RedisCapReservations } from './cap-reservations';
export type { CapRecords } from './cap-epoch';
export { CapUsage } from './cap-usage-job';
export type { CapUsageOptions } from './cap-usage-job';
export { tellPastActivity } from './past-activity';
export type { PastActivityOptions } from './past-activity';
export { QualityRollUp } from './quality-rollup';
export type { QualityReport, QualityRollUpOptions } from './quality-rollup';
export { DisciplineJob } from './discipline-job';
export type { DisciplineOptions, TargetPaused } from './discipline-job';
export { CallLog } from './call-log';
export { Journal } from './journal';
export { PostgresCallRecorder } from './call-recorder';
export { NodeAddresses } from './node-addresses';
export { NodeHeartbeat } from './nodes';
export { nodeIsGone, NodeSilence } from './node-silence';
export { OrphanCloser } from './orphan-closer';
export type { OrphanedCall } from './orphan-closer';
export { getAuction, listAuctions } from './auction-queries';
export type { Auction, AuctionFilter, AuctionRow } from './auction-queries';
export { getCall, getDecision, listCalls } from './call-queries';
export type { CallFilter, CallRow } from './call-queries';
export { ActivityBus } from './activity-bus';
export type { ActivityBusOptions, ActivityFigures } from './activity-bus';
export { compareStreamIds, EventStream, isStreamId } from './event-stream';
export type { EventStreamOptions, StreamEntry } from './event-stream';
export { EventStreamReader } from './event-stream-reader';
export { getFraudCase, listFraudCases, resolveFraudCase } from './fraud-cases';
export type { CasePolicy, CaseResolution, FraudCase, FraudCaseState } from './fraud-cases';
export { listFraudModels, offerFraudModel, putFraudModel, setFraudModelStatus } from './fraud-models';
export type { FraudModelSummary } from './fraud-models';
export { listFraudPriors } from './fraud-priors';
export type { FraudPriorRow } from './fraud-priors';
export { FraudRollUp } from './fraud-roll-up';
export type { FraudReport, FraudRollUpOptions } from './fraud-roll-up';
export { readTrainingCalls } from './fraud-training-calls';
export type { TrainingCall } from './fraud-training-calls';
export {
  createApiKey,
  getApiKey,
  identifyApiKey,
  insertApiKey,
  issueApiKey,
  listApiKeys,
  liveApiKeys,
  revokeApiKey,
} from './api-keys';
export type { ApiKey, NewApiKey } from './api-keys';
export {
  askForReset,
  changeUser,
  countUsers,
  createUser,
  findLinkedUser,
  findUserByEmail,
  findUserCandidate,
  getUser,
  isLinked,
  linkUser,
  listUsers,
  passwordHashOf,
  setPassword,
  signOutEverywhere,
  USER_STATUSES,
} from './access/users';
export type { NewUser, User, UserCandidate, UserChanges, UserStatus } from './access/users';
export { makeUserLink, userOfLink, useUserLink } from './access/user-links';
export type { UserLink } from './access/user-links';
export {
  identifySession,
  listSessions,
  openSession,
  refreshSession,
  revokeSession,
  revokeSessionOf,
  signedInAt,
} from './access/sessions';
export type { OpenedSession, Refreshed, SessionPlace, SessionRules, UserSession } from './access/sessions';
export {
  confirmTotp,
  dropTotp,
  openTotp,
  recoveryCodesLeft,
  takeRecoveryCode,
  takeTotpStep,
  wantedTotp,
  wantTotp,
} from './access/second-factor';
export { forgetSigningKeys, openSigningKey, rotateSigningKey, signingKeys } from './access/signing-keys';
export type { NewSigningKey, RotateOptions, SigningKey } from './access/signing-keys';
export {
  createOAuthClient,
  getOAuthClient,
  identifyOAuthClient,
  listOAuthClients,
  proveOAuthClient,
  revokeOAuthClient,
} from './access/oauth-clients';
export type { NewOAuthClient, OAuthClient } from './access/oauth-clients';
export { DEMO, seedDemoMarket } from './seed';
export { NumberListFeed } from './number-lists/number-list-feed';
export type { NumberListFeedEvents } from './number-lists/number-list-feed';
export { NumberListStore } from './number-lists/number-list-store';
export type { NumberListStatus, StoredNumberList } from './number-lists/number-list-store';
export { importNumbers, rollBackNumbers } from './number-lists/import-numbers';
export type {
  ImportClock,
  ImportOutcome,
  ImportProgress,
  ImportReport,
  NumberImport,
} from './number-lists/import-request';
export { parseChangeDate } from './number-lists/change-fields';
export { NUMBER_FILE_FORMATS } from './number-lists/make-parser';
export type { NumberFileFormat } from './number-lists/make-parser';
export type { NumberSource } from './number-lists/source-files';
export { checkNumber, exportNumbers } from './number-lists/read-numbers';
export type { ExportFormat, StoredHit } from './number-lists/read-numbers';
export { consentActSchema, REVOCATION_METHODS, revocationActSchema } from './consents/consent-act';
export type { ConsentAct, RevocationAct } from './consents/consent-act';
export { CONSENT_COLUMNS } from './consents/consent-columns';
export { importConsents } from './consents/import-consents';
export type { ConsentImport, ConsentImportOptions } from './consents/import-consents';
export { giveConsents } from './consents/give-consents';
export type { GivenConsent } from './consents/give-consents';
export { revokeConsents } from './consents/revoke-consents';
export type { RevokedConsents } from './consents/revoke-consents';
export { consentsOf, getConsent } from './consents/consent-queries';
export type { ChainPlace, StoredConsent, StoredRevocation } from './consents/consent-queries';
export { verifyConsentChains } from './consents/verify-chains';
export type { VerifiedChain, VerifyOptions } from './consents/verify-chains';
export { ConsentFeed } from './consents/consent-feed';
export type { ConsentFeedEvents, ConsentFeedOptions, ConsentMarket } from './consents/consent-feed';
export { shortHash, Vault, VaultError } from './privacy/vault';
export { openVault } from './privacy/vault-key';
export type { VaultKeySource } from './privacy/vault-key';
export { eraseSubject } from './privacy/erase-subject';
export type { ErasureReport, ErasureRules, Remaining } from './privacy/erase-subject';
export { exportSubject } from './privacy/export-subject';
export type { SubjectExport } from './privacy/export-subject';
export { PrivacyJob } from './privacy/privacy-job';
export type { PrivacyJobOptions } from './privacy/privacy-job';
export { PURPOSES, purposeTable } from './privacy/purposes';
export type { Purpose } from './privacy/purposes';
export {
  getPrivacyRequest,
  listPrivacyRequests,
  readExport,
  requestPrivacy,
  runNextRequest,
  runRequest,
} from './privacy/requests';
export type { NewPrivacyRequest, PrivacyRequest, PrivacyRequestKind } from './privacy/requests';
export { applyRetention } from './privacy/retention';
export type { RetentionOptions, RetentionPolicy, RetentionReport, RetentionStep } from './privacy/retention';
export { PostgresReservations, sweepReservations } from './rtb-reservations';
export { RedisReservations } from './rtb-redis-reservations';
export { BidRequestLog, listBidRequests, pruneBidLog } from './rtb-log';
export type { BidLogFilter, BidLogRow } from './rtb-log';
export { getLadder } from './call-ladder';
export {
  addTestCall,
  askToEndTestCall,
  findTestedTarget,
  getTestCall,
  keepTestCalls,
  listTestCalls,
  saveTestCall,
  TEST_CALL_LIMITS,
} from './test-calls';
export type { NewTestCall, TestCallFilter, TestCallLimits, TestCallRow, TestedTarget } from './test-calls';
export { sharedSecret } from './rtb-secret';
export { phoneSecret } from './phone-secret';
export { RtbKeeper } from './rtb-keeper';
export type { RtbKeeperOptions } from './rtb-keeper';
export { ChangeListener } from './change-listener';
export type { ChangeListenerEvents } from './change-listener';
export { inTransaction, transactionDespiteRivals } from './in-transaction';
export { asExchange, asTenant, TenantDatabase } from './tenancy/tenant-database';
export { CALL_VIEWS, getTenantCall, listTenantCalls, tenantCallIds } from './tenancy/tenant-calls';
export type { CallParty, TenantCall } from './tenancy/tenant-calls';
export { PeriodicJob } from './periodic-job';
export type { PeriodicOptions } from './periodic-job';
export { RecurringWork } from './recurring-work';
export { findAgentSecret, putAgentSecret } from './agent-secrets';
export type { AgentSecret } from './agent-secrets';
export {
  agentDay,
  getAgentCall,
  listAgentCalls,
  dispositionOf,
  noteTransfer,
  putDisposition,
} from './agent-calls';
export type { AgentCallRow } from './agent-calls';
export {
  findSignIn,
  identifyPhoneSession,
  openPhoneSession,
  revokePhoneSession,
  revokePhoneSessionsOf,
  livePhoneTokens,
} from './phone-sessions';
export type { PhoneIdentity, SignInCandidate } from './phone-sessions';
export { SignInLockout } from './sign-in-lockout';
export type { SignInTry, SignInTurn } from './sign-in-lockout';
export { LocalRateLimits } from './rate-limits/local-rate-limits';
export { RedisRateLimits } from './rate-limits/redis-rate-limits';
export type { RedisRateLimitsOptions } from './rate-limits/redis-rate-limits';
export type { RateLimit, RateLimiter, Taken } from './rate-limits/rate-limit';
export {
  beginBackfill,
  callsBefore,
  claimProgress,
  cubeOf,
  DAY_MS,
  DAY_STARTS,
  factsToRead,
  figuresEvents,
  fillZoneDays,
  findWrongSums,
  grainsOf,
  NO_FIGURES,
  noteProgress,
  putFacts,
  readCountedCalls,
  readFacts,
  readFactSums,
  readProgress,
  readSums,
  rebuildSums,
  SUMS,
} from './analytics';
export type {
  AnalyticsProgress,
  CallFact,
  CountedCall,
  Cube,
  FigureFilter,
  FigureQuery,
  FigureRow,
  FigureSums,
  GrowingSums,
  SumRanges,
  TimeRange,
  WrongSum,
} from './analytics';
export { actorOf } from './audit/audit-entry';
export type { AuditActor, AuditChanges, AuditEntry, StoredAuditEntry } from './audit/audit-entry';
export { followAudit, listAudit } from './audit/audit-queries';
export type { AuditFilter, AuditPlace, PlacedAuditEntry } from './audit/audit-queries';
export { AuditSealer, sealAudit } from './audit/audit-sealer';
export { AuditTrail, recordAudit } from './audit/audit-trail';
export type { AuditTrailOptions } from './audit/audit-trail';
export { changedFields, namesOf } from './audit/changed-fields';
export { verifyAudit } from './audit/verify-audit';
export type { AuditAnchor, AuditFinding, AuditVerification } from './audit/verify-audit';
export {
  countByKey,
  eraseRecording,
  failRecording,
  getRecording,
  getSealed,
  holdRecording,
  keysToRewrap,
  listRecordings,
  listSealed,
  noteMoved,
  noteRecording,
  noteRemoved,
  objectsOnDisk,
  objectsToRemove,
  putRewrapped,
  saveRecording,
} from './recordings';
export type {
  KeptAudio,
  RecordingFilter,
  RecordingRow,
  SealedRow,
  StoredObject,
  WholeRecordingRow,
} from './recordings';

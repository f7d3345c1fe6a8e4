export { Access } from './access/access';
export type { AccessParts } from './access/access';
export { rotateKeys } from './access/key-ring';
export type { OidcProvider } from './access/oidc-providers';
export type { AccessRules } from './access/rules';
export { apiRoutes } from './api-routes';
export { createApi } from './create-api';
export { listen } from './listen';
export type { ApiServices } from './api-services';
export type { ClientLimits, ListenTls } from './listen';
export { Realtime } from './realtime/realtime';
export type { RealtimeServices } from './realtime/realtime';
export { nodeAdapter } from './realtime/node-adapter';
export type { CallNews } from './event-streams';
export type { RequestReport } from './middleware/request-context';
export type { Health, HealthCheck, HealthChecks } from './health';
export type { LiveCalls } from './resources/calls';
export type { CallControlDesk, ControlAnswer, LiveCallView } from './resources/call-control';
export {
  assertSeller,
  problemsOf as planProblemsOf,
  readKeptPlan,
  tellPublished as tellDialplanPublished,
} from './resources/plan-reading';
export type { CheckDesk } from './resources/checks';
export type { DryRunDesk } from './resources/decisions';
export type { RecordingLibrary } from './resources/recordings';
export type { TestCallDesk, TestedPlace } from './resources/test-calls';
export { MarketFields } from './market-fields';
export { openApiDocument } from './openapi';
export type { PaymentServices } from './resources/payments';
export type { PersonServices } from './resources/consents';
export type { AgentPresence, PhoneNews, PhoneServices, Presences, ReachedBy } from './phone/services';
export { Passwords } from './phone/passwords';

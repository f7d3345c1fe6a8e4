export { apiRoutes, createApi, listen } from './create-api';
export type { ApiServices } from './create-api';
export type { CallNews } from './event-streams';
export type { Health, HealthCheck, HealthChecks } from './health';
export type { LiveCalls } from './resources/calls';
export { MarketFields } from './market-fields';
export { openApiDocument } from './openapi';
export type { PaymentServices } from './resources/payments';
export type { PersonServices } from './resources/consents';

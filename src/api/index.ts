export { apiRoutes, createApi, listen } from './create-api';
export type { ApiServices } from './create-api';
export type { Health, HealthCheck } from './health';
export type { CallNews, LiveCalls } from './resources/calls';
export { openApiDocument } from './openapi';

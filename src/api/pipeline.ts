import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express';
import { principalName } from '../domain';
import { identifyPhoneSession, LocalRateLimits } from '../storage';
import { authenticatorOf } from './access/authenticator-of';
import type { ApiServices } from './api-services';
import type { ClientAddress } from './client-address';
import { arrivedByTls, clientAddress } from './client-address';
import { auditRefusals } from './middleware/audit-refusals';
import { authenticate, callerOf } from './middleware/authenticate';
import { readBody } from './middleware/body';
import { compression } from './middleware/compression';
import { allowedOrigins, cors } from './middleware/cors';
import { csrf } from './middleware/csrf';
import { agentOf, phoneSession } from './middleware/phone-session';
import { RequestLimits } from './middleware/rate-limit';
import { contextOf, reporting, requestId } from './middleware/request-context';
import { securityHeaders } from './middleware/security-headers';
import { timeLimit } from './middleware/time-limit';
import { tracing } from './middleware/tracing';
import { problemHandler } from './problem';
import { rateTable } from './rate-table';
import type { Area, RouteTable } from './route-table';

const TIMEOUT_MS = 30_000;

/** One thing that is done for every request, before its operation. */
export interface Step {
  readonly name: string;
  readonly before?: readonly RequestHandler[];
  /** What becomes of an error of the steps that follow, and of the operation. */
  readonly failed?: ErrorRequestHandler;
}

/** What every request passes, whatever it is for, in this order. */
export function pipeline(
  services: ApiServices & Required<Pick<ApiServices, 'trail'>>,
  table: RouteTable,
  limits: RequestLimits,
): readonly Step[] {
  const { corsOrigins = [], trustedProxies, logRequest } = services;
  const addressOf = clientAddress(trustedProxies);
  const allowed = allowedOrigins(corsOrigins);
  const refusals = auditRefusals(services.trail, addressOf);
  return [
    { name: 'request id', before: [requestId(table)] },
    { name: 'logging', before: [...(logRequest ? [reporting(logRequest)] : []), refusals] },
    { name: 'metrics', before: [reporting(services.onRequest)] },
    { name: 'tracing', before: [tracing()] },
    { name: 'recovery', failed: problemHandler(services.onBug) },
    { name: 'security headers', before: [securityHeaders(arrivedByTls(trustedProxies))] },
    { name: 'CORS', before: [cors(allowed, corsOrigins.length > 0)] },
    { name: 'rate limit', before: [limits.before] },
    { name: 'timeout', before: [timeLimit(services.timeoutMs ?? TIMEOUT_MS)] },
    { name: 'authentication', before: [...whoAsks(services, addressOf), limits.after] },
    { name: 'CSRF', before: [csrf((request) => services.access?.csrfOf(request), allowed)] },
    { name: 'compression', before: [compression()] },
    // Of whom nothing is known nothing is read.
    { name: 'body', before: [readBody()] },
  ];
}

/** What one caller may ask for, counted for the pipeline and for pages with guards of their own. */
export function requestLimits(services: ApiServices): RequestLimits {
  const counts = rateTable(services.requestsPerMinute, services.limits);
  const limiter = services.limiter ?? new LocalRateLimits(services.now);
  return new RequestLimits(limiter, counts, clientAddress(services.trustedProxies));
}

/** Steps as Express has them: what is done before in order, what is done after a failure the other way round. */
export function install(app: Express, steps: readonly Step[], within: () => void): void {
  for (const { before = [] } of steps) for (const handler of before) app.use(handler);
  within();
  for (const { failed } of [...steps].reverse()) if (failed) app.use(failed);
}

/** Accounts and agents prove who they are in ways of their own; what is open, and pages, ask nobody. */
function whoAsks(services: ApiServices, addressOf: ClientAddress): RequestHandler[] {
  const { database, now } = services;
  const accounts = authenticate(authenticatorOf(services), addressOf, now);
  const agents = phoneSession((token) => identifyPhoneSession(database, token), addressOf, now);
  return [
    only('account', accounts),
    only('phone', agents),
    (request, _response, next) => {
      const context = contextOf(request);
      const principal = principalOf(request, context.place.area);
      if (principal !== undefined) context.principal = principal;
      next();
    },
  ];
}

function only(area: Area, handler: RequestHandler): RequestHandler {
  return (request, response, next) =>
    contextOf(request).place.area === area ? handler(request, response, next) : next();
}

function principalOf(request: Request, area: Area): string | undefined {
  switch (area) {
    case 'account':
      return principalName(callerOf(request));
    case 'phone':
      return `agent:${agentOf(request).agentId}`;
    default:
      return undefined;
  }
}

import type { Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import { AppError, ownOnly, refusalOf, principalName } from '../domain';
import type { Principal } from '../domain';
import type { AuditEntry, AuditTrail, Database, Queryable } from '../storage';
import { asExchange, asTenant, recordAudit, TenantDatabase } from '../storage';
import { agentActor, AuditNote } from './audit-note';
import type { ClientAddress } from './client-address';
import { deprecationHeaders } from './deprecation';
import { etagOf, readIfMatch } from './if-match';
import { callerOf, provenCaller } from './middleware/authenticate';
import type { Answer } from './middleware/idempotency';
import { once } from './middleware/idempotency';
import { agentOf } from './middleware/phone-session';
import { contextOf } from './middleware/request-context';
import { hasTimedOut } from './middleware/time-limit';
import { failureOf, sendProblem, validationProblem } from './problem';
import type { Route } from './route';
import { SIGNED_IN } from './route';
import { paramsOf } from './route-table';

/** What operations are done with. */
export interface OperationParts {
  readonly database: Database;
  /** Where what is done apart from a transaction is written down. */
  readonly trail: Pick<AuditTrail, 'record' | 'refused'>;
  readonly addressOf: ClientAddress;
}

/** Does the operation that a request is for; to be put behind the pipeline. */
export function operations(routes: readonly Route[], parts: OperationParts): RequestHandler {
  const handlers = new Map(routes.map((route) => [route, mount(route, parts)]));
  return async (request, response, next) => {
    const { route, values = [], allowed } = contextOf(request).place;
    const handle = route && handlers.get(route);
    if (route && handle) {
      const named = paramsOf(route, values);
      request.params = named;
      if (route.deprecated) response.set(deprecationHeaders(route.deprecated, named));
      return handle(request, response);
    }
    if (allowed === undefined) return next();
    response.setHeader('Allow', allowed);
    sendProblem(response, 405, 'method_not_allowed', `only ${allowed} here`);
  };
}

/** An operation: scope, validation, handler, answer. */
function mount(
  route: Route,
  { database, trail, addressOf }: OperationParts,
): (request: Request, response: Response) => Promise<void> {
  return async (request, response) => {
    const caller = callerOf(request, route.access);
    if (route.access === 'account') assertMay(caller, route);
    const validated = {
      params: validate(route.params, request.params, 'path') as never,
      query: validate(route.query, request.query, 'query') as never,
      body: validate(route.body, request.body, 'body') as never,
      ifMatch: route.conditional ? readIfMatch(request.get('If-Match')) : undefined,
    };
    const own = ownOnly(caller);
    const audit = new AuditNote(request);
    if (route.access === 'phone') audit.by(agentActor(agentOf(request)));
    const afterwards: (() => void)[] = [];
    const committed = (work: () => void): void => void afterwards.push(work);
    const entryOf = (reply: unknown): AuditEntry =>
      audit.entry({
        ...{ ...validated, route, request, reply, status: route.status },
        ...{ caller: provenCaller(request), address: addressOf(request) },
      });
    // What anybody can cause is bounded, and of nobody who does nothing to nothing there is nothing to say.
    const recordApart = (entry: AuditEntry): void => {
      if (entry.actor.kind !== 'nobody') trail.record(entry);
      else if (audit.isSaid) trail.refused(entry);
    };
    // What is done apart from a transaction may last, at least in part, though it failed on our side.
    const failed = (error: unknown): never => {
      const [status, problem] = failureOf(error);
      if (route.audited === 'apart' && status >= 500) {
        const asked = { route, request, caller: provenCaller(request), address: addressOf(request) };
        recordApart(audit.refusal({ ...asked, status, problem }));
      }
      throw error;
    };
    const perform = async (db: Queryable): Promise<Answer> => {
      const call = { ...validated, caller, own, db, audit, committed, request, response };
      const reply = await route.handle(call).catch(failed);
      // Some answer by themselves that they did nothing.
      const isDone = response.statusCode < 400 || hasTimedOut(response);
      if (route.audited === true) {
        await asExchange(db, (all) => recordAudit(all, entryOf(reply.body)));
      } else if (route.audited === 'apart' && isDone) recordApart(entryOf(reply.body));
      return answerOf(route, reply);
    };
    // An entry of the audit log stands or falls with what it tells of.
    const performIn = (db: Database | TenantDatabase): Promise<Answer> =>
      route.audited === true ? db.transaction(perform) : perform(db);
    const tenant = route.access === 'account' ? own : undefined;
    const key = route.idempotent ? request.get('Idempotency-Key') : undefined;
    const asked = [request.method, request.path, request.body as unknown];
    const answer =
      key === undefined
        ? await performIn(tenant === undefined ? database : new TenantDatabase(database, tenant))
        : await once(
            { database, apiKeyId: principalName(caller), key, asked },
            (tx) => (tenant === undefined ? perform(tx) : asTenant(tx, tenant, perform)),
            () => void response.setHeader('Idempotency-Replayed', 'true'),
          );
    for (const work of afterwards) work();
    // A stream goes on; a request that took too long has been answered.
    if (route.streams || response.headersSent) return;
    sendAnswer(request, response, answer);
  };
}

function assertMay(caller: Principal, route: Route): void {
  if (route.scope === SIGNED_IN) {
    if (caller.kind === 'user') return;
    throw new AppError(
      'forbidden',
      'users_only',
      'this is for users who are signed in, not for keys and clients',
    );
  }
  switch (refusalOf(caller, route)) {
    case 'role':
      throw route.tenants.length === 0
        ? new AppError('forbidden', 'operator_only', 'this is for people of the exchange')
        : new AppError('forbidden', 'role_forbidden', `this is not for a ${caller.role}`);
    case 'scope':
      throw new AppError('forbidden', 'scope_missing', `this needs the scope ${route.scope}`);
    case undefined:
  }
}

function answerOf(route: Route, { body, etag, location }: Awaited<ReturnType<Route['handle']>>): Answer {
  return {
    status: route.status,
    headers: {
      ...(etag === undefined ? {} : { ETag: etagOf(etag) }),
      ...(location === undefined ? {} : { Location: `/api/v1${location}` }),
    },
    json: route.streams || route.status === 204 ? '' : JSON.stringify(body),
  };
}

/** What is plain is written at once, head and body together; what may need no body, Express knows. */
function sendAnswer(request: Request, response: Response, { status, headers, json }: Answer): void {
  response.status(status).set(headers);
  if (status === 204) {
    response.end();
    return;
  }
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  const { 'if-none-match': tags, 'if-modified-since': since } = request.headers;
  if (request.method === 'HEAD' || tags !== undefined || since !== undefined) {
    response.send(json);
    return;
  }
  response.setHeader('Content-Length', Buffer.byteLength(json));
  response.end(json, 'utf8');
}

function validate(schema: z.ZodType | undefined, value: unknown, where: 'body' | 'query' | 'path'): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw validationProblem(parsed.error, where);
  return parsed.data;
}

import type { Express, Request, Response } from 'express';
import type { z } from 'zod';
import { AppError, ownOnly, refusalOf, principalName } from '../domain';
import type { Principal } from '../domain';
import type { Database, Queryable } from '../storage';
import { etagOf, readIfMatch } from './if-match';
import { callerOf } from './middleware/authenticate';
import type { Answer } from './middleware/idempotency';
import { once } from './middleware/idempotency';
import { validationProblem } from './problem';
import type { Route } from './route';

/** Puts an operation in its place: scope, validation, handler, answer. */
export function mount(app: Express, route: Route, database: Database): void {
  app[route.method](`/api/v1${route.path}`, async (request: Request, response: Response) => {
    const caller = callerOf(request, route.access);
    if (route.access === 'account') assertMay(caller, route);
    const validated = {
      params: validate(route.params, request.params, 'path') as never,
      query: validate(route.query, request.query, 'query') as never,
      body: validate(route.body, request.body, 'body') as never,
      ifMatch: route.conditional ? readIfMatch(request.get('If-Match')) : undefined,
    };
    const perform = async (db: Queryable): Promise<Answer> =>
      answerOf(
        route,
        await route.handle({ ...validated, caller, own: ownOnly(caller), db, request, response }),
      );
    const key = route.idempotent ? request.get('Idempotency-Key') : undefined;
    const asked = [request.method, request.path, request.body as unknown];
    const answer =
      key === undefined
        ? await perform(database)
        : await once({ database, apiKeyId: principalName(caller), key, asked }, perform, () => {
            response.setHeader('Idempotency-Replayed', 'true');
          });
    // A stream goes on; a request that took too long has been answered.
    if (route.streams || response.headersSent) return;
    response.status(answer.status).set(answer.headers);
    if (answer.status === 204) response.end();
    else response.type('json').send(answer.json);
  });
}

function assertMay(caller: Principal, route: Route): void {
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

function validate(schema: z.ZodType | undefined, value: unknown, where: 'body' | 'query' | 'path'): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw validationProblem(parsed.error, where);
  return parsed.data;
}

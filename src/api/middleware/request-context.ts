import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { Place, RouteTable } from '../route-table';

/** What the steps of the pipeline know of a request, from its beginning on. */
export interface RequestContext {
  /** Of the request, as it is echoed. */
  readonly id: string;
  readonly place: Place;
  /** By `performance.now()`. */
  readonly startedAt: number;
  /** When it began to be a stream: how long that is watched is no latency. */
  streamedAt?: number;
  /** SHA-256 of what the caller shows, in base64: it names whose requests are counted together. */
  credential?: string | undefined;
  /** Whose it is, once that is proven; as `principalName` has it. */
  principal?: string;
  traceId?: string;
  /** What is done when it is over. */
  readonly whenOver: (() => void)[];
}

/** What the API reports of each request, when it is over. */
export interface RequestReport {
  readonly requestId: string;
  readonly method: string;
  /** The route's pattern, so that ids do not multiply the series. */
  readonly endpoint: string;
  readonly status: number;
  /** Until the answer was sent; of a stream, until it began. */
  readonly seconds: number;
  /** Whose it was; undefined for anybody's. */
  readonly principal: string | undefined;
  readonly traceId: string | undefined;
}

const contexts = new WeakMap<Request, RequestContext>();
const GIVEN_ID = /^[A-Za-z0-9_.-]{1,64}$/;

/** What is known of a request that is in the pipeline. */
export function contextOf(request: Request): RequestContext {
  const found = contexts.get(request);
  if (!found) throw new Error('a request outside the pipeline was asked about');
  return found;
}

/** Has something done when a request is over: answered, or given up. */
export function whenOver(request: Request, work: () => void): void {
  contextOf(request).whenOver.push(work);
}

/** Says that a response is a stream from now on. */
export function beginStream(response: Response): void {
  const context = contexts.get(response.req);
  if (context) context.streamedAt = performance.now();
}

/** The first step: each request has a name, which is echoed, and a place in the table of routes. */
export function requestId(table: RouteTable): RequestHandler {
  return (request, response, next) => {
    const given = request.get('X-Request-Id');
    const id = given !== undefined && GIVEN_ID.test(given) ? given : randomUUID();
    const whenOver: (() => void)[] = [];
    contexts.set(request, { id, place: table.find(request), startedAt: performance.now(), whenOver });
    response.once('close', () => {
      for (const work of whenOver) work();
    });
    response.setHeader('X-Request-Id', id);
    next();
  };
}

/** Reports each request when it is over: to the log, to the metrics. */
export function reporting(report: (done: RequestReport) => void): RequestHandler {
  return (request, response, next) => {
    whenOver(request, () => report(reportOf(request, response)));
    next();
  };
}

function reportOf(request: Request, response: Response): RequestReport {
  const { id, startedAt, streamedAt, principal, traceId } = contextOf(request);
  return {
    requestId: id,
    method: request.method,
    endpoint: endpointOf(request),
    status: response.statusCode,
    seconds: ((streamedAt ?? performance.now()) - startedAt) / 1000,
    principal,
    traceId,
  };
}

/** The pattern of the route that took a request, or would have taken it. */
export function endpointOf(request: Request): string {
  const { pattern } = contextOf(request).place;
  if (pattern !== undefined) return pattern;
  const path: unknown = (request.route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? path : '(none)';
}

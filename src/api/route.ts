import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { ApiKeyIdentity } from '../storage';

export type Method = 'get' | 'post' | 'patch' | 'delete';

/** What a handler gets: everything validated. */
export interface RouteCall<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly caller: ApiKeyIdentity;
  /** Version named by If-Match; undefined without one. */
  readonly ifMatch: number | undefined;
  readonly request: Request;
  readonly response: Response;
}

/** What a handler says: a body, and a status and ETag where they are not the usual ones. */
export interface RouteReply<Reply> {
  readonly status?: number;
  readonly etag?: number;
  readonly body: Reply;
}

/** One operation: its place, who may use it, its shapes, and what it does. One text serves validation and documentation. */
export interface Route {
  readonly method: Method;
  /** Express path below `/api/v1`, e.g. `/campaigns/:id`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** `resource:read` or `resource:write`. */
  readonly scope: string;
  readonly params: z.ZodType | undefined;
  readonly query: z.ZodType | undefined;
  readonly body: z.ZodType | undefined;
  readonly reply: z.ZodType;
  readonly status: number;
  /** True when it takes part in Idempotency-Key (every POST that creates). */
  readonly idempotent: boolean;
  /** True when the handler writes the response itself (streams). */
  readonly streams: boolean;
  readonly handle: (call: RouteCall<never, never, never>) => Promise<RouteReply<unknown>>;
}

interface RouteText<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> {
  readonly method: Method;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly scope: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly reply: R;
  readonly status?: number;
  readonly idempotent?: boolean;
  readonly streams?: boolean;
  readonly handle: (
    call: RouteCall<z.output<P>, z.output<Q>, z.output<B>>,
  ) => Promise<RouteReply<z.input<R>>>;
}

/** Declares an operation, with its handler typed by its schemas. */
export function route<
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
  R extends z.ZodType = z.ZodUnknown,
>(text: RouteText<P, Q, B, R>): Route {
  return {
    method: text.method,
    path: text.path,
    tag: text.tag,
    summary: text.summary,
    scope: text.scope,
    params: text.params,
    query: text.query,
    body: text.body,
    reply: text.reply,
    status: text.status ?? 200,
    idempotent: text.idempotent ?? false,
    streams: text.streams ?? false,
    handle: text.handle as unknown as Route['handle'],
  };
}

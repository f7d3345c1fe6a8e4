import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Principal, TenantRole } from '../domain';
import type { Queryable } from '../storage';
import type { AuditNote } from './audit-note';
import type { IfMatch } from './if-match';

/** `account`: somebody of an account, whose role and scopes allow it. `phone`: with the session of an agent. */
export type Access = 'account' | 'phone' | 'open';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** What a handler gets: everything validated. */
export interface RouteCall<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly caller: Principal;
  /** Account whose things alone may be seen and changed; undefined for the exchange's own people, who see all. */
  readonly own: string | undefined;
  /** Where the work is done: the pool, or the transaction of an Idempotency-Key. */
  readonly db: Queryable;
  /** Undefined when any version will do. */
  readonly ifMatch: IfMatch | undefined;
  /** Has something done once what the handler did is committed, and seen by others: not if it fails. */
  readonly committed: (work: () => void) => void;
  /** What the audit log is to know beyond who asked, for what, and what the body says. */
  readonly audit: AuditNote;
  /** For streams, and for what sessions of agents need. */
  readonly request: Request;
  /** For streams, and for headers of their own. */
  readonly response: Response;
}

/** What a handler says: a body, and the headers that belong to it. */
export interface RouteReply<Reply> {
  readonly body: Reply;
  /** Version of the entity in the body. */
  readonly etag?: number;
  /** Path of what was created, below `/api/v1`. */
  readonly location?: string;
}

/**
 * Whether an operation is written to the audit log: within the transaction of what it does (`true`: its handler
 * runs in one), `apart` from it (of what happens outside the database, or in several transactions), or not.
 */
export type Audited = boolean | 'apart';

/** RFC 9745 and RFC 8594: the instants as ISO dates, and the path below `/api/v1` of what replaces it. */
export interface Deprecation {
  readonly since: string;
  readonly sunset?: string;
  readonly successor: string;
}

interface RouteText<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> {
  readonly method: Method;
  /** Express path below `/api/v1`, e.g. `/campaigns/:id`. */
  readonly path: string;
  /** Name of the method in generated clients, e.g. `listCampaigns`. */
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  /** `resource:read` or `resource:write`, or {@link SIGNED_IN}; of no account where nobody of an account is asked for. */
  readonly scope: string;
  /** Who may call it: people and programs of accounts by default, agents who are signed in, or anybody. */
  readonly access?: Access;
  /** Roles besides the exchange's own that may call it, for what is their account's: none by default. */
  readonly tenants?: readonly TenantRole[];
  /**
   * Whether it is written to the audit log: every operation of an account that changes or exports something,
   * by default; `apart` where its handler reads the body or writes the answer itself.
   */
  readonly audited?: Audited;
  /** Since when it should not be used any more, until when it works, and what to use instead. */
  readonly deprecated?: Deprecation;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Media type of a body that the handler reads itself, from the request; JSON is read beforehand. */
  readonly takes?: string;
  readonly reply: R;
  /** Status of success; 200 by default. */
  readonly status?: number;
  /** True when it takes part in Idempotency-Key (every POST that creates). */
  readonly idempotent?: boolean;
  /** True when If-Match is heeded. */
  readonly conditional?: boolean;
  /** Statuses of problems that most operations do not have. */
  readonly problems?: readonly (404 | 409 | 422 | 501 | 504)[];
  /** True when the handler writes the response itself (streams). */
  readonly streams?: boolean;
  /** Media type of what it writes; events by default. */
  readonly produces?: string;
  readonly handle: (
    call: RouteCall<z.output<P>, z.output<Q>, z.output<B>>,
  ) => Promise<RouteReply<z.input<R>>>;
}

/**
 * One operation: its place, who may use it, its shapes, and what it does. One text serves
 * validation and documentation.
 */
export type Route = Required<Omit<RouteText<z.ZodType, z.ZodType, z.ZodType, z.ZodType>, Untyped>> & {
  readonly params: z.ZodType | undefined;
  readonly query: z.ZodType | undefined;
  readonly body: z.ZodType | undefined;
  readonly deprecated: Deprecation | undefined;
  readonly handle: (call: RouteCall<never, never, never>) => Promise<RouteReply<unknown>>;
};
type Untyped = 'params' | 'query' | 'body' | 'deprecated' | 'handle';

/** In place of a scope: for a user who is signed in, whatever the scopes, since it is about nobody else. */
export const SIGNED_IN = 'signed-in';

/** What is read before the handler is asked. */
export const JSON_TYPE = 'application/json';

/** Declares an operation, with its handler typed by its schemas. */
export function route<
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
  R extends z.ZodType = z.ZodUnknown,
>(text: RouteText<P, Q, B, R>): Route {
  return {
    status: 200,
    access: 'account',
    tenants: [],
    audited: auditedByDefault(text),
    idempotent: false,
    conditional: false,
    problems: [],
    streams: false,
    takes: JSON_TYPE,
    produces: 'text/event-stream',
    ...text,
    params: text.params,
    query: text.query,
    body: text.body,
    deprecated: text.deprecated,
    handle: text.handle as unknown as Route['handle'],
  };
}

function auditedByDefault({
  method,
  path,
  access = 'account',
  streams = false,
  takes = JSON_TYPE,
}: Pick<RouteText<never, never, never, never>, 'method' | 'path' | 'access' | 'streams' | 'takes'>): Audited {
  if (access !== 'account') return false;
  // Who takes away a copy of everything is written down.
  if (method === 'get') return path.endsWith('/export') ? 'apart' : false;
  return streams || takes !== JSON_TYPE ? 'apart' : true;
}

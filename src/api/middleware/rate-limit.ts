import { hash } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import type { RateLimit, RateLimiter, Taken } from '../../storage';
import type { ClientAddress } from '../client-address';
import { principalName } from '../../domain';
import { sendProblem } from '../problem';
import { callerOf } from './authenticate';
import type { RateClass, RateTable } from '../rate-table';
import { rateClassOf } from '../rate-table';
import { contextOf } from './request-context';

/** Credentials that are known to be somebody's. */
const MAX_KNOWN = 10_000;

/**
 * Limits stand before authentication, so that refusing costs next to nothing; yet they are those of who asks.
 * Both are had by remembering whose a credential was when it was last proven: its requests are counted of that
 * principal at once, however many keys, tokens and nodes it uses. A request that shows nothing, or something
 * not proven yet, is counted of its address (`unproven`): who tries one secret after another gets no new
 * bucket with each. When such a request turns out to be somebody's, it is counted of them as well.
 */
export class RequestLimits {
  readonly #limiter: RateLimiter;
  readonly #table: RateTable;
  readonly #addressOf: ClientAddress;
  /** Principals by hash of the credential. */
  readonly #known = new Map<string, string>();

  constructor(limiter: RateLimiter, table: RateTable, addressOf: ClientAddress) {
    this.#limiter = limiter;
    this.#table = table;
    this.#addressOf = addressOf;
  }

  /** The step before authentication. */
  readonly before: RequestHandler = (request, response, next) => {
    const context = contextOf(request);
    const { place } = context;
    if (place.area === 'page') return next();
    context.credential = place.area === 'open' ? undefined : hashOf(request);
    const principal = context.credential === undefined ? undefined : this.#known.get(context.credential);
    if (principal === undefined) return this.#count('unproven', this.#addressOf(request), response, next);
    this.#count(rateClassOf(place, request.method), principal, response, next);
  };

  /** What follows on authentication, which has said who it is. */
  readonly after: RequestHandler = (request, response, next) => {
    const { credential, principal, place } = contextOf(request);
    if (credential === undefined || principal === undefined) return next();
    if (this.#known.get(credential) === principal) return next();
    this.#known.delete(credential);
    if (this.#known.size >= MAX_KNOWN) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(credential, principal);
    this.#count(rateClassOf(place, request.method), principal, response, next);
  };

  /** For pages that ask for a credential themselves, behind that. */
  readonly ofPage: RequestHandler = (request, response, next) => {
    this.#count('default', principalName(callerOf(request)), response, next);
  };

  #count(kind: RateClass, name: string, response: Response, next: (error?: unknown) => void): void {
    const limit = this.#table[kind];
    const judge = (taken: Taken): void => {
      tell(response, kind, limit, taken);
      if (taken.allowed) next();
      else refuse(response, limit, taken);
    };
    const taken = this.#limiter.take(`${kind}:${name}`, limit);
    if (taken instanceof Promise) taken.then(judge).catch(next);
    else judge(taken);
  }
}

/** The fields of draft-ietf-httpapi-ratelimit-headers-10, and those that were usual before it. */
function tell(response: Response, kind: RateClass, limit: RateLimit, { remaining, resetMs }: Taken): void {
  const reset = Math.ceil(resetMs / 1_000);
  response.setHeader('RateLimit-Policy', `"${kind}";q=${limit.count};w=${limit.seconds}`);
  response.setHeader('RateLimit', `"${kind}";r=${remaining};t=${reset}`);
  response.setHeader('X-RateLimit-Limit', limit.burst);
  response.setHeader('X-RateLimit-Remaining', remaining);
  response.setHeader('X-RateLimit-Reset', reset);
}

function refuse(response: Response, { count, seconds }: RateLimit, { retryAfterMs }: Taken): void {
  response.setHeader('Retry-After', Math.max(1, Math.ceil(retryAfterMs / 1_000)));
  const within = seconds === 60 ? 'a minute' : seconds === 3_600 ? 'an hour' : `${seconds} seconds`;
  sendProblem(response, 429, 'too_many_requests', `more than ${count} requests in ${within}`);
}

/** What a request shows of who it is: hashed, since no secret stays in memory. */
function hashOf({ headers }: Request): string | undefined {
  const shown = headers['x-api-key'] ?? headers.authorization ?? headers.cookie;
  if (shown === undefined) return undefined;
  return hash('sha256', String(shown), 'base64');
}

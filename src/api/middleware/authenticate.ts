import type { Request, RequestHandler } from 'express';
import { AppError } from '../../domain';
import type { ApiKeyIdentity } from '../../storage';

const callers = new WeakMap<Request, ApiKeyIdentity>();

/** Who made a request that passed {@link authenticate}. */
export function callerOf(request: Request): ApiKeyIdentity {
  const caller = callers.get(request);
  if (!caller) throw new Error('a route outside authentication asked for its caller');
  return caller;
}

const CACHE_MS = 5_000;
const MAX_CACHED = 1_000;

/**
 * Takes an API key from `X-API-Key` or `Authorization: Bearer`, and finds whom it speaks for. A key
 * found is remembered for five seconds, which is how long a revocation may take.
 */
export function authenticate(
  identify: (key: string) => Promise<ApiKeyIdentity | undefined>,
  now: () => number,
): RequestHandler {
  const cache = new Map<string, { identity: ApiKeyIdentity; at: number }>();
  return async (request, _response, next) => {
    const key = keyOf(request);
    if (key === undefined) throw new AppError('unauthorized', 'no_api_key', 'send an API key in X-API-Key');
    const known = cache.get(key);
    if (known && now() - known.at < CACHE_MS) {
      callers.set(request, known.identity);
      next();
      return;
    }
    const identity = await identify(key);
    if (!identity) {
      cache.delete(key);
      throw new AppError('unauthorized', 'unknown_api_key', 'the API key is not known, expired or revoked');
    }
    if (cache.size >= MAX_CACHED) cache.clear();
    cache.set(key, { identity, at: now() });
    callers.set(request, identity);
    next();
  };
}

/** True when a key's scopes allow an operation: `*`, `calls:*` or `calls:read`. */
export function allows(scopes: readonly string[], wanted: string): boolean {
  const [resource] = wanted.split(':');
  return scopes.includes('*') || scopes.includes(wanted) || scopes.includes(`${resource}:*`);
}

function keyOf(request: Request): string | undefined {
  const header = request.get('X-API-Key');
  if (header !== undefined) return header;
  const bearer = /^Bearer ([A-Za-z0-9_-]{8,128})$/.exec(request.get('Authorization') ?? '');
  return bearer?.[1];
}

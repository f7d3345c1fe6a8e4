import { createHash } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import type { Principal } from '../../domain';
import { AppError } from '../../domain';
import type { ClientAddress } from '../client-address';
import type { Access } from '../route';
import { Guesses } from './guesses';

interface Passed {
  readonly identity: Principal;
  /** Asks again, whatever is remembered. */
  readonly stillKnown: () => Promise<boolean>;
}

const passed = new WeakMap<Request, Passed>();

/** Of requests that need no API key: it may do nothing that needs one. */
const NO_KEY: Principal = { kind: 'key', id: 'none', accountId: '', role: 'auditor', scopes: [] };

/** Who made a request that passed {@link authenticate}; nobody where that is not asked for. */
export function callerOf(request: Request, access: Access = 'account'): Principal {
  return access === 'account' ? passedOf(request).identity : NO_KEY;
}

/** True while the key of a long request has not been revoked and has not expired. */
export function stillKnown(request: Request): Promise<boolean> {
  return passedOf(request).stillKnown();
}

function passedOf(request: Request): Passed {
  const found = passed.get(request);
  if (!found) throw new Error('a route outside authentication asked for its caller');
  return found;
}

/** How long a key that was found is remembered, which is how long a revocation may take. */
const CACHE_MS = 5_000;
const MAX_CACHED = 1_000;
/** Unknown keys that one address may try in a minute. */
const MAX_FAILURES = 300;
const TOO_MANY = { code: 'too_many_failures', text: 'too many unknown API keys from this address' };

/**
 * Takes an API key from `X-API-Key` or `Authorization: Bearer`, and finds whom it speaks for. Keys
 * are looked up and remembered by their SHA-256 alone: the time of a look-up tells nothing about a
 * key, and no key stays in memory. Who guesses is slowed down.
 *
 * @param identify - the identity behind a key; undefined for one that is unknown, expired or revoked
 * @param addressOf - of whom unknown keys are counted
 * @param now - monotonic milliseconds
 */
export function authenticate(
  identify: (key: string) => Promise<Principal | undefined>,
  addressOf: ClientAddress,
  now: () => number,
): RequestHandler {
  const cache = new Map<string, { readonly identity: Principal; readonly at: number }>();
  const guesses = new Guesses(MAX_FAILURES, TOO_MANY, now);
  return async (request, response, next) => {
    const key = keyOf(request);
    if (key === undefined) throw new AppError('unauthorized', 'no_api_key', 'send an API key in X-API-Key');
    const pass = (identity: Principal): void => {
      passed.set(request, { identity, stillKnown: async () => (await identify(key)) !== undefined });
      next();
    };
    const hash = createHash('sha256').update(key, 'utf8').digest('base64');
    const known = cache.get(hash);
    if (known && now() - known.at < CACHE_MS) return pass(known.identity);
    cache.delete(hash);

    const address = addressOf(request);
    if (guesses.refuse(address, response)) return;
    const identity = await identify(key);
    if (!identity) {
      guesses.wrong(address);
      throw new AppError('unauthorized', 'unknown_api_key', 'the API key is not known, expired or revoked');
    }
    if (cache.size >= MAX_CACHED) {
      const [oldest] = cache.keys();
      if (oldest !== undefined) cache.delete(oldest);
    }
    cache.set(hash, { identity, at: now() });
    pass(identity);
  };
}

function keyOf(request: Request): string | undefined {
  const header = request.get('X-API-Key');
  if (header !== undefined) return header;
  const bearer = /^Bearer ([A-Za-z0-9_-]{8,128})$/i.exec(request.get('Authorization') ?? '');
  return bearer?.[1];
}

import type { Request, RequestHandler } from 'express';
import type { Principal } from '../../domain';
import { AppError } from '../../domain';
import type { Authenticator } from '../access/authenticator';
import type { ClientAddress } from '../client-address';
import type { Access } from '../route';
import { Guesses } from './guesses';

interface Passed {
  readonly identity: Principal;
  /** Asks again, whatever is remembered. */
  readonly stillKnown: () => Promise<boolean>;
  /** A cookie proved it. */
  readonly byCookie: boolean;
}

const passed = new WeakMap<Request, Passed>();
/** Who turned out to ask for something that is open to anybody: by a sign-in, for one. */
const proven = new WeakMap<Request, Principal>();

/** Of requests that need no API key: it may do nothing that needs one. */
const NO_KEY: Principal = { kind: 'key', id: 'none', accountId: '', role: 'auditor', scopes: [] };

/** Who made a request that passed {@link authenticate}; nobody where that is not asked for. */
export function callerOf(request: Request, access: Access = 'account'): Principal {
  return access === 'account' ? passedOf(request).identity : NO_KEY;
}

/** Says who made a request that is open to anybody, once that is known. */
export function proveCaller(request: Request, principal: Principal): void {
  proven.set(request, principal);
}

/** Who made a request, however that became known; undefined where it did not. */
export function provenCaller(request: Request): Principal | undefined {
  return passed.get(request)?.identity ?? proven.get(request);
}

/** True while the credential of a long request has not been revoked and has not expired. */
export function stillKnown(request: Request): Promise<boolean> {
  return passedOf(request).stillKnown();
}

/** The session whose cookie proved who asks; undefined where a header did. */
export function cookieSessionOf(request: Request): string | undefined {
  const found = passed.get(request);
  return found?.byCookie === true ? found.identity.sessionId : undefined;
}

function passedOf(request: Request): Passed {
  const found = passed.get(request);
  if (!found) throw new Error('a route outside authentication asked for its caller');
  return found;
}

/** Unknown credentials that one address may try in a minute. */
const MAX_FAILURES = 300;
const TOO_MANY = { code: 'too_many_failures', text: 'too many unknown keys and tokens from this address' };

interface Shown {
  readonly kind: 'key' | 'token' | 'cookie';
  readonly text: string;
}

const UNKNOWN: Readonly<Record<Shown['kind'], readonly [code: string, message: string]>> = {
  key: ['unknown_api_key', 'the API key is not known, expired or revoked'],
  token: ['unknown_token', 'the token is not good, or its time or its session is over'],
  cookie: ['session_over', 'nobody is signed in by this cookie any more'],
};

/**
 * Takes an API key from `X-API-Key`, a key or an access token from `Authorization: Bearer`, or the cookie of a
 * session, and finds whom it speaks for. What stands in a header goes before a cookie. Who guesses is slowed down.
 *
 * @param addressOf - of whom unknown credentials are counted
 * @param now - monotonic milliseconds
 */
export function authenticate(
  authenticator: Authenticator,
  addressOf: ClientAddress,
  now: () => number,
): RequestHandler {
  const guesses = new Guesses(MAX_FAILURES, TOO_MANY, now);
  return async (request, response, next) => {
    const shown = shownBy(request, authenticator);
    if (!shown) {
      throw new AppError('unauthorized', 'no_api_key', 'send an API key in X-API-Key, or sign in');
    }
    const pass = (identity: Principal): void => {
      passed.set(request, {
        identity,
        stillKnown: async () => (await authenticator.stillGood([shown.text])).has(shown.text),
        byCookie: shown.kind === 'cookie',
      });
      next();
    };
    const known = authenticator.known(shown.text);
    if (known) return pass(known);

    const address = addressOf(request);
    if (guesses.refuse(address, response)) return;
    const identity =
      shown.kind === 'key'
        ? await authenticator.fromKey(shown.text)
        : await authenticator.fromToken(shown.text);
    if (!identity) {
      guesses.wrong(address);
      const [code, message] = UNKNOWN[shown.kind];
      throw new AppError('unauthorized', code, message);
    }
    pass(identity);
  };
}

function shownBy(request: Request, authenticator: Authenticator): Shown | undefined {
  const key = request.get('X-API-Key');
  if (key !== undefined) return { kind: 'key', text: key };
  const authorization = request.get('Authorization');
  if (authorization !== undefined) {
    const [, bearer] = /^Bearer ([A-Za-z0-9._-]{8,4096})$/i.exec(authorization) ?? [];
    if (bearer === undefined) return undefined;
    return { kind: bearer.includes('.') ? 'token' : 'key', text: bearer };
  }
  const cookie = authenticator.cookieOf(request);
  return cookie === undefined ? undefined : { kind: 'cookie', text: cookie };
}

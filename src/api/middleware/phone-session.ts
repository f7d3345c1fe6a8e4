import type { Request, RequestHandler } from 'express';
import { AppError } from '../../domain';
import type { PhoneIdentity } from '../../storage';
import type { ClientAddress } from '../client-address';
import { Guesses } from './guesses';

const signedIn = new WeakMap<Request, PhoneIdentity>();

/** Who made a request that passed {@link phoneSession}. */
export function agentOf(request: Request): PhoneIdentity {
  const found = signedIn.get(request);
  if (!found) throw new Error('a route outside sessions of agents asked for its agent');
  return found;
}

/** Unknown tokens that one address may try in a minute. */
const MAX_FAILURES = 300;
const TOO_MANY = { code: 'too_many_failures', text: 'too many unknown sessions from this address' };

/**
 * Takes the token of an agent's session from `Authorization: Bearer`, and finds who is signed in by it.
 * Nothing is remembered: who is signed out is out at once.
 *
 * @param identify - undefined for a token that is unknown, over or revoked
 * @param addressOf - whom wrong tokens are counted of
 * @param now - monotonic milliseconds
 */
export function phoneSession(
  identify: (token: string) => Promise<PhoneIdentity | undefined>,
  addressOf: ClientAddress,
  now: () => number,
): RequestHandler {
  const guesses = new Guesses(MAX_FAILURES, TOO_MANY, now);
  return async (request, response, next) => {
    const address = addressOf(request);
    if (guesses.refuse(address, response)) return;
    const [, token] = /^Bearer (dcep_[A-Za-z0-9_-]{43})$/i.exec(request.get('Authorization') ?? '') ?? [];
    const identity = token === undefined ? undefined : await identify(token);
    if (!identity) {
      guesses.wrong(address);
      throw new AppError('unauthorized', 'not_signed_in', 'nobody is signed in by this token');
    }
    signedIn.set(request, identity);
    next();
  };
}

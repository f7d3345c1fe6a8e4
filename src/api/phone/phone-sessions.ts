import { z } from 'zod';
import { AppError } from '../../domain';
import type { Queryable, SignInCandidate } from '../../storage';
import { findSignIn, openPhoneSession, revokePhoneSession } from '../../storage';
import { agentActor } from '../audit-note';
import type { ClientAddress } from '../client-address';
import { agentOf } from '../middleware/phone-session';
import type { Route } from '../route';
import { route } from '../route';
import { id, name } from '../schemas';
import type { Passwords } from './passwords';
import type { PhoneServices } from './services';

/** Signing in to the phone page, and out. */
export function phoneSessionRoutes(
  { lockout, sessionMs }: PhoneServices,
  passwords: Passwords,
  addressOf: ClientAddress,
): Route[] {
  return [
    route({
      method: 'post',
      path: '/phone/sessions',
      operationId: 'signInAgent',
      audited: 'apart',
      tag: 'phone',
      summary: 'Sign an agent in; the token is told this once. Who fails too often waits ever longer (429)',
      scope: '',
      access: 'open',
      body: z.strictObject({
        username: z.string().trim().min(1).max(100),
        password: z.string().min(1).max(256),
      }),
      reply: z.object({
        token: z.string().describe('`dcep_…`, to be sent as `Authorization: Bearer`'),
        expiresAt: z.number().int().describe('UTC epoch milliseconds'),
        agent: z.object({ id, name, username: z.string(), buyerId: id }),
      }),
      status: 201,
      handle: async ({ db, body, request, response, audit }) => {
        audit.guessed();
        const username = body.username.toLowerCase();
        const turn = await lockout.take({ username, address: addressOf(request) });
        if (turn.waitMs > 0) {
          response.setHeader('Retry-After', Math.ceil(turn.waitMs / 1_000));
          throw new AppError(
            'rate_limited',
            'too_many_attempts',
            'too many sign-ins failed: wait, then try again',
          );
        }
        const { found, isRight } = await tried(db, passwords, username, body.password).catch(
          async (error: unknown) => {
            await turn.giveBack();
            throw error;
          },
        );
        // By id alone: what was typed may be anything, a password too.
        if (found) audit.about('agents', found.agentId);
        if (!found || !isRight) throw wrong();
        await turn.right();
        const session = await openPhoneSession(db, found, sessionMs);
        // The password was changed meanwhile, or the agent disabled.
        if (!session) throw wrong();
        audit.by(agentActor(found));
        const { agentId, name: called, buyerId } = found;
        const agent = { id: agentId, name: called, username: found.username, buyerId };
        return { body: { ...session, agent }, location: '/phone/sessions/current' };
      },
    }),
    route({
      method: 'delete',
      path: '/phone/sessions/current',
      operationId: 'signOutAgent',
      audited: 'apart',
      tag: 'phone',
      summary: 'Sign out: the token is good for nothing any more',
      scope: '',
      access: 'phone',
      reply: z.unknown(),
      status: 204,
      handle: async ({ db, request }) => {
        await revokePhoneSession(db, agentOf(request).sessionId);
        return { body: undefined };
      },
    }),
  ];
}

/**
 * Who signs in by this name, and whether with the right password.
 * @throws Error when that cannot be found out now
 */
async function tried(
  db: Queryable,
  passwords: Passwords,
  username: string,
  password: string,
): Promise<{ readonly found: SignInCandidate | undefined; readonly isRight: boolean }> {
  const found = await findSignIn(db, username);
  return { found, isRight: await passwords.isRight(found?.passwordHash, password) };
}

function wrong(): AppError {
  return new AppError('unauthorized', 'wrong_credentials', 'user name or password is wrong');
}

import { z } from 'zod';
import type { Principal } from '../../domain';
import { AppError, notFound } from '../../domain';
import type { Queryable } from '../../storage';
import {
  asExchange,
  confirmTotp,
  dropTotp,
  listSessions,
  passwordHashOf,
  recoveryCodesLeft,
  revokeSession,
  setPassword,
  signedInAt,
  wantedTotp,
  wantTotp,
} from '../../storage';
import { cookieSessionOf } from '../middleware/authenticate';
import type { Route } from '../route';
import { route, SIGNED_IN } from '../route';
import { id } from '../schemas';
import type { Access } from './access';
import { assertStrong, givenPassword, newPassword, normalPassword } from './password-rules';
import { shownUserSchema, showUser } from './shown-user';
import { tooMany } from './sign-in';
import { newTotpSecret, totpStep, totpUri } from './totp';

/** What takes protection away wants a sign-in that is no older, in milliseconds. */
const FRESH_MS = 3_600_000;

const common = { tag: 'auth', scope: SIGNED_IN } as const;

/** What users see and change of themselves. */
export function ownAccountRoutes(access: Access): Route[] {
  return [
    route({
      ...common,
      method: 'get',
      path: '/auth/me',
      operationId: 'getSignedInUser',
      summary: 'Who is signed in',
      reply: z.object({
        user: shownUserSchema,
        sessionId: z.string(),
        csrfToken: z.string().optional().describe('Of a session of cookies: to be sent as `X-CSRF-Token`'),
        recoveryCodesLeft: z.number().int(),
      }),
      handle: async ({ caller, request }) => {
        const cookieSession = cookieSessionOf(request);
        return {
          body: {
            user: await showUser(access.database, caller.id),
            sessionId: caller.sessionId ?? '',
            recoveryCodesLeft: await recoveryCodesLeft(access.database, caller.id),
            ...(cookieSession === undefined ? {} : { csrfToken: access.csrfToken(cookieSession) }),
          },
        };
      },
    }),
    ...sessionRoutes(access),
    route({
      ...common,
      method: 'post',
      path: '/auth/password',
      operationId: 'changeOwnPassword',
      summary: 'Change the own password; all other sessions end',
      body: z.strictObject({ current: givenPassword, next: newPassword }),
      reply: z.unknown(),
      status: 204,
      handle: async ({ db, caller, body: { current, next }, request, response, audit }) => {
        audit.about('users', caller.id);
        const user = await asExchange(db, (all) => showUser(all, caller.id));
        assertStrong(next, user, '/next');
        const username = `user:${user.email}`;
        const turn = await access.lockout.take({ username, address: access.addressOf(request) });
        if (turn.waitMs > 0) throw tooMany(turn.waitMs, response);
        const hash = await asExchange(db, (all) => passwordHashOf(all, caller.id));
        if (!(await access.passwords.isRight(hash, normalPassword(current)))) {
          audit.guessed();
          throw mistake('wrong_password', '/current', 'the current password is another one');
        }
        await turn.right();
        const nextHash = await access.passwords.hashOf(normalPassword(next));
        await asExchange(db, (all) => setPassword(all, caller.id, nextHash, caller.sessionId));
        return { body: undefined };
      },
    }),
    ...totpRoutes(access),
  ];
}

function sessionRoutes(access: Access): Route[] {
  return [
    route({
      ...common,
      method: 'get',
      path: '/auth/sessions',
      operationId: 'listOwnSessions',
      summary: 'Where the user is signed in',
      reply: z.object({
        items: z.array(
          z.object({
            id,
            address: z.string(),
            device: z.string().describe('User-Agent'),
            createdAt: z.iso.datetime(),
            lastUsedAt: z.iso.datetime().describe('Within some minutes'),
            expiresAt: z.iso.datetime(),
            current: z.boolean().describe('This one'),
          }),
        ),
      }),
      handle: async ({ caller }) => {
        const sessions = await listSessions(access.database, caller.id);
        return {
          body: {
            items: sessions.map((session) => ({
              ...session,
              createdAt: session.createdAt.toISOString(),
              lastUsedAt: session.lastUsedAt.toISOString(),
              expiresAt: session.expiresAt.toISOString(),
              current: session.id === caller.sessionId,
            })),
          },
        };
      },
    }),
    route({
      ...common,
      method: 'delete',
      path: '/auth/sessions/:id',
      operationId: 'endOwnSession',
      summary: 'Sign out there; its tokens are good for nothing within five seconds',
      params: z.strictObject({ id }),
      reply: z.unknown(),
      status: 204,
      handle: async ({ db, caller, params: { id: sessionId }, committed }) => {
        const whose = { userId: caller.id, sessionId };
        const ended = await asExchange(db, (all) => revokeSession(all, whose, 'signed_out'));
        if (!ended) throw notFound('session', sessionId);
        committed(() => access.onSessionOver(sessionId));
        return { body: undefined };
      },
    }),
  ];
}

function totpRoutes(access: Access): Route[] {
  return [
    route({
      ...common,
      method: 'post',
      path: '/auth/totp',
      operationId: 'beginTotp',
      problems: [409],
      summary: 'Make a secret for an authenticator; it is asked for once a code of it was confirmed',
      reply: z.object({
        secret: z.string().describe('Base32'),
        uri: z.string().describe('`otpauth://…`, for a QR code'),
      }),
      handle: async ({ db, caller, audit }) => {
        audit.about('users', caller.id);
        const user = await asExchange(db, (all) => showUser(all, caller.id));
        if (user.totp) throw new AppError('conflict', 'totp_enabled', 'the user has a second factor already');
        const secret = newTotpSecret();
        await asExchange(db, (all) => wantTotp(all, access.vault, caller.id, secret));
        return { body: { secret, uri: totpUri(secret, user.email) } };
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/auth/totp/confirm',
      operationId: 'confirmTotp',
      problems: [409],
      summary: 'Show a first code: from now on one is asked for. The recovery codes are told this once',
      body: z.strictObject({ code: z.string().trim().max(32) }),
      reply: z.object({ recoveryCodes: z.array(z.string()) }),
      handle: async ({ db, caller, body: { code }, audit }) => {
        audit.about('users', caller.id);
        const secret = await asExchange(db, (all) => wantedTotp(all, access.vault, caller.id));
        if (secret === undefined)
          throw new AppError('conflict', 'totp_not_begun', 'no secret waits for a code');
        const step = totpStep(secret, code, access.now());
        if (step === undefined) {
          audit.guessed();
          throw mistake('totp_wrong', '/code', 'the code is wrong');
        }
        const recoveryCodes = await asExchange(db, (all) => confirmTotp(all, caller.id, step));
        return { body: { recoveryCodes } };
      },
    }),
    route({
      ...common,
      method: 'delete',
      path: '/auth/totp',
      operationId: 'dropTotp',
      summary: 'Do without the second factor; wants a sign-in of the last hour (403 `sign_in_again`)',
      reply: z.unknown(),
      status: 204,
      handle: async ({ db, caller, audit }) => {
        audit.about('users', caller.id);
        await asExchange(db, (all) => assertFresh(all, access.now(), caller));
        await asExchange(db, (all) => dropTotp(all, caller.id));
        return { body: undefined };
      },
    }),
  ];
}

async function assertFresh(db: Queryable, now: number, { sessionId = '' }: Principal): Promise<void> {
  const at = await signedInAt(db, sessionId);
  if (at && now - at.getTime() < FRESH_MS) return;
  throw new AppError('forbidden', 'sign_in_again', 'this wants a sign-in of the last hour: sign in again');
}

function mistake(code: string, pointer: string, message: string): AppError {
  return new AppError('unprocessable', code, message, { errors: [{ in: 'body', pointer, message }] });
}

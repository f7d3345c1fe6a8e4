import type { Request, Response } from 'express';
import { z } from 'zod';
import { AppError } from '../../domain';
import type { OpenedSession, SessionPlace, UserCandidate } from '../../storage';
import {
  findUserCandidate,
  identifySession,
  openSession,
  openTotp,
  refreshSession,
  revokeSession,
  revokeSessionOf,
  takeRecoveryCode,
  takeTotpStep,
} from '../../storage';
import type { AuditNote } from '../audit-note';
import { proveCaller } from '../middleware/authenticate';
import type { Route } from '../route';
import { route } from '../route';
import type { Access } from './access';
import { givenPassword, normalPassword } from './password-rules';
import { shownUserSchema, showUser } from './shown-user';
import { totpStep } from './totp';

const MAX_DEVICE = 200;

export const email = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .regex(/^[!-?A-~]{1,64}@[a-z0-9.-]{1,189}$/, 'must look like somebody@example.com')
  .describe('Compared without regard to case');

const refreshToken = z.string().max(128);

const signedInSchema = z.object({
  user: shownUserSchema,
  expiresIn: z.number().int().describe('Seconds that the access token is good'),
  accessToken: z.string().optional().describe('To be sent as `Authorization: Bearer`; not with cookies'),
  refreshToken: z.string().optional().describe('Good for one refresh; not with cookies'),
  csrfToken: z.string().optional().describe('With cookies: to be sent as `X-CSRF-Token`'),
});
type SignedIn = z.input<typeof signedInSchema>;

const common = { tag: 'auth', scope: '', access: 'open' } as const;

/** Signing in, going on, and signing out. */
export function signInRoutes(access: Access): Route[] {
  return [
    route({
      ...common,
      method: 'post',
      path: '/auth/sign-in',
      operationId: 'signIn',
      audited: 'apart',
      summary: 'Sign in with a password, and a code where the user has a second factor (401 `totp_required`)',
      body: z.strictObject({
        email,
        password: givenPassword,
        code: z.string().trim().max(32).optional().describe('Of the authenticator, or a recovery code'),
        cookies: z.boolean().default(false).describe('Keep the tokens in cookies that no script can read'),
      }),
      reply: signedInSchema,
      handle: async ({ body, request, response, audit }) => {
        if (body.cookies) access.cookies.assertSafe(request);
        audit.guessed();
        const found = await proven(access, body, request, response, audit);
        const session = await access.database.transaction((tx) =>
          openSession(tx, found.id, found.passwordHash, placeOf(access, request), access.sessionRules),
        );
        // The password was changed meanwhile, or the user disabled.
        if (!session) throw wrong();
        return { body: await signedIn(access, session, body.cookies, request, response) };
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/auth/refresh',
      operationId: 'refreshSession',
      summary: 'Get new tokens for a refresh token; one that comes a second time ends its session',
      // Of no interest by itself, and it comes with every page; a token that was copied is.
      audited: false,
      body: z.strictObject({
        refreshToken: refreshToken.optional().describe('That of the cookie, where there is none'),
      }),
      reply: signedInSchema,
      handle: async ({ body, request, response, audit }) => {
        const token = body.refreshToken ?? access.cookies.read(request, 'refresh');
        const byCookie = body.refreshToken === undefined;
        const refreshed = await refreshSession(access.database, token ?? '', access.sessionRules);
        if (!refreshed.ok) {
          if (byCookie) clearCookies(access, request, response);
          if (refreshed.why === 'reused') {
            access.onSessionOver(refreshed.sessionId);
            audit.guessed();
            audit.about('users', refreshed.userId);
          }
          throw refreshed.why === 'reused'
            ? new AppError('unauthorized', 'token_reused', 'this refresh token was used: its session is over')
            : new AppError('unauthorized', 'session_over', 'nobody is signed in by this refresh token');
        }
        return { body: await signedIn(access, refreshed, byCookie, request, response) };
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/auth/sign-out',
      operationId: 'signOut',
      audited: 'apart',
      summary: 'End the session of the tokens or cookies that are sent, whether or not they are still good',
      body: z.strictObject({ refreshToken: refreshToken.optional() }).optional(),
      reply: z.unknown(),
      status: 204,
      handle: async ({ body, request, response, audit }) => {
        const token = body?.refreshToken ?? access.cookies.read(request, 'refresh');
        const ended = token === undefined ? undefined : await revokeSessionOf(access.database, token);
        if (ended) {
          audit.by({ kind: 'user', id: ended.userId, sessionId: ended.sessionId });
          access.onSessionOver(ended.sessionId);
        }
        const [, bearer] = /^Bearer (\S+)$/i.exec(request.get('Authorization') ?? '') ?? [];
        const principal =
          bearer === undefined
            ? (await access.authenticator.fromCookies(request))?.principal
            : await access.authenticator.fromToken(bearer);
        if (principal?.sessionId !== undefined) {
          audit.by(principal);
          const { id: userId, sessionId } = principal;
          await revokeSession(access.database, { userId, sessionId }, 'signed_out');
          access.onSessionOver(sessionId);
        }
        clearCookies(access, request, response);
        return { body: undefined };
      },
    }),
  ];
}

/**
 * The user whose password, and second factor, somebody has.
 * @throws AppError `wrong_credentials`, `totp_required`, `totp_wrong`, `too_many_attempts`
 */
async function proven(
  access: Access,
  shown: { readonly email: string; readonly password: string; readonly code?: string | undefined },
  request: Request,
  response: Response,
  audit: AuditNote,
): Promise<UserCandidate> {
  const username = `user:${shown.email}`;
  const turn = await access.lockout.take({ username, address: access.addressOf(request) });
  if (turn.waitMs > 0) throw tooMany(turn.waitMs, response);
  try {
    const found = await findUserCandidate(access.database, shown.email);
    // By id alone: what was typed may be anything, a password too.
    if (found) audit.about('users', found.id);
    const right = await access.passwords.isRight(found?.passwordHash, normalPassword(shown.password));
    if (!found || !right) throw wrong();
    if (found.totpSecret) {
      if (shown.code === undefined || shown.code === '') {
        throw new AppError('unauthorized', 'totp_required', 'a code of the authenticator is wanted');
      }
      if (!(await isSecondFactor(access, found, found.totpSecret, shown.code))) {
        throw new AppError('unauthorized', 'totp_wrong', 'the code is wrong, or was used already');
      }
    }
    await turn.right();
    return found;
  } catch (error) {
    // What was not a guess does not count as one.
    const code = error instanceof AppError ? error.code : undefined;
    if (code !== 'wrong_credentials' && code !== 'totp_wrong') await turn.giveBack();
    throw error;
  }
}

async function isSecondFactor(
  access: Access,
  { id }: UserCandidate,
  sealed: Buffer,
  code: string,
): Promise<boolean> {
  if (!/^\d{6}$/.test(code)) return takeRecoveryCode(access.database, id, code);
  const step = totpStep(openTotp(access.vault, id, sealed), code, access.now());
  return step !== undefined && (await takeTotpStep(access.database, id, step));
}

/** Somebody is to wait. @param waitMs - milliseconds */
export function tooMany(waitMs: number, response: Response): AppError {
  response.setHeader('Retry-After', Math.ceil(waitMs / 1_000));
  return new AppError('rate_limited', 'too_many_attempts', 'too many sign-ins failed: wait, then try again');
}

function wrong(): AppError {
  return new AppError('unauthorized', 'wrong_credentials', 'e-mail address or password is wrong');
}

/** From where somebody signs in, as its user is shown it. */
export function placeOf(access: Access, request: Request): SessionPlace {
  const device = (request.get('User-Agent') ?? '').replace(/[^ -~]/g, '').slice(0, MAX_DEVICE);
  return { address: access.addressOf(request).slice(0, 64), device };
}

/** The tokens of a session, as they are wanted. */
export async function signedIn(
  access: Access,
  session: OpenedSession,
  cookies: boolean,
  request: Request,
  response: Response,
): Promise<SignedIn> {
  const principal = await identifySession(access.database, session.sessionId);
  if (!principal) throw new AppError('unauthorized', 'session_over', 'the session is over already');
  proveCaller(request, principal);
  const left = session.expiresAt.getTime() - access.now();
  const lastsMs = Math.min(cookies ? access.rules.cookieMs : access.rules.tokenMs, left);
  const accessToken = await access.tokens.sign(principal, lastsMs);
  const user = await showUser(access.database, principal.id);
  const expiresIn = Math.floor(lastsMs / 1_000);
  if (!cookies) return { user, expiresIn, accessToken, refreshToken: session.refreshToken };
  response.append('Set-Cookie', access.cookies.write(request, 'access', accessToken, lastsMs));
  response.append('Set-Cookie', access.cookies.write(request, 'refresh', session.refreshToken, left));
  return { user, expiresIn, csrfToken: access.csrfToken(session.sessionId) };
}

function clearCookies(access: Access, request: Request, response: Response): void {
  if (request.headers.cookie === undefined) return;
  for (const kind of ['access', 'refresh'] as const) {
    response.append('Set-Cookie', access.cookies.write(request, kind, '', 0));
  }
}

import { z } from 'zod';
import { AppError } from '../../domain';
import { askForReset, makeUserLink, setPassword, userOfLink, useUserLink } from '../../storage';
import type { Route } from '../route';
import { route } from '../route';
import type { Access } from './access';
import { assertStrong, newPassword, normalPassword } from './password-rules';
import { email } from './sign-in';

const common = { tag: 'auth', scope: '', access: 'open' } as const;

/** Setting a password by a link, and asking for one. */
export function linkRoutes(access: Access): Route[] {
  return [
    route({
      ...common,
      method: 'post',
      path: '/auth/links',
      operationId: 'setPasswordByLink',
      audited: 'apart',
      summary: 'Set a password by the token of an invitation or a reset; the link is good for once',
      body: z.strictObject({
        token: z.string().min(1).max(128).describe('What follows `token=` in the link'),
        password: newPassword,
      }),
      reply: z.unknown(),
      status: 204,
      handle: async ({ body: { token, password }, audit }) => {
        const user = await userOfLink(access.database, token);
        if (!user) {
          audit.guessed();
          throw linkOver();
        }
        audit.by({ kind: 'user', id: user.userId });
        audit.about('users', user.userId);
        assertStrong(password, user);
        const hash = await access.passwords.hashOf(normalPassword(password));
        const done = await access.database.transaction(async (tx) => {
          if (!(await useUserLink(tx, token))) return false;
          await setPassword(tx, user.userId, hash);
          return true;
        });
        if (!done) throw linkOver();
        await access.lockout.forget(`user:${user.email}`);
        return { body: undefined };
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/auth/reset',
      operationId: 'askForReset',
      audited: 'apart',
      summary:
        'Say that a password was forgotten; the answer is always the same, whether there is such a user',
      body: z.strictObject({ email }),
      reply: z.unknown(),
      status: 204,
      handle: async ({ body, audit }) => {
        const user = await askForReset(access.database, body.email);
        if (user) audit.about('users', user.id);
        // How long it takes tells nothing either: nobody waits for what is done for a user.
        if (user && access.tellOf) {
          const { tellOf, database, rules } = access;
          void makeUserLink(database, user.id, rules.resetMs)
            .then((link) => tellOf(user, link))
            .catch(() => undefined);
        }
        return { body: undefined };
      },
    }),
  ];
}

function linkOver(): AppError {
  return new AppError(
    'unprocessable',
    'link_over',
    'this link was used, or its time is over: ask for another',
    {
      errors: [{ in: 'body', pointer: '/token', message: 'was used, or its time is over' }],
    },
  );
}

import { createHash, randomBytes } from 'node:crypto';
import { AppError } from '../../domain';
import type { Queryable } from '../database';
import { OPEN_ACCOUNT } from './users';

const TOKEN = /^dcel_[A-Za-z0-9_-]{43}$/;

/** A link with which somebody sets a password: its token is told this once. */
export interface UserLink {
  readonly kind: 'invitation' | 'reset';
  readonly token: string;
  readonly expiresAt: Date;
}

/**
 * Makes a link for a user, in place of one that there is: an invitation where no password was set yet.
 * @param lastsMs - milliseconds
 * @throws AppError `user_disabled`
 */
export async function makeUserLink(db: Queryable, userId: string, lastsMs: number): Promise<UserLink> {
  const token = `dcel_${randomBytes(32).toString('base64url')}`;
  const { rows } = await db.query<{ kind: UserLink['kind']; expiresAt: Date }>(
    `insert into user_links (user_id, kind, token_hash, expires_at)
      select id, case when password_hash is null then 'invitation' else 'reset' end, $2,
        now() + $3::bigint * interval '1 millisecond'
      from users where id = $1 and status <> 'disabled'
      on conflict (user_id) do update set kind = excluded.kind, token_hash = excluded.token_hash,
        created_at = now(), expires_at = excluded.expires_at
      returning kind, expires_at as "expiresAt"`,
    [userId, hashOf(token), lastsMs],
  );
  const [made] = rows;
  if (!made) throw new AppError('unprocessable', 'user_disabled', 'a disabled user gets no link');
  return { ...made, token };
}

/** Whose link it is, while it is good; it stays good. */
export async function userOfLink(
  db: Queryable,
  token: string,
): Promise<{ readonly userId: string; readonly email: string; readonly name: string } | undefined> {
  if (!TOKEN.test(token)) return undefined;
  const { rows } = await db.query<{ userId: string; email: string; name: string }>(
    `select u.id as "userId", u.email, u.name from user_links l join users u on u.id = l.user_id
      join accounts a on a.id = u.account_id
      where l.token_hash = $1 and l.expires_at > now() and u.status <> 'disabled' and ${OPEN_ACCOUNT}`,
    [hashOf(token)],
  );
  return rows[0];
}

/** Uses a link up. @returns false when somebody else was first, or it is over */
export async function useUserLink(tx: Queryable, token: string): Promise<boolean> {
  const { rowCount } = await tx.query('delete from user_links where token_hash = $1 and expires_at > now()', [
    hashOf(token),
  ]);
  return rowCount === 1;
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

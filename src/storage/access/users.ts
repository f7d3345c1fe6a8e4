import { randomUUID } from 'node:crypto';
import type { Role, TenantRole } from '../../domain';
import { AppError, notFound } from '../../domain';
import type { Queryable } from '../database';
import type { ListedRow, ListedTable, ListQuery } from '../list-statement';
import { listRows } from '../list-statement';

export const USER_STATUSES = ['invited', 'active', 'disabled'] as const;
export type UserStatus = (typeof USER_STATUSES)[number];

/** Somebody who may sign in, without secrets. */
export interface User {
  readonly id: string;
  readonly accountId: string;
  /** Lower-cased; over all accounts unique. */
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly scopes: readonly string[];
  readonly status: UserStatus;
  /** Whether a second factor is asked for. */
  readonly totp: boolean;
  readonly lastSignInAt: Date | null;
  /** When somebody last said that the password was forgotten. */
  readonly resetAskedAt: Date | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What makes a user. */
export interface NewUser {
  readonly accountId: string;
  readonly email: string;
  readonly name: string;
  /** That of the account by default; of the exchange, that is an admin. */
  readonly role?: Role | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** What may be changed of one. */
export type UserChanges = {
  readonly [field in 'name' | 'role' | 'scopes' | 'status']?: User[field] | undefined;
};

const COLUMNS = `u.id, u.account_id as "accountId", u.email, u.name, u.role, u.scopes, u.status,
  u.totp, u.last_sign_in_at as "lastSignInAt",
  u.reset_asked_at as "resetAskedAt", u.version,
  u.created_at as "createdAt", u.updated_at as "updatedAt"`;

/** An account whose people and programs get in: those of one that is suspended or closed do not. */
export const OPEN_ACCOUNT = `(a.type = 'operator' or a.status in ('pending', 'active'))`;

/**
 * Makes a user, who is invited until a password was set.
 * @throws AppError `already_exists`, `account_not_found`, `role_mismatch`
 */
export async function createUser(db: Queryable, wanted: NewUser): Promise<User> {
  const { accountId, email, name, role, scopes = ['*'] } = wanted;
  await assertRole(db, accountId, role);
  const { rows } = await db.query<User>(
    `insert into users as u (id, account_id, account_type, email, name, role, scopes)
      select $1, a.id, a.type, lower($3), $4,
        coalesce($5, case a.type when 'operator' then 'admin' else a.type end), $6
      from accounts a where a.id = $2
      on conflict (email) do nothing returning ${COLUMNS}`,
    [randomUUID(), accountId, email, name, role ?? null, scopes],
  );
  const [made] = rows;
  if (made) return made;
  throw new AppError('conflict', 'already_exists', 'there is a user with this e-mail address already', {
    errors: [{ in: 'body', pointer: '/email', message: 'is taken' }],
  });
}

export async function getUser(db: Queryable, id: string): Promise<User | undefined> {
  const { rows } = await db.query<User>(`select ${COLUMNS} from users u where u.id = $1`, [id]);
  return rows[0];
}

/** By an address in whatever case. */
export async function findUserByEmail(db: Queryable, email: string): Promise<User | undefined> {
  const { rows } = await db.query<User>(`select ${COLUMNS} from users u where u.email = lower($1)`, [email]);
  return rows[0];
}

const LISTED: ListedTable = {
  select: COLUMNS,
  from: 'users u',
  columns: {
    accountId: { column: 'u.account_id', kind: 'text' },
    status: { column: 'u.status', kind: 'text' },
    role: { column: 'u.role', kind: 'text' },
    email: { column: 'u.email', kind: 'text' },
    name: { column: 'u.name', kind: 'text' },
    createdAt: { column: 'u.created_at', kind: 'instant' },
    lastSignInAt: { column: 'u.last_sign_in_at', kind: 'instant' },
  },
  tie: { column: 'u.id', kind: 'text', descending: false },
};

/** A page, in the order of ids where no other is asked for. */
export function listUsers(db: Queryable, query: ListQuery): Promise<ListedRow<User>[]> {
  return listRows(db, LISTED, query);
}

/**
 * Changes a user. Who is disabled is signed out everywhere.
 * @param version - that the change was made for; undefined = whichever there is
 * @throws AppError `user_not_found`, `changed_meanwhile`, `role_mismatch`, `user_not_active`, `last_admin`
 */
export async function changeUser(
  tx: Queryable,
  id: string,
  changes: UserChanges,
  version?: number,
): Promise<User> {
  // Two who take the last two admins away wait for each other here.
  await tx.query(`select pg_advisory_xact_lock(hashtext('dce users'))`);
  const { rows: found } = await tx.query<User & { password: boolean }>(
    `select ${COLUMNS}, u.password_hash is not null as password from users u where u.id = $1 for update`,
    [id],
  );
  const [before] = found;
  if (!before) throw notFound('user', id);
  if (version !== undefined && before.version !== version) {
    throw new AppError('precondition_failed', 'changed_meanwhile', `user ${id} was changed meanwhile`);
  }
  if (changes.role !== undefined) await assertRole(tx, before.accountId, changes.role);
  if (changes.status === 'active' && before.status !== 'active' && !before.password) {
    throw new AppError(
      'unprocessable',
      'user_not_active',
      'a user without a password is active by its link',
      {
        errors: [{ in: 'body', pointer: '/status', message: 'the user has no password yet' }],
      },
    );
  }
  const { rows } = await tx.query<User>(
    `update users u set name = coalesce($2, u.name), role = coalesce($3, u.role),
        scopes = coalesce($4, u.scopes), status = coalesce($5, u.status),
        version = u.version + 1, updated_at = now()
      where u.id = $1 returning ${COLUMNS}`,
    [id, changes.name ?? null, changes.role ?? null, changes.scopes ?? null, changes.status ?? null],
  );
  const after = rows[0] as User;
  if (wasAdmin(before) && !wasAdmin(after)) await assertAdminLeft(tx);
  if (after.status === 'disabled' && before.status !== 'disabled') {
    await signOutEverywhere(tx, id, 'disabled');
    await tx.query('delete from user_links where user_id = $1', [id]);
  }
  return after;
}

function wasAdmin({ role, status, scopes }: User): boolean {
  return role === 'admin' && status === 'active' && scopes.includes('*');
}

async function assertAdminLeft(tx: Queryable): Promise<void> {
  const { rowCount } = await tx.query(
    `select 1 from users where role = 'admin' and status = 'active' and '*' = any(scopes) limit 1`,
  );
  if ((rowCount ?? 0) > 0) return;
  throw new AppError('unprocessable', 'last_admin', 'nobody would be left who may do everything', {
    errors: [{ in: 'body', pointer: '/status', message: 'is the last admin' }],
  });
}

/** @throws AppError `account_not_found`, `role_mismatch` */
async function assertRole(db: Queryable, accountId: string, role: Role | undefined): Promise<void> {
  const { rows } = await db.query<{ type: 'operator' | TenantRole; fits: boolean }>(
    `select type, is_role_of(id, type, coalesce($2, case type when 'operator' then 'admin' else type end)) as fits
      from accounts where id = $1`,
    [accountId, role ?? null],
  );
  const [account] = rows;
  if (!account) throw notFound('account', accountId);
  if (account.fits) return;
  throw new AppError('unprocessable', 'role_mismatch', `nobody of this account can be ${role ?? 'a user'}`, {
    errors: [
      { in: 'body', pointer: '/role', message: `does not go with an account of type ${account.type}` },
    ],
  });
}

/** Whom a password lets in, with what it is compared with. */
export interface UserCandidate extends User {
  readonly passwordHash: string;
  /** Sealed for `totp <id>`. */
  readonly totpSecret: Buffer | null;
  readonly totpStep: number | null;
}

/** An active user with a password, of an account that is open; undefined when there is none. */
export async function findUserCandidate(db: Queryable, email: string): Promise<UserCandidate | undefined> {
  const { rows } = await db.query<UserCandidate>({
    name: 'user-sign-in',
    text: `select ${COLUMNS}, u.password_hash as "passwordHash", u.totp_secret as "totpSecret", u.totp_step as "totpStep"
      from users u join accounts a on a.id = u.account_id
      where u.email = lower($1) and u.status = 'active' and u.password_hash is not null and ${OPEN_ACCOUNT}`,
    values: [email],
  });
  return rows[0];
}

/** What a user's password is compared with; undefined when there is none. */
export async function passwordHashOf(db: Queryable, userId: string): Promise<string | undefined> {
  const { rows } = await db.query<{ hash: string | null }>(
    `select password_hash as hash from users where id = $1 and status = 'active'`,
    [userId],
  );
  return rows[0]?.hash ?? undefined;
}

/**
 * Sets a password. Other sessions end: whoever knew the old one is out.
 * @param keep - a session that stays
 */
export async function setPassword(
  tx: Queryable,
  userId: string,
  passwordHash: string,
  keep?: string,
): Promise<void> {
  await tx.query(
    `update users set password_hash = $2, reset_asked_at = null, status = case status when 'invited' then 'active' else status end,
        version = version + 1, updated_at = now() where id = $1`,
    [userId, passwordHash],
  );
  await signOutEverywhere(tx, userId, 'password_changed', keep);
}

/** Ends the sessions of a user, but for one. */
export async function signOutEverywhere(
  tx: Queryable,
  userId: string,
  why: string,
  keep?: string,
): Promise<number> {
  const { rowCount } = await tx.query(
    `update user_sessions set revoked_at = now(), revoked_why = $2
      where user_id = $1 and revoked_at is null and expires_at > now() and id is distinct from $3`,
    [userId, why, keep ?? null],
  );
  return rowCount ?? 0;
}

/** Whom a provider says it is: a user who was linked to it; undefined when nobody was, or may not get in. */
export async function findLinkedUser(
  db: Queryable,
  provider: string,
  subject: string,
): Promise<User | undefined> {
  const { rows } = await db.query<User>(
    `select ${COLUMNS} from user_identities i join users u on u.id = i.user_id join accounts a on a.id = u.account_id
      where i.provider = $1 and i.subject = $2 and u.status = 'active' and ${OPEN_ACCOUNT}`,
    [provider, subject],
  );
  return rows[0];
}

/** The provider knows somebody as a user from now on. Who was invited is active. */
export async function linkUser(
  tx: Queryable,
  provider: string,
  subject: string,
  userId: string,
): Promise<User | undefined> {
  const { rowCount } = await tx.query(
    `insert into user_identities (provider, subject, user_id)
      select $1, $2, u.id from users u join accounts a on a.id = u.account_id
      where u.id = $3 and u.status <> 'disabled' and ${OPEN_ACCOUNT}
      on conflict (provider, subject) do nothing`,
    [provider, subject, userId],
  );
  if (rowCount === 0) return undefined;
  await tx.query(
    `update users set status = 'active', version = version + 1, updated_at = now()
      where id = $1 and status = 'invited'`,
    [userId],
  );
  return getUser(tx, userId);
}

/**
 * Somebody says that the password of a user was forgotten.
 * @returns the user, if there is one who may get in
 */
export async function askForReset(db: Queryable, email: string): Promise<User | undefined> {
  const { rows } = await db.query<User>(
    `update users u set reset_asked_at = now() from accounts a
      where a.id = u.account_id and u.email = lower($1) and u.status <> 'disabled' and ${OPEN_ACCOUNT}
      returning ${COLUMNS}`,
    [email],
  );
  return rows[0];
}

/** Whether a provider knows a user already, by whatever subject. */
export async function isLinked(db: Queryable, provider: string, userId: string): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from user_identities where provider = $1 and user_id = $2', [
    provider,
    userId,
  ]);
  return (rowCount ?? 0) > 0;
}

/** How many users there are. */
export async function countUsers(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ n: number }>('select count(*) as n from users');
  return rows[0]?.n ?? 0;
}

import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Principal } from '../../domain';
import type { Database, Queryable } from '../database';
import { inTransaction } from '../in-transaction';
import { OPEN_ACCOUNT } from './users';

const PREFIX = 'dcer_';
const TOKEN = /^dcer_[A-Za-z0-9_-]{43}$/;
/** Every sign-in makes room for itself: so many sessions that are over are forgotten. */
const FORGOTTEN_AT_ONCE = 100;
const SEEN_EVERY = `interval '5 minutes'`;
/** Within which a client may say that the answer to its refresh was lost, in milliseconds. */
const GRACE_MS = 10_000;

/** How long sessions last, and how many one user has. */
export interface SessionRules {
  /** Milliseconds from one refresh to the next, at most. */
  readonly refreshMs: number;
  /** Milliseconds after which somebody signs in anew, whatever was refreshed. */
  readonly longestMs: number;
  /** Signed in at once; whoever signed in first is signed out. */
  readonly mostPerUser: number;
}

/** From where somebody signs in. */
export interface SessionPlace {
  readonly address: string;
  /** User-Agent. */
  readonly device: string;
}

/** A session that was opened, or refreshed, with the next refresh token: that is told this once. */
export interface OpenedSession {
  readonly sessionId: string;
  readonly userId: string;
  readonly refreshToken: string;
  readonly expiresAt: Date;
}

/** A session as its user sees it. */
export interface UserSession {
  readonly id: string;
  readonly address: string;
  readonly device: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
}

/**
 * Signs a user in who proved to be one.
 * @param passwordHash - that the password was compared with; undefined where none was
 * @returns undefined when the user may not get in any more, or the password is another one by now
 */
export async function openSession(
  tx: Queryable,
  userId: string,
  passwordHash: string | undefined,
  place: SessionPlace,
  rules: SessionRules,
): Promise<OpenedSession | undefined> {
  const sessionId = randomUUID();
  const { rows } = await tx.query<{ expiresAt: Date }>(
    `with opened as (
       insert into user_sessions (id, user_id, address, device, expires_at, ends_at)
       select $1, u.id, $3, $4, now() + least($5::bigint, $6::bigint) * interval '1 millisecond',
         now() + $6::bigint * interval '1 millisecond'
       from users u join accounts a on a.id = u.account_id
       where u.id = $2 and u.status = 'active' and ${OPEN_ACCOUNT}
         and ($8::text is null or u.password_hash = $8)
       for share of u
       returning expires_at),
     crowded as (
       update user_sessions set revoked_at = now(), revoked_why = 'too_many' where id in (
         select id from user_sessions where user_id = $2 and revoked_at is null and expires_at > now()
         order by last_used_at desc, id offset $7::int - 1)),
     forgotten as (
       delete from user_sessions where id in (
         select id from user_sessions where expires_at < now() - interval '1 day'
         order by expires_at limit ${FORGOTTEN_AT_ONCE} for update skip locked))
     select expires_at as "expiresAt" from opened`,
    [
      sessionId,
      userId,
      place.address,
      place.device,
      rules.refreshMs,
      rules.longestMs,
      rules.mostPerUser,
      passwordHash ?? null,
    ],
  );
  const [opened] = rows;
  if (!opened) return undefined;
  await tx.query('update users set last_sign_in_at = now() where id = $1', [userId]);
  const refreshToken = await giveToken(tx, sessionId, opened.expiresAt, null);
  return { sessionId, userId, refreshToken, expiresAt: opened.expiresAt };
}

/** What came of a refresh. */
export type Refreshed =
  | ({ readonly ok: true } & OpenedSession)
  /** `reused`: a token was shown that had been used; its session is over. */
  | { readonly ok: false; readonly why: 'unknown' }
  | { readonly ok: false; readonly why: 'reused'; readonly sessionId: string; readonly userId: string };

interface TokenRow {
  readonly sessionId: string;
  readonly userId: string;
  readonly over: boolean;
  readonly used: boolean;
  readonly void: boolean;
  /** It was used so lately that the answer may have been lost. */
  readonly late: boolean;
}

/**
 * Gives the next refresh token for one. A token that comes twice was copied: its session ends, whoever has
 * the other one (RFC 9700 §4.14.2). But for one whose answer was lost: within ten seconds, and as long as its
 * successor was not used, it gets another successor, and the first is void; should that be used after all,
 * two have it, and the session ends.
 */
export function refreshSession(database: Database, token: string, rules: SessionRules): Promise<Refreshed> {
  if (!TOKEN.test(token)) return Promise.resolve({ ok: false, why: 'unknown' });
  const hash = hashOf(token);
  return database.transaction(async (tx): Promise<Refreshed> => {
    // Those who refresh the same session come one after the other.
    const { rows: sessions } = await tx.query(
      `select s.id from user_sessions s where s.id = (select session_id from refresh_tokens where token_hash = $1) for update`,
      [hash],
    );
    if (sessions.length === 0) return { ok: false, why: 'unknown' };
    const { rows } = await tx.query<TokenRow>(
      `select t.session_id as "sessionId", s.user_id as "userId", t.void,
          t.expires_at <= now() or s.expires_at <= now() or s.revoked_at is not null
            or u.status <> 'active' or not ${OPEN_ACCOUNT} as over,
          t.used_at is not null as used,
          coalesce(t.used_at > now() - ${GRACE_MS} * interval '1 millisecond', false)
            and exists (select 1 from refresh_tokens n where n.follows = t.token_hash and n.used_at is null and not n.void) as late
        from refresh_tokens t join user_sessions s on s.id = t.session_id
          join users u on u.id = s.user_id join accounts a on a.id = u.account_id
        where t.token_hash = $1`,
      [hash],
    );
    const [row] = rows;
    if (!row || row.over) return { ok: false, why: 'unknown' };
    const { sessionId, userId } = row;
    if (row.void || (row.used && !row.late)) {
      await revoke(tx, sessionId, 'token_reused');
      return { ok: false, why: 'reused', sessionId, userId };
    }
    await tx.query(`update refresh_tokens set void = true where follows = $1 and used_at is null`, [hash]);
    await tx.query('update refresh_tokens set used_at = coalesce(used_at, now()) where token_hash = $1', [
      hash,
    ]);
    const { rows: prolonged } = await tx.query<{ expiresAt: Date }>(
      `update user_sessions set last_used_at = now(),
          expires_at = least(now() + $2::bigint * interval '1 millisecond', ends_at)
        where id = $1 returning expires_at as "expiresAt"`,
      [sessionId, rules.refreshMs],
    );
    const expiresAt = prolonged[0]?.expiresAt ?? new Date(0);
    // What has expired is refused for that: nobody has to remember that it was used.
    await tx.query('delete from refresh_tokens where session_id = $1 and expires_at < now()', [sessionId]);
    const refreshToken = await giveToken(tx, sessionId, expiresAt, hash);
    return { ok: true, sessionId, userId, refreshToken, expiresAt };
  });
}

async function giveToken(
  tx: Queryable,
  sessionId: string,
  expiresAt: Date,
  follows: Buffer | null,
): Promise<string> {
  const token = PREFIX + randomBytes(32).toString('base64url');
  await tx.query(
    'insert into refresh_tokens (token_hash, session_id, follows, expires_at) values ($1, $2, $3, $4)',
    [hashOf(token), sessionId, follows, expiresAt],
  );
  return token;
}

/** Who is signed in by a session, as that user is now; undefined when it is over, or the user may not get in. */
export async function identifySession(db: Queryable, sessionId: string): Promise<Principal | undefined> {
  const { rows } = await db.query<Omit<Principal, 'kind' | 'sessionId'> & { stale: boolean }>({
    name: 'user-session',
    text: `select u.id, u.account_id as "accountId", u.role, u.scopes, s.last_used_at < now() - ${SEEN_EVERY} as stale
      from user_sessions s join users u on u.id = s.user_id join accounts a on a.id = u.account_id
      where s.id = $1 and s.revoked_at is null and s.expires_at > now() and u.status = 'active' and ${OPEN_ACCOUNT}`,
    values: [sessionId],
  });
  const [row] = rows;
  if (!row) return undefined;
  const { stale, ...user } = row;
  // Nobody is kept out because that cannot be noted.
  if (stale) {
    await db
      .query('update user_sessions set last_used_at = now() where id = $1', [sessionId])
      .catch(() => undefined);
  }
  return { kind: 'user', ...user, sessionId };
}

/** Where a user is signed in, what was used last first. */
export async function listSessions(db: Queryable, userId: string): Promise<UserSession[]> {
  const { rows } = await db.query<UserSession>(
    `select id, address, device, created_at as "createdAt", last_used_at as "lastUsedAt", expires_at as "expiresAt"
      from user_sessions where user_id = $1 and revoked_at is null and expires_at > now()
      order by last_used_at desc, id limit 100`,
    [userId],
  );
  return rows;
}

/** When somebody proved who they are, of a session that goes on; undefined when it is over. */
export async function signedInAt(db: Queryable, sessionId: string): Promise<Date | undefined> {
  const { rows } = await db.query<{ at: Date }>(
    `select created_at as at from user_sessions where id = $1 and revoked_at is null and expires_at > now()`,
    [sessionId],
  );
  return rows[0]?.at;
}

/** Ends a session of a user. @returns false when there is none that goes on */
export async function revokeSession(
  db: Queryable,
  { userId, sessionId }: { readonly userId: string; readonly sessionId: string },
  why: string,
): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    const { rowCount } = await tx.query(
      'select 1 from user_sessions where id = $1 and user_id = $2 and revoked_at is null and expires_at > now() for update',
      [sessionId, userId],
    );
    if (rowCount === 0) return false;
    await revoke(tx, sessionId, why);
    return true;
  });
}

/**
 * Ends the session that a refresh token is of, whichever of its tokens it is.
 * @returns undefined where none went on
 */
export async function revokeSessionOf(
  db: Queryable,
  refreshToken: string,
): Promise<{ readonly userId: string; readonly sessionId: string } | undefined> {
  if (!TOKEN.test(refreshToken)) return undefined;
  const { rows } = await db.query<{ userId: string; sessionId: string }>(
    `update user_sessions set revoked_at = now(), revoked_why = 'signed_out' where revoked_at is null
      and id = (select session_id from refresh_tokens where token_hash = $1)
      returning user_id as "userId", id as "sessionId"`,
    [hashOf(refreshToken)],
  );
  return rows[0];
}

async function revoke(tx: Queryable, sessionId: string, why: string): Promise<void> {
  await tx.query('update user_sessions set revoked_at = now(), revoked_why = $2 where id = $1', [
    sessionId,
    why,
  ]);
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

import { createHash, randomBytes } from 'node:crypto';
import type { Queryable } from './database';

/** Who is signed in by a token. */
export interface PhoneIdentity {
  readonly sessionId: number;
  readonly agentId: string;
  readonly buyerId: string;
  /** Account of the buyer. */
  readonly accountId: string;
  /** UTC epoch milliseconds. */
  readonly expiresAt: number;
}

/** Somebody who may sign in, with what the password is compared with. */
export interface SignInCandidate {
  readonly agentId: string;
  readonly buyerId: string;
  /** Account of the buyer. */
  readonly accountId: string;
  readonly name: string;
  readonly username: string;
  readonly passwordHash: string;
}

const PREFIX = 'dcep_';
const TOKEN = /^dcep_[A-Za-z0-9_-]{43}$/;
/** Signed in at once; whoever signed in first is signed out. */
const MAX_SESSIONS = 20;
/** Every sign-in makes room for itself: so many sessions that are over are forgotten. */
const FORGOTTEN_AT_ONCE = 100;
const SEEN_EVERY = `interval '5 minutes'`;

/** An active agent with a password, of a buyer that is not archived; undefined when there is none. */
export async function findSignIn(db: Queryable, username: string): Promise<SignInCandidate | undefined> {
  const { rows } = await db.query<SignInCandidate>({
    name: 'phone-sign-in',
    text: `select a.id as "agentId", a.buyer_id as "buyerId", b.account_id as "accountId", a.name, a.username,
        s.password_hash as "passwordHash"
      from agents a join agent_secrets s on s.agent_id = a.id join buyers b on b.id = a.buyer_id
      where a.username = $1 and a.status = 'active' and b.status <> 'archived'`,
    values: [username],
  });
  return rows[0];
}

/**
 * Signs an agent in whose password was found right.
 * @param lastsMs - milliseconds
 * @returns the token, which is told this once, and UTC epoch milliseconds of its end; undefined when the
 * password is another one by now, or the agent is not active any more
 */
export async function openPhoneSession(
  db: Queryable,
  { agentId, passwordHash }: Pick<SignInCandidate, 'agentId' | 'passwordHash'>,
  lastsMs: number,
): Promise<{ token: string; expiresAt: number } | undefined> {
  const token = PREFIX + randomBytes(32).toString('base64url');
  const { rows } = await db.query<{ expiresAt: Date }>(
    `with opened as (
       insert into phone_sessions (token_hash, agent_id, expires_at)
       select $1, a.id, now() + $3::bigint * interval '1 millisecond'
       from agents a join agent_secrets s on s.agent_id = a.id
       where a.id = $2 and a.status = 'active' and s.password_hash = $4
       for share of a, s
       returning expires_at),
     crowded as (
       update phone_sessions set revoked_at = now() where id in (
         select id from phone_sessions where agent_id = $2 and revoked_at is null and expires_at > now()
         order by id desc offset ${MAX_SESSIONS - 1})),
     forgotten as (
       delete from phone_sessions where id in (
         select id from phone_sessions where expires_at < now() - interval '1 day'
         order by expires_at limit ${FORGOTTEN_AT_ONCE} for update skip locked))
     select expires_at as "expiresAt" from opened`,
    [hashOf(token), agentId, lastsMs, passwordHash],
  );
  const [opened] = rows;
  return opened && { token, expiresAt: opened.expiresAt.getTime() };
}

/** Who a token stands for; undefined when it is unknown, over or revoked, or its agent is not active. */
export async function identifyPhoneSession(db: Queryable, token: string): Promise<PhoneIdentity | undefined> {
  if (!TOKEN.test(token)) return undefined;
  const { rows } = await db.query<Omit<PhoneIdentity, 'expiresAt'> & { expiresAt: Date; stale: boolean }>({
    name: 'phone-session',
    text: `select s.id as "sessionId", s.agent_id as "agentId", a.buyer_id as "buyerId",
        b.account_id as "accountId", s.expires_at as "expiresAt", s.seen_at < now() - ${SEEN_EVERY} as stale
      from phone_sessions s join agents a on a.id = s.agent_id join buyers b on b.id = a.buyer_id
      where s.token_hash = $1 and s.revoked_at is null and s.expires_at > now()
        and a.status = 'active' and b.status <> 'archived'`,
    values: [hashOf(token)],
  });
  const [row] = rows;
  if (!row) return undefined;
  const { stale, expiresAt, ...identity } = row;
  if (stale) await db.query('update phone_sessions set seen_at = now() where id = $1', [row.sessionId]);
  return { ...identity, expiresAt: expiresAt.getTime() };
}

/** Which of these tokens somebody is signed in by. */
export async function livePhoneTokens(db: Queryable, tokens: readonly string[]): Promise<Set<string>> {
  const byHash = new Map(tokens.map((token) => [hashOf(token).toString('hex'), token]));
  const { rows } = await db.query<{ hash: string }>({
    name: 'phone-sessions-live',
    text: `select encode(s.token_hash, 'hex') as hash
      from phone_sessions s join agents a on a.id = s.agent_id join buyers b on b.id = a.buyer_id
      where s.token_hash = any($1) and s.revoked_at is null and s.expires_at > now()
        and a.status = 'active' and b.status <> 'archived'`,
    values: [[...byHash.keys()].map((hash) => Buffer.from(hash, 'hex'))],
  });
  return new Set(rows.flatMap(({ hash }) => byHash.get(hash) ?? []));
}

/** Signs out. Idempotent. */
export async function revokePhoneSession(db: Queryable, sessionId: number): Promise<void> {
  await db.query('update phone_sessions set revoked_at = now() where id = $1 and revoked_at is null', [
    sessionId,
  ]);
}

/** Signs an agent out everywhere. @returns how many sessions there were */
export async function revokePhoneSessionsOf(db: Queryable, agentId: string): Promise<number> {
  const { rowCount } = await db.query(
    'update phone_sessions set revoked_at = now() where agent_id = $1 and revoked_at is null and expires_at > now()',
    [agentId],
  );
  return rowCount ?? 0;
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

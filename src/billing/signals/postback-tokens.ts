import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { AppError } from '../../domain';
import type { Queryable } from '../../storage';

/** Tokens that an account may have, expired and revoked ones aside. */
const MAX_TOKENS = 100;
const PREFIX = 'dcepb_';

/** What a buyer pastes into other systems: it tells of its own calls, and does nothing else. */
export interface PostbackToken {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  /** Events that it may tell of; none listed allows any. */
  readonly events: readonly string[];
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly createdAt: Date;
}

export interface NewPostbackToken {
  readonly accountId: string;
  readonly name: string;
  readonly events: readonly string[];
  /** UTC epoch milliseconds. */
  readonly expiresAt?: number | undefined;
  /** Id of the API key that makes it. */
  readonly createdBy: string;
}

const COLUMNS = `id, account_id as "accountId", name, events, expires_at as "expiresAt", revoked_at as "revokedAt",
  created_at as "createdAt"`;

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

/**
 * Makes a token for a buyer. Its text is told once, and stored as a hash.
 * @throws AppError `unprocessable` when there is no such buyer, or it has 100
 */
export async function createPostbackToken(
  db: Queryable,
  { accountId, name, events, expiresAt, createdBy }: NewPostbackToken,
): Promise<{ readonly token: string; readonly made: PostbackToken }> {
  const { rows: accounts } = await db.query<{ type: string; tokens: number }>(
    `select type, (select count(*)::integer from postback_tokens t
       where t.account_id = a.id and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())) as tokens
     from accounts a where id = $1`,
    [accountId],
  );
  const [account] = accounts;
  if (account?.type !== 'buyer') {
    throw new AppError('unprocessable', 'reference_not_found', 'tokens are for buyers', {
      errors: [{ pointer: '/accountId', message: 'is no account of a buyer' }],
    });
  }
  if (account.tokens >= MAX_TOKENS) {
    throw new AppError(
      'unprocessable',
      'too_many_tokens',
      `account ${accountId} has ${MAX_TOKENS} tokens: revoke one`,
    );
  }
  const token = PREFIX + randomBytes(24).toString('base64url');
  const { rows } = await db.query<PostbackToken>(
    `insert into postback_tokens (id, account_id, name, sha256, events, expires_at, created_by)
     values ($1, $2, $3, $4, $5, to_timestamp($6::bigint / 1000.0), $7) returning ${COLUMNS}`,
    [randomUUID(), accountId, name, hashOf(token), events, expiresAt ?? null, createdBy],
  );
  return { token, made: rows[0] as PostbackToken };
}

/** Whose token that is; undefined for one that is unknown, expired or revoked. */
export async function identifyPostbackToken(
  db: Queryable,
  token: string,
): Promise<Pick<PostbackToken, 'id' | 'accountId' | 'events'> | undefined> {
  const { rows } = await db.query<Pick<PostbackToken, 'id' | 'accountId' | 'events'>>({
    name: 'postback-token',
    text: `select t.id, t.account_id as "accountId", t.events
      from postback_tokens t join accounts a on a.id = t.account_id
      where t.sha256 = $1 and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())
        and a.status <> 'closed'`,
    values: [hashOf(token)],
  });
  return rows[0];
}

export interface TokenFilter {
  readonly accountId?: string | undefined;
  /** The last one of the page before. */
  readonly after?: { readonly createdAt: number; readonly id: string } | undefined;
  readonly limit: number;
}

/** Tokens, newest first, revoked ones included. */
export async function listPostbackTokens(
  db: Queryable,
  { accountId, after, limit }: TokenFilter,
): Promise<PostbackToken[]> {
  const { rows } = await db.query<PostbackToken>({
    name: 'postback-tokens-list',
    text: `select ${COLUMNS} from postback_tokens
      where ($1::text is null or account_id = $1)
        and ($2::bigint is null or (created_at, id) < (to_timestamp($2 / 1000.0), $3))
      order by created_at desc, id desc limit $4`,
    values: [accountId ?? null, after?.createdAt ?? null, after?.id ?? null, limit],
  });
  return rows;
}

/** It opens nothing from now on. @returns false when the account has no such token */
export async function revokePostbackToken(
  db: Queryable,
  id: string,
  accountId: string | undefined,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update postback_tokens set revoked_at = coalesce(revoked_at, now())
     where id = $1 and ($2::text is null or account_id = $2)`,
    [id, accountId ?? null],
  );
  return rowCount === 1;
}

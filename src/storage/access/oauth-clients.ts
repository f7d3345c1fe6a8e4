import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { Principal, Role } from '../../domain';
import { AppError } from '../../domain';
import type { Queryable } from '../database';
import type { ListedRow, ListedTable, ListQuery } from '../list-statement';
import { listRows } from '../list-statement';
import { OPEN_ACCOUNT } from './users';

/** A program that gets tokens for its secret, without it. */
export interface OAuthClient {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly role: Role;
  readonly scopes: readonly string[];
  readonly createdBy: string | null;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly expiresAt: Date | null;
}

export interface NewOAuthClient {
  readonly accountId: string;
  readonly name: string;
  /** Of the exchange: admin or auditor; others are what their account is. */
  readonly role?: Role | undefined;
  readonly scopes: readonly string[];
  /** UTC epoch milliseconds. */
  readonly expiresAt?: number | undefined;
  /** Who made it. */
  readonly createdBy?: string | undefined;
}

const COLUMNS = `c.id, c.account_id as "accountId", c.name, c.role, c.scopes, c.created_by as "createdBy",
  c.created_at as "createdAt", c.last_used_at as "lastUsedAt", c.expires_at as "expiresAt"`;
const SEEN_EVERY = `interval '5 minutes'`;
/** Where there is no client, a secret is compared with this. */
const NOBODY = Buffer.alloc(32);

/**
 * Makes a client; its secret is told this once.
 * @throws AppError `account_not_found`, `role_mismatch`
 */
export async function createOAuthClient(
  db: Queryable,
  wanted: NewOAuthClient,
): Promise<{ readonly client: OAuthClient; readonly secret: string }> {
  const { accountId, name, role, scopes, expiresAt, createdBy } = wanted;
  const secret = `dces_${randomBytes(32).toString('base64url')}`;
  const { rows } = await db.query<OAuthClient>(
    `insert into oauth_clients as c (id, account_id, account_type, name, role, scopes, secret_hash, created_by, expires_at)
      select $1, a.id, a.type, $3, coalesce($4, case a.type when 'operator' then 'admin' else a.type end), $5, $6, $7, $8
      from accounts a
      where a.id = $2 and is_role_of(a.id, a.type, coalesce($4, case a.type when 'operator' then 'admin' else a.type end))
      returning ${COLUMNS}`,
    [
      randomUUID(),
      accountId,
      name,
      role ?? null,
      scopes,
      hashOf(secret),
      createdBy ?? null,
      expiresAt === undefined ? null : new Date(expiresAt),
    ],
  );
  const [client] = rows;
  if (client) return { client, secret };
  throw roleMismatch();
}

function roleMismatch(): AppError {
  return new AppError(
    'unprocessable',
    'role_mismatch',
    'there is no such account, or nothing of it has this role',
    {
      errors: [{ in: 'body', pointer: '/accountId', message: 'names no account that goes with the role' }],
    },
  );
}

const LISTED: ListedTable = {
  select: COLUMNS,
  from: 'oauth_clients c',
  columns: {
    accountId: { column: 'c.account_id', kind: 'text' },
    name: { column: 'c.name', kind: 'text' },
    createdAt: { column: 'c.created_at', kind: 'instant' },
    lastUsedAt: { column: 'c.last_used_at', kind: 'instant' },
    expiresAt: { column: 'c.expires_at', kind: 'instant' },
  },
  tie: { column: 'c.id', kind: 'text', descending: false },
  only: 'c.revoked_at is null',
};

/** A page without those that were revoked, in the order of ids where no other is asked for. */
export function listOAuthClients(db: Queryable, query: ListQuery): Promise<ListedRow<OAuthClient>[]> {
  return listRows(db, LISTED, query);
}

export async function getOAuthClient(db: Queryable, id: string): Promise<OAuthClient | undefined> {
  const { rows } = await db.query<OAuthClient>(
    `select ${COLUMNS} from oauth_clients c where c.id = $1 and c.revoked_at is null`,
    [id],
  );
  return rows[0];
}

/** @returns false when there is none */
export async function revokeOAuthClient(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    'update oauth_clients set revoked_at = now() where id = $1 and revoked_at is null',
    [id],
  );
  return rowCount === 1;
}

/** Who a client is, as it is now; undefined when it is revoked or has expired, or its account is not open. */
export async function identifyOAuthClient(db: Queryable, id: string): Promise<Principal | undefined> {
  const { rows } = await db.query<Omit<Principal, 'kind'>>({
    name: 'oauth-client',
    text: `select c.id, c.account_id as "accountId", c.role, c.scopes
      from oauth_clients c join accounts a on a.id = c.account_id
      where c.id = $1 and c.revoked_at is null and (c.expires_at is null or c.expires_at > now()) and ${OPEN_ACCOUNT}`,
    values: [id],
  });
  return rows[0] && { kind: 'client', ...rows[0] };
}

/** Whom id and secret prove. Takes as long where there is no such client. */
export async function proveOAuthClient(
  db: Queryable,
  id: string,
  secret: string,
): Promise<Principal | undefined> {
  const { rows } = await db.query<{ hash: Buffer; stale: boolean }>({
    name: 'oauth-client-secret',
    text: `select secret_hash as hash, coalesce(last_used_at < now() - ${SEEN_EVERY}, true) as stale
      from oauth_clients where id = $1`,
    values: [id],
  });
  const [row] = rows;
  if (!timingSafeEqual(row?.hash ?? NOBODY, hashOf(secret)) || !row) return undefined;
  const client = await identifyOAuthClient(db, id);
  if (client && row.stale) {
    await db
      .query('update oauth_clients set last_used_at = now() where id = $1', [id])
      .catch(() => undefined);
  }
  return client;
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}

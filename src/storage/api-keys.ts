import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Principal, TenantRole } from '../domain';
import { AppError, roleOf } from '../domain';
import { OPEN_ACCOUNT } from './access/users';
import type { Queryable } from './database';
import type { ListedRow, ListedTable, ListQuery } from './list-statement';
import { listRows } from './list-statement';

const PREFIX = 'dce_';
/** A key is noted as used again after so long: not with every request. */
const SEEN_EVERY = `interval '5 minutes'`;

/** A key without its text. */
export interface ApiKey {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly role: Principal['role'];
  readonly scopes: readonly string[];
  readonly createdBy: string | null;
  readonly createdAt: Date;
  /** Within some minutes. */
  readonly lastUsedAt: Date | null;
  readonly expiresAt: Date | null;
}

export interface NewApiKey {
  readonly accountId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Of keys of the exchange: admin by default. */
  readonly role?: 'admin' | 'auditor' | undefined;
  /** UTC epoch milliseconds. */
  readonly expiresAt?: number | undefined;
  /** Who made it. */
  readonly createdBy?: string | undefined;
}

const COLUMNS = `k.id, k.account_id as "accountId", k.name,
  case a.type when 'operator' then coalesce(k.role, 'admin') else a.type end as role, k.scopes,
  k.created_by as "createdBy", k.created_at as "createdAt", k.last_used_at as "lastUsedAt",
  k.expires_at as "expiresAt"`;

/**
 * Makes a key for somebody: the text is told this once.
 * @throws AppError `role_mismatch`
 */
export async function issueApiKey(
  db: Queryable,
  { accountId, name, scopes, role, expiresAt, createdBy }: NewApiKey,
): Promise<{ readonly apiKey: ApiKey; readonly key: string }> {
  const key = PREFIX + randomBytes(24).toString('base64url');
  const { rows } = await db.query<ApiKey>(
    `with k as (
       insert into api_keys (id, account_id, name, key_hash, scopes, role, created_by, expires_at)
       select $1, a.id, $3, $4, $5, $6, $7, $8 from accounts a
       where a.id = $2 and ($6::text is null or a.type = 'operator')
       returning *)
     select ${COLUMNS} from k join accounts a on a.id = k.account_id`,
    [
      randomUUID(),
      accountId,
      name,
      hashOf(key),
      scopes,
      role ?? null,
      createdBy ?? null,
      expiresAt === undefined ? null : new Date(expiresAt),
    ],
  );
  const [apiKey] = rows;
  if (apiKey) return { apiKey, key };
  const message = 'there is no such account, or its keys cannot have this role';
  throw new AppError('unprocessable', 'role_mismatch', message, {
    errors: [{ in: 'body', pointer: '/accountId', message: 'names no account that goes with the role' }],
  });
}

const LISTED: ListedTable = {
  select: COLUMNS,
  from: 'api_keys k join accounts a on a.id = k.account_id',
  columns: {
    accountId: { column: 'k.account_id', kind: 'text' },
    name: { column: 'k.name', kind: 'text' },
    createdAt: { column: 'k.created_at', kind: 'instant' },
    lastUsedAt: { column: 'k.last_used_at', kind: 'instant' },
    expiresAt: { column: 'k.expires_at', kind: 'instant' },
  },
  tie: { column: 'k.id', kind: 'text', descending: false },
  only: 'k.revoked_at is null',
};

/** A page without those that were revoked, in the order of ids where no other is asked for. */
export function listApiKeys(db: Queryable, query: ListQuery): Promise<ListedRow<ApiKey>[]> {
  return listRows(db, LISTED, query);
}

/** A key that was not revoked. */
export async function getApiKey(db: Queryable, id: string): Promise<ApiKey | undefined> {
  const { rows } = await db.query<ApiKey>(
    `select ${COLUMNS} from api_keys k join accounts a on a.id = k.account_id
      where k.id = $1 and k.revoked_at is null`,
    [id],
  );
  return rows[0];
}

/** @returns false when there is none */
export async function revokeApiKey(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    'update api_keys set revoked_at = now() where id = $1 and revoked_at is null',
    [id],
  );
  return rowCount === 1;
}

/** Makes a key: the text is returned once and stored only as a hash. */
export async function createApiKey(
  db: Queryable,
  accountId: string,
  name: string,
  scopes: readonly string[],
): Promise<string> {
  const key = PREFIX + randomBytes(24).toString('base64url');
  await insertApiKey(db, key, accountId, name, scopes);
  return key;
}

/** Stores a key that is known already (a fresh start on an old key file). */
export async function insertApiKey(
  db: Queryable,
  key: string,
  accountId: string,
  name: string,
  scopes: readonly string[],
): Promise<void> {
  await db.query(
    'insert into api_keys (id, account_id, name, key_hash, scopes) values ($1, $2, $3, $4, $5) on conflict (key_hash) do nothing',
    [randomUUID(), accountId, name, hashOf(key), scopes],
  );
}

/** The identity behind a key; undefined for one that is unknown, expired or revoked, or whose account is not open. */
export async function identifyApiKey(db: Queryable, key: string): Promise<Principal | undefined> {
  if (!key.startsWith(PREFIX) || key.length > 128) return undefined;
  const { rows } = await db.query<{
    id: string;
    accountId: string;
    type: 'operator' | TenantRole;
    scopes: string[];
    role: 'admin' | 'auditor' | null;
    stale: boolean;
  }>({
    name: 'identify-api-key',
    text: `select k.id, k.account_id as "accountId", a.type, k.scopes, k.role,
        coalesce(k.last_used_at < now() - ${SEEN_EVERY}, true) as stale
      from api_keys k join accounts a on a.id = k.account_id
      where k.key_hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
        and ${OPEN_ACCOUNT}`,
    values: [hashOf(key)],
  });
  const [row] = rows;
  if (!row) return undefined;
  const { type, role, stale, ...rest } = row;
  if (stale) {
    // No request fails because that cannot be noted.
    await db.query('update api_keys set last_used_at = now() where id = $1', [row.id]).catch(() => undefined);
  }
  return { kind: 'key', ...rest, role: type === 'operator' ? (role ?? 'admin') : roleOf(type) };
}

/** Which of these keys are known, not expired and not revoked. */
export async function liveApiKeys(db: Queryable, keys: readonly string[]): Promise<Set<string>> {
  const byHash = new Map(keys.map((key) => [hashOf(key).toString('hex'), key]));
  const { rows } = await db.query<{ hash: string }>({
    name: 'live-api-keys',
    text: `select encode(k.key_hash, 'hex') as hash from api_keys k join accounts a on a.id = k.account_id
      where k.key_hash = any($1) and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
        and ${OPEN_ACCOUNT}`,
    values: [[...byHash.keys()].map((hash) => Buffer.from(hash, 'hex'))],
  });
  return new Set(rows.flatMap(({ hash }) => byHash.get(hash) ?? []));
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest();
}

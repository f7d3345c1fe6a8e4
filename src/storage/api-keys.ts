import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Principal, TenantRole } from '../domain';
import { roleOf } from '../domain';
import type { Queryable } from './database';

const PREFIX = 'dce_';

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

/** The identity behind a key; undefined for one that is unknown, expired or revoked. */
export async function identifyApiKey(db: Queryable, key: string): Promise<Principal | undefined> {
  if (!key.startsWith(PREFIX) || key.length > 128) return undefined;
  const { rows } = await db.query<{
    id: string;
    accountId: string;
    type: 'operator' | TenantRole;
    scopes: string[];
  }>({
    name: 'identify-api-key',
    text: `select k.id, k.account_id as "accountId", a.type, k.scopes
      from api_keys k join accounts a on a.id = k.account_id
      where k.key_hash = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())`,
    values: [hashOf(key)],
  });
  const [row] = rows;
  if (!row) return undefined;
  const { type, ...rest } = row;
  return { kind: 'key', ...rest, role: roleOf(type) };
}

/** Which of these keys are known, not expired and not revoked. */
export async function liveApiKeys(db: Queryable, keys: readonly string[]): Promise<Set<string>> {
  const byHash = new Map(keys.map((key) => [hashOf(key).toString('hex'), key]));
  const { rows } = await db.query<{ hash: string }>({
    name: 'live-api-keys',
    text: `select encode(key_hash, 'hex') as hash from api_keys
      where key_hash = any($1) and revoked_at is null and (expires_at is null or expires_at > now())`,
    values: [[...byHash.keys()].map((hash) => Buffer.from(hash, 'hex'))],
  });
  return new Set(rows.flatMap(({ hash }) => byHash.get(hash) ?? []));
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key, 'utf8').digest();
}

import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Queryable } from './database';

/** Who an API key speaks for. */
export interface ApiKeyIdentity {
  readonly keyId: string;
  readonly accountId: string;
  readonly scopes: readonly string[];
}

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
export async function identifyApiKey(db: Queryable, key: string): Promise<ApiKeyIdentity | undefined> {
  if (!key.startsWith(PREFIX) || key.length > 128) return undefined;
  const { rows } = await db.query<{ keyId: string; accountId: string; scopes: string[] }>({
    name: 'identify-api-key',
    text: `select id as "keyId", account_id as "accountId", scopes from api_keys
      where key_hash = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
    values: [hashOf(key)],
  });
  return rows[0];
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

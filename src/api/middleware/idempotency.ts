import { createHash } from 'node:crypto';
import { AppError } from '../../domain';
import type { Queryable } from '../../storage';

/** An answer given before. */
export interface RememberedAnswer {
  readonly status: number;
  readonly body: unknown;
}

const KEY = /^[\x21-\x7e]{1,128}$/;

/**
 * The answer that an Idempotency-Key got before; undefined the first time.
 * @throws AppError `validation` for an unusable key, `conflict` when it came with another request
 */
export async function recall(
  db: Queryable,
  apiKeyId: string,
  key: string,
  request: { method: string; path: string; body: unknown },
): Promise<RememberedAnswer | undefined> {
  if (!KEY.test(key))
    throw new AppError('validation', 'invalid_idempotency_key', 'the Idempotency-Key cannot be used');
  const { rows } = await db.query<{ request_hash: string; status: number; body: unknown }>(
    `select request_hash, status, body from api_idempotency
     where api_key_id = $1 and key = $2 and created_at > now() - interval '24 hours'`,
    [apiKeyId, key],
  );
  const row = rows[0];
  if (!row) return undefined;
  if (row.request_hash !== hashOf(request)) {
    throw new AppError(
      'conflict',
      'idempotency_key_reused',
      'the Idempotency-Key came with another request before',
    );
  }
  return { status: row.status, body: row.body };
}

/** Keeps an answer for a day. */
export async function remember(
  db: Queryable,
  apiKeyId: string,
  key: string,
  request: { method: string; path: string; body: unknown },
  answer: RememberedAnswer,
): Promise<void> {
  await db.query(
    `insert into api_idempotency (api_key_id, key, request_hash, status, body) values ($1, $2, $3, $4, $5)
     on conflict (api_key_id, key) do nothing`,
    [apiKeyId, key, hashOf(request), answer.status, JSON.stringify(answer.body ?? null)],
  );
}

function hashOf(request: { method: string; path: string; body: unknown }): string {
  return createHash('sha256')
    .update(JSON.stringify([request.method, request.path, request.body]))
    .digest('hex');
}

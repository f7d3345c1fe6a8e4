import { createHash } from 'node:crypto';
import { AppError } from '../../domain';
import type { Database, Queryable } from '../../storage';

/** An answer, as it is sent and kept. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body, written once, so that a repeat gets the same text. */
  readonly json: string;
}

export interface IdempotentRequest {
  readonly database: Database;
  readonly apiKeyId: string;
  /** The Idempotency-Key. */
  readonly key: string;
  /** What was asked: the same key must come with the same. */
  readonly asked: readonly unknown[];
}

const KEY = /^[\x21-\x7e]{1,128}$/;
const KEPT = `interval '24 hours'`;
/** Every answer that is kept makes room for itself: so many that are too old are forgotten. */
const FORGOTTEN_AT_ONCE = 100;

/**
 * Does the work of a request once for each Idempotency-Key (draft-ietf-httpapi-idempotency-key-header).
 * The claim of the key, the work and the answer are one transaction: a second request waits for
 * the first and gets its answer; work that fails leaves no trace, and may be tried again.
 *
 * @param replayed - told when the answer is that of an earlier request
 * @throws AppError `validation` for an unusable key, `unprocessable` when it came with another request
 */
export async function once(
  { database, apiKeyId, key, asked }: IdempotentRequest,
  work: (tx: Queryable) => Promise<Answer>,
  replayed: () => void,
): Promise<Answer> {
  if (!KEY.test(key)) {
    throw new AppError('validation', 'invalid_idempotency_key', 'the Idempotency-Key cannot be used');
  }
  const hash = createHash('sha256').update(JSON.stringify(asked)).digest('hex');
  return database.transaction(async (tx) => {
    const { rowCount } = await tx.query(
      `insert into api_idempotency as kept (api_key_id, key, request_hash, status, body)
       values ($1, $2, $3, 0, 'null')
       on conflict (api_key_id, key) do update set request_hash = $3, created_at = now()
       where kept.created_at < now() - ${KEPT}`,
      [apiKeyId, key, hash],
    );
    if (rowCount === 0) {
      const answer = await recall(tx, apiKeyId, key, hash);
      replayed();
      return answer;
    }
    const answer = await work(tx);
    await tx.query('update api_idempotency set status = $3, body = $4 where api_key_id = $1 and key = $2', [
      apiKeyId,
      key,
      answer.status,
      JSON.stringify({ headers: answer.headers, json: answer.json }),
    ]);
    await tx.query(
      `delete from api_idempotency where (api_key_id, key) in
         (select api_key_id, key from api_idempotency where created_at < now() - ${KEPT}
          order by created_at limit ${FORGOTTEN_AT_ONCE} for update skip locked)`,
    );
    return answer;
  });
}

async function recall(tx: Queryable, apiKeyId: string, key: string, hash: string): Promise<Answer> {
  const { rows } = await tx.query<{ hash: string; status: number; body: Omit<Answer, 'status'> }>(
    'select request_hash as hash, status, body from api_idempotency where api_key_id = $1 and key = $2',
    [apiKeyId, key],
  );
  const [row] = rows;
  if (!row) throw new AppError('unavailable', 'idempotency_key_lost', 'try again');
  if (row.hash !== hash) {
    throw new AppError(
      'unprocessable',
      'idempotency_key_reused',
      'the Idempotency-Key came with another request before',
    );
  }
  return { status: row.status, headers: row.body.headers, json: row.body.json };
}

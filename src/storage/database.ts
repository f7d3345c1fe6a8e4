import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import { Pool, types } from 'pg';

const INT8 = 20;
const NUMERIC = 1700;

/** bigint columns are read as numbers; one outside the safe range is a bug, not a rounding. */
types.setTypeParser(INT8, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint outside the safe integer range: ${text}`);
  return value;
});
types.setTypeParser(NUMERIC, (text) => {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`numeric is no safe integer: ${text}`);
  return value;
});

/** What can run a statement: the pool, or a client within a transaction. */
export interface Queryable {
  query<Row extends QueryResultRow = QueryResultRow>(
    statement: string | { name?: string; text: string; values?: readonly unknown[] },
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>>;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly applicationName?: string;
  /** Told of trouble on an idle connection; the pool replaces it by itself. */
  readonly onError?: (error: Error) => void;
}

/** A bounded pool of PostgreSQL connections. */
export class Database implements Queryable {
  readonly #pool: Pool;

  constructor(options: DatabaseOptions) {
    this.#pool = new Pool({
      connectionString: options.url,
      max: options.poolSize,
      connectionTimeoutMillis: options.connectTimeoutMs,
      statement_timeout: options.statementTimeoutMs,
      idleTimeoutMillis: 30_000,
      application_name: options.applicationName ?? 'dce',
      keepAlive: true,
    });
    this.#pool.on('error', (error) => options.onError?.(error));
  }

  query<Row extends QueryResultRow = QueryResultRow>(
    statement: string | { name?: string; text: string; values?: readonly unknown[] },
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>> {
    return typeof statement === 'string'
      ? this.#pool.query<Row>(statement, values as unknown[])
      : this.#pool.query<Row>({ ...statement, values: statement.values as unknown[] });
  }

  /** Runs work in one transaction: committed when it resolves, rolled back when it rejects. */
  async transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    try {
      await client.query('begin');
      const result = await work(client as Queryable);
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch((failure: unknown) => {
        broken = failure instanceof Error ? failure : new Error(String(failure));
      });
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /** A connection of one's own, for LISTEN and advisory locks. Release it. */
  connection(): Promise<PoolClient> {
    return this.#pool.connect();
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

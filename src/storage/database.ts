import type { CustomTypesConfig, PoolClient, QueryResult, QueryResultRow } from 'pg';
import { Pool, types } from 'pg';

const INT8 = 20;
const NUMERIC = 1700;
/** The longest a timer may wait. */
const NEVER_MS = 2 ** 31 - 1;
/** The client gives up this much later than the server should have: a server that hangs tells nobody. */
const CLIENT_GRACE_MS = 2_000;
const SHOWN_STATEMENT = 200;

/** bigint and numeric are read as numbers; one outside the safe range is a bug, not a rounding. */
function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${text}`);
  return value;
}

const PARSERS = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 || oid === NUMERIC
      ? safeInteger
      : types.getTypeParser(oid, format)) as CustomTypesConfig['getTypeParser'],
};

/** A statement with a name is prepared once per connection. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
  /** Rows as lists of their cells, in the order of the columns; by name otherwise. */
  readonly rowMode?: 'array';
}

/** What can run a statement: the pool, or a client within a transaction. */
export interface Queryable {
  query<Row extends QueryResultRow = QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>>;
}

/** A connection of one's own, for LISTEN, advisory locks and settings. Closed, not reused, when released. */
export interface Session extends Queryable {
  /** Told of what arrives on the channels listened to. */
  onNotification(listener: (payload: string | undefined) => void): void;
  /** Told once when the connection is lost; not when it is released. */
  onLost(listener: (error: Error) => void): void;
  release(): void;
}

export interface DatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly applicationName?: string;
  /** Told of trouble on an idle connection; the pool replaces it by itself. */
  readonly onError?: (error: Error) => void;
  /** Statements that take at least this many milliseconds are told to `onSlow`. */
  readonly slowMs?: number;
  /** @param statement - name or text of it, without its values */
  readonly onSlow?: (statement: string, milliseconds: number) => void;
}

/** A bounded pool of PostgreSQL connections. Every wait has a limit, on the server and here. */
export class Database implements Queryable {
  readonly #pool: Pool;
  readonly #options: DatabaseOptions;

  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#pool = new Pool({
      connectionString: options.url,
      max: options.poolSize,
      connectionTimeoutMillis: options.connectTimeoutMs,
      statement_timeout: options.statementTimeoutMs,
      query_timeout: options.statementTimeoutMs + CLIENT_GRACE_MS,
      // A transaction whose client hangs must not hold its locks for ever.
      idle_in_transaction_session_timeout: options.statementTimeoutMs,
      idleTimeoutMillis: 30_000,
      application_name: options.applicationName ?? 'dce',
      keepAlive: true,
      types: PARSERS,
    });
    this.#pool.on('error', (error) => options.onError?.(error));
  }

  /** Connections of the pool, for metrics. */
  get connections(): { readonly total: number; readonly idle: number; readonly waiting: number } {
    return {
      total: this.#pool.totalCount,
      idle: this.#pool.idleCount,
      waiting: this.#pool.waitingCount,
    };
  }

  query<Row extends QueryResultRow = QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>> {
    return this.#timed(this.#pool, statement, values);
  }

  /**
   * Runs work in one transaction: committed when it resolves, rolled back when it rejects.
   *
   * @param mode - `snapshot` reads everything as of one instant and writes nothing
   * @param first - SQL that it begins with, in the same round trip
   */
  async transaction<T>(
    work: (tx: Queryable) => Promise<T>,
    mode: 'write' | 'snapshot' = 'write',
    first = '',
  ): Promise<T> {
    const client = await this.#pool.connect();
    let broken: Error | undefined;
    const lost = (error: Error): void => {
      broken = error;
    };
    // Without a listener, a connection that dies between two statements would end the process.
    client.on('error', lost);
    try {
      const begin = mode === 'write' ? 'begin' : 'begin isolation level repeatable read read only';
      await client.query(first === '' ? begin : `${begin}; ${first}`);
      const result = await work({ query: (statement, values) => this.#timed(client, statement, values) });
      await client.query('commit');
      return result;
    } catch (error) {
      // After a time-out the connection still waits for the old answer: it is of no more use.
      if (isTimeout(error)) broken ??= error as Error;
      if (!broken) await client.query('rollback').catch(lost);
      throw error;
    } finally {
      client.off('error', lost);
      // Errors after this are the pool's to hear.
      client.release(broken);
    }
  }

  /** @param statementTimeoutMs - of this session; 0 = none */
  async session(statementTimeoutMs = this.#options.statementTimeoutMs): Promise<Session> {
    const client = await this.#pool.connect();
    let over = false;
    const listeners: ((error: Error) => void)[] = [];
    const lost = (error: Error): void => {
      if (over) return;
      over = true;
      client.release(true);
      for (const listener of listeners) listener(error);
    };
    client.on('error', lost);
    client.on('end', () => lost(new Error('the connection ended')));
    const session: Session = {
      query: (statement, values) =>
        this.#timed(
          client,
          statement,
          values,
          statementTimeoutMs === 0 ? NEVER_MS : statementTimeoutMs + CLIENT_GRACE_MS,
        ),
      onNotification: (listener) => client.on('notification', ({ payload }) => listener(payload)),
      onLost: (listener) => listeners.push(listener),
      release: () => {
        if (over) return;
        over = true;
        client.release(true);
      },
    };
    try {
      await session.query(`set statement_timeout = ${Math.trunc(statementTimeoutMs)}`);
      await session.query(`set idle_in_transaction_session_timeout = 0`);
    } catch (error) {
      session.release();
      throw error;
    }
    return session;
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  async #timed<Row extends QueryResultRow>(
    on: Pool | PoolClient,
    statement: string | Statement,
    values?: readonly unknown[],
    timeoutMs?: number,
  ): Promise<QueryResult<Row>> {
    const { slowMs, onSlow } = this.#options;
    const config = {
      ...(typeof statement === 'string' ? { text: statement, values } : statement),
      ...(timeoutMs === undefined ? {} : { query_timeout: timeoutMs }),
    } as { text: string; values?: unknown[] };
    if (slowMs === undefined || !onSlow) return on.query<Row>(config);
    const startedAt = performance.now();
    try {
      return await on.query<Row>(config);
    } finally {
      const took = performance.now() - startedAt;
      if (took >= slowMs) onSlow(nameOf(statement), took);
    }
  }
}

function nameOf(statement: string | Statement): string {
  if (typeof statement === 'string') return statement.slice(0, SHOWN_STATEMENT);
  return statement.name ?? statement.text.slice(0, SHOWN_STATEMENT);
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout';
}

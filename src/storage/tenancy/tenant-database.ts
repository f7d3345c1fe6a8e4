import type { QueryResult, QueryResultRow } from 'pg';
import { escapeLiteral } from 'pg';
import type { Database, Queryable, Statement } from '../database';

/** PostgreSQL's role of whatever is done for accounts other than the exchange's own (migration 0029). */
const TENANT_ROLE = 'dce_tenant';

/** What makes a transaction the account's, until it ends. */
function becomeTenant(accountId: string): string {
  return `set local dce.account to ${escapeLiteral(accountId)}; set local role ${TENANT_ROLE}`;
}

/** Back to whom the connection belongs to. */
const BECOME_EXCHANGE = 'set local role to default';

/**
 * The database as one account may see it: every statement runs in a transaction of the role `dce_tenant`,
 * whose row-level security lets through what is that account's. It is the second wall: handlers narrow what
 * they read by themselves, and a handler that forgets to finds nothing of others.
 */
export class TenantDatabase implements Queryable {
  readonly #database: Database;

  constructor(
    database: Database,
    readonly accountId: string,
  ) {
    this.#database = database;
  }

  /** A statement by itself is a transaction of three round trips: beginning and role are one of them. */
  query<Row extends QueryResultRow = QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>> {
    return this.transaction((tx) => tx.query<Row>(statement, values));
  }

  /** As {@link Database.transaction}. */
  transaction<T>(work: (tx: Queryable) => Promise<T>, mode: 'write' | 'snapshot' = 'write'): Promise<T> {
    return this.#database.transaction(
      (tx) => work(new TenantTransaction(tx)),
      mode,
      becomeTenant(this.accountId),
    );
  }

  /** For {@link asExchange} alone. */
  get whole(): Database {
    return this.#database;
  }
}

/** A transaction that is an account's. */
class TenantTransaction implements Queryable {
  readonly #tx: Queryable;
  #raised = false;

  constructor(tx: Queryable) {
    this.#tx = tx;
  }

  query<Row extends QueryResultRow = QueryResultRow>(
    statement: string | Statement,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>> {
    // The connection is the exchange's at present: what came beside it would run with its rights.
    if (this.#raised)
      return Promise.reject(new Error('a statement of a tenant came beside one of the exchange'));
    return this.#tx.query<Row>(statement, values);
  }

  async raised<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    if (this.#raised) throw new Error('somebody acts as the exchange in this transaction already');
    this.#raised = true;
    let failed = true;
    try {
      await this.#tx.query(BECOME_EXCHANGE);
      const result = await work(this.#tx);
      failed = false;
      return result;
    } finally {
      const lowered = this.#tx.query(`set local role ${TENANT_ROLE}`);
      // After an error of the database nothing can be done in the transaction, by nobody.
      await (failed ? lowered.catch(() => undefined) : lowered);
      this.#raised = false;
    }
  }
}

/**
 * Does part of a transaction of the exchange as an account.
 * @param tx - a transaction; what comes after the work is the exchange's again
 */
export async function asTenant<T>(
  tx: Queryable,
  accountId: string,
  work: (tx: Queryable) => Promise<T>,
): Promise<T> {
  await tx.query(becomeTenant(accountId));
  const result = await work(new TenantTransaction(tx));
  await tx.query(`${BECOME_EXCHANGE}; set local dce.account to ''`);
  return result;
}

/**
 * Does what no tenant may do by itself but the exchange does for it: postings, events, what spans parties.
 * Whoever calls it has made sure that the work is about what is the tenant's own; docs/tenancy.md lists every
 * place. In a transaction of a tenant nothing else may run beside it.
 */
export function asExchange<T>(db: Queryable, work: (db: Queryable) => Promise<T>): Promise<T> {
  if (db instanceof TenantDatabase) return work(db.whole);
  return db instanceof TenantTransaction ? db.raised(work) : work(db);
}

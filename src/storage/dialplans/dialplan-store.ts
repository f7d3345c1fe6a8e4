import { randomUUID } from 'node:crypto';
import { AppError } from '../../domain';
import type { Queryable } from '../database';
import { inTransaction } from '../in-transaction';
import type { ListedRow, ListedTable, ListQuery } from '../list-statement';
import { listRows } from '../list-statement';
import type { Stored } from '../entity-store';

/** A plan that people write over the API. */
export type StoredDialplan = Stored<{
  /** Null: the exchange's. */
  readonly accountId: string | null;
  readonly name: string;
  readonly status: 'draft' | 'live' | 'archived';
  /** Number of its newest version. */
  readonly latest: number;
  /** Number of the version that calls take. */
  readonly live: number | null;
  readonly archivedAt: Date | null;
}>;

/** What was wrong with a version when it was written. */
export interface StoredPlanProblem {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly reason: string;
  readonly severity: 'error' | 'warning';
}

export interface DialplanVersion {
  /** From 1. */
  readonly number: number;
  readonly problems: readonly StoredPlanProblem[];
  readonly author: string;
  readonly createdAt: Date;
  /** When it was last made live. */
  readonly publishedAt: Date | null;
}
export type WholeDialplanVersion = DialplanVersion & { readonly yaml: string };

/** A version as it is written. */
export type NewDialplanVersion = Pick<WholeDialplanVersion, 'yaml' | 'problems' | 'author'>;

const STATUS = `case when d.archived_at is not null then 'archived' when d.live is null then 'draft' else 'live' end`;
const COLUMNS = `d.id, d.account_id as "accountId", d.name, ${STATUS} as status, d.latest, d.live,
  d.archived_at as "archivedAt", d.version, d.created_at as "createdAt", d.updated_at as "updatedAt"`;
const VERSION = `v.number, v.problems, v.author, v.created_at as "createdAt", v.published_at as "publishedAt"`;

const LISTED: ListedTable = {
  select: COLUMNS,
  from: 'dialplans d',
  columns: {
    accountId: { column: 'd.account_id', kind: 'text' },
    name: { column: 'd.name', kind: 'text' },
    status: { column: STATUS, kind: 'text' },
    createdAt: { column: 'd.created_at', kind: 'instant' },
  },
  tie: { column: 'd.id', kind: 'text', descending: false },
};

/** Plans of one account, or of the exchange, that are not archived. */
const MAX_OF_OWNER = 200;
const MAX_VERSIONS = 1_000;
const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';

/** Plans of the exchange and of its sellers, with all their versions. */
export class DialplanStore {
  readonly #db: Queryable;

  constructor(db: Queryable) {
    this.#db = db;
  }

  /** In the order of ids where no other is asked for. @throws AppError `unknown_filter` */
  list(query: ListQuery): Promise<ListedRow<StoredDialplan>[]> {
    return listRows<StoredDialplan>(this.#db, LISTED, query);
  }

  async get(id: string): Promise<StoredDialplan | undefined> {
    const { rows } = await this.#db.query<StoredDialplan>(
      `select ${COLUMNS} from dialplans d where d.id = $1`,
      [id],
    );
    return rows[0];
  }

  /** The plan of an owner that is called so, and is not archived. @param accountId - null: the exchange's */
  async named(name: string, accountId: string | null): Promise<StoredDialplan | undefined> {
    const { rows } = await this.#db.query<StoredDialplan>(
      `select ${COLUMNS} from dialplans d
        where d.name = $1 and coalesce(d.account_id, '') = coalesce($2, '') and d.archived_at is null`,
      [name, accountId],
    );
    return rows[0];
  }

  /** Versions of a plan by their numbers, the newest first. @throws AppError `unknown_filter` */
  versions(id: string, query: ListQuery): Promise<ListedRow<DialplanVersion>[]> {
    const table: ListedTable = {
      select: VERSION,
      from: 'dialplan_versions v',
      columns: {
        dialplanId: { column: 'v.dialplan_id', kind: 'text' },
        number: { column: 'v.number', kind: 'number' },
      },
      tie: { column: 'v.number', kind: 'number', descending: true },
    };
    return listRows<DialplanVersion>(this.#db, table, { ...query, where: { dialplanId: id } });
  }

  async version(id: string, number: number): Promise<WholeDialplanVersion | undefined> {
    const { rows } = await this.#db.query<WholeDialplanVersion>(
      `select ${VERSION}, v.yaml from dialplan_versions v where v.dialplan_id = $1 and v.number = $2`,
      [id, number],
    );
    return rows[0];
  }

  /**
   * Makes a plan with its first version, which is live to nobody.
   * @param accountId - whose it is; null: the exchange's
   * @throws AppError for a name or an id that is taken, and for one plan too many
   */
  async create(
    plan: { readonly id: string | undefined; readonly accountId: string | null; readonly name: string },
    first: NewDialplanVersion,
  ): Promise<StoredDialplan> {
    const { accountId, name } = plan;
    const id = plan.id ?? randomUUID();
    return inTransaction(this.#db, async (tx) => {
      // Two that come at once are counted one after the other.
      await tx.query(`select pg_advisory_xact_lock(hashtextextended('dialplans ' || coalesce($1, ''), 0))`, [
        accountId,
      ]);
      const { rows } = await tx.query<{ count: number }>(
        `select count(*) as count from dialplans where account_id is not distinct from $1 and archived_at is null`,
        [accountId],
      );
      if ((rows[0]?.count ?? 0) >= MAX_OF_OWNER) {
        throw new AppError('conflict', 'too_many_dialplans', `there are ${MAX_OF_OWNER} dialplans already`);
      }
      await explained(
        tx.query('insert into dialplans (id, account_id, name) values ($1, $2, $3)', [id, accountId, name]),
      );
      await insertVersion(tx, id, 1, first);
      return (await new DialplanStore(tx).get(id)) as StoredDialplan;
    });
  }

  /**
   * Writes another version, which is live to nobody.
   * @param allowed - told of the plan as it is: it throws where that is not what was expected
   * @returns undefined when there is no such plan
   * @throws AppError `conflict` for a plan that is archived, or has too many versions
   */
  write(
    id: string,
    version: NewDialplanVersion,
    allowed: (plan: StoredDialplan) => void = () => undefined,
  ): Promise<StoredDialplan | undefined> {
    return this.#change(id, allowed, async (tx, { latest }) => {
      if (latest >= MAX_VERSIONS) {
        throw new AppError('conflict', 'too_many_versions', `it has ${MAX_VERSIONS} versions already`);
      }
      await insertVersion(tx, id, latest + 1, version);
      await tx.query(
        'update dialplans set latest = $2, version = version + 1, updated_at = now() where id = $1',
        [id, latest + 1],
      );
    });
  }

  /**
   * Makes a version what calls take from now on.
   * @returns undefined when there is no such plan
   * @throws AppError `conflict` for a plan that is archived
   */
  publish(
    id: string,
    number: number,
    allowed: (plan: StoredDialplan) => void = () => undefined,
  ): Promise<StoredDialplan | undefined> {
    return this.#change(id, allowed, async (tx) => {
      await tx.query(
        'update dialplan_versions set published_at = now() where dialplan_id = $1 and number = $2',
        [id, number],
      );
      await tx.query(
        'update dialplans set live = $2, version = version + 1, updated_at = now() where id = $1',
        [id, number],
      );
    });
  }

  /**
   * Takes a plan from use. Its versions stay.
   * @returns undefined when there is no such plan
   * @throws AppError `dialplan_in_use` while active numbers and campaigns name it
   */
  archive(
    id: string,
    allowed: (plan: StoredDialplan) => void = () => undefined,
  ): Promise<StoredDialplan | undefined> {
    return this.#change(id, allowed, async (tx, { name, accountId, live }) => {
      const users = live === null ? 0 : await usersOf(tx, name, accountId);
      if (users > 0) {
        throw new AppError(
          'conflict',
          'dialplan_in_use',
          `${users} active numbers and campaigns name it: they must take another first`,
        );
      }
      await tx.query(
        `update dialplans set live = null, archived_at = now(), version = version + 1, updated_at = now()
         where id = $1`,
        [id],
      );
    });
  }

  #change(
    id: string,
    allowed: (plan: StoredDialplan) => void,
    work: (tx: Queryable, plan: StoredDialplan) => Promise<void>,
  ): Promise<StoredDialplan | undefined> {
    return inTransaction(this.#db, async (tx) => {
      const store = new DialplanStore(tx);
      // One after the other; what is archived nobody changes, and tenants cannot even hold it.
      await tx.query('select 1 from dialplans where id = $1 for update', [id]);
      const plan = await store.get(id);
      if (!plan) return undefined;
      allowed(plan);
      if (plan.status === 'archived') {
        throw new AppError('conflict', 'dialplan_archived', 'it is archived: nothing of it changes any more');
      }
      await work(tx, plan);
      return store.get(id);
    });
  }
}

/** Whether a name stands for a plan that calls may take, files aside. @param accountId - the seller of a number */
export async function dialplanIsThere(
  db: Queryable,
  name: string,
  accountId: string | undefined,
): Promise<boolean> {
  const { rows } = await db.query<{ there: boolean }>(
    `select exists (select from dialplans where name = $1 and live is not null
       and (account_id is null or account_id = $2)) as there`,
    [name, accountId ?? null],
  );
  return rows[0]?.there === true;
}

/** Active numbers and campaigns that name a plan. */
async function usersOf(tx: Queryable, name: string, accountId: string | null): Promise<number> {
  const numbers = `select count(*) from did_numbers where dialplan = $1 and status = 'active'`;
  // Which campaigns take it no tenant knows, and none takes a tenant's.
  const text =
    accountId === null
      ? `select (${numbers}) + (select count(*) from campaigns where dialplan = $1 and status <> 'archived') as count`
      : `${numbers} and seller_id = $2`;
  const { rows } = await tx.query<{ count: number }>(text, accountId === null ? [name] : [name, accountId]);
  return rows[0]?.count ?? 0;
}

async function insertVersion(
  tx: Queryable,
  id: string,
  number: number,
  { yaml, problems, author }: NewDialplanVersion,
): Promise<void> {
  await tx.query(
    'insert into dialplan_versions (dialplan_id, number, yaml, problems, author) values ($1, $2, $3, $4, $5)',
    [id, number, yaml, JSON.stringify(problems), author],
  );
}

/** PostgreSQL's refusals in our words. */
async function explained<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    const { code, constraint } = error as { code?: string; constraint?: string };
    if (code === UNIQUE_VIOLATION) {
      const field = constraint === 'dialplans_by_name' ? 'name' : 'id';
      throw new AppError('conflict', 'already_exists', 'there is such a dialplan already', {
        errors: [{ pointer: `/${field}`, message: 'is taken' }],
      });
    }
    if (code === FOREIGN_KEY_VIOLATION) {
      throw new AppError('unprocessable', 'reference_not_found', 'there is no such account', {
        errors: [{ pointer: '/accountId', message: 'names nothing that there is' }],
      });
    }
    throw error;
  }
}

import { createHash } from 'node:crypto';
import { AppError, notFound } from '../domain';
import type { MarketEntities, MarketEntity } from '../market';
import type { Queryable, Statement } from './database';
import { Database } from './database';
import type { ListQuery, Position } from './list-statement';
import { isNarrow, ListStatement, unknownFilter } from './list-statement';
import type { TableSpec } from './market-tables';
import { MARKET_TABLES } from './market-tables';
import { SharedReads } from './shared-reads';
import { ownedBy } from './tenancy/owned-by';

/** A stored entity with what storage adds. */
export type Stored<T> = T & {
  readonly id: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** A row of a list, and where it stands. */
export interface Listed<T> {
  readonly entity: Stored<T>;
  readonly position: Position;
}

/** Whose rows alone there are, and which of their fields. */
export interface Sight {
  readonly accountId: string;
  readonly fields: readonly string[];
}

type Row = Record<string, unknown>;
/** A row as PostgreSQL sends it: names are the same for each. */
type Cells = unknown[];

/** What PostgreSQL says when a row breaks a rule. */
interface Refusal {
  readonly code?: string;
  readonly detail?: string;
  readonly constraint?: string;
}

/** What storage adds to an entity, and a list can be ordered by. */
const ADDED: Readonly<Record<string, string>> = { createdAt: 'created_at', updatedAt: 'updated_at' };

/** Names of statements that a connection keeps prepared: there are as many texts as kinds, sights and orders. */
const prepared = new Map<string, string>();
const MAX_PREPARED = 500;

function preparedAs(text: string): string {
  let name = prepared.get(text);
  if (name === undefined) {
    // What has no name is prepared for once.
    if (prepared.size >= MAX_PREPARED) return '';
    name = `entity-${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
    prepared.set(text, name);
  }
  return name;
}

/** What of a kind is seen, and how it is read. */
interface View {
  /** Those that may be seen: an order by another one would tell of it. */
  readonly columns: Readonly<Record<string, string>>;
  readonly select: string;
  /** In the order of the cells of a row. */
  readonly fields: readonly string[];
}

const wholeViews = new Map<MarketEntity, View>();
/** By the list of fields that a role sees, of which there are as many as roles and kinds. */
const narrowViews = new WeakMap<readonly string[], Map<MarketEntity, View>>();

function viewOf(entity: MarketEntity, sight: Sight | undefined): View {
  const views = sight ? (narrowViews.get(sight.fields) ?? new Map<MarketEntity, View>()) : wholeViews;
  if (sight) narrowViews.set(sight.fields, views);
  const known = views.get(entity) ?? makeView(entity, sight);
  views.set(entity, known);
  return known;
}

function makeView(entity: MarketEntity, sight: Sight | undefined): View {
  const columns = Object.entries(MARKET_TABLES[entity].columns).filter(
    ([field]) => sight?.fields.includes(field) ?? true,
  );
  return {
    columns: Object.fromEntries(columns),
    select: ['id', ...columns.map(([, column]) => column), 'version', 'created_at', 'updated_at'].join(', '),
    fields: ['id', ...columns.map(([field]) => field), 'version', 'createdAt', 'updatedAt'],
  };
}

type Shared = { [E in MarketEntity]?: SharedReads<Stored<MarketEntities[E]>> };
/** By the pool that is asked: whoever asks within a transaction sees what nobody else does. */
const shared = new WeakMap<Database, Shared>();

/** One kind of market entity in PostgreSQL. Rows come back as the domain knows them. */
export class EntityStore<E extends MarketEntity> {
  readonly #db: Queryable;
  readonly #spec: TableSpec;
  readonly #view: View;
  readonly #accountId: string | undefined;

  /** @param sight - of one account; everything by default */
  constructor(
    db: Queryable,
    readonly entity: E,
    sight?: Sight,
  ) {
    this.#db = db;
    this.#spec = MARKET_TABLES[entity];
    this.#view = viewOf(entity, sight);
    this.#accountId = sight?.accountId;
  }

  /** A page of rows, each with its place in the order. */
  async list(query: ListQuery): Promise<Listed<MarketEntities[E]>[]> {
    const keys = (query.order ?? []).map((key) => ({ ...key, column: this.#column(key.field) }));
    const last = { kind: 'text', descending: keys.at(-1)?.descending ?? false } as const;
    const statement = new ListStatement([...keys, { ...last, column: 'id' }]);
    if (this.#accountId !== undefined) statement.add(ownedBy(this.entity, statement.value(this.#accountId)));
    statement.narrow(query, (field) => ({
      column: this.#column(field),
      kind: field in ADDED ? 'instant' : 'text',
    }));
    if (query.after) statement.after(query.after);
    const { where, orderBy, places, values } = statement;
    const text = `select ${this.#view.select}, ${places} from ${this.#spec.table} ${where}
       ${orderBy} limit ${statement.value(query.limit)}`;
    // One that is narrowed is planned for what it is narrowed to.
    const name = isNarrow(query) ? undefined : preparedAs(text);
    const rows = await this.#rows({ ...(name !== undefined && { name }), text, values });
    const { length } = this.#view.fields;
    return rows.map((cells) => ({
      entity: this.#toEntity(cells),
      position: cells.slice(length) as (string | number)[],
    }));
  }

  #column(field: string): string {
    const column = field === 'id' ? 'id' : (ADDED[field] ?? this.#view.columns[field]);
    if (column !== undefined) return column;
    throw unknownFilter(field);
  }

  async get(id: string): Promise<Stored<MarketEntities[E]> | undefined> {
    const db = this.#db;
    // What an account may see is read by itself.
    if (db instanceof Database && this.#accountId === undefined) return this.#sharedOf(db).get(id);
    return (await this.byIds([id]))[0];
  }

  #sharedOf(db: Database): SharedReads<Stored<MarketEntities[E]>> {
    const all: Shared = shared.get(db) ?? {};
    shared.set(db, all);
    const { entity } = this;
    return (all[entity] ??= new SharedReads<Stored<MarketEntities[E]>>(
      async (ids) => new Map((await this.byIds(ids)).map((one) => [one.id, one])),
    ) as Shared[E]) as SharedReads<Stored<MarketEntities[E]>>;
  }

  async byIds(ids: readonly string[]): Promise<Stored<MarketEntities[E]>[]> {
    const values: unknown[] = [ids];
    const conditions = ['id = any($1)'];
    this.#keepOwn(conditions, values);
    const text = `select ${this.#view.select} from ${this.#spec.table} where ${conditions.join(' and ')}`;
    const rows = await this.#rows({ name: preparedAs(text), text, values });
    return rows.map((cells) => this.#toEntity(cells));
  }

  #keepOwn(conditions: string[], values: unknown[]): void {
    if (this.#accountId === undefined) return;
    values.push(this.#accountId);
    conditions.push(ownedBy(this.entity, `$${values.length}`));
  }

  /** @throws AppError `conflict` for a taken id or number, `unprocessable` for a reference to nothing or a value out of bounds */
  async insert(id: string, value: Omit<MarketEntities[E], 'id'>): Promise<Stored<MarketEntities[E]>> {
    const fields = Object.keys(this.#spec.columns);
    const columns = fields.map((field) => this.#spec.columns[field]);
    const places = fields.map((_, index) => `$${index + 2}`);
    const text = `insert into ${this.#spec.table} (id, ${columns.join(', ')}) values ($1, ${places.join(', ')}) returning ${this.#view.select}`;
    const values = [id, ...fields.map((field) => this.#toColumn(field, (value as Row)[field]))];
    const rows = await this.#explain(this.#rows({ name: preparedAs(text), text, values }));
    return this.#toEntity(rows[0] as Cells);
  }

  /** Several at once, all of them or none. @throws AppError as {@link insert} */
  async insertAll(
    rows: readonly { readonly id: string; readonly value: Omit<MarketEntities[E], 'id'> }[],
  ): Promise<void> {
    if (rows.length === 0) return;
    const fields = Object.keys(this.#spec.columns);
    const columns = fields.map((field) => this.#spec.columns[field]);
    const values: unknown[] = [];
    const lines = rows.map(({ id, value }) => {
      const cells = [id, ...fields.map((field) => this.#toColumn(field, (value as Row)[field]))];
      return `(${cells.map((cell) => `$${values.push(cell)}`).join(', ')})`;
    });
    await this.#explain(
      this.#db.query(
        `insert into ${this.#spec.table} (id, ${columns.join(', ')}) values ${lines.join(', ')}`,
        values,
      ),
    );
  }

  /**
   * Changes some fields, if the version is still the one that was read.
   * @throws AppError `not_found`, `precondition_failed` when it was changed meanwhile, and as {@link insert}
   */
  async update(
    id: string,
    version: number | undefined,
    changes: Partial<Omit<MarketEntities[E], 'id'>>,
  ): Promise<Stored<MarketEntities[E]>> {
    const fields = Object.keys(changes).filter((field) => field in this.#spec.columns);
    const assignments = fields.map((field, index) => `${this.#spec.columns[field]} = $${index + 3}`);
    const values = [
      id,
      version ?? null,
      ...fields.map((field) => this.#toColumn(field, (changes as Row)[field])),
    ];
    const conditions = ['id = $1', '($2::integer is null or version = $2)'];
    this.#keepOwn(conditions, values);
    const rows = await this.#explain(
      this.#rows({
        text: `update ${this.#spec.table} set ${[...assignments, 'version = version + 1'].join(', ')}
         where ${conditions.join(' and ')} returning ${this.#view.select}`,
        values,
      }),
    );
    const row = rows[0];
    if (row) return this.#toEntity(row);
    if (await this.get(id))
      throw new AppError(
        'precondition_failed',
        'changed_meanwhile',
        `${this.entity} ${id} was changed meanwhile`,
      );
    throw notFound(this.entity, id);
  }

  /** Removes a row for good; only what nothing refers to. @returns false when there was none */
  async remove(id: string): Promise<boolean> {
    const values: unknown[] = [id];
    const conditions = ['id = $1'];
    this.#keepOwn(conditions, values);
    const { rowCount } = await this.#explain(
      this.#db.query(`delete from ${this.#spec.table} where ${conditions.join(' and ')}`, values),
    );
    return (rowCount ?? 0) > 0;
  }

  /** PostgreSQL's refusals in our words, with the fields that they are about. */
  async #explain<T>(query: Promise<T>): Promise<T> {
    try {
      return await query;
    } catch (error) {
      const { code, detail, constraint } = error as Refusal;
      if (code === '23505') {
        const fields = this.#fieldsOf(detail);
        throw new AppError('conflict', 'already_exists', `there is such a ${this.entity} already`, {
          errors: fields.map((field) => ({ pointer: `/${field}`, message: 'is taken' })),
        });
      }
      if (code === '23503') {
        const fields = this.#fieldsOf(detail);
        throw new AppError('unprocessable', 'reference_not_found', `the ${this.entity} refers to nothing`, {
          errors: fields.map((field) => ({ pointer: `/${field}`, message: 'names nothing that there is' })),
        });
      }
      if (code === '23514') {
        const field = this.#checkedField(constraint);
        throw new AppError(
          'unprocessable',
          'out_of_bounds',
          `a value of the ${this.entity} is out of bounds`,
          {
            errors: [{ pointer: field === undefined ? '/' : `/${field}`, message: 'is out of bounds' }],
          },
        );
      }
      throw error;
    }
  }

  /** `Key (number, source)=(…) already exists.` → its fields. */
  #fieldsOf(detail = ''): string[] {
    const columns = /^Key \(([^)]+)\)=/.exec(detail)?.[1]?.split(', ') ?? [];
    return columns.map((column) => this.#fieldOf(column) ?? column);
  }

  /** The field of `<table>_<column>_check`, as PostgreSQL names a check of one column. */
  #checkedField(constraint = ''): string | undefined {
    const { table } = this.#spec;
    if (!constraint.startsWith(`${table}_`) || !constraint.endsWith('_check')) return undefined;
    return this.#fieldOf(constraint.slice(table.length + 1, -'_check'.length));
  }

  #fieldOf(column: string): string | undefined {
    return Object.entries(this.#spec.columns).find(([, name]) => name === column)?.[0];
  }

  #toColumn(field: string, value: unknown): unknown {
    if (value === undefined) return null;
    return this.#spec.json.includes(field) ? JSON.stringify(value) : value;
  }

  async #rows(statement: Statement): Promise<Cells[]> {
    const { rows } = await this.#db.query({ ...statement, rowMode: 'array' });
    return rows as unknown as Cells[];
  }

  #toEntity(cells: Cells): Stored<MarketEntities[E]> {
    const { fields } = this.#view;
    const made: Row = {};
    for (let n = 0; n < fields.length; n++) {
      // The domain says undefined where SQL says null.
      made[fields[n] as string] = cells[n] ?? undefined;
    }
    return made as unknown as Stored<MarketEntities[E]>;
  }
}

/** One store per kind of entity. */
export type EntityStores = { readonly [E in MarketEntity]: EntityStore<E> };

export function entityStores(db: Queryable): EntityStores {
  return {
    account: new EntityStore(db, 'account'),
    trunk: new EntityStore(db, 'trunk'),
    seller: new EntityStore(db, 'seller'),
    number: new EntityStore(db, 'number'),
    campaign: new EntityStore(db, 'campaign'),
    buyer: new EntityStore(db, 'buyer'),
    target: new EntityStore(db, 'target'),
    agent: new EntityStore(db, 'agent'),
    team: new EntityStore(db, 'team'),
    bid: new EntityStore(db, 'bid'),
    dnc: new EntityStore(db, 'dnc'),
    override: new EntityStore(db, 'override'),
    quality: new EntityStore(db, 'quality'),
    prior: new EntityStore(db, 'prior'),
    model: new EntityStore(db, 'model'),
  };
}

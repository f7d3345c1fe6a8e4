import { createHash } from 'node:crypto';
import { AppError, notFound } from '../domain';
import type { MarketEntities, MarketEntity } from '../market';
import type { Queryable } from './database';
import type { TableSpec } from './market-tables';
import { MARKET_TABLES } from './market-tables';
import { ownedBy } from './tenancy/owned-by';

/** A stored entity with what storage adds. */
export type Stored<T> = T & {
  readonly id: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

/** How the values of a field are compared; an instant is of type timestamptz. */
export type SortKind = 'text' | 'number' | 'instant';

export interface SortKey {
  /** Of the entity, or of what storage adds; never null. */
  readonly field: string;
  readonly kind: SortKind;
  readonly descending: boolean;
}

/** Where a row stands in an order: the value of each key (of an instant, epoch microseconds), then its id. */
export type Position = readonly (string | number)[];

export interface ListQuery {
  /** Exact matches by field. */
  readonly where?: Readonly<Record<string, string | number | boolean>>;
  /** Values by field that rows do not have. */
  readonly except?: Readonly<Record<string, string>>;
  /** From inclusive, to exclusive; instants as UTC epoch milliseconds. */
  readonly ranges?: readonly {
    readonly field: string;
    readonly from?: number | undefined;
    readonly to?: number | undefined;
  }[];
  /** A text that a field holds in either case, or begins with. */
  readonly search?: { readonly field: string; readonly how: 'holds' | 'begins'; readonly text: string };
  /** By id alone where it is empty; ids decide between equals, in the direction of the last key. */
  readonly order?: readonly SortKey[];
  /** Of the last row of the page before, in the same order. */
  readonly after?: Position;
  readonly limit: number;
}

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

/** What PostgreSQL says when a row breaks a rule. */
interface Refusal {
  readonly code?: string;
  readonly detail?: string;
  readonly constraint?: string;
}

/** What storage adds to an entity, and a list can be ordered by. */
const ADDED: Readonly<Record<string, string>> = { createdAt: 'created_at', updatedAt: 'updated_at' };

interface OrderedColumn extends SortKey {
  readonly column: string;
}

/** The conditions of one statement, with their values. */
class Conditions {
  readonly values: unknown[] = [];
  readonly #conditions: string[] = [];

  get where(): string {
    return this.#conditions.length === 0 ? '' : `where ${this.#conditions.join(' and ')}`;
  }

  add(condition: string): void {
    this.#conditions.push(condition);
  }

  value(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /** Rows behind a position. Keys of one direction are compared together: that is what an index can answer. */
  after(order: readonly OrderedColumn[], position: Position): void {
    const bounds = order.map(({ kind }, index) => boundOf(kind, this.value(position[index])));
    const columns = order.map(({ column }) => column);
    const beyond = (index: number): string =>
      `${columns[index]} ${order[index]?.descending ? '<' : '>'} ${bounds[index]}`;
    if (order.every(({ descending }) => descending === order[0]?.descending)) {
      this.add(`(${columns.join(', ')}) ${order[0]?.descending ? '<' : '>'} (${bounds.join(', ')})`);
      return;
    }
    const steps = order.map((_, index) => {
      const equal = columns.slice(0, index).map((column, at) => `${column} = ${bounds[at]}`);
      return `(${[...equal, beyond(index)].join(' and ')})`;
    });
    this.add(`(${steps.join(' or ')})`);
  }
}

/** A column as it goes into a position: of an instant all that the column holds. */
function placeOf(kind: SortKind, column: string): string {
  return kind === 'instant' ? `(extract(epoch from ${column}) * 1000000)::bigint` : column;
}

function boundOf(kind: SortKind, place: string): string {
  switch (kind) {
    case 'instant':
      return `('epoch'::timestamptz + ${place}::bigint * interval '1 microsecond')`;
    case 'number':
      return `${place}::bigint`;
    case 'text':
      return `${place}::text`;
  }
}

function isNarrow({ where = {}, except = {}, ranges = [], search }: ListQuery): boolean {
  return (
    Object.keys(where).length > 0 ||
    Object.keys(except).length > 0 ||
    ranges.length > 0 ||
    search !== undefined
  );
}

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

/** One kind of market entity in PostgreSQL. Rows come back as the domain knows them. */
export class EntityStore<E extends MarketEntity> {
  readonly #db: Queryable;
  readonly #spec: TableSpec;
  readonly #select: string;
  readonly #accountId: string | undefined;
  /** Those that may be seen: an order by another one would tell of it. */
  readonly #columns: Readonly<Record<string, string>>;

  /** @param sight - of one account; everything by default */
  constructor(
    db: Queryable,
    readonly entity: E,
    sight?: Sight,
  ) {
    this.#db = db;
    this.#spec = MARKET_TABLES[entity];
    this.#accountId = sight?.accountId;
    const columns = Object.entries(this.#spec.columns).filter(
      ([field]) => sight?.fields.includes(field) ?? true,
    );
    this.#columns = Object.fromEntries(columns);
    this.#select = [
      'id',
      ...columns.map(([field, column]) => `${column} as "${field}"`),
      'version',
      'created_at as "createdAt"',
      'updated_at as "updatedAt"',
    ].join(', ');
  }

  /** A page of rows, each with its place in the order. */
  async list(query: ListQuery): Promise<Listed<MarketEntities[E]>[]> {
    const keys = (query.order ?? []).map((key) => ({ ...key, column: this.#column(key.field) }));
    const last = { field: 'id', kind: 'text', descending: keys.at(-1)?.descending ?? false } as const;
    const order = [...keys, { ...last, column: 'id' }];
    const statement = new Conditions();
    if (this.#accountId !== undefined) statement.add(ownedBy(this.entity, statement.value(this.#accountId)));
    this.#narrow(statement, query);
    if (query.after) statement.after(order, query.after);
    const places = order.map(({ kind, column }, index) => `${placeOf(kind, column)} as "~${index}"`);
    const by = order.map(({ column, descending }) => `${column}${descending ? ' desc' : ''}`);
    const text = `select ${this.#select}, ${places.join(', ')} from ${this.#spec.table} ${statement.where}
       order by ${by.join(', ')} limit ${statement.value(query.limit)}`;
    const { values } = statement;
    // One that is narrowed is planned for what it is narrowed to.
    const name = isNarrow(query) ? undefined : preparedAs(text);
    const { rows } = await this.#db.query<Row>({ ...(name !== undefined && { name }), text, values });
    return rows.map((row) => {
      const position = order.map((_, index) => row[`~${index}`] as string | number);
      for (const index of order.keys()) Reflect.deleteProperty(row, `~${index}`);
      return { entity: this.#toEntity(row), position };
    });
  }

  #narrow(statement: Conditions, { where = {}, except = {}, ranges = [], search }: ListQuery): void {
    for (const [field, value] of Object.entries(where)) {
      statement.add(`${this.#column(field)} = ${statement.value(value)}`);
    }
    for (const [field, value] of Object.entries(except)) {
      statement.add(`${this.#column(field)} <> ${statement.value(value)}`);
    }
    for (const { field, from, to } of ranges) {
      const column = this.#column(field);
      const bound = (at: number): string =>
        field in ADDED ? `to_timestamp(${statement.value(at)} / 1000.0)` : statement.value(at);
      if (from !== undefined) statement.add(`${column} >= ${bound(from)}`);
      if (to !== undefined) statement.add(`${column} < ${bound(to)}`);
    }
    if (search) {
      const { how, text } = search;
      const column = this.#column(search.field);
      statement.add(
        how === 'holds'
          ? `strpos(lower(${column}), lower(${statement.value(text)})) > 0`
          : `${column} like ${statement.value(`${text.replace(/[\\%_]/g, '\\$&')}%`)}`,
      );
    }
  }

  #column(field: string): string {
    const column = field === 'id' ? 'id' : (ADDED[field] ?? this.#columns[field]);
    if (column !== undefined) return column;
    throw new AppError('validation', 'unknown_filter', `cannot list by ${field}`);
  }

  async get(id: string): Promise<Stored<MarketEntities[E]> | undefined> {
    return (await this.byIds([id]))[0];
  }

  async byIds(ids: readonly string[]): Promise<Stored<MarketEntities[E]>[]> {
    const values: unknown[] = [ids];
    const conditions = ['id = any($1)'];
    this.#keepOwn(conditions, values);
    const text = `select ${this.#select} from ${this.#spec.table} where ${conditions.join(' and ')}`;
    const { rows } = await this.#db.query<Row>({ name: preparedAs(text), text, values });
    return rows.map((row) => this.#toEntity(row));
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
    const text = `insert into ${this.#spec.table} (id, ${columns.join(', ')}) values ($1, ${places.join(', ')}) returning ${this.#select}`;
    const values = [id, ...fields.map((field) => this.#toColumn(field, (value as Row)[field]))];
    const { rows } = await this.#explain(this.#db.query<Row>({ name: preparedAs(text), text, values }));
    return this.#toEntity(rows[0] as Row);
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
    const { rows } = await this.#explain(
      this.#db.query<Row>(
        `update ${this.#spec.table} set ${[...assignments, 'version = version + 1'].join(', ')}
         where ${conditions.join(' and ')} returning ${this.#select}`,
        values,
      ),
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

  #toEntity(row: Row): Stored<MarketEntities[E]> {
    // The domain says undefined where SQL says null.
    for (const key in row) if (row[key] === null) row[key] = undefined;
    return row as unknown as Stored<MarketEntities[E]>;
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

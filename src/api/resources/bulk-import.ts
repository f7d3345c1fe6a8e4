import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { AppError } from '../../domain';
import type { MarketEntities, MarketEntity } from '../../market';
import type { Queryable, Stored } from '../../storage';
import { EntityStore, inTransaction } from '../../storage';
import type { CellKind } from '../csv/cells';
import { cellKindOf, fromCell } from '../csv/cells';
import type { TableReader } from '../csv/read-table';
import { readTable } from '../csv/read-table';
import type { Route } from '../route';
import { route } from '../route';
import { id, queryFlag } from '../schemas';
import { nothingImported, readUpload } from '../upload';
import type { EntityResource } from './entity-resource';

/** What is taken at once; larger tables come as several files. */
const IMPORT_LIMITS = { bytes: 16_777_216, rows: 10_000, row: 262_144, errors: 50 } as const;

const CSV = 'text/csv';
/** Rows that are looked up together, and tried together. */
const CHUNK = 200;
/** Columns of an export that nobody writes; by the version a row is changed only as it was exported. */
const READ_ONLY = ['version', 'createdAt', 'updatedAt'];

const MODES = ['create', 'upsert'] as const;

/**
 * Rows of a table become entities: all of them or none.
 *
 * The file is read and looked at as it comes, before the transaction begins: a slow sender holds nothing up. A
 * column that is there is written, an empty cell is the field as it is by default; a column that is not there
 * leaves what there is.
 */
export function importRoute<E extends MarketEntity, S extends z.ZodObject>(
  resource: EntityResource<E, S>,
): Route {
  const { path, plural } = resource;
  return route({
    method: 'post',
    path: `/${path}/import`,
    operationId: `import${plural}`,
    tag: path,
    summary: `Take ${path} from CSV as an export shows them, all of them or none; at most ${IMPORT_LIMITS.rows} rows`,
    scope: `${resource.scope ?? path}:write`,
    query: z.strictObject({
      mode: z
        .enum(MODES)
        .default('create')
        .describe('`upsert` changes those that there are; a row with a version only if it is still that'),
      dryRun: queryFlag.optional().describe('Only tell what would become of it'),
    }),
    takes: CSV,
    reply: z.object({
      mode: z.enum(MODES),
      dryRun: z.boolean(),
      rows: z.number().int(),
      created: z.number().int(),
      updated: z.number().int(),
      unchanged: z.number().int().describe('As they were: their version stays'),
    }),
    handle: async ({ db, query: { mode, dryRun = false }, request, response }) => {
      const table = new ImportedTable(resource);
      await readUpload(request, response, IMPORT_LIMITS.bytes, (body) =>
        readTable(body, IMPORT_LIMITS, table),
      );
      const rows = table.end();
      const run = new ImportRun(resource, mode);
      // Whoever was told that it took too long, or went away, finds nothing of it.
      await run.of(db, rows, dryRun, () => response.headersSent || response.destroyed);
      return { body: { mode, dryRun, rows: rows.length, ...run.counts } };
    },
  });
}

interface RowError {
  readonly pointer: string;
  readonly message: string;
}

/** What a row says. */
interface Row {
  readonly line: number;
  readonly id: string;
  readonly version: number | undefined;
  /** Of the columns that are there; undefined takes a field away. */
  readonly sent: Readonly<Record<string, unknown>>;
  /** Those of them whose cells are empty. */
  readonly empty: readonly string[];
  /** What it lacks as a new one. */
  readonly missing: readonly RowError[];
}

/** Nothing is imported: says of which lines why. */
class RowErrors {
  readonly #errors: RowError[] = [];

  get none(): boolean {
    return this.#errors.length === 0;
  }

  get full(): boolean {
    return this.#errors.length >= IMPORT_LIMITS.errors;
  }

  /** @param place - pointer within the row */
  add(line: number, place: string, message: string): void {
    if (this.full) return;
    this.#errors.push({ pointer: `/lines/${line}${place}`, message: `line ${line}: ${message}` });
  }

  /** @throws AppError `unprocessable` when there are any */
  assertNone(): void {
    const { length } = this.#errors;
    if (length === 0) return;
    throw new AppError('unprocessable', 'import_refused', nothingImported(length, this.full), {
      errors: this.#errors.map((error) => ({ in: 'body', ...error })),
    });
  }
}

const version = z.number().int().min(1);

/** A table on its way in: every row as the fields of the entity say. */
class ImportedTable implements TableReader {
  readonly #shape: Readonly<Record<string, z.ZodType>>;
  readonly #namedBy: readonly string[] | undefined;
  readonly #ignored: ReadonlySet<string>;
  readonly #errors = new RowErrors();
  readonly #rows: Row[] = [];
  readonly #lines = new Map<string, number>();
  #columns: readonly { readonly name: string; readonly kind: CellKind }[] | undefined;

  constructor({
    schema,
    replySchema,
    namedBy,
  }: Pick<EntityResource<MarketEntity, z.ZodObject>, 'schema' | 'replySchema' | 'namedBy'>) {
    this.#shape = schema.shape as Record<string, z.ZodType>;
    this.#namedBy = namedBy;
    const shown = Object.keys(replySchema?.shape ?? {}).filter((field) => !Object.hasOwn(this.#shape, field));
    this.#ignored = new Set(['createdAt', 'updatedAt', ...shown]);
  }

  header(names: readonly string[]): boolean {
    const needed = this.#namedBy ?? ['id'];
    const known = new Set(['id', ...READ_ONLY, ...this.#ignored, ...Object.keys(this.#shape)]);
    for (const [index, name] of names.entries()) {
      const place = `/${pointed(name)}`;
      if (!known.has(name)) this.#errors.add(1, place, `${JSON.stringify(name.slice(0, 64))} is no column`);
      else if (names.indexOf(name) < index) this.#errors.add(1, place, `${name} is there twice`);
    }
    for (const name of needed) {
      if (!names.includes(name)) this.#errors.add(1, `/${name}`, `${name} is not among the columns`);
    }
    this.#columns = names.map((name) => ({ name, kind: this.#kindOf(name) }));
    return this.#errors.none;
  }

  row(cells: readonly string[], line: number): boolean {
    const columns = this.#columns ?? [];
    if (cells.length > columns.length) this.#errors.add(line, '', 'has more cells than there are columns');
    const sent: Record<string, unknown> = {};
    const empty: string[] = [];
    let named: unknown;
    let at: number | undefined;
    for (const [index, { name, kind }] of columns.entries()) {
      if (this.#ignored.has(name)) continue;
      const value = this.#valueOf(line, name, kind, cells[index] ?? '');
      if (name === 'id') named = value;
      else if (name === 'version') at = value as number | undefined;
      else sent[name] = value;
      if ((cells[index] ?? '') === '') empty.push(name);
    }
    const called = this.#nameOf(line, named, sent);
    if (called !== undefined) this.#take({ line, id: called, version: at, sent, empty });
    return !this.#errors.full;
  }

  broken(line: number, message: string): void {
    this.#errors.add(line, '', message);
  }

  /** @throws AppError `unprocessable` with what is wrong, line by line */
  end(): readonly Row[] {
    if (this.#rows.length === 0 && this.#errors.none) {
      this.#errors.add(1, '', this.#columns ? 'has no rows under it' : 'has no columns');
    }
    this.#errors.assertNone();
    return this.#rows;
  }

  #kindOf(name: string): CellKind {
    if (name === 'id') return 'text';
    return name === 'version' ? 'number' : cellKindOf(this.#shape[name] ?? z.string());
  }

  #schemaOf(name: string): z.ZodType {
    if (name === 'id') return this.#namedBy ? z.string().optional() : id;
    return name === 'version' ? version.optional() : (this.#shape[name] as z.ZodType);
  }

  #valueOf(line: number, name: string, kind: CellKind, cell: string): unknown {
    let value: unknown;
    try {
      value = fromCell(kind, cell);
    } catch {
      this.#errors.add(line, `/${name}`, `${name} is no JSON`);
      return undefined;
    }
    const parsed = this.#schemaOf(name).safeParse(value);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) {
      const place = [name, ...issue.path].map((part) => `/${pointed(String(part))}`).join('');
      this.#errors.add(line, place, value === undefined ? `${name} is empty` : `${name}: ${issue.message}`);
    }
    return undefined;
  }

  /** Undefined where it cannot be said, which has been told. */
  #nameOf(line: number, named: unknown, sent: Readonly<Record<string, unknown>>): string | undefined {
    if (!this.#namedBy) return named as string | undefined;
    const made = this.#namedBy.map((field) => sent[field]).join('/');
    if (named !== undefined && named !== made) {
      this.#errors.add(line, '/id', `is not made of ${this.#namedBy.join(' and ')}`);
    }
    return made;
  }

  #take(row: Omit<Row, 'missing'>): void {
    const { line, id: name, sent } = row;
    const before = this.#lines.get(name);
    if (before !== undefined) this.#errors.add(line, '/id', `${name} is on line ${before} already`);
    else this.#lines.set(name, line);
    const missing: RowError[] = [];
    for (const [field, schema] of Object.entries(this.#shape)) {
      if (Object.hasOwn(sent, field) || schema.safeParse(undefined).success) continue;
      missing.push({ pointer: `/${field}`, message: 'is not among the columns' });
    }
    this.#rows.push({ ...row, missing });
  }
}

/** Ends a transaction that is to leave nothing behind. */
class LeaveNothing extends Error {}

type Outcome = 'created' | 'updated' | 'unchanged';

/** One import: what became of each row. */
class ImportRun<E extends MarketEntity, S extends z.ZodObject> {
  readonly #resource: EntityResource<E, S>;
  readonly #mode: (typeof MODES)[number];
  readonly #errors = new RowErrors();
  readonly #told: (() => void)[] = [];
  readonly counts: Record<Outcome, number> = { created: 0, updated: 0, unchanged: 0 };

  constructor(resource: EntityResource<E, S>, mode: (typeof MODES)[number]) {
    this.#resource = resource;
    this.#mode = mode;
  }

  /**
   * @param isOver - whether nobody waits for it any more
   * @throws AppError `unprocessable` with what is wrong, line by line, or `unavailable` when nobody waits for it:
   * nothing is left of it then
   */
  async of(db: Queryable, rows: readonly Row[], dryRun: boolean, isOver: () => boolean): Promise<void> {
    const work = async (tx: Queryable): Promise<void> => {
      for (let at = 0; at < rows.length && !this.#errors.full; at += CHUNK) {
        await this.#try(tx, rows.slice(at, at + CHUNK));
        if (isOver()) throw givenUp();
      }
      this.#errors.assertNone();
      if (dryRun) throw new LeaveNothing();
    };
    try {
      await inTransaction(db, work);
    } catch (error) {
      if (!(error instanceof LeaveNothing)) throw error;
      return;
    }
    for (const tell of this.#told) tell();
  }

  /** Rows together; where one is refused each by itself, to find all that are wrong. */
  async #try(tx: Queryable, rows: readonly Row[]): Promise<void> {
    await tx.query('savepoint import_rows');
    try {
      const outcomes = await this.#apply(tx, rows);
      for (const outcome of outcomes) this.counts[outcome]++;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      await tx.query('rollback to savepoint import_rows');
      const [row] = rows;
      if (rows.length === 1 && row) this.#refuse(row, error);
      else for (const one of rows) if (!this.#errors.full) await this.#try(tx, [one]);
    }
    await tx.query('release savepoint import_rows');
  }

  #refuse({ line }: Row, { message, details }: AppError): void {
    const { errors } = details as { readonly errors?: readonly RowError[] };
    if (!errors?.length) this.#errors.add(line, '', message);
    for (const error of errors ?? []) {
      this.#errors.add(line, error.pointer, `${error.pointer.slice(1) || 'it'} ${error.message}`);
    }
  }

  async #apply(tx: Queryable, rows: readonly Row[]): Promise<Outcome[]> {
    const there = await new EntityStore(tx, this.#resource.entity).byIds(rows.map((row) => row.id));
    const known = new Map(there.map((one) => [one.id, one]));
    const outcomes: Outcome[] = [];
    const made: { id: string; value: Omit<MarketEntities[E], 'id'> }[] = [];
    for (const row of rows) {
      const before = known.get(row.id);
      if (before) outcomes.push(await this.#change(tx, row, before));
      else made.push({ id: row.id, value: await this.#made(tx, row) });
    }
    await new EntityStore(tx, this.#resource.entity).insertAll(made);
    return [...outcomes, ...made.map(() => 'created' as const)];
  }

  /** A new one, as it is to be. */
  async #made(tx: Queryable, { id: named, sent, missing }: Row): Promise<Omit<MarketEntities[E], 'id'>> {
    if (missing.length > 0) throw refused(missing);
    const { schema, resolve, check } = this.#resource;
    const shape = Object.entries(schema.shape as Record<string, z.ZodType>);
    const whole = Object.fromEntries(
      shape.map(([field, type]) => [field, Object.hasOwn(sent, field) ? sent[field] : type.parse(undefined)]),
    ) as unknown as Omit<MarketEntities[E], 'id'>;
    const value = (resolve?.(whole, undefined) ?? whole) as Omit<MarketEntities[E], 'id'>;
    await check?.({ ...value, id: named } as unknown as MarketEntities[E], tx, undefined);
    return value;
  }

  async #change(tx: Queryable, row: Row, before: Stored<MarketEntities[E]>): Promise<Outcome> {
    if (this.#mode === 'create') throw refused([{ pointer: '/id', message: 'is taken' }]);
    if (row.version !== undefined && row.version !== before.version) {
      const message = `is ${before.version} by now: it was changed since`;
      throw refused([{ pointer: '/version', message }]);
    }
    const { entity, resolve, check, changed, told } = this.#resource;
    const absent = row.empty.filter((field) => before[field as keyof typeof before] === undefined);
    // What was never said stays unsaid: nothing was to be changed by an empty cell.
    const entries = Object.entries(row.sent).filter(([field]) => !absent.includes(field));
    const sent = Object.fromEntries(entries) as Partial<Omit<MarketEntities[E], 'id'>>;
    const changes = resolve?.(sent, before) ?? sent;
    const after = { ...before, ...changes };
    if (isDeepStrictEqual(plain(after), plain(before))) return 'unchanged';
    await check?.(after, tx, before);
    const value = await new EntityStore(tx, entity).update(row.id, before.version, changes);
    await changed?.(value, before, tx);
    this.#told.push(() => told?.(value, before));
    return 'updated';
  }
}

function givenUp(): AppError {
  return new AppError('unavailable', 'import_given_up', 'nobody waits for it any more: nothing was imported');
}

function refused(errors: readonly RowError[]): AppError {
  return new AppError('unprocessable', 'import_refused', 'the row cannot be taken', { errors });
}

/** As JSON has it: a field that is undefined is one that is not there. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

function pointed(part: string): string {
  return part.replace(/~/g, '~0').replace(/\//g, '~1').slice(0, 64);
}

import type { NumberListName, NumberSet } from '../../market';
import type { Database } from '../database';
import { BadLines } from './bad-lines';
import type { ChangeCounts } from './change-log';
import { ChangeLog, WholeList } from './change-log';
import type {
  ImportClock,
  ImportOutcome,
  ImportProgress,
  ImportRefusal,
  ImportReport,
  NumberImport,
} from './import-request';
import { FileParser } from './make-parser';
import type { StoredNumberList } from './number-list-store';
import { NumberListStore } from './number-list-store';
import { NumberListWriter } from './number-list-writer';
import type { NumberSink } from './number-sink';
import { UnusableFile } from './number-sink';
import type { SourceRecord } from './source-files';
import { bytesOf, filesOf } from './source-files';

/** Thrown within an import, and told as its outcome. */
class Refused extends Error {
  constructor(
    readonly reason: ImportRefusal,
    message: string,
  ) {
    super(message);
  }
}

/** A file of nothing but bad lines is noticed long before its end. */
const HOPELESS_LINES = 10_000;

/**
 * Takes a list in from files and makes it the current version, whole or not at all: when anything is
 * wrong, or the process dies, the version that was current still is.
 * @throws Error when the database or a file cannot be read: nothing was changed then either
 */
export async function importNumbers(
  database: Database,
  request: NumberImport,
  clock: ImportClock,
): Promise<ImportOutcome> {
  const writer = await NumberListWriter.open(database, request.list);
  if (!writer) return { ok: false, reason: 'busy', message: `another import of ${request.list} is running` };
  try {
    return await new Import(database, writer, request, clock).run();
  } finally {
    await writer.close();
  }
}

/** Exchanges a list's current and previous version. @returns the version that is current now, or why not */
export async function rollBackNumbers(
  database: Database,
  list: NumberListName,
): Promise<{ ok: true; version: StoredNumberList } | { ok: false; reason: 'busy' | 'no_previous_version' }> {
  const writer = await NumberListWriter.open(database, list);
  if (!writer) return { ok: false, reason: 'busy' };
  try {
    if (!(await writer.rollBack())) return { ok: false, reason: 'no_previous_version' };
    const version = await new NumberListStore(database).currentOf(list);
    return { ok: true, version: version as StoredNumberList };
  } finally {
    await writer.close();
  }
}

class Import {
  readonly #store: NumberListStore;
  readonly #writer: NumberListWriter;
  readonly #request: NumberImport;
  readonly #clock: ImportClock;
  readonly #bad = new BadLines();
  readonly #records: SourceRecord[] = [];
  #lines = 0;
  #duplicates = 0;
  #changes: ChangeCounts | undefined;
  #readMs = 0;
  #storeMs = 0;
  #base: StoredNumberList | undefined;

  constructor(database: Database, writer: NumberListWriter, request: NumberImport, clock: ImportClock) {
    this.#store = new NumberListStore(database);
    this.#writer = writer;
    this.#request = request;
    this.#clock = clock;
  }

  async run(): Promise<ImportOutcome> {
    const { list, kind, asOf } = this.#request;
    this.#base = await this.#store.currentOf(list);
    let loading: number | undefined;
    try {
      this.#checkDate(asOf);
      if (kind === 'changes' && !this.#base) {
        throw new Refused('no_current_version', `there is no ${list} yet that changes could be applied to`);
      }
      const day = asOf ?? this.#base?.asOf ?? this.#clock.now();
      const baseId = kind === 'changes' ? this.#base?.id : undefined;
      loading = await this.#writer.begin({ list, kind, asOf: day, baseId });
      const dated = kind === 'full' ? await this.#full(loading) : await this.#apply(loading);
      const { version, entries } = await this.#writer.switchTo(loading, dated, this.#records, this.#report());
      const before = this.#base?.entries ?? 0;
      return { ok: true, version, asOf: dated, entries, before, report: this.#report() };
    } catch (error) {
      return await this.#failed(loading, error);
    }
  }

  async #failed(loading: number | undefined, error: unknown): Promise<ImportOutcome> {
    const report = this.#report();
    const message = error instanceof Error ? error.message : String(error);
    if (loading !== undefined) {
      const noted = this.#writer.fail(loading, this.#records, { ...report, problem: message });
      // The next import cleans up what cannot be cleaned up now.
      await noted.catch(() => undefined);
    }
    if (error instanceof UnusableFile) {
      return { ok: false, reason: 'unusable_file', message: `${this.#bad.file}: ${message}`, report };
    }
    if (error instanceof Refused) return { ok: false, reason: error.reason, message, report };
    throw error;
  }

  async #full(loading: number): Promise<number> {
    const whole = new WholeList();
    const startedAt = this.#clock.monotonic();
    await this.#read(whole);
    this.#duplicates = whole.duplicates;
    this.#checkBad(whole.size + whole.duplicates);
    const numbers = whole.finish();
    this.#readMs = this.#clock.monotonic() - startedAt;
    this.#checkLoss(numbers.size);
    await this.#storeAll(loading, numbers);
    return this.#request.asOf as number;
  }

  async #storeAll(versionId: number, numbers: NumberSet): Promise<void> {
    const startedAt = this.#clock.monotonic();
    let done = 0;
    for (const segment of numbers.segments) {
      await this.#writer.write(versionId, segment);
      done += segment.entries;
      this.#tell('storing', done, numbers.size, numbers.size);
    }
    this.#storeMs = this.#clock.monotonic() - startedAt;
  }

  async #apply(loading: number): Promise<number> {
    const base = this.#base as StoredNumberList;
    const log = new ChangeLog(this.#request.untyped);
    const startedAt = this.#clock.monotonic();
    await this.#read(log);
    this.#readMs = this.#clock.monotonic() - startedAt;
    this.#checkBad(log.size);
    const dated = this.#request.asOf ?? Math.max(log.newest, base.asOf);
    if (this.#request.asOf === undefined && log.newest === 0) {
      throw new Refused('no_date', 'the changes have no dates: say as of when they are');
    }
    this.#checkDate(dated);
    const areas = log.areas();
    await this.#writer.copyOthers(loading, base.id, areas);
    let done = 0;
    this.#changes = await log.apply(
      (area) => this.#store.area(base.id, area),
      async (_area, after) => {
        for (const segment of after.segments) await this.#writer.write(loading, segment);
        this.#tell('storing', ++done, areas.length, log.size);
      },
    );
    this.#storeMs = this.#clock.monotonic() - startedAt - this.#readMs;
    this.#checkLoss((await this.#writer.sizeOf(loading)).entries);
    return dated;
  }

  async #read(sink: NumberSink & { readonly size: number }): Promise<void> {
    const { sources } = this.#request;
    const total = await bytesOf(sources);
    let bytes = 0;
    for (const source of sources) {
      this.#bad.file = 'path' in source ? source.path : source.name;
      const onBytes = (count: number): void => {
        bytes += count;
      };
      for await (const { name, chunks } of filesOf(source, onBytes, (done) => this.#records.push(done))) {
        this.#bad.file = name;
        const parser = new FileParser(sink, this.#bad, this.#request);
        const linesBefore = this.#lines;
        for await (const chunk of chunks) {
          parser.push(chunk);
          this.#lines = linesBefore + parser.lines;
          this.#checkHope(sink.size);
          this.#tell('reading', bytes, total, sink.size);
        }
        parser.end();
        this.#lines = linesBefore + parser.lines;
      }
    }
  }

  #checkHope(good: number): void {
    if (this.#bad.count > HOPELESS_LINES && good === 0) this.#checkBad(good);
  }

  #checkBad(good: number): void {
    const bad = this.#bad.count;
    const { maxBadShare } = this.#request;
    if (bad > (bad + good) * maxBadShare) {
      const first = this.#bad.samples[0];
      const where = first ? `; the first is line ${first.line} of ${first.file} (${first.problem})` : '';
      const share = `${bad} of ${bad + good} lines cannot be used, more than ${maxBadShare * 100} %`;
      throw new Refused('too_many_bad_lines', share + where);
    }
    if (good === 0) throw new Refused('nothing_in_it', 'there is no number in it');
  }

  #checkLoss(entries: number): void {
    const before = this.#base?.entries ?? 0;
    if (entries >= before * (1 - this.#request.maxLoss)) return;
    throw new Refused(
      'loses_too_many',
      `it would leave ${entries} of ${before} numbers: is it the whole list?`,
    );
  }

  #checkDate(asOf: number | undefined): void {
    if (asOf === undefined) {
      if (this.#request.kind === 'full') throw new Refused('no_date', 'say as of when the list is');
      return;
    }
    if (asOf > this.#clock.now()) throw new Refused('in_the_future', `${dayOf(asOf)} has not come yet`);
    const before = this.#base?.asOf ?? 0;
    if (asOf < before) {
      throw new Refused(
        'older_than_current',
        `it is of ${dayOf(asOf)}; the current version is of ${dayOf(before)}`,
      );
    }
  }

  #tell(phase: ImportProgress['phase'], done: number, total: number | undefined, numbers: number): void {
    this.#request.onProgress?.({ phase, done, total, numbers });
  }

  #report(): ImportReport {
    return {
      lines: this.#lines,
      duplicates: this.#duplicates,
      badLines: this.#bad.count,
      samples: this.#bad.samples,
      changes: this.#changes,
      readMs: Math.round(this.#readMs),
      storeMs: Math.round(this.#storeMs),
    };
  }
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { Clock } from '../domain';
import { parsePhoneNumber } from '../domain';
import { recorded } from './command-record';
import type { Screen } from './list-progress';
import { ProgressBar, secondsOf } from './list-progress';
import type { NumberListName } from '../market';
import { parseListName } from '../market';
import { oneOf } from './option-values';
import type {
  Database,
  ExportFormat,
  ImportOutcome,
  ImportProgress,
  ImportReport,
  NumberFileFormat,
  StoredNumberList,
} from '../storage';
import {
  checkNumber,
  exportNumbers,
  importNumbers,
  NUMBER_FILE_FORMATS,
  NumberListStore,
  parseChangeDate,
  rollBackNumbers,
} from '../storage';

export interface ListCommandParts {
  readonly withDatabase: (work: (database: Database) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** Progress and bad lines. */
  readonly stderr: Screen;
  readonly clock: Clock;
}

interface FileOptions {
  readonly asOf?: number;
  readonly format: NumberFileFormat;
  readonly column: readonly string[];
  readonly maxBad: number;
  readonly allowLoss?: true;
  readonly untyped?: 'add' | 'delete';
}

const DAY_MS = 86_400_000;
/** Numbers that a list may lose in one import unless that is allowed: registries grow. */
const MAX_LOSS = 0.1;
const MAX_SHOWN = 50;

/** `dce dnc …`: imported lists of numbers that must not be called, or must be looked at. */
export function addListCommands(program: Command, parts: ListCommandParts): void {
  const dnc = program
    .command('dnc')
    .description('lists of numbers: national, litigator, reassigned, internal, state:TX and the like');
  importing(
    dnc,
    'import',
    'replace a list by what is in files (gzip and zip too; - is standard input)',
  ).action((list: NumberListName, files: string[], options: FileOptions) =>
    runImport(parts, 'full', list, files, options),
  );
  importing(dnc, 'apply', 'apply files of changes to a list')
    .option('--untyped <type>', 'what lines do that do not say it: add or delete', oneOf('add', 'delete'))
    .action((list: NumberListName, files: string[], options: FileOptions) =>
      runImport(parts, 'changes', list, files, options),
    );
  dnc
    .command('status')
    .description('what is in use, how old it is, and what came before')
    .argument('[list]', 'one list only', listName)
    .action((list: NumberListName | undefined) => status(parts, list));
  dnc
    .command('check <number>')
    .description('say which lists name a number')
    .action((number: string) => check(parts, number));
  dnc
    .command('rollback')
    .description('exchange the current version of a list and the one before')
    .argument('<list>', 'the list', listName)
    .action((list: NumberListName) => rollBack(parts, list));
  dnc
    .command('export')
    .description('write a list as text, one number a line')
    .argument('<list>', 'the list', listName)
    .option(
      '--format <form>',
      'e164 (+12025551234) or registry (202,5551234)',
      oneOf('e164', 'registry'),
      'e164',
    )
    .option('--to <file>', 'a file, which must not be there yet; standard output by default')
    .action((list: NumberListName, options: { format: ExportFormat; to?: string }) =>
      exportList(parts, list, options),
    );
}

function importing(dnc: Command, name: string, description: string): Command {
  return dnc
    .command(name)
    .description(description)
    .argument('<list>', 'the list', listName)
    .argument('<files...>', 'its files, together one version')
    .option(
      '--as-of <date>',
      'when the files were as they are, e.g. 2026-11-20; not when they were copied',
      date,
    )
    .option('--format <form>', NUMBER_FILE_FORMATS.join(', '), oneOf(...NUMBER_FILE_FORMATS), 'auto')
    .option('--column <name...>', 'columns of CSV that hold numbers', [])
    .option('--max-bad <percent>', 'bad lines that are put up with', percent, 0.1)
    .option('--allow-loss', `go on when more than ${MAX_LOSS * 100} % of the numbers would be gone`);
}

async function runImport(
  { withDatabase, say, stdin, stderr, clock }: ListCommandParts,
  kind: 'full' | 'changes',
  list: NumberListName,
  files: readonly string[],
  options: FileOptions,
): Promise<void> {
  const command = kind === 'full' ? 'dnc import' : 'dnc apply';
  await recorded(withDatabase, command, { subject: { kind: 'number-lists', id: list } }, async (database) => {
    const bar = new ProgressBar(stderr, () => clock.monotonic());
    const request = {
      list,
      kind,
      sources: files.map((path) => (path === '-' ? { name: 'standard input', stream: stdin } : { path })),
      asOf: options.asOf,
      format: options.format,
      columns: options.column,
      maxBadShare: options.maxBad / 100,
      maxLoss: options.allowLoss ? 1 : MAX_LOSS,
      ...(options.untyped === undefined ? {} : { untyped: options.untyped }),
      onProgress: (progress: ImportProgress) =>
        bar.show({
          what: progress.phase,
          done: progress.done,
          total: progress.total,
          note: `${grouped(progress.numbers)} numbers`,
        }),
    };
    const outcome = await importNumbers(database, request, clock).finally(() => bar.close());
    for (const { file, line, problem, text } of outcome.report?.samples ?? []) {
      stderr.write(`${file}:${line}: ${problem}: ${text}\n`);
    }
    if (!outcome.ok) throw new Error(`nothing was changed: ${outcome.message}`);
    for (const line of told(list, outcome)) say(line);
  });
}

function told(list: NumberListName, outcome: Extract<ImportOutcome, { ok: true }>): string[] {
  const { version, entries, before, report } = outcome;
  const { changes } = report;
  return [
    `${list} ${version}: ${grouped(entries)} numbers (before: ${grouped(before)})`,
    readIn(report, entries),
    ...(changes
      ? [
          `${grouped(changes.added)} added, ${grouped(changes.removed)} removed, ${grouped(changes.withoutEffect)} without effect`,
        ]
      : []),
  ];
}

function readIn(
  { lines, duplicates, badLines, readMs, storeMs, changes }: ImportReport,
  entries: number,
): string {
  const rate =
    changes || readMs === 0 ? '' : `, ${grouped(Math.round((entries / readMs) * 1_000))} numbers/s`;
  return (
    `${grouped(lines)} lines read in ${secondsOf(readMs)}${rate}; stored in ${secondsOf(storeMs)}; ` +
    `${grouped(duplicates)} duplicates, ${grouped(badLines)} bad lines`
  );
}

async function status(
  { withDatabase, say, clock }: ListCommandParts,
  list: NumberListName | undefined,
): Promise<void> {
  await withDatabase(async (database) => {
    const versions = await new NumberListStore(database).history(list, MAX_SHOWN);
    if (versions.length === 0) say('no list was imported yet');
    for (const version of versions) say(statusLine(version, clock.now()));
  });
}

function statusLine({ list, version, status, asOf, entries, report }: StoredNumberList, now: number): string {
  const problem = report['problem'];
  const age = `${Math.floor((now - asOf) / DAY_MS)} days old`;
  const what = status === 'failed' || status === 'loading' ? '' : `  ${grouped(entries)} numbers, ${age}`;
  return `${list.padEnd(10)}  ${version.padEnd(12)}  ${status.padEnd(8)}${what}${typeof problem === 'string' ? `  ${problem}` : ''}`;
}

async function check({ withDatabase, say, clock }: ListCommandParts, text: string): Promise<void> {
  const parsed = parsePhoneNumber(text);
  if (!parsed.ok) throw new Error(`${text} is no number: ${parsed.reason}`);
  await withDatabase(async (database) => {
    const hits = await checkNumber(database, parsed.number, clock.now());
    if (hits.length === 0) say(`${parsed.number} is on no list`);
    for (const { list, version } of hits)
      say(`${parsed.number} is on ${list}${version === undefined ? '' : ` ${version}`}`);
  });
}

async function rollBack({ withDatabase, say, clock }: ListCommandParts, list: NumberListName): Promise<void> {
  const deed = { subject: { kind: 'number-lists', id: list } };
  await recorded(withDatabase, 'dnc rollback', deed, async (database) => {
    const outcome = await rollBackNumbers(database, list);
    if (outcome.ok) {
      say(statusLine(outcome.version, clock.now()));
      return;
    }
    throw new Error(
      outcome.reason === 'busy' ? `an import of ${list} is running` : `${list} has no previous version`,
    );
  });
}

async function exportList(
  { withDatabase, stdout }: ListCommandParts,
  list: NumberListName,
  { format, to }: { format: ExportFormat; to?: string },
): Promise<void> {
  const deed = { subject: { kind: 'number-lists', id: list } };
  await recorded(withDatabase, 'dnc export', deed, async (database) => {
    const found = await exportNumbers(database, list, format);
    if (!found) throw new Error(`there is no ${list}`);
    const out = to === undefined ? stdout : createWriteStream(to, { flags: 'wx' });
    if (to !== undefined) await once(out, 'open');
    for await (const piece of found.text) {
      if (!out.write(piece)) await once(out, 'drain');
    }
    if (to === undefined) return;
    out.end();
    await once(out, 'close');
  });
}

function listName(text: string): NumberListName {
  const name = parseListName(text);
  if (name === undefined) {
    throw new InvalidArgumentError('lists are national, litigator, reassigned, internal and state:XX');
  }
  return name;
}

function date(text: string): number {
  const at = parseChangeDate(text);
  if (at === undefined)
    throw new InvalidArgumentError('a date looks like 2026-11-20 or 2026-11-20T08:00:00Z');
  return at;
}

function percent(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 100) || text.trim() === '') {
    throw new InvalidArgumentError('it is a number from 0 to 100');
  }
  return value;
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

import { readFileSync } from 'node:fs';
import { MarketFields } from '../api';
import { ConfigError } from '../config';
import type { Currency, Micros } from '../domain';
import { formatMoney } from '../domain';
import type { Comparison, Difference, MarketEdit, NoReplay, WhatifReport } from '../replay';
import { MarketEdits, MAX_DIFFERENCES, parseEdit, replayCall, whatif } from '../replay';
import type { Database } from '../storage';

type Say = (line: string) => void;

/** What a command ends with: 0 as it should be, 1 otherwise than stored, 2 nothing could be said. */
export type ExitCode = 0 | 1 | 2;

const DAY_MS = 86_400_000;
const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MAX_EDITS = 10_000;

const WHY_NOT: Readonly<Record<NoReplay, string>> = {
  no_such_decision: 'no decision about this call is stored',
  no_position: 'it was decided before the history of the market was kept',
  not_a_position: 'the position of its market cannot be read',
  pruned: 'the history of the market does not go back that far any more',
  unknown: 'this database has never held the market that it was decided over',
};

/** `dce replay`: decides a call once more over the market of its time, and says whether it is the same. */
export async function runReplay(
  database: Database,
  callId: string,
  { json = false }: { json?: boolean },
  say: Say,
): Promise<ExitCode> {
  const replayed = await replayCall(database, callId);
  if (!replayed.ok) {
    const detail = WHY_NOT[replayed.reason];
    say(json ? JSON.stringify({ callId, same: null, reason: replayed.reason, detail }) : detail);
    return 2;
  }
  const { position, decision, differences } = replayed;
  const same = differences.length === 0;
  if (json) say(JSON.stringify({ callId, same, position, differences, decision }, null, 2));
  else if (same) say(`same: ${decision.ok ? `sold to ${decision.plan[0]?.buyerId}` : decision.detail}`);
  else {
    say(`${differences.length}${differences.length === MAX_DIFFERENCES ? ' or more' : ''} fields differ:`);
    for (const difference of differences) say(differenceLine(difference));
  }
  return same ? 0 : 1;
}

function differenceLine({ path, stored, replayed }: Difference): string {
  const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
  return `  ${path}: stored ${shown(stored)}, now ${shown(replayed)}`;
}

export interface WhatifArguments {
  readonly from?: string;
  readonly to?: string;
  readonly campaign?: string;
  readonly change: readonly string[];
  readonly file?: string;
  readonly json?: boolean;
}

/** `dce whatif`: decides the calls of a period over the market as it would have been. */
export async function runWhatif(
  database: Database,
  args: WhatifArguments,
  { say, progress, now }: { readonly say: Say; readonly progress: Say; readonly now: number },
): Promise<ExitCode> {
  const fields = new MarketFields();
  const edits = [...(args.file === undefined ? [] : readEdits(args.file)), ...args.change.map(parse)];
  if (edits.length === 0) throw new ConfigError('nothing is to be changed: give --change or --file');
  if (edits.length > MAX_EDITS) throw new ConfigError(`more than ${MAX_EDITS} changes`);
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const from = args.from === undefined ? today - DAY_MS : instant('--from', args.from);
  const to = args.to === undefined ? from + DAY_MS : instant('--to', args.to);
  if (to <= from) throw new ConfigError('--to is not after --from');
  const report = await whatif(database, {
    period: { from, to, campaignId: args.campaign },
    edits: new MarketEdits(edits, (entity, values, whole) => fields.check(entity, values, whole)),
    onProgress: (calls) => progress(`${calls} calls`),
  });
  if (args.json === true) {
    const [begin, end] = [from, to].map((at) => new Date(at).toISOString());
    say(JSON.stringify({ from: begin, to: end, changes: edits, ...report }, maskSecret, 2));
  } else for (const line of reportLines(report)) say(line);
  return report.calls > 0 ? 0 : 2;

  function parse(text: string): MarketEdit {
    return parseEdit(text, (entity) => fields.of(entity));
  }
}

function maskSecret(name: string, value: unknown): unknown {
  return /(?:^|\.)secret$/.test(name) ? '***' : value;
}

/** Midnight UTC of a date, an instant, or UTC epoch milliseconds. */
function instant(name: string, text: string): number {
  const at = /^\d{10,15}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at)) {
    throw new ConfigError(
      `${name}: "${text}" is none; 2026-11-21, 2026-11-21T09:00:00-05:00 and UTC milliseconds are`,
    );
  }
  return at;
}

/** A list of `{entity, id, set | add | remove}`. */
function readEdits(file: string): MarketEdit[] {
  const text = readFileSync(file, 'utf8');
  if (text.length > MAX_FILE_BYTES) throw new ConfigError(`${file} is larger than ${MAX_FILE_BYTES} bytes`);
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!Array.isArray(list)) throw new ConfigError(`${file}: must be a list of changes`);
  return list.map((edit: unknown, n) => {
    if (isEdit(edit)) return edit;
    throw new ConfigError(
      `${file}: change ${n + 1} must look like {"entity": "campaign", "id": "solar", "set": {"reservePrice": 5000000}}`,
    );
  });
}

function isEdit(value: unknown): value is MarketEdit {
  if (typeof value !== 'object' || value === null) return false;
  const { entity, id, ...does } = value as Record<string, unknown>;
  const [[what, how] = [], ...more] = Object.entries(does);
  if (typeof entity !== 'string' || typeof id !== 'string' || more.length > 0) return false;
  if (what === 'remove') return how === true;
  return (what === 'set' || what === 'add') && typeof how === 'object' && how !== null && !Array.isArray(how);
}

function* reportLines(report: WhatifReport): Generator<string> {
  const skipped = Object.entries(report.skipped).map(([why, calls]) => `${calls} ${why}`);
  yield `${report.calls} calls decided again${skipped.length > 0 ? `; left out: ${skipped.join(', ')}` : ''}`;
  if (report.notReproduced > 0) {
    yield `${report.notReproduced} of them come to another winner than was stored, without any change: see dce replay`;
  }
  for (const key of report.unmet)
    yield `no market of the period has ${key.replace('/', ' ')}: its change came to nothing`;
  const head = ['', 'calls', 'sold', 'winners changed', 'revenue', 'payout', 'margin'];
  yield '';
  yield* table([
    head,
    ...report.totals.map((row) => ['all', ...comparison(row, row.currency)]),
    ...report.campaigns.map((row) => [row.campaignId ?? '(no campaign)', ...comparison(row, row.currency)]),
  ]);
  if (report.buyers.length > 0) {
    yield '';
    yield* table([
      ['buyer', 'calls won', 'revenue'],
      ...report.buyers.map(({ buyerId, currency, before, after }) => [
        buyerId,
        arrow(before.won, after.won, String),
        arrow(before.revenue, after.revenue, (amount) => money(amount, currency)),
      ]),
    ]);
  }
  if (report.shifts.length > 0) {
    yield '';
    yield* table([
      ['from', 'to', 'calls'],
      ...report.shifts.map((row) => [row.from, row.to, String(row.calls)]),
    ]);
  }
  const reasons = report.ineligible.filter(({ before, after }) => before !== after);
  if (reasons.length > 0) {
    yield '';
    yield* table([
      ['bids left out by', 'times'],
      ...reasons.map(({ reason, before, after }) => [reason, arrow(before, after, String)]),
    ]);
  }
}

function comparison({ calls, winnersChanged, before, after }: Comparison, currency?: Currency): string[] {
  const amount = (value: number): string => money(value, currency);
  return [
    String(calls),
    arrow(before.sold, after.sold, String),
    String(winnersChanged),
    arrow(before.revenue, after.revenue, amount),
    arrow(before.payout, after.payout, amount),
    arrow(before.margin, after.margin, amount),
  ];
}

function money(amount: number, currency: Currency | undefined): string {
  return currency === undefined ? String(amount) : formatMoney({ amount: amount as Micros, currency });
}

function arrow(before: number, after: number, shown: (value: number) => string): string {
  return before === after ? shown(before) : `${shown(before)} → ${shown(after)}`;
}

function* table(rows: readonly (readonly string[])[]): Generator<string> {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    yield cells.join('  ').trimEnd();
  }
}

import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import type { CarrierTotals, DocumentPeriod, FinishedRun } from '../billing';
import {
  cdrProfileSchema,
  getRun,
  importCarrierFile,
  listReconciliationDifferences,
  putCdrProfile,
  readPeriod,
  runCallsReconciliation,
  runCarrierReconciliation,
  sumDifferences,
} from '../billing';
import type { Clock, Currency, Micros } from '../domain';
import { AppError, formatMoney, isTimeZone } from '../domain';
import type { Database } from '../storage';
import type { CommandDeed } from './command-record';
import { recorded } from './command-record';
import { openSource } from './open-source';

export interface ReconciliationCommandParts {
  readonly withDatabase: (work: (database: Database) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  readonly clock: Clock;
  /** Who is at the terminal. */
  readonly user: () => string;
  readonly setExitCode: (code: number) => void;
}

const PERIODS = '2026-11, 2026-W47, 2026-11-21 or 2026-11-01..2026-11-16';
const SHOWN = 50;

/** `dce reconcile …`: books compared with calls, and with carriers' records. */
export function addReconciliationCommands(program: Command, parts: ReconciliationCommandParts): void {
  const { withDatabase } = parts;
  const reconcile = program
    .command('reconcile')
    .description('compare the books with the calls, and with the records of carriers');
  reconcile
    .command('calls <period>')
    .description(`calls, settlements and ledger of a period: ${PERIODS}; ends with 1 when something differs`)
    .option('--timezone <zone>', 'whose calendar that is', 'UTC')
    .action((text: string, { timezone }: { timezone: string }) =>
      recorded(withDatabase, 'reconcile calls', { reason: text }, async (database) => {
        const period = periodOf(text, timezone);
        const now = parts.clock.now();
        const run = await runCallsReconciliation(database, { period, requestedBy: parts.user(), now });
        if (run) await report(database, parts, run);
      }),
    );
  reconcile
    .command('carrier <trunk> <period>')
    .description(
      `our calls over a trunk and the carrier's records of them: ${PERIODS}; ends with 1 when something differs`,
    )
    .option('--timezone <zone>', 'whose calendar that is', 'UTC')
    .action((trunkId: string, text: string, { timezone }: { timezone: string }) =>
      recorded(
        withDatabase,
        'reconcile carrier',
        { ...trunkDeed(trunkId), reason: text },
        async (database) => {
          const period = periodOf(text, timezone);
          const run = await runCarrierReconciliation(database, {
            trunkId,
            period,
            requestedBy: parts.user(),
          });
          await report(database, parts, run);
        },
      ),
    );
  reconcile
    .command('import <trunk> <file>')
    .description("import a carrier's records, all of them or none")
    .action((trunkId: string, path: string) =>
      recorded(withDatabase, 'reconcile import', trunkDeed(trunkId), async (database) => {
        const source = await openSource(path);
        const file = await importCarrierFile(database, { trunkId, name: path, source, by: parts.user() });
        const span = [file.firstAt, file.lastAt].map((at) => new Date(at).toISOString()).join(' to ');
        parts.say(`${file.records} records of calls from ${span}`);
      }),
    );
  reconcile
    .command('profile <trunk> <file>')
    .description('say in JSON how the carrier of a trunk writes its records')
    .action((trunkId: string, path: string) =>
      recorded(withDatabase, 'reconcile profile', trunkDeed(trunkId), async (database) => {
        const parsed = cdrProfileSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
        if (!parsed.success) throw new Error(`${path}: ${z.prettifyError(parsed.error)}`);
        await putCdrProfile(database, trunkId, parsed.data);
        parts.say(`the records of trunk ${trunkId} are read so from now on`);
      }),
    );
}

function trunkDeed(id: string): CommandDeed {
  return { subject: { kind: 'trunks', id } };
}

async function report(
  database: Database,
  { say, setExitCode }: ReconciliationCommandParts,
  { id, differences }: FinishedRun,
): Promise<void> {
  const run = await getRun(database, id);
  if (run?.kind === 'carrier') {
    const { ours, carrier, matched, currency } = run.totals as unknown as CarrierTotals;
    say(`ours     ${sideOf(ours, currency)}`);
    say(`carrier  ${sideOf(carrier, currency)}`);
    say(`matched  ${matched} calls`);
  } else {
    const { calls, settled } = run?.totals ?? {};
    say(`${String(calls)} calls, of which ${String(settled)} are settled`);
  }
  if (differences === 0) {
    say('everything fits');
    return;
  }
  setExitCode(1);
  for (const { kind, count, amount, currency } of await sumDifferences(database, id)) {
    say(`${kind.padEnd(20)} ${String(count).padStart(8)}  ${money(amount, currency)}`);
  }
  for (const one of await listReconciliationDifferences(database, { runId: id, limit: SHOWN })) {
    const where = one.line === null ? '' : ` line ${one.line}`;
    say(`  ${one.kind}  ${one.callId ?? '-'}${where}  ${money(one.amount, one.currency)}  ${one.detail}`);
  }
  if (differences > SHOWN) say(`  … and ${differences - SHOWN} more: reconciliation ${id} in the API`);
}

function sideOf({ calls, durationMs, costMicros }: CarrierTotals['ours'], currency: Currency): string {
  return `${calls} calls, ${Math.round(durationMs / 1_000)} s, cost ${money(costMicros, currency)}`;
}

function money(amount: Micros, currency: Currency | null): string {
  return currency === null ? `${amount} micro-units` : formatMoney({ amount, currency });
}

function periodOf(text: string, timezone: string): DocumentPeriod {
  if (!isTimeZone(timezone)) {
    throw new AppError('validation', 'invalid_timezone', 'that is no IANA time zone');
  }
  const period = readPeriod(text, timezone);
  if (!period) throw new InvalidArgumentError(`${text} is no period: ${PERIODS}`);
  return period;
}

import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { RateDeck } from '../billing';
import { CarrierRates, importRateDeck, listRateDecks } from '../billing';
import type { Clock, Currency } from '../domain';
import { formatMoney, isCurrency, parsePhoneNumber, ZERO_MICROS } from '../domain';
import type { CarrierDirection } from '../rating';
import { CARRIER_DIRECTIONS } from '../rating';
import type { Database } from '../storage';
import { changedFields } from '../storage';
import { recorded } from './command-record';
import { openSource } from './open-source';

export interface RatesCommandParts {
  readonly withDatabase: (work: (database: Database) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  readonly stdin: Readable;
  readonly stderr: { write(text: string): unknown };
  readonly clock: Clock;
}

interface ImportOptions {
  readonly name?: string;
  readonly currency?: Currency;
  readonly effectiveFrom?: number;
}

const MAX_SHOWN = 100;
const MAX_NAME = 100;

/** `dce rates …`: what carriers are paid. */
export function addRatesCommands(program: Command, parts: RatesCommandParts): void {
  const rates = program.command('rates').description('what carriers are paid: decks of rates by prefix');
  rates
    .command('import')
    .description('import a deck from CSV, all of it or nothing; docs/rating.md says what is in it')
    .argument('<trunk>', 'the trunk')
    .argument('<direction>', CARRIER_DIRECTIONS.join(' or '), direction)
    .argument('<file>', 'the file; - is standard input')
    .option('--name <name>', "for people; the file's by default")
    .option('--currency <code>', "of its amounts; that of the carrier's account by default", currency)
    .option('--effective-from <instant>', 'e.g. 2026-12-01T00:00:00Z; now by default', instant)
    .action((trunk: string, way: CarrierDirection, file: string, options: ImportOptions) =>
      importDeck(parts, trunk, way, file, options),
    );
  rates
    .command('list')
    .description('decks of a trunk, the latest to come into force first')
    .argument('<trunk>', 'the trunk')
    .action((trunk: string) => list(parts, trunk));
  rates
    .command('check')
    .description('say what the carrier of a trunk is paid for a number, and by which prefix')
    .argument('<trunk>', 'the trunk')
    .argument('<direction>', CARRIER_DIRECTIONS.join(' or '), direction)
    .argument('<number>', 'the number')
    .option('--at <instant>', 'e.g. 2026-12-01T00:00:00Z; now by default', instant)
    .action((trunk: string, way: CarrierDirection, number: string, { at }: { at?: number }) =>
      check(parts, trunk, way, number, at),
    );
}

async function importDeck(
  { withDatabase, say, stdin, stderr, clock }: RatesCommandParts,
  trunkId: string,
  way: CarrierDirection,
  file: string,
  { name, currency: money, effectiveFrom }: ImportOptions,
): Promise<void> {
  const deed = {
    subject: { kind: 'trunks', id: trunkId },
    changes: changedFields(undefined, { direction: way }),
  };
  await recorded(withDatabase, 'rates import', deed, async (database) => {
    const wanted = {
      trunkId,
      direction: way,
      name: (name ?? (file === '-' ? 'standard input' : basename(file))).slice(0, MAX_NAME),
      currency: money,
      effectiveFrom,
      createdBy: undefined,
    };
    const source = file === '-' ? stdin : await openSource(file);
    const imported = await importRateDeck(database, wanted, source, clock.now());
    if (imported.ok) {
      say(described(imported.deck));
      return;
    }
    if (imported.reason === 'broken') {
      for (const { line, field, message } of imported.errors) {
        stderr.write(`${file}:${line}: ${field ?? 'the line'} ${message}\n`);
      }
      if (imported.more) stderr.write('reading was given up there\n');
    }
    throw new Error(`nothing was imported: ${WHY[imported.reason]}`);
  });
}

const WHY = {
  broken: 'the file is not whole',
  too_large: 'the file is too large',
  in_the_past: 'what held before is not changed: name an instant that is yet to come',
  no_such_trunk: 'there is no such trunk',
} as const;

async function list({ withDatabase, say }: RatesCommandParts, trunkId: string): Promise<void> {
  await withDatabase(async (database) => {
    const decks = await listRateDecks(database, trunkId, { limit: MAX_SHOWN });
    if (decks.length === 0) say('the trunk has no rates: nothing is paid for its legs');
    for (const deck of decks) say(described(deck));
  });
}

async function check(
  { withDatabase, say, clock }: RatesCommandParts,
  trunkId: string,
  way: CarrierDirection,
  text: string,
  at: number | undefined,
): Promise<void> {
  const parsed = parsePhoneNumber(text);
  if (!parsed.ok) throw new Error(`${text} is no telephone number (${parsed.reason})`);
  const { number } = parsed;
  await withDatabase(async (database) => {
    const leg = await new CarrierRates().rateOf(database, {
      trunkId,
      direction: way,
      number,
      at: at ?? clock.now(),
    });
    if (!leg) {
      say(`nothing is paid for ${number}`);
      return;
    }
    const { accountId, prefix, plan, currency: money } = leg;
    const fee = plan.connectFee ?? ZERO_MICROS;
    say(
      `${accountId} is paid ${formatMoney({ amount: plan.ratePerMinute, currency: money })} a minute for ${number} ` +
        `(${prefix}), in ${plan.firstIncrementMs / 1_000}/${plan.nextIncrementMs / 1_000} s` +
        (fee > 0 ? `, and ${formatMoney({ amount: fee, currency: money })} a call` : ''),
    );
  });
}

function described(deck: RateDeck): string {
  const { id, direction: way, rates, currency: money, effectiveFrom, accountId, name } = deck;
  const from = new Date(effectiveFrom).toISOString();
  return `${id}  ${way.padEnd(8)}  from ${from}  ${rates} rates in ${money} for ${accountId}  ${name}`;
}

function direction(text: string): CarrierDirection {
  const found = CARRIER_DIRECTIONS.find((one) => one === text);
  if (!found) throw new InvalidArgumentError(`is none of ${CARRIER_DIRECTIONS.join(', ')}`);
  return found;
}

function currency(text: string): Currency {
  if (!isCurrency(text)) throw new InvalidArgumentError('is no currency the exchange settles in');
  return text;
}

/** With its zone: whoever leaves it out may mean another one. */
function instant(text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:?\d{2})$/.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at)) throw new InvalidArgumentError('must look like 2026-12-01T00:00:00Z');
  return at;
}

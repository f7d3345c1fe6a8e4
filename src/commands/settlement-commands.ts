import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { DeadLetter } from '../billing';
import { DeadLetters, settlementStatus } from '../billing';
import { recorded } from './command-record';
import { countUpTo } from './option-values';
import type { Database } from '../storage';

export interface SettlementCommandParts {
  readonly withDatabase: (work: (database: Database) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  /** Who is at the terminal, for the history. */
  readonly user: () => string;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 100_000;
const PAGE = 500;

/** `dce settlements …`: what waits for its money, and what waits for people. */
export function addSettlementCommands(program: Command, parts: SettlementCommandParts): void {
  const settlements = program
    .command('settlements')
    .description('money of calls: what waits, what needs a person, what is to be tried again');
  settlements
    .command('status')
    .description('how many calls wait for their settlement, and for how long')
    .action(() => parts.withDatabase((database) => status(database, parts)));
  settlements
    .command('dead')
    .description('settlements that no retry helped, the oldest first')
    .argument('[call]', 'one call, with what befell its settlement')
    .option('--limit <n>', 'how many', countUpTo(MAX_LIMIT), DEFAULT_LIMIT)
    .action((call: string | undefined, { limit }: { limit: number }) =>
      parts.withDatabase((database) =>
        call === undefined ? list(database, parts, limit) : show(database, parts, call),
      ),
    );
  settlements
    .command('redrive')
    .description('have settlements tried again')
    .argument('[call]', 'the call')
    .option('--all', 'every one that no retry helped')
    .action((call: string | undefined, { all }: { all?: true }) => {
      if ((call === undefined) === (all === undefined)) {
        throw new InvalidArgumentError('name a call, or say --all');
      }
      const deed = { subject: { kind: 'settlements', id: call } };
      return recorded(parts.withDatabase, 'settlements redrive', deed, (database) =>
        call === undefined ? redriveAll(database, parts) : redrive(database, parts, call),
      );
    });
}

async function status(database: Database, { say }: SettlementCommandParts): Promise<void> {
  const { open, oldestOpenMs, deadLetters, openDifferences } = await settlementStatus(database);
  say(`${open} calls wait for their settlement${open > 0 ? `, the oldest for ${oldestOpenMs} ms` : ''}`);
  say(`${deadLetters} settlements need a person${deadLetters > 0 ? ': dce settlements dead' : ''}`);
  say(`${openDifferences} calls ended otherwise than they were settled, and are for people`);
}

async function list(database: Database, { say }: SettlementCommandParts, limit: number): Promise<void> {
  const letters = new DeadLetters(database);
  let after: DeadLetter | undefined;
  let shown = 0;
  while (shown < limit) {
    const page = await letters.list({ limit: Math.min(PAGE, limit - shown), after });
    for (const letter of page) say(lineOf(letter));
    shown += page.length;
    after = page.at(-1);
    if (!after) break;
  }
  const { deadLetters } = await settlementStatus(database);
  if (deadLetters === 0) say('no settlement needs a person');
  else if (shown < deadLetters) say(`and ${deadLetters - shown} more: --limit ${deadLetters}`);
}

async function show(database: Database, { say }: SettlementCommandParts, callId: string): Promise<void> {
  const letter = await new DeadLetters(database).get(callId);
  if (!letter) throw noLetter(callId);
  say(lineOf(letter));
  for (const { at, event, reason, by } of letter.history) {
    say(
      `    ${at.toISOString()}  ${event}${by === null ? '' : ` by ${by}`}${reason === null ? '' : `: ${reason}`}`,
    );
  }
}

async function redrive(
  database: Database,
  { say, user }: SettlementCommandParts,
  callId: string,
): Promise<void> {
  if (!(await new DeadLetters(database).redrive(callId, user()))) throw noLetter(callId);
  say(`the settlement of call ${callId} is tried again`);
}

async function redriveAll(database: Database, { say, user }: SettlementCommandParts): Promise<void> {
  const redriven = await new DeadLetters(database).redriveAll(user());
  say(`${redriven} settlements are tried again`);
}

function noLetter(callId: string): Error {
  return new Error(`no settlement of call ${callId} is waiting for a person`);
}

function lineOf({ callId, reason, diedAt }: DeadLetter): string {
  return `${callId}  ${new Date(diedAt).toISOString()}  ${reason}`;
}

import type { Command } from 'commander';
import { closePeriod, describeFinding, ledgerBalances, verifyLedger } from '../billing';
import { decimalText } from '../domain';
import type { Database } from '../storage';
import { recorded } from './command-record';

export interface LedgerCommandParts {
  readonly withDatabase: (work: (database: Database) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  /** Who is at the terminal. */
  readonly user: () => string;
  readonly setExitCode: (code: number) => void;
}

/** `dce ledger …`: the books. */
export function addLedgerCommands(program: Command, parts: LedgerCommandParts): void {
  const { say, withDatabase, user, setExitCode } = parts;
  const ledger = program
    .command('ledger')
    .description('the books: balances, verification, closing of months');
  ledger
    .command('balances')
    .description('print the balance of every ledger account; debits are positive, credits negative')
    .option('--account <id>', 'of this account only')
    .action(({ account }: { account?: string }) =>
      withDatabase((database) => showBalances(database, say, account)),
    );
  ledger
    .command('verify')
    .description('go through all books from the first entry; ends with 1 when anything is wrong')
    .option('--account <id>', 'those of this account only')
    .action(({ account }: { account?: string }) =>
      withDatabase(async (database) => {
        if (!(await verify(database, say, account))) setExitCode(1);
      }),
    );
  ledger
    .command('close <month>')
    .description('close the books of a month, e.g. 2026-10: nothing is posted into it any more')
    .action((month: string) =>
      recorded(
        withDatabase,
        'ledger close',
        { subject: { kind: 'periods', id: month } },
        async (database) => {
          const { closedAt } = await closePeriod(database, month, { by: user() });
          say(`${month} is closed since ${closedAt?.toISOString()}`);
        },
      ),
    );
}

async function showBalances(
  database: Database,
  say: (line: string) => void,
  account: string | undefined,
): Promise<void> {
  const balances = await ledgerBalances(database, account);
  if (balances.length === 0) say('nothing was ever posted');
  for (const { accountId, purpose, currency, balanceMicros } of balances) {
    say(`${decimalText(balanceMicros, 6).padStart(20)} ${currency}  ${purpose.padEnd(12)}  ${accountId}`);
  }
}

async function verify(
  database: Database,
  say: (line: string) => void,
  account: string | undefined,
): Promise<boolean> {
  const { ok, chains, blocks, entries, findings, more } = await verifyLedger(database, {
    ...(account === undefined ? {} : { accountId: account }),
    onChain: ({ accountId, head }) => say(`${accountId}  ${head}`),
  });
  for (const finding of findings) say(`WRONG  ${describeFinding(finding)}`);
  if (more) say('and more');
  say(
    `${chains} chains, ${blocks} blocks, ${entries} entries: ${ok ? 'all as it should be' : 'not as it should be'}`,
  );
  return ok;
}

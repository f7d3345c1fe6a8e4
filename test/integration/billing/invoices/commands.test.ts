import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { formatMoney, micros } from '../../../../src/domain';
import { addInvoiceCommands } from '../../../../src/commands/invoice-commands';
import { addReconciliationCommands } from '../../../../src/commands/reconciliation-commands';
import { BUYER_ACCOUNT } from '../../../support/call-records';
import { BillingRoom } from './support/billing-room';

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'dce-invoices-'));
const at = (name: string): string => join(folder, name);
let room: BillingRoom;

beforeAll(async () => {
  room = await BillingRoom.open();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await room.close();
});

/** Runs `dce …` as of two days from now. */
async function dce(...words: string[]): Promise<{ said: string[]; exitCode: number }> {
  const said: string[] = [];
  let exitCode = 0;
  const parts = {
    withDatabase: (work: (db: typeof room.db) => Promise<void>) => work(room.db),
    say: (line: string) => void said.push(line),
    clock: { now: () => Date.now() + 2 * DAY_MS, monotonic: () => performance.now() },
    user: () => 'somebody@here',
    setExitCode: (code: number) => void (exitCode = code),
  };
  const program = new Command('dce').exitOverride().configureOutput({ writeErr: () => undefined });
  addInvoiceCommands(program, parts);
  addReconciliationCommands(program, parts);
  await program.parseAsync(words, { from: 'user' });
  return { said, exitCode };
}

test('an invoice is issued, listed, exported and credited; its totals are those of the ledger', async () => {
  await room.calls(3);
  const day = (ahead: number): string => new Date(Date.now() + ahead * DAY_MS).toISOString().slice(0, 10);
  const period = `${day(-1)}..${day(2)}`;
  const owed = formatMoney({ amount: micros(await room.balance()), currency: 'USD' });
  const { said } = await dce('invoices', 'issue', BUYER_ACCOUNT, period);
  const number = said[0]?.split(' ')[0] ?? '';
  expect(said).toEqual([`${number}  balance ${owed}`]);
  await expect(dce('invoices', 'issue', BUYER_ACCOUNT, period)).rejects.toThrow('is invoiced up to');

  await dce('invoices', 'export', number, '--pdf', at('invoice.pdf'), '--csv', at('invoice.csv'));
  const read = execFileSync('pdftotext', ['-layout', at('invoice.pdf'), '-']).toString();
  expect(read).toMatch(new RegExp(`Amount due\\s+${owed.replace('.', '\\.')}`));
  expect(readFileSync(at('invoice.csv'), 'utf8').trim().split('\r\n')).toHaveLength(4);
  await expect(dce('invoices', 'export', number, '--pdf', at('invoice.pdf'))).rejects.toThrow('EEXIST');
  await expect(dce('invoices', 'export', 'INV-1', '--csv', at('none.csv'))).rejects.toThrow(
    'there is no document',
  );
  expect(existsSync(at('none.csv'))).toBe(false);

  await dce('statement', BUYER_ACCOUNT, period, '--csv', at('statement.csv'));
  expect(readFileSync(at('statement.csv'), 'utf8')).toContain(`closing_balance,,,,${owed.split(' ')[0]},USD`);
  expect((await dce('invoices', 'credit', number, 'agreed')).said[0]).toMatch(/^CN-/);
  expect(await room.balance()).toBe(0);
  expect((await dce('invoices', 'list')).said.map((line) => line.split(' ').at(-1))).toEqual([
    number,
    'paid',
  ]);
});

test('reconciliations tell what differs, and end with 1 when something does', async () => {
  expect(await dce('reconcile', 'calls', '2026-11')).toEqual({
    said: [expect.stringMatching(/^\d+ calls, of which \d+ are settled$/), 'everything fits'],
    exitCode: 0,
  });
  await room.own.query(
    `insert into trunks (id, account_id, name, sources, origin) values ('trunk-1', 'operator', 'Trunk', '{192.0.2.1}', 'unknown')`,
  );
  writeFileSync(
    at('profile.json'),
    JSON.stringify({ columns: { time: 'time', called: 'to', duration: 'seconds' } }),
  );
  writeFileSync(at('records.csv'), 'time,to,seconds\n2026-11-21T12:00:05Z,18005550199,60\n');
  await dce('reconcile', 'profile', 'trunk-1', at('profile.json'));
  expect((await dce('reconcile', 'import', 'trunk-1', at('records.csv'))).said[0]).toMatch(
    /^1 records of calls from 2026-11-21/,
  );
  await expect(dce('reconcile', 'import', 'trunk-1', at('no-such.csv'))).rejects.toThrow('ENOENT');
  const { said, exitCode } = await dce('reconcile', 'carrier', 'trunk-1', '2026-11-21');
  expect(exitCode).toBe(1);
  expect(said).toContainEqual(expect.stringMatching(/^missing_at_us\s+1 /));
  expect(said).toContainEqual(expect.stringMatching(/missing_at_us {2}- line 2 {2}.*to \+18005550199/));
});

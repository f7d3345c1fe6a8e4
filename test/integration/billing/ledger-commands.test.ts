import { OPERATOR_ACCOUNT } from '../../../src/domain';
import { Command } from 'commander';
import { addLedgerCommands } from '../../../src/commands/ledger-commands';
import { BUYER_ACCOUNT } from '../../support/call-records';
import { Books, posting, sale } from './support/ledger-books';

let books: Books;

beforeAll(async () => {
  books = await Books.open();
  await books.remember();
});
afterEach(() => books.restore());
afterAll(() => books.close());

/** What a command line says, and how it ends. */
async function dce(...words: string[]): Promise<{ said: string[]; code: number }> {
  const said: string[] = [];
  let code = 0;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addLedgerCommands(program, {
    withDatabase: (work) => work(books.db),
    say: (line) => said.push(line),
    user: () => 'controller',
    setExitCode: (wanted) => (code = wanted),
  });
  for (const command of program.commands.flatMap((one) => [one, ...one.commands])) command.exitOverride();
  await program.parseAsync(['ledger', ...words], { from: 'user' });
  return { said, code };
}

test('balances, to the micro-unit', async () => {
  expect((await dce('balances')).said).toEqual(['nothing was ever posted']);
  const most = Number.MAX_SAFE_INTEGER;
  await books.post('a', [
    ...sale(most),
    ...sale(most),
    posting(BUYER_ACCOUNT, 'held', 1),
    ...sale(-1).slice(0, 1),
  ]);
  expect((await dce('balances')).said).toEqual([
    `            0.000001 USD  held          ${BUYER_ACCOUNT}`,
    `  18014398509.481981 USD  wallet        ${BUYER_ACCOUNT}`,
    ` -18014398509.481982 USD  revenue       ${OPERATOR_ACCOUNT}`,
  ]);
  expect((await dce('balances', '--account', OPERATOR_ACCOUNT)).said).toHaveLength(1);
});

test('verification names every chain with its head, and ends with 1 when anything is wrong', async () => {
  await books.post('a', sale(5));
  const { said, code } = await dce('verify');
  expect(code).toBe(0);
  expect(said).toEqual([
    expect.stringMatching(new RegExp(`^${BUYER_ACCOUNT}  [0-9a-f]{64}$`)),
    expect.stringMatching(new RegExp(`^${OPERATOR_ACCOUNT}  [0-9a-f]{64}$`)),
    '2 chains, 2 blocks, 2 entries: all as it should be',
  ]);
  await books.tamper(`update ledger_accounts set balance = 6 where account_id = '${BUYER_ACCOUNT}'`);
  const wrong = await dce('verify');
  expect(wrong.code).toBe(1);
  expect(wrong.said.slice(2)).toEqual([
    `WRONG  account ${BUYER_ACCOUNT} wallet USD: the kept balance is not the sum of the entries (6, should be 5)`,
    '2 chains, 2 blocks, 2 entries: not as it should be',
  ]);
  expect((await dce('verify', '--account', OPERATOR_ACCOUNT)).code).toBe(0);
});

test('a month is closed, by whom is on record', async () => {
  await books.post('a', sale(5), { effectiveOn: '2024-05-06' });
  expect((await dce('close', '2024-05')).said).toEqual([
    expect.stringMatching(/^2024-05 is closed since 20\d\d-/),
  ]);
  expect(await books.own.query('select closed_by from ledger_periods')).toEqual([
    { closed_by: 'controller' },
  ]);
  await expect(dce('close', 'May')).rejects.toThrow('May is not a month: 2026-10 is');
});

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Database } from '../../../src/storage';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';
const CLIENTS = 8;
const THREADS = 2;

/** Calls a second whose rows pgbench has written. */
export interface PgbenchFigures {
  readonly version: string;
  /** One call to a transaction. */
  readonly singlePerSecond: number;
  /** As many calls to a transaction as a settlement batch has. */
  readonly batchedPerSecond: number;
}

/** @returns undefined when there is no pgbench on this machine */
export async function runPgbench(
  db: Database,
  url: string,
  { batch, seconds }: { readonly batch: number; readonly seconds: number },
): Promise<PgbenchFigures | undefined> {
  const program = findPgbench();
  if (program === undefined) return undefined;
  const { stdout } = await run(program, ['--version']);
  await makeCopies(db);
  const folder = mkdtempSync(join(tmpdir(), 'dce-pgbench-'));
  try {
    const rate = async (calls: number): Promise<number> => {
      // As many calls as can be got through: each is marked done once.
      await fillCopies(db, Math.ceil(calls === 1 ? 8_000 * seconds : 16_000 * seconds));
      const script = join(folder, `${calls}.sql`);
      writeFileSync(script, scriptOf(calls));
      return calls * (await transactionsPerSecond(program, url, script, seconds));
    };
    return { version: stdout.trim(), singlePerSecond: await rate(1), batchedPerSecond: await rate(batch) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function findPgbench(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const places = [
    ...(process.env['PATH'] ?? '').split(':').map((folder) => join(folder, 'pgbench')),
    ...versions.map((version) => join(DEBIAN, version, 'bin/pgbench')),
  ];
  return places.find((place) => existsSync(place));
}

/** Tables of the same columns, constraints and indexes, without triggers and references to others. */
async function makeCopies(db: Database): Promise<void> {
  const tables = [
    'outbox',
    'settlements',
    'holds',
    'ledger_transactions',
    'ledger_entries',
    'ledger_accounts',
  ];
  for (const table of tables) {
    await db.query(`create table copy_${table} (like ${table} including all excluding comments)`);
  }
  // Colons are pgbench's own: what holds any comes from a table.
  await db.query('create table copy_lines as select lines from settlements limit 1');
  await db.query('create sequence copy_call');
  await db.query(
    `insert into copy_ledger_accounts (account_id, purpose, currency)
     select account_id, purpose, currency from ledger_accounts order by id`,
  );
}

async function fillCopies(db: Database, calls: number): Promise<void> {
  for (const table of ['outbox', 'holds', 'settlements', 'ledger_transactions', 'ledger_entries']) {
    await db.query(`truncate copy_${table} restart identity`);
  }
  await db.query(`alter sequence copy_call restart`);
  const session = await db.session(0);
  try {
    await session.query(
      `insert into copy_outbox (type, subject, payload)
       select 'call.ended', 'call-' || n, json_build_object('callId', 'call-' || n, 'connectedMs', 60000, 'sold', true)
       from generate_series(1, ${calls}) n`,
    );
    await session.query(
      `insert into copy_holds (id, call_id, account_id, currency, amount, node_id, boot_id)
       select 'call-' || n || '/1', 'call-' || n, 'buyer-' || lpad((n % 100)::text, 2, '0'), 'USD', 30000000, 'n', 'b'
       from generate_series(1, ${calls}) n`,
    );
    await session.query('analyze');
    await session.query('checkpoint');
  } finally {
    session.release();
  }
}

/**
 * What is written because of a settlement, and nothing else: the event marked as sent and as done, the hold
 * as captured, the ledger's transaction with its nine entries, the balances of nine accounts, the settlement
 * with its lines, and the event that tells of it. Nothing is read, rated, checked or hashed.
 */
function scriptOf(calls: number): string {
  const numbers = `generate_series(:last::bigint - ${calls - 1}, :last::bigint) n`;
  const told = `json_build_object('callId', 'call-' || n, 'transactionId', n, 'connectedMs', 60000, 'currency', 'USD',
    'revenueMicros', 4200000, 'payoutMicros', 2900000, 'feesMicros', 150000, 'taxesMicros', 304500,
    'carrierCostMicros', 12000, 'priced', 'plan', 'campaignId', 'campaign-1', 'sellerId', 'seller-00',
    'buyerId', 'buyer-00', 'buyerAccountId', 'buyer-00')`;
  return `\\set account random(1, 200)
select nextval('copy_call') * ${calls} as last \\gset
update copy_outbox set dispatched_at = now() from ${numbers} where type = 'call.ended' and subject = 'call-' || n;
begin;
update copy_outbox set done_at = now() from ${numbers} where type = 'call.ended' and subject = 'call-' || n and done_at is null;
update copy_holds set state = 'captured', closed_at = now() from ${numbers} where id = 'call-' || n || '/1' and state = 'open';
with posted as (
  insert into copy_ledger_transactions (idempotency_key, kind, call_id)
  select concat('call', chr(58), 'call-', n), 'call_settlement', 'call-' || n from ${numbers} returning id)
insert into copy_ledger_entries (transaction_id, ledger_account_id, amount)
select id, (:account + place * 17) % 200 + 1, place * 100 + 1 from posted, generate_series(1, 9) place;
insert into copy_settlements (call_id, transaction_id, connected_ms, revenue, payout, fees, taxes, carrier_cost, held,
  currency, priced, earned, lines)
select 'call-' || n, n, 60000, 4200000, 2900000, 150000, 304500, 12000, 30000000, 'USD', 'plan', 'plan', lines
from ${numbers}, copy_lines;
insert into copy_outbox (type, subject, payload) select 'call.settled', 'call-' || n, ${told} from ${numbers};
with locked as (
  select id from copy_ledger_accounts where id in (select (:account + place * 17) % 200 + 1 from generate_series(1, 9) place)
  order by id for no key update)
update copy_ledger_accounts a set balance = balance + 1 from locked where a.id = locked.id;
commit;
`;
}

async function transactionsPerSecond(
  program: string,
  url: string,
  script: string,
  seconds: number,
): Promise<number> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const { stdout } = await run(
    program,
    [
      ...['-h', hostname, '-p', port, '-U', username, '-n', '-M', 'prepared'],
      ...['-c', String(CLIENTS), '-j', String(THREADS), '-T', String(seconds), '-f', script],
      pathname.slice(1),
    ],
    { env: { ...process.env, PGPASSWORD: decodeURIComponent(password) } },
  );
  const found = /^tps = ([\d.]+)/m.exec(stdout)?.[1];
  if (found === undefined) throw new Error(`pgbench says no rate:\n${stdout}`);
  return Number(found);
}

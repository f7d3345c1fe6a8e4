import { join } from 'node:path';
import type { Database } from '../../../src/storage';
import { migrateDown, migrateUp, readMigrations } from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';

const MIGRATIONS = readMigrations(join(__dirname, '../../../migrations'));
const BEFORE = MIGRATIONS.filter(({ name }) => name < '0005');
const TERMS = MIGRATIONS.filter(({ name }) => name.startsWith('0005'));
const HISTORY = MIGRATIONS.filter(({ name }) => name.startsWith('0006'));

let own: TestDatabase;
let db: Database;

beforeEach(async () => {
  own = await testDatabase({ migrated: false });
  db = openDatabase(own.url);
  await migrateUp(db, BEFORE);
  await own.query(`
    insert into accounts (id, name, type) values ('party', 'Party', 'buyer');
    insert into trunks (id, account_id, name, sources, origin)
      values ('trunk', 'party', 'Trunk', '{192.0.2.0/24}', 'inbound_consumer');
    insert into campaigns (id, name, currency, auction_type, reserve_price, routing, ring_timeout_ms,
      max_attempts, max_duration_ms, payout, duplicate_window_ms, velocity_per_hour, enforce_hours_inbound)
      values ('strict', 'Strict', 'USD', 'first_price', 5, 'round_robin', 20000, 3, 60000, '{}', 86400000, 7, true),
             ('plain', 'Plain', 'USD', 'second_price', 5, 'auction', 20000, 3, 60000, '{}', 0, 100, false);
    insert into buyers (id, account_id, name, max_concurrent) values ('few', 'party', 'Few', 5), ('many', 'party', 'Many', 0);
    insert into targets (id, buyer_id, name, kind, uri, max_concurrent, ring_timeout_ms)
      values ('desk', 'few', 'Desk', 'sip', 'sip:a@192.0.2.1', 2, 9000), ('hall', 'many', 'Hall', 'sip', 'sip:b@192.0.2.1', 0, null);
    insert into bids (id, campaign_id, buyer_id, target_id, plan, price, caps)
      values ('capped', 'strict', 'few', 'desk', '{}', 5, '{"hourly": 1, "daily": 2, "monthly": 3, "total": 4, "concurrent": 5}'),
             ('daily', 'strict', 'few', 'desk', '{}', 5, '{"daily": 2}'),
             ('lines', 'strict', 'few', 'desk', '{}', 5, '{"concurrent": 5}'),
             ('free', 'plain', 'many', 'hall', '{}', 5, '{}')`);
});
afterEach(async () => {
  await db.close();
  await own.drop();
});

/** Everything of the old market, but for when rows were changed. */
async function oldMarket(): Promise<unknown> {
  const rows: unknown[] = [];
  for (const table of ['trunks', 'campaigns', 'buyers', 'targets', 'bids']) {
    rows.push(...(await own.query(`select to_jsonb(t) - 'updated_at' as row from ${table} t order by id`)));
  }
  return rows;
}

test('what stands goes on as it did: caps, settings, windows and hours are where they are now looked for', async () => {
  await migrateUp(db, TERMS);
  expect(await own.query('select id, caps from bids order by id')).toEqual([
    { id: 'capped', caps: { connections: { hour: 1, day: 2, month: 3, total: 4 }, concurrent: 5 } },
    { id: 'daily', caps: { connections: { day: 2 } } },
    { id: 'free', caps: {} },
    { id: 'lines', caps: { concurrent: 5 } },
  ]);
  expect(await own.query('select id, caps, settings, discipline from buyers order by id')).toEqual([
    { id: 'few', caps: { concurrent: 5 }, settings: null, discipline: null },
    { id: 'many', caps: {}, settings: null, discipline: null },
  ]);
  expect(await own.query('select id, caps, settings, cost_per_minute from targets order by id')).toEqual([
    { id: 'desk', caps: { concurrent: 2 }, settings: { ringTimeoutMs: 9_000 }, cost_per_minute: '0' },
    { id: 'hall', caps: {}, settings: null, cost_per_minute: '0' },
  ]);
  const campaigns = await own.query(
    'select id, duplicates, compliance, margin, velocity_per_hour from campaigns',
  );
  expect(campaigns).toEqual(
    expect.arrayContaining([
      {
        id: 'strict',
        duplicates: { windowMs: 86_400_000, after: 'connected', scope: 'buyer' },
        compliance: { enforceHoursInbound: true },
        // They were never held to a margin, and are not from one day to the next.
        margin: { allowLoss: true },
        velocity_per_hour: 7,
      },
      expect.objectContaining({ id: 'plain', compliance: {} }),
    ]),
  );
  expect(await own.query('select trusts_verstat from trunks')).toEqual([{ trusts_verstat: true }]);
});

test('taken back, it is as it was', async () => {
  const before = await oldMarket();
  await migrateUp(db, TERMS);
  await migrateDown(db, TERMS, 1);
  expect(await oldMarket()).toEqual(before);
});

test('what the old schema cannot say is taken back to what comes nearest', async () => {
  await migrateUp(db, TERMS);
  await own.query(`
    update campaigns set routing = 'performance', velocity_per_hour = 0 where id = 'plain';
    update bids set ping = '{"url": "https://buyer.example"}', caps = '{"conversions": {"day": 3}, "spacingMs": 9}' where id = 'free';
    update buyers set caps = '{"revenue": {"day": 9}}' where id = 'few'`);
  await migrateDown(db, TERMS, 1);
  expect(await own.query(`select routing, velocity_per_hour from campaigns where id = 'plain'`)).toEqual([
    { routing: 'auction', velocity_per_hour: 1_000_000 },
  ]);
  // Nobody asks for its price any more: it must not bid what it might have said at most.
  expect(await own.query(`select status, caps from bids where id = 'free'`)).toEqual([
    { status: 'paused', caps: {} },
  ]);
  expect(await own.query(`select max_concurrent from buyers where id = 'few'`)).toEqual([
    { max_concurrent: 0 },
  ]);
});

test('history begins with what there is', async () => {
  await migrateUp(db, [...TERMS, ...HISTORY]);
  const kept = await own.query(`select entity, id, op, value ->> 'name' as name from market_history
    where entity in ('account', 'buyer', 'campaign') and id <> 'operator' order by entity, id`);
  expect(kept).toEqual([
    { entity: 'account', id: 'party', op: 'insert', name: 'Party' },
    { entity: 'buyer', id: 'few', op: 'insert', name: 'Few' },
    { entity: 'buyer', id: 'many', op: 'insert', name: 'Many' },
    { entity: 'campaign', id: 'plain', op: 'insert', name: 'Plain' },
    { entity: 'campaign', id: 'strict', op: 'insert', name: 'Strict' },
  ]);
  await own.query(`update buyers set name = 'Fewer' where id = 'few'`);
  expect(
    await own.query(`select op, value ->> 'name' as name from market_history where id = 'few' order by seq`),
  ).toEqual([
    { op: 'insert', name: 'Few' },
    { op: 'update', name: 'Fewer' },
  ]);
});

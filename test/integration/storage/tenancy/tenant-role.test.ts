import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Database } from '../../../../src/storage';
import { migrateDown, migrateUp, readMigrations, TenantDatabase } from '../../../../src/storage';
import { insertBids } from '../../../support/market-rows';
import { openDatabase } from '../../../support/open-database';
import { testServices } from '../../../support/services/test-services';

const MIGRATIONS = readMigrations(join(__dirname, '../../../../migrations'));
const name = `test_${process.pid}_plain_${randomBytes(4).toString('hex')}`;
const password = randomBytes(12).toString('hex');
let admin: Client;
let plain: Database;

/** The product's user as operators of clusters make one: it owns its database, and may make no roles. */
beforeAll(async () => {
  const { databaseUrl } = await testServices();
  admin = new Client({ connectionString: databaseUrl });
  await admin.connect();
  await admin.query(`create role "${name}" login password '${password}'`);
  await admin.query(`create database "${name}" owner "${name}" template template0`);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  url.username = name;
  url.password = password;
  plain = openDatabase(url.href, { statementTimeoutMs: 60_000 });
});

afterAll(async () => {
  await plain.close();
  await admin.query(`drop database "${name}" with (force)`);
  await admin.query(`drop role "${name}"`);
  await admin.end();
});

test('who may not become the role of tenants is told what a superuser must do; then it goes on', async () => {
  const refused = await migrateUp(plain, MIGRATIONS).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    message: expect.stringMatching(/may not (become|create)/) as string,
    hint: expect.stringContaining('grant dce_tenant to') as string,
  });
  await admin.query(
    `do $$ begin create role dce_tenant nologin; exception when duplicate_object then null; end $$`,
  );
  await admin.query(`grant dce_tenant to "${name}"`);
  expect(await migrateUp(plain, MIGRATIONS)).toContain('0029_tenancy');
});

test('both walls stand for a user who is no superuser', async () => {
  await insertBids(plain, ['mine', 'other']);
  const mine = new TenantDatabase(plain, 'account-of-mine');
  expect((await mine.query('select id from bids')).rows).toEqual([{ id: 'mine' }]);
  expect((await mine.query(`update bids set price = 7`)).rowCount).toBe(1);
  await expect(mine.query('select 1 from outbox')).rejects.toThrow('permission denied');
  expect((await plain.query('select id from bids order by id')).rows).toEqual([
    { id: 'mine' },
    { id: 'other' },
  ]);
});

test('the wall is taken back as it was put up', async () => {
  const steps = MIGRATIONS.length - MIGRATIONS.findIndex((one) => one.name === '0029_tenancy');
  expect(await migrateDown(plain, MIGRATIONS, steps)).toContain('0029_tenancy');
  const { rows } = await plain.query(
    `select relname from pg_class where relnamespace = 'public'::regnamespace and (relrowsecurity
       or relkind in ('r', 'v') and has_table_privilege('dce_tenant', oid, 'select'))`,
  );
  expect(rows).toEqual([]);
  expect(await migrateUp(plain, MIGRATIONS)).toContain('0029_tenancy');
});

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { E164 } from '../../../../src/domain';
import type { Database, ErasureRules, PrivacyRequest } from '../../../../src/storage';
import {
  getPrivacyRequest,
  listPrivacyRequests,
  openVault,
  PrivacyJob,
  readExport,
  requestPrivacy,
  runNextRequest,
  seedDemoMarket,
} from '../../../../src/storage';
import { consentAct, give, PERSON, TEST_VAULT } from '../../../support/consents';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';
import { until } from '../../../support/until';
import { storeCalls } from './support/stored-calls';

let own: TestDatabase;
let db: Database;
let folder: string;

const RULES: ErasureRules = { keepProof: false, consentYears: 5, now: Date.UTC(2026, 10, 21) };

beforeEach(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  folder = mkdtempSync(join(tmpdir(), 'dce-vault-'));
});
afterEach(async () => {
  await db.close();
  await own.drop();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (kind: 'export' | 'erase', number: E164 = PERSON): Promise<PrivacyRequest> =>
  requestPrivacy(db, TEST_VAULT, {
    kind,
    number,
    requestedBy: 'key of the console',
    basis: `letter of (212) 555-0123, Art. ${kind === 'export' ? 15 : 17} GDPR`,
  });
const next = (): Promise<string | undefined> => runNextRequest(db, TEST_VAULT, RULES);

test('requests are carried out in turn, and what they came to is kept without the number', async () => {
  await storeCalls(db, [{ id: 'call-1', from: PERSON }]);
  await give(db, [consentAct()]);
  const wanted = await ask('export');
  expect(wanted).toMatchObject({
    kind: 'export',
    status: 'waiting',
    requestedBy: 'key of the console',
    completedAt: null,
  });
  const erasure = await ask('erase');
  expect([await next(), await next(), await next()]).toEqual([wanted.id, erasure.id, undefined]);
  expect(await getPrivacyRequest(db, Number(wanted.id))).toMatchObject({
    status: 'done',
    completedAt: expect.any(Date) as Date,
    counts: { calls: 1, consents: 1 },
  });
  const done = await getPrivacyRequest(db, Number(erasure.id));
  expect(done).toMatchObject({
    status: 'done',
    counts: { calls: 1, consent_details: 2, 'consents revoked': 1 },
  });
  expect(done?.remaining.length).toBeGreaterThan(0);
  expect(await readExport(db, TEST_VAULT, Number(wanted.id))).toMatchObject({
    number: PERSON,
    calls: [{ id: 'call-1' }],
  });
  expect(await readExport(db, TEST_VAULT, Number(erasure.id))).toBeUndefined();
  const rows = JSON.stringify(await own.query('select * from privacy_requests'));
  expect(rows).not.toMatch(/5550123|555-0123/);
  expect(rows).toContain('Art. 17 GDPR');
  expect(await own.query('select 1 from privacy_requests where number_sealed is not null')).toEqual([]);
});

test('they are listed newest first, page by page', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) ids.push((await ask('export')).id);
  ids.reverse();
  const page = await listPrivacyRequests(db, 2);
  expect(page.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  expect((await listPrivacyRequests(db, 9, Number(ids[1]))).map(({ id }) => id)).toEqual(ids.slice(2));
});

test('many workers carry out each request once', async () => {
  for (let n = 0; n < 6; n++) await ask('export', `+1212555010${n}` as E164);
  const ids = await Promise.all(Array.from({ length: 10 }, next));
  const taken = ids.filter((id) => id !== undefined);
  expect(new Set(taken).size).toBe(taken.length);
  for (let left = 6 - taken.length; left > 0; left--) expect(await next()).toBeDefined();
  expect(await next()).toBeUndefined();
});

test('what can never work has failed, and says why without the number', async () => {
  await seedDemoMarket(db, { buyerPorts: [5070, 5072] });
  const [{ number } = { number: PERSON }] = await own.query<{ number: E164 }>(
    'select number from did_numbers',
  );
  const { id } = await ask('erase', number);
  await expect(next()).rejects.toMatchObject({ code: 'number_is_ours' });
  expect(await getPrivacyRequest(db, Number(id))).toMatchObject({
    status: 'failed',
    failure: expect.stringContaining('number of the exchange') as string,
  });
  expect(await next()).toBeUndefined();
});

test('what fails for a while is tried again, behind those that did not, and given up in the end', async () => {
  const { id } = await ask('export');
  await own.query('alter table dnc_entries rename to away');
  await expect(next()).rejects.toThrow();
  expect(await getPrivacyRequest(db, Number(id))).toMatchObject({ status: 'waiting' });
  const later = await ask('erase', '+12125550199' as E164);
  await own.query('alter table away rename to dnc_entries');
  expect([await next(), await next()]).toEqual([later.id, id]);
  const hopeless = await ask('export');
  await own.query('alter table dnc_entries rename to away');
  for (let n = 0; n < 5; n++) await expect(next()).rejects.toThrow();
  expect(await getPrivacyRequest(db, Number(hopeless.id))).toMatchObject({ status: 'failed' });
});

test('one that a dead process left is taken up again', async () => {
  const { id } = await ask('export');
  await own.query(
    `update privacy_requests set status = 'running', started_at = now() - interval '59 minutes'`,
  );
  expect(await next()).toBeUndefined();
  await own.query(`update privacy_requests set started_at = now() - interval '61 minutes'`);
  expect(await next()).toBe(id);
});

test('the job of a worker does both, and ends when it is told to', async () => {
  await storeCalls(db, [
    { id: 'old', from: '+12125550188' as E164, receivedAt: RULES.now - 181 * 86_400_000 },
  ]);
  const { id } = await ask('erase');
  const news: string[] = [];
  const job = new PrivacyJob(db, TEST_VAULT, {
    callsDays: 180,
    consentYears: 5,
    auditYears: 7,
    erasure: (now) => ({ ...RULES, now }),
    requestsEveryMs: 10,
    retentionEveryMs: 60_000,
    now: () => RULES.now,
    onRequest: (done) => news.push(`request ${done}`),
    onRetention: ({ counts }) => news.push(`calls ${counts['calls anonymised']}`),
  });
  job.start();
  await until('both', () => news.length >= 2);
  expect([...news].sort()).toEqual(['calls 1', `request ${id}`]);
  const second = await ask('export');
  await until('the next', () => news.includes(`request ${second.id}`));
  await job.close();
  await ask('export');
  const before = news.length;
  await new Promise((done) => setTimeout(done, 50));
  expect(news).toHaveLength(before);
});

describe('the key of an installation', () => {
  const file = (): string => join(folder, 'data', 'privacy-key');

  test('is made once, kept for its owner alone, and used again', async () => {
    const made = await openVault(db, { key: undefined, file: file() });
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const again = await openVault(db, { key: undefined, file: file() });
    expect(again.open(made.seal('x', 'y'), 'y')).toBe('x');
    const given = await openVault(db, { key: readFileSync(file(), 'utf8').trim(), file: 'nowhere' });
    expect(given.checkValue).toEqual(made.checkValue);
  });

  test('must be the one that the database was written with', async () => {
    await openVault(db, { key: 'the key of the first node, long enough', file: file() });
    await expect(
      openVault(db, { key: 'the key of another node, long enough', file: file() }),
    ).rejects.toThrow('every node');
    await expect(openVault(db, { key: undefined, file: file() })).rejects.toThrow('DCE_PRIVACY_KEY');
    expect(existsSync(file())).toBe(false);
    await openVault(db, { key: 'the key of the first node, long enough', file: file() });
  });

  test('is the same for all that start at once on one folder', async () => {
    const vaults = await Promise.all(
      Array.from({ length: 5 }, () => openVault(db, { key: undefined, file: file() })),
    );
    expect(new Set(vaults.map(({ checkValue }) => checkValue.toString('hex'))).size).toBe(1);
  });

  test('is no key when the file is damaged', async () => {
    await openVault(db, { key: undefined, file: file() });
    writeFileSync(file(), 'short');
    await expect(openVault(db, { key: undefined, file: file() })).rejects.toThrow('at least 32 characters');
  });
});

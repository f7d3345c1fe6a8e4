import type { E164 } from '../../../../src/domain';
import type { Database } from '../../../../src/storage';
import { giveConsents, revokeConsents, verifyConsentChains } from '../../../../src/storage';
import { consentAct, give, RECORDED_AT, TEST_VAULT } from '../../../support/consents';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';

let own: TestDatabase;
let db: Database;

beforeEach(async () => {
  own = await testDatabase();
  db = openDatabase(own.url, { poolSize: 10 });
  await own.query(
    `insert into accounts (id, name, type) values ('seller-a', 'Seller A', 'seller'), ('seller-b', 'Seller B', 'seller')`,
  );
});
afterEach(async () => {
  await db.close();
  await own.drop();
});

const person = (n: number): E164 => `+1212555${String(n).padStart(4, '0')}` as E164;

test('nobody changes, removes or empties what was recorded', async () => {
  await give(db, [consentAct()]);
  for (const sql of [
    `update consent_records set acted_at = 0`,
    `delete from consent_records`,
    `truncate consent_records cascade`,
    `update consent_chains set length = 0`,
    `delete from consent_chains`,
    `truncate consent_chains cascade`,
    `update consent_disclosures set words = 'other'`,
    `delete from consent_disclosures`,
    `update consent_details set sealed = 'x'`,
    `truncate consent_details`,
    `insert into consent_chains (name, length) values ('forged', 7)`,
  ]) {
    await expect(own.query(sql)).rejects.toThrow(/append-only|by records alone|begins empty/);
  }
  expect(await verifyConsentChains(db)).toMatchObject([{ chain: 'operator', ok: true, records: 1 }]);
});

test('a record that does not follow the last of its chain is not taken', async () => {
  await give(db, [consentAct()]);
  const copy = (position: number, prev: string): string =>
    `insert into consent_records (chain, position, kind, subject_id, scopes, acted_at, recorded_at, disclosure,
       details_digest, prev_hash, hash)
     select chain, ${position}, kind, subject_id, scopes, acted_at, recorded_at, disclosure, details_digest, ${prev}, hash
     from consent_records`;
  // A fork, a gap, and one that follows something else.
  await expect(own.query(copy(1, 'prev_hash'))).rejects.toThrow('duplicate key');
  await expect(own.query(copy(3, 'hash'))).rejects.toThrow('must follow');
  await expect(own.query(copy(2, 'prev_hash'))).rejects.toThrow('must follow');
  await own.query(copy(2, 'hash'));
  // It follows, and yet its hash is not its own.
  expect(await verifyConsentChains(db)).toEqual([
    { chain: 'operator', ok: false, position: 2, problem: 'was_changed' },
  ]);
});

test('many writers at once never fork a chain, and each finds its place', async () => {
  const sellers = ['operator', 'seller-a', 'seller-b', undefined];
  const writers = Array.from({ length: 10 }, async (_, writer) => {
    for (let turn = 0; turn < 6; turn++) {
      const acts = Array.from({ length: 7 }, (_, n) =>
        consentAct({
          // Persons are shared, and come in different orders.
          number: person((writer * 5 + n * 3 + turn) % 9),
          sellerId: sellers[(writer + n) % 4],
          session: `${writer}/${turn}/${n}`,
        }),
      );
      const ids = await give(db, acts);
      await db.transaction((tx) =>
        revokeConsents(
          tx,
          TEST_VAULT,
          Number(ids[turn]),
          { method: 'keypress', covers: turn % 2 ? 'all_calls' : 'consent' },
          RECORDED_AT + 1,
        ),
      );
    }
  });
  await Promise.all(writers);
  const chains = await verifyConsentChains(db);
  expect(chains.map(({ chain, ok }) => [chain, ok])).toEqual(
    ['*', 'operator', 'seller-a', 'seller-b'].map((name) => [name, true]),
  );
  const [{ given, revoked } = { given: 0, revoked: 0 }] = await own.query<{ given: number; revoked: number }>(
    `select count(*) filter (where kind = 'given')::integer as given, count(*) filter (where kind = 'revoked')::integer as revoked from consent_records`,
  );
  expect(given).toBe(420);
  expect(revoked).toBeGreaterThanOrEqual(60);
  expect(chains.reduce((sum, chain) => sum + (chain.ok ? chain.records : 0), 0)).toBe(given + revoked);
});

test('the same act from many at once is one record', async () => {
  const ids = await Promise.all(Array.from({ length: 8 }, () => give(db, [consentAct()])));
  expect(new Set(ids.flat()).size).toBe(1);
  expect(await own.query('select 1 from consent_records')).toHaveLength(1);
});

test('what is rolled back leaves no gap', async () => {
  await give(db, [consentAct()]);
  const undone = db.transaction(async (tx) => {
    await giveConsents(tx, TEST_VAULT, [consentAct({ session: 'undone' })], RECORDED_AT);
    throw new Error('no');
  });
  await expect(undone).rejects.toThrow('no');
  await give(db, [consentAct({ session: 'next' })]);
  expect(await verifyConsentChains(db)).toMatchObject([{ ok: true, records: 2 }]);
});

describe('of a chain that somebody laid hands on the first wrong record is found:', () => {
  beforeEach(async () => {
    await give(
      db,
      Array.from({ length: 9 }, (_, n) => consentAct({ number: person(n) })),
    );
    await give(db, [consentAct({ sellerId: 'seller-a' })]);
  });
  test.each([
    [
      'another time',
      `update consent_records set acted_at = acted_at + 1 where position = 4`,
      4,
      'was_changed',
    ],
    ['another scope', `update consent_records set scopes = '{texts}' where position = 7`, 7, 'was_changed'],
    [
      'another id',
      `update consent_details set record_id = 2 where false; update consent_records set seller_id = null where position = 9`,
      9,
      'was_changed',
    ],
    [
      'one is gone',
      `delete from consent_details where record_id in (select id from consent_records where position = 5); delete from consent_records where position = 5`,
      5,
      'missing',
    ],
    [
      'the last are gone',
      `delete from consent_details where record_id in (select id from consent_records where position > 7); delete from consent_records where position > 7`,
      8,
      'missing',
    ],
    [
      'other proof',
      `update consent_details set certificate_id = 'forged' where record_id = (select id from consent_records where chain = 'operator' and position = 3)`,
      3,
      'details_changed',
    ],
    [
      'other words',
      `update consent_disclosures set words = 'I agree to everything.'`,
      1,
      'disclosure_changed',
    ],
    ['an end moved back', `update consent_chains set length = 6 where name = 'operator'`, 6, 'head_differs'],
    [
      'two exchanged',
      `update consent_records set position = 100 where position = 2 and chain = 'operator'; update consent_records set position = 2 where position = 3 and chain = 'operator'; update consent_records set position = 3 where position = 100`,
      2,
      'does_not_follow',
    ],
  ])('%s', async (_what, sql, position, problem) => {
    await own.force(sql);
    const [first] = await verifyConsentChains(db);
    expect(first).toEqual({ chain: 'operator', ok: false, position, problem });
  });
});

test('persons that were exchanged beside the chain are found out with the key', async () => {
  await give(db, [
    consentAct({ number: person(1) }),
    consentAct({ number: person(2) }),
    consentAct({ number: person(3) }),
  ]);
  expect(await verifyConsentChains(db, { vault: TEST_VAULT })).toMatchObject([{ ok: true, records: 3 }]);
  await own.force(`update consent_subjects set number_sealed = (select number_sealed from consent_subjects order by id limit 1),
    number_hash = decode(repeat('11', 32), 'hex') where id = (select subject_id from consent_records where position = 2)`);
  expect(await verifyConsentChains(db)).toMatchObject([{ ok: true }]);
  expect(await verifyConsentChains(db, { vault: TEST_VAULT })).toEqual([
    { chain: 'operator', ok: false, position: 2, problem: 'another_person' },
  ]);
});

test('the chain stands without what names the persons', async () => {
  await give(
    db,
    Array.from({ length: 5 }, (_, n) => consentAct({ number: person(n) })),
  );
  const [before] = await verifyConsentChains(db);
  await own.query('delete from consent_details where record_id % 2 = 0');
  const [after] = await verifyConsentChains(db);
  const [{ gone } = { gone: 0 }] = await own.query<{ gone: number }>(
    'select 5 - count(*)::integer as gone from consent_details',
  );
  expect(after).toEqual({ ...before, erased: gone });
  expect(gone).toBeGreaterThan(0);
});

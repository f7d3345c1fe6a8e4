import type { E164 } from '../../../../src/domain';
import type { Database, RevocationAct, RevokedConsents } from '../../../../src/storage';
import {
  consentsOf,
  getConsent,
  giveConsents,
  revokeConsents,
  Vault,
  VaultError,
  verifyConsentChains,
} from '../../../../src/storage';
import { ACTED_AT, consentAct, give, PERSON, RECORDED_AT, TEST_VAULT } from '../../../support/consents';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';

let own: TestDatabase;
let db: Database;

beforeEach(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  await own.query(
    `insert into accounts (id, name, type) values ('seller-a', 'Seller A', 'seller'), ('seller-b', 'Seller B', 'seller')`,
  );
});
afterEach(async () => {
  await db.close();
  await own.drop();
});

const revoke = (
  id: string | undefined,
  act: Partial<RevocationAct> = {},
  at = RECORDED_AT + 1_000,
): Promise<RevokedConsents> =>
  db.transaction((tx) =>
    revokeConsents(tx, TEST_VAULT, Number(id), { method: 'spoken', covers: 'consent', ...act }, at),
  );

test('a consent is kept with everything that proves it, and found by its number', async () => {
  const act = consentAct({ campaignId: 'solar', expiresAt: ACTED_AT + 1_000_000 });
  const [id = ''] = await give(db, [act]);
  const expected = {
    id,
    number: PERSON,
    sellerId: 'operator',
    campaignId: 'solar',
    scopes: ['calls', 'autodialed_calls'],
    givenAt: ACTED_AT,
    recordedAt: RECORDED_AT,
    expiresAt: ACTED_AT + 1_000_000,
    revokedAt: null,
    disclosure: act.disclosure,
    certificate: act.certificate,
    proof: {
      act: act.act,
      pageUrl: act.pageUrl,
      ip: act.ip,
      userAgent: act.userAgent,
      session: act.session,
      identity: act.identity,
      signed: true,
    },
    revocations: [],
    chain: { name: 'operator', position: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
  };
  expect(await getConsent(db, TEST_VAULT, Number(id))).toEqual(expected);
  expect(await consentsOf(db, TEST_VAULT, PERSON)).toEqual([expected]);
  expect(await consentsOf(db, TEST_VAULT, '+12125550124' as E164)).toEqual([]);
});

test('what names the person lies in no table as it is', async () => {
  await give(db, [consentAct()]);
  const tables = await own.query<{ name: string }>(
    `select relname as name from pg_class where relname like 'consent_%' and relkind = 'r'`,
  );
  for (const { name } of tables) {
    const rows = await own.query<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t`);
    for (const { row } of rows)
      expect(row).not.toMatch(/2125550123|Zoë|zoe@|192\.0\.2\.44|session-7f3a|quotes\.example/);
  }
  expect(tables.length).toBeGreaterThan(4);
});

test('another key opens nothing, and a seal opens for nothing else than it was made for', async () => {
  const [id] = await give(db, [consentAct()]);
  const other = new Vault('another key of enough characters ...');
  await expect(getConsent(db, other, Number(id))).rejects.toThrow(VaultError);
  expect(await consentsOf(db, other, PERSON)).toEqual([]);
  const sealed = TEST_VAULT.seal('Zoë', 'here');
  expect(TEST_VAULT.open(sealed, 'here')).toBe('Zoë');
  expect(() => TEST_VAULT.open(sealed, 'there')).toThrow(VaultError);
  for (let at = 0; at < sealed.length; at++) {
    const damaged = Buffer.from(sealed);
    damaged[at] = (damaged[at] as number) ^ 1;
    expect(() => TEST_VAULT.open(damaged, 'here')).toThrow(VaultError);
  }
});

test('the same act told again is the record that there is', async () => {
  const [id] = await give(db, [consentAct()]);
  const again = await db.transaction((tx) =>
    giveConsents(
      tx,
      TEST_VAULT,
      [consentAct(), consentAct({ session: 'another' }), consentAct({ session: 'another' })],
      RECORDED_AT + 9,
    ),
  );
  expect(again[0]).toEqual({ ok: true, id: Number(id), known: true });
  expect(again[1]).toEqual({ ok: true, id: expect.any(Number) as number, known: false });
  expect(again[2]).toEqual({ ...again[1], known: true });
  expect((await consentsOf(db, TEST_VAULT, PERSON)).length).toBe(2);
});

test('acts that cannot be are refused by themselves, the others are recorded', async () => {
  const outcomes = await db.transaction((tx) =>
    giveConsents(
      tx,
      TEST_VAULT,
      [
        consentAct({ givenAt: RECORDED_AT + 300_001 }),
        consentAct({ expiresAt: ACTED_AT }),
        consentAct({ sellerId: 'nobody' }),
        consentAct(),
      ],
      RECORDED_AT,
    ),
  );
  expect(outcomes.map((one) => (one.ok ? 'ok' : one.reason))).toEqual([
    'in_the_future',
    'ends_before_it_begins',
    'no_such_seller',
    'ok',
  ]);
  expect((await verifyConsentChains(db)).map(({ chain }) => chain)).toEqual(['operator']);
});

test('a revocation is a row of its own, with the words of the person', async () => {
  const [id = '', other] = await give(db, [consentAct(), consentAct({ session: 'another' })]);
  const revoked = await revoke(id, {
    revokedAt: RECORDED_AT + 500,
    words: 'Leave me alone!',
    method: 'text_message',
  });
  expect(revoked).toEqual({ ok: true, ids: [expect.any(Number)], listed: false });
  const consent = await getConsent(db, TEST_VAULT, Number(id));
  expect(consent).toMatchObject({
    revokedAt: RECORDED_AT + 500,
    revocations: [
      {
        revokedAt: RECORDED_AT + 500,
        recordedAt: RECORDED_AT + 1_000,
        honouredAt: RECORDED_AT + 1_000,
        method: 'text_message',
        covers: 'consent',
        words: 'Leave me alone!',
        chain: { name: 'operator', position: 3 },
      },
    ],
  });
  expect(await getConsent(db, TEST_VAULT, Number(other))).toMatchObject({ revokedAt: null });
  expect(await own.query('select 1 from dnc_entries')).toEqual([]);
  // Said once more, later: kept as well, and the first word counts.
  await revoke(id, { words: 'I said no.' }, RECORDED_AT + 9_000);
  expect(await getConsent(db, TEST_VAULT, Number(id))).toMatchObject({
    revokedAt: RECORDED_AT + 500,
    revocations: [{}, { words: 'I said no.' }],
  });
});

test('who wants no calls at all is taken out of every chain, and put on the internal list for five years', async () => {
  const [one, , three] = await give(db, [
    consentAct({ sellerId: 'seller-a' }),
    consentAct({ sellerId: 'seller-b', expiresAt: ACTED_AT + 1_000 }),
    consentAct({ sellerId: undefined }),
    consentAct({ number: '+12125550999' as E164, sellerId: 'seller-b' }),
  ]);
  await revoke(three, { covers: 'all_calls', revokedAt: RECORDED_AT });
  const all = await consentsOf(db, TEST_VAULT, PERSON);
  expect(Object.fromEntries(all.map((consent) => [consent.sellerId, consent.revokedAt]))).toEqual({
    'seller-a': RECORDED_AT,
    // It was over already.
    'seller-b': null,
    null: RECORDED_AT,
  });
  expect(all.find(({ id }) => id === one)?.revocations[0]).toMatchObject({ covers: 'all_calls' });
  expect(await own.query('select id, expires_at from dnc_entries')).toEqual([
    { id: `${PERSON}/internal`, expires_at: String(Date.UTC(2031, 0, 5, 12, 1)) },
  ]);
  expect((await consentsOf(db, TEST_VAULT, '+12125550999' as E164))[0]?.revokedAt).toBeNull();
  expect((await verifyConsentChains(db)).every(({ ok }) => ok)).toBe(true);
});

test('an entry that stands for longer is not cut short', async () => {
  const [id] = await give(db, [consentAct()]);
  await own.query(`insert into dnc_entries (id, number, source) values ($1, $2, 'internal')`, [
    `${PERSON}/internal`,
    PERSON,
  ]);
  await revoke(id, { covers: 'all_calls' });
  expect(await own.query('select expires_at, version from dnc_entries')).toEqual([
    { expires_at: null, version: 2 },
  ]);
});

test('revocations of nothing, from before the act and from the future are refused', async () => {
  const [id] = await give(db, [consentAct()]);
  expect(await revoke('999')).toEqual({ ok: false, reason: 'not_found' });
  expect(await revoke(id, { revokedAt: ACTED_AT - 1 })).toEqual({ ok: false, reason: 'before_it_was_given' });
  expect(await revoke(id, { revokedAt: RECORDED_AT + 400_000 })).toEqual({
    ok: false,
    reason: 'in_the_future',
  });
  const done = await revoke(id);
  // What revokes is no consent.
  expect(await revoke(String(done.ok ? done.ids[0] : 0))).toEqual({ ok: false, reason: 'not_found' });
});

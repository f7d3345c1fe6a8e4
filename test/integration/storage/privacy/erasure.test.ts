import type { E164 } from '../../../../src/domain';
import { ConsentIndex, ConsentSuppressions } from '../../../../src/market';
import type { Database, ErasureReport, ErasureRules, SubjectExport } from '../../../../src/storage';
import {
  ConsentFeed,
  consentsOf,
  entityStores,
  eraseSubject,
  exportSubject,
  getSealed,
  giveConsents,
  holdRecording,
  seedDemoMarket,
  Vault,
  verifyConsentChains,
} from '../../../../src/storage';
import { ACTED_AT, consentAct, give, PERSON, TEST_VAULT } from '../../../support/consents';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';
import { storeRecording } from '../../api/support/test-recordings';
import { storeCalls } from './support/stored-calls';

let own: TestDatabase;
let db: Database;

const NOW = Date.UTC(2026, 10, 21, 12);
const OTHER = '+13105550177' as E164;
const RULES: ErasureRules = { keepProof: false, consentYears: 5, now: NOW };

beforeEach(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  await seedDemoMarket(db, { buyerPorts: [5070, 5072] });
});
afterEach(async () => {
  await db.close();
  await own.drop();
});

/** Everything that the exchange may know of a person. */
async function livedLife(): Promise<void> {
  await storeCalls(db, [
    { id: 'call-1', from: PERSON, tags: { phone: '(212) 555-0123', name: 'Zoë Person', zip: '10001' } },
    { id: 'call-2', from: PERSON, detail: 'no buyer wanted +12125550123' },
    { id: 'call-3', from: OTHER, tags: { referrer: '212-555-0123', name: 'Other Caller' } },
    { id: 'call-4', from: OTHER, forwardedBy: [PERSON] },
    { id: 'call-5', from: OTHER },
  ]);
  await own.query(
    `insert into call_late_ends (call_id, record) values ('call-2', '{"caller": "+12125550123"}')`,
  );
  await own.query(
    `insert into fraud_cases (call_id, score, level, reasons, model, caller, dialled, trunk_id, received_at, note) values
       ('call-1', 0.7, 'challenge', '{velocity}', 'rules', '+12125550123', '+18005550100', 'trunk-1', 1, 'asked (212) 555-0123'),
       ('call-5', 0.4, 'flag', '{}', 'rules', '+13105550177', '+18005550100', 'trunk-1', 1, 'like 2125550123')`,
  );
  await own.query(
    `insert into outbox (type, subject, payload) values ('consent.given', 'x', '{"number": "+12125550123"}')`,
  );
  await own.query(
    `insert into api_idempotency (key, api_key_id, request_hash, status, body)
     values ('k', 'a', 'h', 201, $1)`,
    [
      JSON.stringify({
        headers: { Location: '/api/v1/dnc/%2B12125550123%2Finternal' },
        json: '{"number":"+12125550123"}',
      }),
    ],
  );
  await entityStores(db).dnc.insert(`${PERSON}/internal`, {
    number: PERSON,
    source: 'internal',
    expiresAt: NOW + 1_000_000,
  });
  await entityStores(db).dnc.insert(`${PERSON}/litigator`, {
    number: PERSON,
    source: 'litigator',
    expiresAt: undefined,
  });
  await give(db, [consentAct(), consentAct({ sellerId: undefined, expiresAt: ACTED_AT + 5_000 })]);
  await give(db, [consentAct({ number: OTHER })]);
}

/** Tables with a text or JSON column in which a text stands, looked for without the code under test. */
async function tablesWith(...texts: string[]): Promise<string[]> {
  const columns = await own.query<{ table_name: string; column_name: string }>(
    `select table_name, column_name from information_schema.columns c
     where table_schema = 'public' and udt_name in ('text', 'jsonb', 'json', 'varchar', '_text', 'bytea', '_jsonb')
       and exists (select from information_schema.tables t where t.table_name = c.table_name and t.table_type = 'BASE TABLE')`,
  );
  const found = new Set<string>();
  for (const { table_name: table, column_name: column } of columns) {
    for (const text of texts) {
      const [{ count } = { count: 0 }] = await own.query<{ count: number }>(
        `select count(*)::integer as count from "${table}" where position($1 in "${column}"::text) > 0`,
        [text],
      );
      if (count > 0) found.add(table);
    }
  }
  expect(columns.length).toBeGreaterThan(100);
  return [...found].sort();
}

/** However it was written somewhere. */
const WRITTEN = ['2125550123', '212) 555-0123', '212-555-0123', Buffer.from('2125550123').toString('hex')];
const erase = (rules: Partial<ErasureRules> = {}): Promise<ErasureReport> =>
  eraseSubject(db, TEST_VAULT, PERSON, { ...RULES, ...rules });
const exported = (): Promise<SubjectExport> => exportSubject(db, TEST_VAULT, PERSON, NOW);

test('export, erase, search: nothing of the number is left in any table', async () => {
  await livedLife();
  expect(await tablesWith(...WRITTEN)).toEqual([
    'api_idempotency',
    'call_decisions',
    'call_late_ends',
    'calls',
    'dnc_entries',
    'fraud_cases',
    'market_history',
    'outbox',
  ]);
  const before = await exported();
  expect(before.calls).toHaveLength(2);
  const report = await erase();
  expect(await tablesWith(...WRITTEN, 'Zoë', 'zoe@example.com')).toEqual([]);
  expect(report.counts).toEqual({
    'consents revoked': 1,
    consent_details: 3,
    dnc_entries: 2,
    calls: 2,
    call_decisions: 2,
    fraud_cases: 1,
    outbox: 1,
    api_idempotency: 1,
    market_history: 4,
  });
  expect(report.remaining.filter(({ place }) => place !== 'elsewhere')).toEqual([]);
  expect(report.remaining.length).toBeGreaterThan(3);
  const after = await exported();
  expect(after).toMatchObject({ calls: [], consents: [], lists: [], other: {} });
  expect(after.suppression).toEqual({ refusesCalls: true, endsAt: Date.UTC(2031, 10, 21, 12) });
});

test('the export holds everything of the person, and nothing of others', async () => {
  await livedLife();
  const found = await exported();
  expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  expect(found).toMatchObject({
    format: 'dce subject export 1',
    generatedAt: '2026-11-21T12:00:00.000Z',
    number: PERSON,
    suppression: null,
    truncated: [],
  });
  expect(found.lists.map(({ list }) => list).sort()).toEqual(['internal', 'litigator']);
  expect(found.consents).toEqual(await consentsOf(db, TEST_VAULT, PERSON));
  expect(found.consents[0]?.proof?.identity).toEqual({ name: 'Zoë Person', email: 'zoe@example.com' });
  expect(found.calls.map((call) => call['id'])).toEqual(['call-2', 'call-1']);
  expect(found.calls[1]).toMatchObject({
    caller: PERSON,
    decision: {
      trace: {
        attempt: { tags: { name: 'Zoë Person', zip: '10001' } },
        findings: [{ rule: 'tcpa.calling_hours' }],
      },
    },
  });
  // Prices and buyers are no data of the person.
  expect(JSON.stringify(found.calls)).not.toMatch(/bid-1|25000000/);
  expect(Object.keys(found.other).sort()).toEqual([
    'call_decisions',
    'call_late_ends',
    'dnc_entries',
    'fraud_cases',
    'market_history',
  ]);
  expect(found.other['call_decisions']?.map((row) => row['call_id'])).toEqual(['call-3', 'call-4']);
  expect(found.purposes.length).toBeGreaterThan(8);
});

test('calls keep what they earned, and are anonymous: the same person has the same name', async () => {
  await livedLife();
  await own.query(
    `insert into settlements (call_id, connected_ms, revenue, payout, currency) values ('call-1', 60000, 25000000, 8000000, 'USD')`,
  );
  const [before] = await own.query<Record<string, unknown>>(`select * from calls where id = 'call-1'`);
  await erase();
  const rows = await own.query<Record<string, unknown>>('select * from calls order by id');
  const name = TEST_VAULT.pseudonym(PERSON);
  expect(rows.map((row) => row['caller'])).toEqual([name, name, OTHER, OTHER, OTHER]);
  expect(rows.map((row) => row['anonymised_at'] !== null)).toEqual([true, true, false, false, false]);
  expect(rows[0]).toEqual({ ...before, caller: name, anonymised_at: expect.any(Date) as Date });
  expect(rows[1]?.['detail']).toBe(`no buyer wanted ${name}`);
  expect(await own.query('select revenue from settlements')).toEqual([{ revenue: '25000000' }]);
  const decisions = await own.query<{
    decision: { plan: unknown; trace: { attempt: Record<string, unknown> } };
  }>('select decision from call_decisions order by call_id');
  expect(decisions[0]?.decision).toMatchObject({
    plan: [{ bidId: 'bid-1' }],
    trace: { attempt: { from: name, tags: {} } },
  });
  // Somebody else's call loses the number and nothing else.
  expect(decisions[2]?.decision.trace.attempt).toMatchObject({
    from: OTHER,
    tags: { referrer: name, name: 'Other Caller' },
  });
  expect(decisions[3]?.decision.trace.attempt).toMatchObject({ from: OTHER, forwardedBy: [name] });
});

test('erasing again changes nothing', async () => {
  await livedLife();
  await erase();
  const dump = async (): Promise<unknown> => ({
    calls: await own.query('select * from calls order by id'),
    decisions: await own.query('select * from call_decisions order by call_id'),
    records: await own.query('select * from consent_records order by id'),
    suppressions: await own.query(
      'select number_hash, refuses_calls, ends_at, created_at from privacy_suppressions',
    ),
    outbox: await own.query('select * from outbox order by id'),
  });
  const before = await dump();
  expect((await erase()).counts).toEqual({});
  expect(await dump()).toEqual(before);
});

test('the chain of consents stands, with the revocations of the erasure', async () => {
  await livedLife();
  await erase();
  const chains = await verifyConsentChains(db);
  expect(chains).toMatchObject([
    { chain: '*', ok: true, records: 1, erased: 1 },
    { chain: 'operator', ok: true, records: 3, erased: 2 },
  ]);
  expect(await own.query(`select method, acted_at from consent_records where kind = 'revoked'`)).toEqual([
    { method: 'erasure_request', acted_at: String(NOW) },
  ]);
  expect(await consentsOf(db, TEST_VAULT, OTHER)).toMatchObject([{ number: OTHER, revokedAt: null }]);
});

test('proof that the policy keeps stays sealed, tells nodes nothing, and goes when its time is over', async () => {
  await livedLife();
  const report = await erase({ keepProof: true });
  expect(report.remaining).toContainEqual({
    place: 'consent_details',
    rows: 3,
    why: expect.stringContaining('Art. 17(3)(e)') as string,
  });
  expect(await tablesWith(...WRITTEN, 'Zoë')).toEqual([]);
  expect(await consentsOf(db, TEST_VAULT, PERSON)).toEqual([]);
  // Whoever has the key can still prove it.
  expect((await exported()).consents).toMatchObject([
    { number: PERSON, revokedAt: null },
    { number: PERSON, revokedAt: NOW },
  ]);
  const market = { consents: new ConsentIndex(), suppressions: new ConsentSuppressions() };
  const feed = new ConsentFeed(db, market, TEST_VAULT);
  await feed.start();
  expect([market.consents.find(PERSON).length, market.consents.find(OTHER).length]).toEqual([0, 1]);
  await feed.close();
  // Later the law asks for nothing any more.
  expect((await erase({ keepProof: false })).counts).toEqual({ consent_details: 3 });
  expect((await exported()).consents).toEqual([]);
});

test('who must not be called is not called afterwards, and old consents do not come back', async () => {
  await livedLife();
  const market = { consents: new ConsentIndex(), suppressions: new ConsentSuppressions() };
  const feed = new ConsentFeed(db, market, TEST_VAULT);
  await erase();
  await feed.start();
  expect(market.suppressions.has(PERSON, NOW)).toBe(true);
  expect(market.suppressions.has(OTHER, NOW)).toBe(false);
  await feed.close();
  const again = (givenAt: number): Promise<unknown> =>
    db.transaction((tx) => giveConsents(tx, TEST_VAULT, [consentAct({ givenAt })], NOW + 2_000));
  expect(await again(ACTED_AT)).toEqual([{ ok: false, reason: 'erased_since' }]);
  expect(await again(NOW + 1_000)).toMatchObject([{ ok: true, known: false }]);
});

test('a person who was on no list is not on one afterwards', async () => {
  await give(db, [consentAct()]);
  await erase();
  expect(await own.query('select refuses_calls from privacy_suppressions')).toEqual([
    { refuses_calls: false },
  ]);
  // One whose time was over counts as none.
  await entityStores(db).dnc.insert(`${OTHER}/internal`, {
    number: OTHER,
    source: 'internal',
    expiresAt: NOW - 1,
  });
  await eraseSubject(db, TEST_VAULT, OTHER, RULES);
  expect(await own.query('select 1 from privacy_suppressions where refuses_calls')).toEqual([]);
});

test('numbers of the exchange itself are no persons', async () => {
  const [{ number } = { number: PERSON }] = await own.query<{ number: E164 }>(
    'select number from did_numbers',
  );
  await expect(eraseSubject(db, TEST_VAULT, number, RULES)).rejects.toMatchObject({ code: 'number_is_ours' });
});

test('a table that nothing is known of is told and left alone', async () => {
  await own.query(`create table somebody_elses (id integer, note text, more jsonb)`);
  await own.query(
    `insert into somebody_elses values (1, 'call 212-555-0123', null), (2, null, '{"a": ["+12125550123"]}'), (3, 'x', '{"amount": 2125550123}')`,
  );
  expect((await exported()).other['somebody_elses']).toMatchObject([{ id: 1 }, { id: 2 }]);
  const { remaining } = await erase();
  expect(remaining).toContainEqual({ place: 'somebody_elses', rows: 2, why: expect.any(String) as string });
  expect(
    await own.query(`select count(*)::integer as n from somebody_elses where note = 'call 212-555-0123'`),
  ).toEqual([{ n: 1 }]);
});

test('what another room calls the number is found and goes too', async () => {
  await own.query(`create table if not exists rtb_bid_requests (id integer, caller_hash text, state text)`);
  const [{ known } = { known: false }] = await own.query<{ known: boolean }>(
    `select exists (select from information_schema.columns where table_name = 'rtb_bid_requests' and column_name = 'npa') as known`,
  );
  await own.query(
    known
      ? `insert into rtb_bid_requests (at, seller_id, caller_hash, code, reason, latency_ms, node_id) values (1, 's', 'a1b2c3', 200, 'ok', 1, 'n')`
      : `insert into rtb_bid_requests values (1, 'a1b2c3', 'NY')`,
  );
  const aliases = (number: E164): string[] => (number === PERSON ? ['a1b2c3'] : []);
  expect(
    (await exportSubject(db, TEST_VAULT, PERSON, NOW, aliases(PERSON))).other['rtb_bid_requests'],
  ).toHaveLength(1);
  expect((await erase({ aliases })).counts).toEqual({ rtb_bid_requests: 1 });
  expect(await tablesWith('a1b2c3')).toEqual([]);
});

test('many calls are done in many transactions, and what was done stays done', async () => {
  await storeCalls(
    db,
    Array.from({ length: 450 }, (_, n) => ({ id: `call-${n}`, from: PERSON, tags: { n: String(n) } })),
  );
  expect((await erase()).counts).toEqual({ calls: 450 });
  expect(await tablesWith(...WRITTEN)).toEqual([]);
  const [{ names } = { names: 0 }] = await own.query<{ names: number }>(
    'select count(distinct caller)::integer as names from calls',
  );
  expect(names).toBe(1);
});

test('another key makes other names', async () => {
  await storeCalls(db, [{ id: 'call-1', from: PERSON }]);
  const other = new Vault('another key of enough characters ...');
  await eraseSubject(db, other, PERSON, RULES);
  const [{ caller } = { caller: '' }] = await own.query<{ caller: string }>('select caller from calls');
  expect(caller).toBe(other.pseudonym(PERSON));
  expect(caller).not.toBe(TEST_VAULT.pseudonym(PERSON));
});

test('whoever is erased is not heard any more, nor in calls that were anonymous before', async () => {
  await livedLife();
  const theirs = await storeRecording(db, { callId: 'call-1' });
  const held = await storeRecording(db, { callId: 'call-2' });
  const others = await storeRecording(db, { callId: 'call-5' });
  await holdRecording(db, held.id, 'claim 17');
  await own.query(`update calls set caller = $1, anonymised_at = now() where id = 'call-1'`, [
    TEST_VAULT.pseudonym(PERSON),
  ]);
  const { calls } = await exported();
  expect(calls.find(({ id }) => id === 'call-2')).toMatchObject({
    recordings: [{ id: held.id, state: 'saved', consent: { needs: 'one_party' } }],
  });
  const report = await erase();
  expect(report.counts['recordings']).toBe(1);
  expect(report.remaining).toContainEqual(expect.objectContaining({ place: 'recordings', rows: 1 }));
  expect(await getSealed(db, theirs.id)).toBeUndefined();
  expect(await getSealed(db, held.id)).toBeDefined();
  expect(await getSealed(db, others.id)).toBeDefined();
  await holdRecording(db, held.id, undefined);
  expect((await erase()).counts['recordings']).toBe(1);
  expect(await getSealed(db, held.id)).toBeUndefined();
});

import type { E164 } from '../../../../src/domain';
import type { Database, RetentionPolicy, RetentionReport } from '../../../../src/storage';
import {
  applyRetention,
  consentsOf,
  entityStores,
  eraseSubject,
  holdRecording,
  noteRecording,
  revokeConsents,
  verifyConsentChains,
} from '../../../../src/storage';
import { consentAct, give, PERSON, TEST_VAULT } from '../../../support/consents';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';
import { recordingBasics, storeRecording } from '../../api/support/test-recordings';
import { storeCalls } from './support/stored-calls';

let own: TestDatabase;
let db: Database;

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 21, 12);
const POLICY: RetentionPolicy = { callsDays: 180, consentYears: 5, auditYears: 7 };
const person = (n: number): E164 => `+1212555${String(n).padStart(4, '0')}` as E164;

beforeEach(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
});
afterEach(async () => {
  await db.close();
  await own.drop();
});

/** What a run did, less what it had nothing of. */
async function run(
  options: Parameters<typeof applyRetention>[4] = {},
  now = NOW,
): Promise<[Record<string, number>, boolean]> {
  const { counts, whole }: RetentionReport = await applyRetention(db, TEST_VAULT, POLICY, now, options);
  return [Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)), whole];
}
const callers = async (): Promise<unknown> =>
  (await own.query<{ caller: string }>('select caller from calls order by id')).map(({ caller }) => caller);

test('calls lose their person after 180 days, not a day earlier, and never while they are up', async () => {
  await storeCalls(db, [
    {
      id: 'a',
      from: person(1),
      receivedAt: NOW - 181 * DAY,
      tags: { name: 'Zoë' },
      forwardedBy: [person(9)],
    },
    { id: 'b', from: person(1), receivedAt: NOW - 180 * DAY },
    { id: 'c', from: person(2), receivedAt: NOW - 400 * DAY, up: true },
    { id: 'd', from: '+18005550100' as E164, to: person(3), origin: 'callback', receivedAt: NOW - 200 * DAY },
  ]);
  await own.query(
    `insert into fraud_cases (call_id, score, level, model, caller, dialled, trunk_id, received_at, note)
     values ('a', 0.5, 'flag', 'rules', $1, '+18005550100', 'trunk-1', 1, 'heard of ' || $1)`,
    [person(1)],
  );
  await own.query(
    `insert into rtb_reservations (id, seller_id, campaign_id, number, caller_hash, tags_key, state, price, currency,
       content, node_id, call_id, created_at, expires_at, ended_at)
     values ('r' || repeat('0', 30), 's', 'c', '+18005550100', 'hash', 'k', 'used', 1, 'USD',
       '{"price": 1, "callerHash": "hash", "tags": {"name": "Zoë"}}', 'n', 'a', 1, 2, 3)`,
  );
  expect(await run()).toEqual([{ 'calls anonymised': 2 }, true]);
  const name = TEST_VAULT.pseudonym(person(1));
  expect(await own.query('select caller, note from fraud_cases')).toEqual([
    { caller: name, note: `heard of ${name}` },
  ]);
  expect(await own.query('select caller_hash, content from rtb_reservations')).toEqual([
    { caller_hash: null, content: { price: 1, tags: {} } },
  ]);
  expect(await callers()).toEqual([
    TEST_VAULT.pseudonym(person(1)),
    person(1),
    person(2),
    TEST_VAULT.pseudonym('+18005550100'),
  ]);
  const text = JSON.stringify(await own.query(`select * from call_decisions where call_id in ('a', 'd')`));
  for (const gone of ['5550001', '5550009', '5550003', 'Zoë']) expect(text).not.toContain(gone);
  expect(await own.query(`select dialled from calls where id = 'd'`)).toEqual([
    { dialled: TEST_VAULT.pseudonym(person(3)) },
  ]);
  // What came of it stays.
  expect(text).toContain('bid-1');
  expect(await run()).toEqual([{}, true]);
});

test('the end of a call that came late loses it too', async () => {
  await storeCalls(db, [{ id: 'a', from: person(1), receivedAt: NOW - 181 * DAY }]);
  await run();
  await own.query(`insert into call_late_ends (call_id, record) values ('a', $1)`, [
    JSON.stringify({ caller: person(1), ended_at: 5 }),
  ]);
  expect(await run()).toEqual([{ 'late ends anonymised': 1 }, true]);
  expect(await own.query('select record from call_late_ends')).toEqual([
    { record: { caller: TEST_VAULT.pseudonym(person(1)), ended_at: 5 } },
  ]);
});

test('it goes on where it was ended', async () => {
  await storeCalls(
    db,
    Array.from({ length: 25 }, (_, n) => ({
      id: `call-${n}`,
      from: person(n),
      receivedAt: NOW - 181 * DAY + n,
    })),
  );
  let batches = 0;
  const stopped = (): boolean => batches++ >= 2;
  expect(await run({ batch: 10, stopped })).toEqual([{ 'calls anonymised': 20 }, false]);
  expect(await run({ batch: 10 })).toEqual([{ 'calls anonymised': 5 }, true]);
});

test('two at once do everything once', async () => {
  await storeCalls(
    db,
    Array.from({ length: 40 }, (_, n) => ({ id: `call-${n}`, from: person(n), receivedAt: NOW - 181 * DAY })),
  );
  const both = await Promise.all([run({ batch: 7 }), run({ batch: 7 })]);
  const rest = await run({ batch: 7 });
  const sum = [...both, rest].reduce((all, [counts]) => all + (counts['calls anonymised'] ?? 0), 0);
  expect(sum).toBe(40);
});

test('proof of consent goes five years after it ended, and the person with the last of it', async () => {
  const ended = Date.UTC(2020, 0, 1);
  const at = (more: object): ReturnType<typeof consentAct> => consentAct({ givenAt: ended - DAY, ...more });
  const [expired, revoked, , kept] = await give(
    db,
    [
      at({ number: person(1), expiresAt: ended }),
      at({ number: person(2), expiresAt: Date.UTC(2040, 0, 1) }),
      // Stands: it has neither end.
      at({ number: person(3) }),
      // Ended less than five years ago.
      at({ number: person(1), expiresAt: Date.UTC(2021, 10, 22) }),
    ],
    ended,
  );
  await db.transaction((tx) =>
    revokeConsents(
      tx,
      TEST_VAULT,
      Number(revoked),
      { method: 'letter', covers: 'consent', words: 'Never again', revokedAt: ended },
      ended,
    ),
  );
  const [before] = await verifyConsentChains(db);
  expect(await run({ batch: 1 })).toEqual([{ 'proofs of consent removed': 3, 'persons forgotten': 1 }, true]);
  expect((await consentsOf(db, TEST_VAULT, person(1))).map(({ id, proof }) => [id, proof !== null])).toEqual(
    expect.arrayContaining([
      [kept, true],
      [expired, false],
    ]) as unknown,
  );
  expect(await consentsOf(db, TEST_VAULT, person(2))).toEqual([]);
  expect(await consentsOf(db, TEST_VAULT, person(3))).toMatchObject([{ proof: { signed: true } }]);
  expect(await verifyConsentChains(db)).toEqual([{ ...before, erased: 3 }]);
  expect(await run()).toEqual([{}, true]);
});

test('what was kept as proof after an erasure goes then as well', async () => {
  await give(db, [consentAct()]);
  const erasedAt = Date.UTC(2026, 0, 6);
  await eraseSubject(db, TEST_VAULT, PERSON, { keepProof: true, consentYears: 5, now: erasedAt });
  // What nodes had to be told is told by then.
  expect(await run({}, Date.UTC(2031, 0, 5))).toEqual([{ 'removals forgotten': 2 }, true]);
  expect(await run({}, Date.UTC(2031, 0, 7))).toEqual([
    {
      'proofs of consent removed': 2,
      'persons forgotten': 1,
      'suppressions ended': 1,
      'removals forgotten': 2,
    },
    true,
  ]);
});

test('list entries end with their time, requests after seven years, exports after a week', async () => {
  const dnc = entityStores(db).dnc;
  await dnc.insert(`${person(1)}/internal`, { number: person(1), source: 'internal', expiresAt: NOW - 1 });
  await dnc.insert(`${person(2)}/internal`, { number: person(2), source: 'internal', expiresAt: NOW + 1 });
  await dnc.insert(`${person(3)}/litigator`, {
    number: person(3),
    source: 'litigator',
    expiresAt: undefined,
  });
  const request = (status: string, received: number, completed: number | null): Promise<unknown> =>
    own.query(
      `insert into privacy_requests (kind, subject_hash, requested_by, basis, status, received_at, completed_at, result_sealed)
       values ('export', decode(repeat('00', 32), 'hex'), 'me', 'Art. 15', $1, $2, $3, '\\x00')`,
      [status, new Date(received), completed === null ? null : new Date(completed)],
    );
  const old = Date.UTC(2019, 10, 20);
  await request('done', old, old);
  await request('waiting', old, null);
  await request('done', NOW - 8 * DAY, NOW - 8 * DAY);
  await request('done', NOW - 6 * DAY, NOW - 6 * DAY);
  expect(await run()).toEqual([
    { 'list entries expired': 1, 'exports removed': 2, 'requests removed': 1 },
    true,
  ]);
  expect(
    await own.query('select status, result_sealed is null as gone from privacy_requests order by id'),
  ).toEqual([
    { status: 'waiting', gone: false },
    { status: 'done', gone: true },
    { status: 'done', gone: false },
  ]);
  expect(await own.query('select id from dnc_entries order by id')).toHaveLength(2);
});

test('recordings lose their keys when their time is over, unless they are held; those that nobody ended are given up', async () => {
  const due = await storeRecording(db, { startedAt: NOW - 91 * DAY });
  const held = await storeRecording(db, { startedAt: NOW - 91 * DAY });
  const longer = await storeRecording(db, { startedAt: NOW - 91 * DAY, keepDays: 365 });
  const young = await storeRecording(db, { startedAt: NOW - 89 * DAY });
  const lost = recordingBasics({ startedAt: NOW - 3 * DAY });
  const going = recordingBasics({ startedAt: NOW - DAY });
  for (const basics of [lost, going]) await noteRecording(db, basics, 'PCMU');
  await holdRecording(db, held.id, 'claim 17');
  expect(await run()).toEqual([{ 'recordings erased': 1, 'recordings given up': 1 }, true]);
  const states = await own.query<{ id: string; state: string; keyed: boolean }>(
    'select id, state, sealed_key is not null as keyed from recordings',
  );
  expect(Object.fromEntries(states.map(({ id, state, keyed }) => [id, [state, keyed]]))).toEqual({
    [due.id]: ['erased', false],
    [held.id]: ['saved', true],
    [longer.id]: ['saved', true],
    [young.id]: ['saved', true],
    [lost.id]: ['failed', false],
    [going.id]: ['recording', false],
  });
  expect(await run()).toEqual([{}, true]);
  await holdRecording(db, held.id, undefined);
  expect(await run()).toEqual([{ 'recordings erased': 1 }, true]);
});

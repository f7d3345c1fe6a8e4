import type { Consent, E164 } from '../../../../src/domain';
import { ConsentIndex, ConsentSuppressions } from '../../../../src/market';
import type { ConsentFeedOptions, Database, Vault } from '../../../../src/storage';
import { ConsentFeed, giveConsents, revokeConsents } from '../../../../src/storage';
import { ACTED_AT, consentAct, give, PERSON, RECORDED_AT, TEST_VAULT } from '../../../support/consents';
import { openDatabase } from '../../../support/open-database';
import { TcpProxy } from '../../../support/tcp-proxy';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';
import { until } from '../../../support/until';

let own: TestDatabase;
let proxy: TcpProxy;
/** Where consents are recorded. */
let db: Database;
/** What the feed has. */
let far: Database;
let market: { consents: ConsentIndex; suppressions: ConsentSuppressions };
let news: string[];
let feed: ConsentFeed;
let now: number;

function openFeed(
  options: ConsentFeedOptions = {},
  vault: Vault = TEST_VAULT,
  index = new ConsentIndex(),
): ConsentFeed {
  market = { consents: index, suppressions: new ConsentSuppressions() };
  return new ConsentFeed(
    far,
    market,
    vault,
    {
      onFresh: () => news.push('fresh'),
      onStale: () => news.push('stale'),
      onBadRow: (id) => news.push(`bad ${id}`),
      onFull: (left) => news.push(`full ${left}`),
    },
    { batch: 3, pulseMs: 200, ...options },
    () => now,
  );
}

beforeEach(async () => {
  own = await testDatabase();
  proxy = await TcpProxy.open(own.url);
  db = openDatabase(own.url);
  far = openDatabase(proxy.url, { statementTimeoutMs: 500, connectTimeoutMs: 500, applicationName: 'feed' });
  news = [];
  now = 0;
  feed = openFeed();
});
afterEach(async () => {
  proxy.mend();
  await feed.close();
  await far.close();
  await db.close();
  await proxy.close();
  await own.drop();
});

const person = (n: number): E164 => `+1212555${String(n).padStart(4, '0')}` as E164;
const found = (number: E164 = PERSON): readonly Consent[] => market.consents.find(number);
const revoke = (id: string | undefined): Promise<unknown> =>
  db.transaction((tx) =>
    revokeConsents(tx, TEST_VAULT, Number(id), { method: 'keypress', covers: 'consent' }, RECORDED_AT + 1),
  );

test('the first load holds every consent, however many pages it takes', async () => {
  const acts = Array.from({ length: 10 }, (_, n) =>
    consentAct({ number: person(n % 7), givenAt: ACTED_AT + n }),
  );
  const ids = await give(db, acts);
  await revoke(ids[2]);
  await feed.start();
  expect(feed.fresh).toBe(true);
  expect(news).toEqual(['fresh']);
  expect(market.consents.size).toBe(10);
  expect(found(person(2))).toEqual([
    {
      id: ids[9],
      number: person(2),
      sellerId: 'operator',
      campaignId: undefined,
      scopes: ['calls', 'autodialed_calls'],
      givenAt: ACTED_AT + 9,
      expiresAt: undefined,
      revokedAt: undefined,
      certificate: { issuer: 'trustedform', id: '0123456789abcdef0123456789abcdef01234567' },
    },
    expect.objectContaining({ id: ids[2], revokedAt: RECORDED_AT + 1 }),
  ]);
});

test('what is given, revoked and erased reaches the market', async () => {
  await feed.start();
  const [id] = await give(db, [consentAct()]);
  await until('the consent', () => found().length === 1);
  await revoke(id);
  await until('the revocation', () => found()[0]?.revokedAt === RECORDED_AT + 1);
  await give(db, [consentAct({ number: person(1) })]);
  await until('the next', () => found(person(1)).length === 1);
  await own.query('delete from consent_details where record_id = $1', [id]);
  await until('the removal', () => found().length === 0);
  await own.query('update consent_subjects set erased_at = now()');
  await until('the erasure', () => market.consents.size === 0);
  expect(news).toEqual(['fresh']);
});

test('a transaction that ends after younger ones is not missed', async () => {
  // The words that were shown are known already: nobody waits for them.
  await give(db, [consentAct({ number: person(9) })]);
  await feed.start();
  let release: (() => void) | undefined;
  const held = new Promise<void>((go) => {
    release = go;
  });
  let begun: (() => void) | undefined;
  const isOpen = new Promise<void>((go) => {
    begun = go;
  });
  // The older transaction has its number and its records, and does not end.
  const old = db.transaction(async (tx) => {
    await giveConsents(tx, TEST_VAULT, [consentAct({ number: person(1) })], RECORDED_AT);
    begun?.();
    await held;
  });
  await isOpen;
  // Younger ones, in another chain, end before it; the feed has read them all.
  for (let n = 2; n < 6; n++) {
    await give(db, [consentAct({ number: person(n), sellerId: undefined })]);
    await until('a younger one', () => found(person(n)).length === 1);
  }
  expect(found(person(1))).toEqual([]);
  release?.();
  await old;
  await until('the older one', () => found(person(1)).length === 1);
});

test('a page of nothing but erased persons hides nothing behind it', async () => {
  await feed.start();
  proxy.cut();
  await until('the loss', () => !feed.fresh);
  await give(
    db,
    Array.from({ length: 7 }, (_, n) => consentAct({ number: person(n) })),
  );
  await own.query(
    'delete from consent_details where record_id in (select record_id from consent_details order by 1 limit 6)',
  );
  proxy.mend();
  await until('recovery', () => feed.fresh);
  expect(market.consents.size).toBe(1);
  expect(found(person(6))).toHaveLength(1);
});

test('a connection that is lost is replaced, and what changed meanwhile is seen', async () => {
  const ids = await give(db, [
    consentAct(),
    consentAct({ number: person(1) }),
    consentAct({ number: person(2) }),
  ]);
  await feed.start();
  proxy.cut();
  await until('the loss', () => !feed.fresh);
  await revoke(ids[0]);
  await give(db, [consentAct({ number: person(3) })]);
  await own.query('delete from consent_details where record_id = $1', [ids[1]]);
  // As it was last known.
  expect([found().length, found()[0]?.revokedAt, market.consents.size]).toEqual([1, undefined, 3]);
  proxy.mend();
  await until('recovery', () => feed.fresh);
  expect(found()[0]?.revokedAt).toBe(RECORDED_AT + 1);
  expect([found(person(1)).length, found(person(2)).length, found(person(3)).length]).toEqual([0, 1, 1]);
  expect(news).toEqual(['fresh', 'stale', 'fresh']);
});

test('a connection that is dead without anybody telling is found out', async () => {
  await feed.start();
  proxy.freeze();
  await give(db, [consentAct()]);
  await until('the loss', () => !feed.fresh);
  proxy.mend();
  await until('recovery', () => found().length === 1);
});

test('away for longer than removals are remembered, it reads everything anew', async () => {
  const [gone] = await give(db, [consentAct(), consentAct({ number: person(1) })]);
  await feed.start();
  proxy.cut();
  await until('the loss', () => !feed.fresh);
  await own.query('delete from consent_details where record_id = $1', [gone]);
  await own.query('delete from consent_removals');
  now += 86_400_001;
  proxy.mend();
  await until('recovery', () => feed.fresh);
  expect([found().length, found(person(1)).length]).toEqual([0, 1]);
});

test('rows that were brought here from another cluster are read once', async () => {
  await give(db, [consentAct()]);
  // Their transactions are yet to come, by their numbers.
  await own.force(`update consent_records set tx = '999999999'`);
  await feed.start();
  expect(found()).toHaveLength(1);
  await give(db, [consentAct({ number: person(1) })]);
  await until('the next', () => found(person(1)).length === 1);
});

test('numbers of erased persons that must not be called are known by their hash', async () => {
  const hash = (n: number): Buffer => TEST_VAULT.hashNumber(person(n));
  const put = (n: number, refuses: boolean): Promise<unknown> =>
    own.query(
      `insert into privacy_suppressions (number_hash, refuses_calls, ends_at) values ($1, $2, 1000)
       on conflict (number_hash) do update set refuses_calls = excluded.refuses_calls`,
      [hash(n), refuses],
    );
  await put(1, true);
  await put(2, false);
  await feed.start();
  const suppressed = (): boolean[] => [1, 2, 3].map((n) => market.suppressions.has(person(n), 0));
  expect(suppressed()).toEqual([true, false, false]);
  expect(market.suppressions.has(person(1), 1_000)).toBe(false);
  await put(3, true);
  await until('the next', () => market.suppressions.has(person(3), 0));
  await put(1, false);
  await until('the release', () => !market.suppressions.has(person(1), 0));
  expect(suppressed()).toEqual([false, false, true]);
});

test('consents that cannot be opened are left out, one by one', async () => {
  const [bad] = await give(db, [consentAct()]);
  await own.query(`update consent_subjects set number_sealed = '\\x00'`);
  await give(db, [consentAct({ number: person(1) })]);
  await feed.start();
  // What is read twice, because others were under way, is told twice.
  expect([...new Set(news)]).toEqual([`bad ${bad}`, 'fresh']);
  expect([found().length, found(person(1)).length]).toEqual([0, 1]);
});

test('what finds no room is told', async () => {
  await give(
    db,
    Array.from({ length: 5 }, (_, n) => consentAct({ number: person(n) })),
  );
  feed = openFeed({}, TEST_VAULT, new ConsentIndex({ maxConsents: 3 }));
  await feed.start();
  expect(news).toEqual([expect.stringMatching(/^full [2-9]$/), 'fresh']);
  expect(market.consents.size).toBe(3);
});

import type { E164 } from '../../../src/domain';
import { NumberLists } from '../../../src/market';
import type { Database } from '../../../src/storage';
import { NumberListFeed, NumberListStore, rollBackNumbers } from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import { TcpProxy } from '../../support/tcp-proxy';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';
import { daysAgo, lines, take } from './support/number-list-files';

let own: TestDatabase;
let proxy: TcpProxy;
/** Where lists are imported. */
let db: Database;
/** What the feed has. */
let far: Database;
let lists: NumberLists;
let feed: NumberListFeed;
let news: string[];

beforeAll(async () => {
  own = await testDatabase();
  proxy = await TcpProxy.open(own.url);
  db = openDatabase(own.url);
});
afterAll(async () => {
  await db.close();
  await proxy.close();
  await own.drop();
});
beforeEach(async () => {
  await own.query('truncate number_list_versions, number_list_segments cascade');
  far = openDatabase(proxy.url, {
    statementTimeoutMs: 1_000,
    connectTimeoutMs: 1_000,
    applicationName: 'feed',
  });
  lists = new NumberLists();
  news = [];
  feed = new NumberListFeed(
    far,
    lists,
    {
      onFresh: () => news.push('fresh'),
      onStale: () => news.push('stale'),
      onChanged: (name) => news.push(`${name} ${lists.version(name)?.version ?? 'gone'}`),
      onBadList: (name, error) => news.push(`bad ${name}: ${error.message}`),
    },
    { pulseMs: 200 },
  );
});
afterEach(async () => {
  proxy.mend();
  feed.close();
  await far.close();
});

const day = (days: number): string => new Date(daysAgo(days)).toISOString().slice(0, 10);
const versionOf = (): string | undefined => lists.version('national')?.version;
const isListed = (number: string): boolean => lists.hitsFor(number as E164, Date.now()).length > 0;
const LIST = lines(212, 555, 0, 2_000) + lines(310, 444, 0, 500) + '+442071838750\n';

test('what is current is loaded at the start', async () => {
  await take(db, 'national', LIST, { asOf: daysAgo(3) });
  await take(db, 'state:TX', lines(214, 555, 0, 10));
  await feed.start();
  expect(news).toEqual([`national ${day(3)}`, `state:TX ${day(1)}`, 'fresh']);
  expect(lists.ages()).toEqual([
    { list: 'national', version: day(3), asOf: daysAgo(3) },
    { list: 'state', state: 'TX', version: day(1), asOf: daysAgo(1) },
  ]);
  expect(
    ['+12125550000', '+13104440499', '+442071838750', '+12125552000', '+14155550000'].map(isListed),
  ).toEqual([true, true, true, false, false]);
  expect(lists.stats(Date.now())).toMatchObject({ entries: 2_511 });
});

test('a new version, a rollback and a new list reach the node; what is the same is not read again', async () => {
  await take(db, 'national', LIST, { asOf: daysAgo(3) });
  await feed.start();
  const before = lists.version('national')?.numbers;
  await take(db, 'national', LIST + lines(415, 222, 0, 5), { asOf: daysAgo(2) });
  await until('the new version', () => versionOf() === day(2));
  const after = lists.version('national')?.numbers;
  expect(isListed('+14152220004')).toBe(true);
  for (const area of [0, 212, 310]) expect(after?.segment(area)?.data).toBe(before?.segment(area)?.data);
  await rollBackNumbers(db, 'national');
  await until('the old version', () => versionOf() === day(3));
  expect(isListed('+14152220004')).toBe(false);
  await take(db, 'litigator', lines(415, 222, 0, 1));
  await until('the other list', () => isListed('+14152220000'));
  expect(news).toEqual([
    `national ${day(3)}`,
    'fresh',
    `national ${day(2)}`,
    `national ${day(3)}`,
    `litigator ${day(1)}`,
  ]);
});

test('an area that changed a little is taken over as what is different, and then made whole', async () => {
  const many = lines(212, 555, 0, 9_000) + lines(212, 556, 0, 9_000);
  await take(db, 'national', many, { asOf: daysAgo(3) });
  await feed.start();
  const held: boolean[] = [];
  const install = lists.install.bind(lists);
  lists.install = (version) => {
    held.push(version.numbers.segment(212)?.flips !== undefined);
    install(version);
  };
  await take(db, 'national', `${many}212,5559999\n`, { asOf: daysAgo(2) });
  await until('both forms', () => held.length === 2);
  expect(held).toEqual([true, false]);
  expect(isListed('+12125559999')).toBe(true);
  const version = await new NumberListStore(db).currentOf('national');
  const stored = await new NumberListStore(db).area(version?.id as number, 212);
  expect(lists.version('national')?.numbers.segments).toEqual(stored.segments);
});

test('every look-up while versions change sees one version whole', async () => {
  // Each version has every second number of the other: never both, never none.
  const versions = [0, 1].map((odd) =>
    Array.from({ length: 400 }, (_, n) => lines(200 + (n % 80), 300 + n, 2 * n + odd, 2 * n + odd + 1)).join(
      '',
    ),
  );
  const probes = versions.map((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => `+1${line.replace(',', '')}` as E164),
  );
  await take(db, 'national', versions[0] as string, { maxLoss: 1 });
  await feed.start();
  let torn = 0;
  let lookups = 0;
  let stop = false;
  const looking = (async () => {
    while (!stop) {
      const now = Date.now();
      const seen = probes.map(
        (numbers) => numbers.filter((number) => lists.hitsFor(number, now).length > 0).length,
      );
      lookups++;
      if (!((seen[0] === 400 && seen[1] === 0) || (seen[0] === 0 && seen[1] === 400))) torn++;
      await new Promise(setImmediate);
    }
  })();
  for (const n of [1, 0, 1, 0, 1]) await take(db, 'national', versions[n] as string, { maxLoss: 1 });
  await until('the last version', () => versionOf() === `${day(1)}.6`);
  stop = true;
  await looking;
  expect(torn).toBe(0);
  expect(lookups).toBeGreaterThan(5);
  expect(isListed(probes[1]?.[7] as string)).toBe(true);
});

test('a version that is damaged is not used: the one before stays, and it is told once', async () => {
  await take(db, 'national', LIST, { asOf: daysAgo(3) });
  await feed.start();
  await take(db, 'national', LIST + lines(415, 222, 0, 5), { asOf: daysAgo(2) });
  await until('the good version', () => versionOf() === day(2));
  await rollBackNumbers(db, 'national');
  await until('the old version', () => versionOf() === day(3));
  await own.query(`update number_list_segments set data = set_byte(data, 3250, 77) where area = 415`);
  await rollBackNumbers(db, 'national');
  await until('the complaint', () => news.some((each) => each.startsWith('bad')));
  expect(news.at(-1)).toMatch(/^bad national: area 415 of version \d+ has another checksum/);
  expect(versionOf()).toBe(day(3));
  await take(db, 'national', LIST + lines(415, 222, 0, 9), { asOf: daysAgo(1) });
  await until('the next version', () => versionOf() === day(1));
  expect(news.filter((each) => each.startsWith('bad'))).toHaveLength(1);
});

test('a version that lost an area is not used', async () => {
  await take(db, 'national', LIST);
  await own.query('delete from number_list_segments where area = 310');
  await feed.start();
  expect(news).toEqual([
    expect.stringMatching(/^bad national: .* has 2001 numbers in storage, not 2501/),
    'fresh',
  ]);
  expect(lists.ages()).toEqual([]);
});

test('while the database is away the last known version answers; what changed meanwhile is seen', async () => {
  await take(db, 'national', LIST, { asOf: daysAgo(3) });
  await take(db, 'state:TX', lines(214, 555, 0, 10));
  await feed.start();
  proxy.cut();
  await until('the loss', () => !feed.fresh);
  expect(isListed('+12125550000')).toBe(true);
  await take(db, 'national', LIST + lines(415, 222, 0, 5), { asOf: daysAgo(2) });
  await own.query(`delete from number_list_versions where list = 'state:TX'`);
  proxy.mend();
  await until('recovery', () => feed.fresh);
  expect(isListed('+14152220004')).toBe(true);
  expect(isListed('+12145550000')).toBe(false);
  expect(news.slice(2)).toEqual(['fresh', 'stale', 'state:TX gone', `national ${day(2)}`, 'fresh']);
});

test('a change that nobody told of is seen at the next look', async () => {
  await feed.start();
  await take(db, 'national', LIST);
  await until('the list', () => versionOf() === day(1));
  await own.query(`update number_list_versions set status = 'retired'`);
  await until('its end', () => versionOf() === undefined);
});

test('a connection that is dead without a word is noticed', async () => {
  await feed.start();
  proxy.freeze();
  await until('the loss', () => !feed.fresh);
  await take(db, 'national', LIST);
  proxy.mend();
  await until('recovery', () => feed.fresh && versionOf() === day(1));
});

test('a start without a database fails, and nothing is left of it', async () => {
  proxy.cut();
  await expect(feed.start()).rejects.toThrow();
  expect(feed.fresh).toBe(false);
  expect(far.connections.total).toBe(0);
});

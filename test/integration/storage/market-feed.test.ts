import type { MarketEntity } from '../../../src/market';
import { Market } from '../../../src/market';
import type { Database, Queryable } from '../../../src/storage';
import { DEMO, entityStores, MarketFeed, seedDemoMarket } from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import { TcpProxy } from '../../support/tcp-proxy';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';

let own: TestDatabase;
let proxy: TcpProxy;
/** Where changes are made. */
let db: Database;
/** What the feed has. */
let far: Database;
let market: Market;
let feed: MarketFeed;
let news: string[];

beforeAll(async () => {
  own = await testDatabase();
  proxy = await TcpProxy.open(own.url);
  db = openDatabase(own.url);
  await seedDemoMarket(db, { buyerPorts: [5070, 5072] });
});
afterAll(async () => {
  await db.close();
  await proxy.close();
  await own.drop();
});
beforeEach(() => {
  far = openDatabase(proxy.url, { statementTimeoutMs: 500, connectTimeoutMs: 500, applicationName: 'feed' });
  market = new Market();
  news = [];
  feed = new MarketFeed(
    far,
    market,
    {
      onFresh: () => news.push('fresh'),
      onStale: () => news.push('stale'),
      onBadRow: (entity: MarketEntity, id: string) => news.push(`bad ${entity} ${id}`),
    },
    { pulseMs: 200 },
  );
});
afterEach(async () => {
  proxy.mend();
  feed.close();
  await far.close();
});

const killFeed = (): Promise<unknown> =>
  own.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'feed'`);
const rename = (name: string): Promise<unknown> =>
  own.query('update campaigns set name = $1 where id = $2', [name, DEMO.campaignId]);
const listed = (): number => market.lists.rows.size;
const campaignName = (): string | undefined => market.campaign(DEMO.campaignId)?.name;

test('the first load holds everything, money and plans as the domain knows them', async () => {
  await feed.start();
  expect(feed.fresh).toBe(true);
  expect(news).toEqual(['fresh']);
  expect(market.bidCount).toBe(3);
  expect(market.campaign(DEMO.campaignId)).toMatchObject({
    reservePrice: 12_000_000,
    payout: { kind: 'per_call', amount: 8_000_000, afterMs: 2_000 },
  });
  expect(market.bid('demo-buyer-1-bid')).toMatchObject({
    expiresAt: undefined,
    caps: { connections: { day: 1_000 }, concurrent: 50 },
  });
  expect(market.trunkBySource('127.0.0.9')?.id).toBe('demo-trunk');
});

test('what is added, changed and removed reaches the market', async () => {
  await feed.start();
  const stores = entityStores(db);
  await stores.dnc.insert('+12125550999/internal', {
    number: '+12125550999' as never,
    source: 'internal',
    expiresAt: undefined,
  });
  await stores.bid.update('demo-buyer-1-bid', undefined, { priority: 9 });
  await stores.trunk.update('demo-trunk', undefined, { sources: ['192.0.2.0/24'] });
  await until('the changes', () => market.bid('demo-buyer-1-bid')?.priority === 9);
  await until('the trunk', () => market.trunkBySource('192.0.2.7')?.id === 'demo-trunk');
  expect(market.trunkBySource('127.0.0.9')).toBeUndefined();
  await until('the entry', () => listed() === 1);
  await stores.dnc.remove('+12125550999/internal');
  await until('the removal', () => listed() === 0);
  await stores.trunk.update('demo-trunk', undefined, { sources: ['127.0.0.0/8'] });
  expect(news).toEqual(['fresh']);
});

test('a change that is rolled back is no change', async () => {
  await feed.start();
  const before = campaignName();
  const undone = db.transaction(async (tx) => {
    await tx.query(`update campaigns set name = 'Never' where id = $1`, [DEMO.campaignId]);
    throw new Error('no');
  });
  await expect(undone).rejects.toThrow('no');
  await own.query(`update accounts set name = 'Marker' where id = 'demo-seller'`);
  await until('what came after', () => market.account('demo-seller')?.name === 'Marker');
  expect(campaignName()).toBe(before);
});

test('of a burst of changes the last of each holds', async () => {
  await feed.start();
  for (let n = 0; n < 50; n++) await rename(`Burst ${n}`);
  await until('the last', () => campaignName() === 'Burst 49');
});

test('more changes than are worth reading one by one arrive as well', async () => {
  await feed.start();
  await own.query(
    `insert into dnc_entries (id, number, source)
     select '+1212' || n || '/internal', '+1212' || n, 'internal' from generate_series(2000000, 2012000) as n`,
  );
  await until('all of them', () => listed() === 12_001, 20_000);
  await own.query('delete from dnc_entries');
  await until('none of them', () => listed() === 0, 20_000);
  await rename('After the flood');
  await until('the next change', () => campaignName() === 'After the flood');
  expect(news).toEqual(['fresh']);
});

test('a row that cannot be used is left out, with what it said before, and is back when it is mended', async () => {
  await own.query(`update trunks set sources = '{nowhere}'`);
  await feed.start();
  expect(news).toEqual(['bad trunk demo-trunk', 'fresh']);
  expect(market.trunkSources()).toEqual([]);
  expect(market.bidCount).toBe(3);
  await own.query(`update trunks set sources = '{127.0.0.0/8}'`);
  await until('the mended row', () => market.trunkBySource('127.0.0.1') !== undefined);
  await own.query(`update trunks set sources = '{nowhere}'`);
  await until('the bad row', () => market.trunkBySource('127.0.0.1') === undefined);
  expect(news).toEqual(['bad trunk demo-trunk', 'fresh', 'bad trunk demo-trunk']);
  await own.query(`update trunks set sources = '{127.0.0.0/8}'`);
});

test('a connection that is killed is replaced, and what changed meanwhile is seen', async () => {
  await feed.start();
  proxy.cut();
  await until('the loss', () => !feed.fresh);
  await rename('While away');
  await own.query(`delete from bids where id = 'demo-buyer-2-bid'`);
  // As it was last known.
  expect(market.bidCount).toBe(3);
  proxy.mend();
  await until('recovery', () => feed.fresh);
  expect(campaignName()).toBe('While away');
  expect(market.bidCount).toBe(2);
  await rename('Live again');
  await until('the next change', () => campaignName() === 'Live again');
  expect(news).toEqual(['fresh', 'stale', 'fresh']);
});

test('killed again and again while everything changes, it ends with the truth and leaks no connection', async () => {
  await feed.start();
  for (let n = 0; n < 40; n++) {
    await rename(`Storm ${n}`);
    if (n % 8 === 3) {
      await killFeed();
      await new Promise((later) => setTimeout(later, 60));
    }
  }
  await until('the truth', () => feed.fresh && campaignName() === 'Storm 39');
  await rename('Calm');
  await until('the next change', () => campaignName() === 'Calm');
  await until('one listener', () => far.connections.total - far.connections.idle === 1);
});

test('a connection that is dead without a word is noticed', async () => {
  await feed.start();
  proxy.freeze();
  await until('the loss', () => !feed.fresh);
  await rename('In the dark');
  proxy.mend();
  await until('recovery', () => feed.fresh);
  expect(campaignName()).toBe('In the dark');
});

test('changes that cannot be read one by one are read with everything else', async () => {
  await feed.start();
  // The listening connection lives, the history cannot be read for longer than the feed waits.
  await db.transaction(async (tx) => {
    await tx.query('lock table market_history in access exclusive mode');
    await tx.query(`update accounts set name = 'Locked' where id = 'demo-seller'`);
    await tx.query('commit; begin; lock table market_history in access exclusive mode');
    await until('the loss', () => !feed.fresh);
  });
  await until('recovery', () => feed.fresh);
  expect(market.account('demo-seller')?.name).toBe('Locked');
});

test('a start without a database fails, and nothing is left of it', async () => {
  proxy.cut();
  await expect(feed.start()).rejects.toThrow();
  expect(feed.fresh).toBe(false);
  expect(far.connections.total).toBe(0);
});

/** A feed whose first reading of everything goes as told. */
function feedThatReads(read: (work: () => Promise<unknown>) => Promise<unknown>): MarketFeed {
  const told = Object.create(far, {
    session: { value: far.session.bind(far) },
    query: { value: far.query.bind(far) },
    transaction: {
      value: (work: (tx: Queryable) => Promise<unknown>, mode: 'snapshot') =>
        read(() => far.transaction(work, mode)),
    },
  }) as Database;
  return new MarketFeed(told, market);
}

test('what changes while everything is read is read again', async () => {
  feed = feedThatReads(async (work) => {
    const contents = await work();
    await rename('Meanwhile');
    // Long enough for the news of it to arrive before what was read is taken over.
    await new Promise((later) => setTimeout(later, 100));
    return contents;
  });
  await feed.start();
  await until('the change', () => campaignName() === 'Meanwhile');
});

test('a start that fails half way leaves no connection behind', async () => {
  feed = feedThatReads(() => Promise.reject(new Error('not today')));
  await expect(feed.start()).rejects.toThrow('not today');
  await until('nothing in use', () => far.connections.total === far.connections.idle);
});

test('a market is seeded once, however many start at once', async () => {
  const fresh = await testDatabase();
  const pool = openDatabase(fresh.url);
  const seeded = await Promise.all(
    Array.from({ length: 4 }, () => seedDemoMarket(pool, { buyerPorts: [1, 2] })),
  );
  expect(seeded.filter(Boolean)).toHaveLength(1);
  expect(await fresh.query('select count(*)::int as n from bids')).toEqual([{ n: 3 }]);
  await pool.close();
  await fresh.drop();
});

import fc from 'fast-check';
import type { MarketChange, MarketContents } from '../../../src/market';
import { EMPTY_MARKET, Market } from '../../../src/market';
import type { Database, PastContents, Queryable } from '../../../src/storage';
import {
  applyChanges,
  changesBetween,
  entityStores,
  fillMarket,
  marketAt,
  MarketFeed,
  MarketHistoryKeeper,
  pruneMarketHistory,
  seedDemoMarket,
} from '../../../src/storage';
import { forgetListHistory } from '../../../src/storage/privacy/suppress';
import { CONTENTS_KEY, MARKET_ENTITIES } from '../../../src/storage/market-tables';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';

/** What a market holds, by kind and id, in an order of its own. */
type Picture = Record<string, unknown>;

/** A market that remembers what it was given. */
class MirrorMarket extends Market {
  readonly #values = new Map<string, unknown>();

  override load(contents: MarketContents): void {
    this.#values.clear();
    super.load(contents);
  }

  override apply(change: MarketChange): void {
    super.apply(change);
    if (change.op === 'remove') this.#values.delete(`${change.entity} ${change.id}`);
    else this.#values.set(`${change.entity} ${idOf(change.value)}`, change.value);
  }

  picture(): Picture {
    return pictureOf(this.#values);
  }
}

const idOf = (value: object): string => {
  const { id, number, source } = value as { id?: string; number?: string; source?: string };
  return id ?? `${number}/${source}`;
};
const pictureOf = (values: ReadonlyMap<string, unknown>): Picture =>
  Object.fromEntries([...values].sort(([a], [b]) => (a < b ? -1 : 1)));

function contentsPicture(past: PastContents): Picture {
  if (!past.ok) throw new Error(past.reason);
  const market = new MirrorMarket();
  fillMarket(market, past.contents);
  return market.picture();
}

let own: TestDatabase;
let db: Database;
const feeds: MarketFeed[] = [];

/** A feed that is closed after the test, however that ends. */
function feedOf(...args: ConstructorParameters<typeof MarketFeed>): MarketFeed {
  const feed = new MarketFeed(...args);
  feeds.push(feed);
  return feed;
}

beforeEach(async () => {
  own = await testDatabase();
  db = openDatabase(own.url, { poolSize: 12 });
  await seedDemoMarket(db, { buyerPorts: [5070, 5072] });
});
afterEach(async () => {
  for (const feed of feeds.splice(0)) feed.close();
  await db.close();
  await own.drop();
});

const nap = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const BUYERS = ['demo-buyer-1', 'demo-buyer-2'] as const;

/** One step of a transaction; whatever it does, weights of the two demo bids add up to the same. */
type Step =
  | { readonly kind: 'shift'; readonly by: number }
  | { readonly kind: 'list' | 'unlist'; readonly n: number }
  | { readonly kind: 'order' | 'end order'; readonly n: number }
  | { readonly kind: 'rename'; readonly name: string }
  | { readonly kind: 'cap'; readonly most: number }
  | { readonly kind: 'nap'; readonly ms: number };
interface Script {
  readonly steps: readonly Step[];
  readonly end: 'commit' | 'rollback' | 'half';
}

const small = fc.integer({ min: 0, max: 6 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('shift' as const), by: fc.integer({ min: -3, max: 3 }) }),
  fc.record({ kind: fc.constantFrom('list' as const, 'unlist' as const), n: small }),
  fc.record({ kind: fc.constantFrom('order' as const, 'end order' as const), n: small }),
  fc.record({ kind: fc.constant('rename' as const), name: fc.stringMatching(/^[a-z]{3,8}$/) }),
  fc.record({ kind: fc.constant('cap' as const), most: small }),
  fc.record({ kind: fc.constant('nap' as const), ms: fc.integer({ min: 0, max: 12 }) }),
);
const script: fc.Arbitrary<Script> = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 6 }),
  end: fc.constantFrom('commit' as const, 'commit' as const, 'rollback' as const, 'half' as const),
});

async function perform(tx: Queryable, one: Step): Promise<void> {
  switch (one.kind) {
    case 'shift':
      await tx.query(
        `update bids set weight = weight + case id when 'demo-buyer-1-bid' then $1::integer else -$1::integer end
         where id in ('demo-buyer-1-bid', 'demo-buyer-2-bid')`,
        [one.by],
      );
      return;
    case 'list':
      await tx.query(
        `insert into dnc_entries (id, number, source) values ($1 || '/internal', $1, 'internal')
         on conflict (id) do update set expires_at = coalesce(dnc_entries.expires_at, 0) + 1`,
        [`+1212555010${one.n}`],
      );
      return;
    case 'unlist':
      await tx.query('delete from dnc_entries where number = $1', [`+1212555010${one.n}`]);
      return;
    case 'order':
      await tx.query(
        `insert into hours_overrides (id, place, effect, starts_at, ends_at, citation)
         values ($1, 'FL', 'forbid', 1, 2, 'Order') on conflict do nothing`,
        [`order-${one.n}`],
      );
      return;
    case 'end order':
      await tx.query('delete from hours_overrides where id = $1', [`order-${one.n}`]);
      return;
    case 'rename':
      await tx.query('update campaigns set name = $1', [one.name]);
      return;
    case 'cap':
      await tx.query(`update buyers set caps = jsonb_build_object('concurrent', $1::integer) where id = $2`, [
        one.most,
        BUYERS[one.most % 2],
      ]);
      return;
    case 'nap':
      await nap(one.ms);
  }
}

/** Runs a transaction to its end; of two that wait for each other one is told to give up, as it may. */
async function run({ steps, end }: Script): Promise<void> {
  const work = db.transaction(async (tx) => {
    for (const [n, one] of steps.entries()) {
      if (end === 'half' && n === 1) await tx.query('savepoint half');
      await perform(tx, one);
    }
    if (end === 'half' && steps.length > 1) await tx.query('rollback to savepoint half');
    if (end === 'rollback') throw new Error('rolled back');
  });
  await work.catch((error: unknown) => {
    if (!/rolled back|deadlock/.test(String(error))) throw error;
  });
}

const weights = (picture: Picture): number =>
  BUYERS.reduce((sum, id) => sum + (picture[`bid ${id}-bid`] as { weight: number }).weight, 0);

test('whatever changes at once, the market is at each step exactly what its position names, and nothing half done', async () => {
  await own.query('update bids set weight = 500');
  await fc.assert(
    fc.asyncProperty(fc.array(script, { minLength: 20, maxLength: 40 }), async (scripts) => {
      const market = new MirrorMarket();
      const seen = new Map<string, Picture>();
      const look = (): unknown => seen.set(market.position ?? '', market.picture());
      const feed = feedOf(db, market, { onFresh: look, onChanged: look });
      await feed.start();
      const waiting = [...scripts];
      const worker = async (): Promise<void> => {
        for (let next = waiting.shift(); next; next = waiting.shift()) await run(next);
      };
      await Promise.all([worker(), worker(), worker(), worker()]);
      await own.query(`update accounts set name = name || '.' where id = 'demo-carrier'`);
      const [last] = await own.query<{ name: string }>(`select name from accounts where id = 'demo-carrier'`);
      await until('the last change', () => market.account('demo-carrier')?.name === last?.name);
      feed.close();

      const positions = [...seen.keys()];
      for (const position of positions) {
        const picture = seen.get(position) as Picture;
        expect(contentsPicture(await marketAt(db, position))).toEqual(picture);
        expect(weights(picture)).toBe(1_000);
      }
      // From any of them to any other, forwards and back.
      const moving = new MirrorMarket();
      const way = [...positions, ...[...positions].reverse()];
      fillMarket(moving, await past(way[0] as string));
      for (const [n, to] of way.entries()) {
        const between = await changesBetween(db, way[n - 1] ?? to, to, 1_000);
        if (!between.ok) throw new Error(between.reason);
        applyChanges(moving, between.changes);
        expect(moving.picture()).toEqual(seen.get(to));
      }
      expect(positions.length).toBeGreaterThan(1);
    }),
    { numRuns: 4 },
  );
});

async function past(position: string): Promise<MarketContents> {
  const found = await marketAt(db, position);
  if (!found.ok) throw new Error(found.reason);
  return found.contents;
}

/** The position now, as a node that starts would have it. */
async function positionNow(): Promise<string> {
  const market = new Market();
  const feed = feedOf(db, market);
  await feed.start();
  feed.close();
  return market.position as string;
}

test('every kind of entity comes back as it was, field by field, whatever became of it', async () => {
  const stores = entityStores(db);
  await stores.bid.update('demo-buyer-1-bid', undefined, {
    targeting: { near: { zip: '10001', miles: 50 }, tags: { plan: ['a', 'b'] } },
    modifiers: [{ factorBp: 12_000, states: ['NY'] }],
    ping: {
      url: 'https://buyer.example/ping',
      method: 'POST',
      timeoutMs: 250,
      perSecond: 0,
      showCaller: false,
      secret: 'sixteen-or-longer',
      confirmUrl: undefined,
      noticeUrl: undefined,
    },
    expiresAt: 1_900_000_000_000,
  });
  await stores.campaign.update('demo-insurance', undefined, { qualityWeight: 0.1 + 0.2 });
  await stores.override.insert('order', {
    place: 'FL',
    effect: 'forbid',
    startsAt: 1,
    endsAt: 2,
    citation: 'Order',
  });
  const quality = { rings: 10.5, answers: 7.25, conversions: 0.1, connectedMs: 90_000, revenue: 5_000_000 };
  await stores.quality.insert('demo-buyer-1-bid', quality);
  const prior = { calls: 3.5, bad: 0.5, shortCalls: 1, answered: 2, confirmed: 1, cleared: 0 };
  await stores.prior.insert('seller:demo-seller', prior);
  await stores.model.insert('2026-11-21', { status: 'shadow', model: { weights: [0.1, -1e-7] } });
  const position = await positionNow();
  const before = new MirrorMarket();
  const feed = feedOf(db, before);
  await feed.start();
  feed.close();
  expect(before.picture()).toMatchObject({
    'quality demo-buyer-1-bid': quality,
    'prior seller:demo-seller': prior,
    'model 2026-11-21': { model: { weights: [0.1, -1e-7] } },
  });
  expect(Object.keys(before.picture())).toEqual(
    expect.arrayContaining([
      'seller demo-seller',
      'trunk demo-trunk',
      'number demo-number',
      'override order',
    ]),
  );

  await own.query(`delete from bids; delete from targets; delete from hours_overrides`);
  await own.query(`delete from fraud_priors; update fraud_models set status = 'active'`);
  await own.query(
    `update campaigns set status = 'archived', quality_weight = 1; update trunks set max_cps = 7`,
  );
  expect(contentsPicture(await marketAt(db, position))).toEqual(before.picture());
  expect(contentsPicture(await marketAt(db, await positionNow()))).not.toEqual(before.picture());
});

test('what changes nothing that the market knows leaves no trace', async () => {
  const count = async (): Promise<unknown> => own.query('select count(*)::integer as n from market_history');
  const before = await count();
  await own.query('update campaigns set version = version + 1, name = name');
  expect(await count()).toEqual(before);
});

test('a table that is emptied at once is empty for the market, and was not before', async () => {
  const market = new MirrorMarket();
  const feed = feedOf(db, market);
  await feed.start();
  const { bidCount } = market;
  expect(bidCount).toBeGreaterThan(0);
  const before = market.position as string;
  await own.query('truncate bids cascade');
  await until('the bids to be gone', () => market.bidCount === 0);
  feed.close();
  expect((await past(before)).bids).toHaveLength(bidCount);
  expect((await past(market.position as string)).bids).toHaveLength(0);
});

test('a position that there never was is told from one that cannot be had any more', async () => {
  const now = await positionNow();
  const [, xmax = '0'] = /:(\d+):/.exec(now) ?? [];
  const later = BigInt(xmax) + 1_000_000n;
  for (const [position, reason] of [
    ['', 'not_a_position'],
    ['1/x', 'not_a_position'],
    [`1/5:3:`, 'not_a_position'],
    [`1/1:2:3'; drop table bids`, 'not_a_position'],
    [`7/1:1:`, 'unknown'],
    [`1/${later}:${later}:`, 'unknown'],
  ]) {
    expect([position, await marketAt(db, position as string)]).toEqual([position, { ok: false, reason }]);
    expect(await changesBetween(db, now, position as string, 10)).toMatchObject({ ok: false });
  }
  expect(await changesBetween(db, now, now, 10)).toEqual({ ok: true, changes: [] });
});

test('more changes than are worth it are far', async () => {
  const before = await positionNow();
  await own.query(
    `insert into dnc_entries (id, number, source)
     select '+1212' || n || '/internal', '+1212' || n, 'internal' from generate_series(2000000, 2000010) as n`,
  );
  const now = await positionNow();
  expect(await changesBetween(db, before, now, 10)).toEqual({ ok: false, reason: 'far' });
  expect(await changesBetween(db, before, now, 11)).toMatchObject({ ok: true });
});

test('pruning takes what is replaced or gone, and no market of a later instant changes', async () => {
  const rename = (name: string): Promise<unknown> =>
    own.query(`update campaigns set name = $1 where id = 'demo-insurance'`, [name]);
  const list = (): Promise<unknown> =>
    own.query(
      `insert into dnc_entries (id, number, source) values ('+12125550100/internal', '+12125550100', 'internal')`,
    );
  await rename('First');
  await list();
  const first = await positionNow();
  await rename('Second');
  await own.query('delete from dnc_entries');
  await own.query(`update market_history set at = at - interval '10 days'`);
  // A transaction of somebody else that is still open makes a position one that may miss what is pruned.
  await until('older transactions to be over', async () => {
    const [row] = await own.query<{ over: boolean }>(
      'select pg_snapshot_xmin(pg_current_snapshot()) > max(xid) as over from market_history',
    );
    return row?.over === true;
  });
  const second = await positionNow();
  await rename('Third');
  await list();
  const third = await positionNow();
  const [before2, before3] = [
    contentsPicture(await marketAt(db, second)),
    contentsPicture(await marketAt(db, third)),
  ];

  const day = 86_400_000;
  const run = (): Promise<unknown> => pruneMarketHistory(db, { before: Date.now() - 5 * day, batch: 2 });
  expect(await pruneMarketHistory(db, { before: 0 })).toEqual({ rows: 0, whole: true });
  // The seed's name, "First", the entry and its removal.
  expect(await run()).toEqual({ rows: 4, whole: true });
  expect(await run()).toEqual({ rows: 0, whole: true });
  expect(await marketAt(db, first)).toEqual({ ok: false, reason: 'pruned' });
  expect(await changesBetween(db, third, first, 10)).toEqual({ ok: false, reason: 'pruned' });
  expect(contentsPicture(await marketAt(db, second))).toEqual(before2);
  expect(contentsPicture(await marketAt(db, third))).toEqual(before3);
  expect(await pruneMarketHistory(db, { before: Date.now(), stopped: () => true })).toEqual({
    rows: 0,
    whole: false,
  });
});

test('what was erased of a person is gone from every node, and from no market but of that', async () => {
  const number = '+12125550100';
  const list = (one: string): Promise<unknown> =>
    own.query(`insert into dnc_entries (id, number, source) values ($1 || '/internal', $1, 'internal')`, [
      one,
    ]);
  await list(number);
  await list('+12125550199');
  const market = new MirrorMarket();
  const feed = feedOf(db, market);
  await feed.start();
  const before = market.position as string;
  // Row and history go at once: no removal is left to be read.
  await db.transaction(async (tx) => {
    await tx.query('delete from dnc_entries where number = $1', [number]);
    expect(await forgetListHistory(tx, number as never)).toBe(2);
  });
  await until('the entry to be gone', () => !(`dnc ${number}/internal` in market.picture()));
  expect(JSON.stringify(await own.query('select * from market_history'))).not.toContain(number);
  const then = contentsPicture(await marketAt(db, before));
  expect(then).toEqual(market.picture());
  expect(Object.keys(then)).toContain('dnc +12125550199/internal');
});

test('old history is let go from time to time, and trouble with that does not end it', async () => {
  const pruned: number[] = [];
  const errors: string[] = [];
  let days = 0;
  const keeper = new MarketHistoryKeeper(db, {
    days: 30,
    everyMs: 20,
    now: () => Date.now() + days * 86_400_000,
    onPruned: (rows) => pruned.push(rows),
    onError: (error) => errors.push(error.message),
  });
  await own.query(`update campaigns set name = 'Next' where id = 'demo-insurance'`);
  await own.query('alter table market_history rename to elsewhere');
  keeper.start();
  await until('the trouble', () => errors.length > 0);
  await own.query('alter table elsewhere rename to market_history');
  days = 31;
  await until('the row that was replaced', () => pruned.length > 0);
  await keeper.close();
  expect(pruned).toEqual([1]);
  expect(errors.every((message) => message.includes('market_history'))).toBe(true);
});

test('in a database restored from a dump an era begins: old positions stay what they were', async () => {
  await own.query(`update campaigns set name = 'Old'`);
  const old = await positionNow();
  // Elsewhere, transactions were further: by so much all numbers of the history are too high here.
  const ahead = 1_000_000n;
  await own.query(`update market_history set xid = (xid::text::bigint + ${ahead})::text::xid8`);
  const shifted = old.replace(/\d+(?=[:,]|$)/g, (n) => String(BigInt(n) + ahead));

  const market = new MirrorMarket();
  const feed = feedOf(db, market);
  await feed.start();
  await own.query(`update campaigns set name = 'New'`);
  await until('the change', () => market.campaign('demo-insurance')?.name === 'New');
  feed.close();
  expect(market.position).toMatch(/^2\//);
  expect(Array.from((await past(shifted)).campaigns, ({ name }) => name)).toEqual(['Old', 'Old']);
  expect(contentsPicture(await marketAt(db, market.position as string))).toEqual(market.picture());
  expect(await changesBetween(db, shifted, market.position as string, 10)).toEqual({
    ok: false,
    reason: 'far',
  });
});

test('a market of every kind is loaded in whole', () => {
  expect(new Set(Object.values(CONTENTS_KEY))).toEqual(new Set(Object.keys(EMPTY_MARKET)));
  expect([...MARKET_ENTITIES].sort()).toEqual(Object.keys(CONTENTS_KEY).sort());
});

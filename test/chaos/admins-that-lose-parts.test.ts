import { readdirSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { Carrier } from '../e2e/phone/support/carrier';
import { Exchange } from '../e2e/support/exchange';
import { addBuyer, NUMBER, openMarket, PAYOUT, REVENUE } from '../e2e/support/market';
import * as scenario from '../e2e/support/scenarios';
import { Sipp } from '../e2e/support/sipp';
import { Leftovers } from '../support/leftovers';
import { until } from '../support/until';
import type { Asked } from './support/api-load';
import { ApiLoad } from './support/api-load';
import { EchoingBuyer } from './support/echoing-buyer';
import { EventStreamReader } from './support/event-stream-reader';
import { EventWatcher } from './support/event-watcher';
import type { OwnService } from './support/own-services';
import { ownPostgres, ownRedis } from './support/own-services';

/** Long enough for a machine that has ten other things to do. */
const WITHIN_MS = 60_000;
/** The tone of the caller. The buyer sends back whatever it hears. */
const HERTZ = 440;
/** Files, timers and sockets that come and go with what is asked. */
const GIVE = 12;
/** Requests in which everybody who tries again has done so some times. */
const MORE = 200;
const TOPICS = ['calls', 'bids', 'alerts', 'money', 'auctions', 'board'];
/** Requests of the kind `admin` at once (docs/api.md). */
const BURST = 20;

const leftovers = new Leftovers();
let redis: OwnService;
let postgres: OwnService;
let exchange: Exchange;
let load: ApiLoad;
let carrier: Carrier;
let admin: EventWatcher;
let program: EventStreamReader;
let token: string;
/** Calls that were made besides the long one. */
let calls = 0;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([ownPostgres(), ownRedis()]);
  leftovers.add(() => Promise.all([postgres.drop(), redis.drop()]));
  exchange = await Exchange.start({ env: { DCE_DATABASE_URL: postgres.url, DCE_REDIS_URL: redis.url } });
  leftovers.add(() => exchange.stop());
  await openMarket(exchange);
  const buyer = await EchoingBuyer.open();
  leftovers.add(() => buyer.close());
  await addBuyer(exchange, { id: 'buyer', uri: `sip:buyer@127.0.0.1:${buyer.sipp.port}`, price: REVENUE });
  token = await signIn();
  admin = await EventWatcher.open(exchange.file.apiUrl, token, TOPICS);
  leftovers.add(() => admin.close());
  program = await EventStreamReader.open(exchange.file.apiUrl, exchange.file.apiKey, ['bids', 'calls']);
  leftovers.add(() => program.close());
  carrier = await Carrier.call({ remote: exchange.sip, hertz: HERTZ, caller: '2671' });
  leftovers.add(() => carrier.stop());
  await carrier.isUp();
  await carrier.voice.hears(HERTZ, WITHIN_MS);
  load = new ApiLoad(exchange, 3);
  leftovers.add(() => load.end());
  await until('the load to be under way', () => load.asked.length > 30, WITHIN_MS);
});
afterAll(() => leftovers.end());

/** The first administrator, as the console signs in. */
async function signIn(): Promise<string> {
  const { email = '', passwordFile = '' } = exchange.file.admin ?? {};
  const password = readFileSync(passwordFile, 'utf8').trim();
  const { status, body } = await exchange.api('POST', '/api/v1/auth/sign-in', { email, password });
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return String(body['accessToken']);
}

/** A call that comes through meanwhile. */
async function callComesThrough(): Promise<void> {
  const one = await Sipp.start({
    scenario: scenario.callerHangsUp(100),
    remote: exchange.sip,
    service: NUMBER,
    calls: 1,
    keys: { caller: `27${calls++ + 10}` },
  });
  await one.succeeds();
}

/** What the switch has open. */
interface InUse {
  readonly files: number;
  readonly timers: number;
  readonly sockets: number;
}

async function inUse(): Promise<InUse> {
  const text = await (await fetch(`${exchange.file.apiUrl}/metrics`)).text();
  const resources = (type: string): number =>
    Number(new RegExp(`^nodejs_active_resources\\{type="${type}"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const files = readdirSync(`/proc/${exchange.file.pid}/fd`).length;
  return { files, timers: resources('Timeout'), sockets: resources('TCPSocketWrap') };
}

/** The most of each that was seen while some work went on. */
async function most(work: () => Promise<void>): Promise<InUse> {
  let peak: InUse = { files: 0, timers: 0, sockets: 0 };
  let over = false;
  const doing = work().finally(() => (over = true));
  while (!over) {
    const now = await inUse();
    peak = {
      files: Math.max(peak.files, now.files),
      timers: Math.max(peak.timers, now.timers),
      sockets: Math.max(peak.sockets, now.sockets),
    };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await doing;
  return peak;
}

/** While something is away more may be in use than before, but not ever more: whoever tries again lets go first. */
async function nothingPilesUp(peak: InUse): Promise<void> {
  const later = await most(async () => {
    const { length } = load.asked;
    await until('more requests to be answered', () => load.asked.length > length + MORE, WITHIN_MS);
  });
  expect(isWithin(later, peak, GIVE) ? 'as much as before' : { later, peak }).toBe('as much as before');
}

function isWithin(now: InUse, before: InUse, give: number): boolean {
  return (
    now.files <= before.files + give &&
    now.timers <= before.timers + give &&
    now.sockets <= before.sockets + give
  );
}

/** What was taken for a while is given back. */
async function isGivenBack(before: InUse): Promise<void> {
  let now: InUse | undefined;
  await until(
    'files, timers and sockets to be as many as before',
    async () => isWithin((now = await inUse()), before, GIVE),
    WITHIN_MS,
    250,
  ).catch((error: unknown) => {
    throw new Error(`before ${JSON.stringify(before)}, now ${JSON.stringify(now)}`, { cause: error });
  });
}

/** Uses up what a key may ask of a kind at once, and says what it was told then. */
async function usesUpLimit(name: string): Promise<{ allowed: number; seconds: number; refused: Response }> {
  const { body } = await exchange.api<{ key: string }>('POST', '/api/v1/keys', { name, scopes: ['audit:*'] });
  const began = performance.now();
  for (let allowed = 0; ; allowed++) {
    const answer = await fetch(`${exchange.file.apiUrl}/api/v1/audit/verify`, {
      method: 'POST',
      headers: { 'X-API-Key': body.key, 'Content-Type': 'application/json' },
      body: '{"blocks":1}',
    });
    await answer.arrayBuffer();
    if (!answer.ok) return { allowed, seconds: (performance.now() - began) / 1_000, refused: answer };
  }
}

/** How often limits were counted by the node for want of Redis, as admins are told. */
const fallbacks = (): number =>
  admin.of('alert.raised').filter(({ data }) => data['part'] === 'rate_limits').length;

/** @param give - how many more are not held against it */
async function limitHolds(name: string, give: number): Promise<void> {
  for (;;) {
    const before = fallbacks();
    const { allowed, seconds, refused } = await usesUpLimit(name);
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect(allowed).toBeGreaterThanOrEqual(BURST);
    // Ten more come in a minute.
    if (allowed <= BURST + give + Math.ceil(seconds / 6)) return;
    // Both have counted where a busy machine found Redis too slow once more: that was no proof.
    await until(
      `limits to be counted here, or else ${allowed} were too many`,
      () => fallbacks() > before,
      WITHIN_MS,
    );
  }
}

const isRight = ({ status }: Asked): boolean => status === 200 || status === 201;

/** Each thing that was made was told of once, without loss. */
async function allWasTold(): Promise<void> {
  const told = (id: string): number => admin.of('buyer.changed', id).length;
  const read = (): string =>
    program
      .of('buyer.changed')
      .map(({ data }) => data)
      .join();
  await until(
    'everything that was made to be told',
    () => load.wanted.every(({ id, made }) => !made || told(id) > 0),
    WITHIN_MS,
  );
  expect(load.wanted.filter(({ id }) => told(id) > 1).map(({ id }) => id)).toEqual([]);
  await until(
    'everything that was made to be read',
    () => load.wanted.filter(({ made }) => made).every(({ id }) => read().includes(`"${id}"`)),
    WITHIN_MS,
    250,
  );
}

/** Who comes back is told what came behind the last that it knows, as those were who stayed. */
async function whoComesBackMissesNothing(): Promise<void> {
  const known = admin.of('buyer.changed').filter(({ id }) => id !== null);
  const [last, ...missed] = known.slice(-5).map(({ id }) => id ?? '');
  const back = await EventWatcher.open(exchange.file.apiUrl, token, ['bids'], last);
  leftovers.add(() => back.close());
  await until('what was missed', () => back.events.length >= missed.length, WITHIN_MS);
  expect(back.events.slice(0, missed.length).map(({ id }) => id)).toEqual(missed);
  expect(back.gaps).toBe(0);
  back.close();
}

/** Callers whose requests of the kind `admin` Redis counts. */
async function countedByRedis(): Promise<number> {
  const client = new Redis(redis.url, { retryStrategy: () => null });
  return (await client.keys('rate:admin:*').finally(() => client.disconnect())).length;
}

test('kill -9 of Redis: the API, limits and calls go on by themselves, sockets say degraded, nothing leaks', async () => {
  const before = await inUse();
  const at = performance.now();
  const { gaps } = admin;
  await redis.kill();
  const peak = await most(async () => {
    await until('the socket to be told', () => admin.degraded === true, WITHIN_MS);
    await limitHolds('while Redis is away', 2);
    await callComesThrough();
    await carrier.voice.hears(HERTZ, WITHIN_MS);
    // What happens on this node is told all the same, without a place to go on from.
    await until(
      'the call to be told',
      () => admin.of('call.received').some(({ id }) => id === null),
      WITHIN_MS,
    );
    const board = admin.board;
    await until('the board to go on', () => admin.board > board + 1, WITHIN_MS);
  });
  await nothingPilesUp(peak);
  expect(load.since(at).filter((one) => !isRight(one))).toEqual([]);
  expect((await fetch(`${exchange.file.apiUrl}/health`)).status).toBe(206);
  const reader = await EventStreamReader.open(exchange.file.apiUrl, exchange.file.apiKey, ['calls']);
  leftovers.add(() => reader.close());
  await until('who reads from now on to be told', () => reader.of('status').length === 1, WITHIN_MS);
  reader.close();
  const late = await EventWatcher.open(exchange.file.apiUrl, token, TOPICS);
  leftovers.add(() => late.close());
  await until('who comes meanwhile to be told as well', () => late.degraded === true, WITHIN_MS);
  late.close();

  await redis.start();
  await until('the socket to be told that it is back', () => admin.degraded === false, WITHIN_MS);
  await until('the gap', () => admin.gaps > gaps && program.of('gap').length > 0, WITHIN_MS);
  const statuses = program.of('status').map(({ data }) => JSON.parse(data) as unknown);
  // A busy machine may find Redis too slow once more, and well again.
  expect(statuses.slice(0, 2)).toEqual([{ degraded: true }, { degraded: false }]);
  expect(
    statuses.slice(2).map((status, index) => JSON.stringify(status) === `{"degraded":${index % 2 === 0}}`),
  ).not.toContain(false);
  const places = (): number => admin.events.filter(({ id }) => id !== null).length;
  const sofar = places();
  await until('events with places', () => places() > sofar, WITHIN_MS);
  await allWasTold();
  await whoComesBackMissesNothing();
  const counted = await countedByRedis();
  await limitHolds('when Redis is back', 0);
  expect(await countedByRedis()).toBeGreaterThan(counted);
  await carrier.voice.hears(HERTZ, WITHIN_MS);
  await isGivenBack(before);
  expect([admin.lost, program.ended]).toEqual([0, false]);
  expect(load.since(at).filter((one) => !isRight(one))).toEqual([]);
});

test('kill -9 of PostgreSQL: reads fail clean, calls go on and end, and all heals without a restart', async () => {
  const before = await inUse();
  const ended = admin.of('call.ended').length;
  await postgres.kill();
  const at = performance.now();
  const peak = await most(async () => {
    await until(
      'requests to fail',
      () => load.since(at).filter((one) => !isRight(one)).length > 20,
      WITHIN_MS,
    );
    expect((await fetch(`${exchange.file.apiUrl}/health/live`)).status).toBe(200);
    // Calls are taken all the same: by the market as it was known last.
    expect((await fetch(`${exchange.file.apiUrl}/health/ready`)).status).toBe(200);
    const health = await fetch(`${exchange.file.apiUrl}/health`);
    const { checks } = (await health.json()) as { checks: Record<string, { status: string }> };
    expect([health.status, checks['database']?.status]).toEqual([206, 'degraded']);
    await callComesThrough();
    await carrier.voice.hears(HERTZ, WITHIN_MS);
    await carrier.hangUp();
    await until(
      'the ends to be told',
      () => admin.of('alert.raised').some(({ data }) => data['part'] === 'recorder'),
      WITHIN_MS,
    );
  });
  await nothingPilesUp(peak);
  const failed = load.since(at).filter((one) => !isRight(one));
  for (const { status, body, retryAfter, type } of failed) {
    expect([status, type]).toEqual([503, 'application/problem+json; charset=utf-8']);
    expect(retryAfter).toBeGreaterThan(0);
    expect(JSON.stringify(body)).not.toMatch(/ECONN|127\.0\.0\.1|postgres/);
  }
  expect(new Set(failed.map(({ body }) => body['code']))).toEqual(new Set(['storage_unavailable']));

  await postgres.start();
  const back = performance.now();
  await until('requests to be answered', () => load.since(back).filter(isRight).length > 10, WITHIN_MS);
  await until(
    'the part to be back',
    () => admin.of('alert.cleared').some(({ data }) => data['part'] === 'recorder'),
    WITHIN_MS,
  );
  await load.end();
  expect(load.wanted.filter(({ made }) => !made)).toEqual([]);
  await allWasTold();
  await exchange.isClean();
  await until('the ends to be told', () => admin.of('call.settled').length === calls + 1, WITHIN_MS);
  expect(admin.of('call.ended').length - ended).toBe(2);
  expect([admin.lost, program.ended]).toEqual([0, false]);
  const books = await exchange.sql(
    `select count(*)::integer as calls, count(s.call_id)::integer as settled,
       count(*) filter (where c.state = 'completed' and c.end_reason = 'caller_hangup')::integer as completed,
       sum(s.revenue)::bigint::text as revenue, sum(s.payout)::bigint::text as payout
     from calls c left join settlements s on s.call_id = c.id`,
  );
  const all = calls + 1;
  expect(books).toEqual([
    {
      calls: all,
      settled: all,
      completed: all,
      revenue: String(all * REVENUE),
      payout: String(all * PAYOUT),
    },
  ]);
  const [made] = await exchange.sql<{ n: number }>(
    `select count(*)::integer as n from buyers where id like 'made-%'`,
  );
  expect(made?.n).toBe(load.wanted.length);
  const noted = await exchange.sql<{ n: number }>(
    `select count(*)::integer as n from audit_entries where action = 'createBuyer' and subject_id like 'made-%'
       and status = 201 group by subject_id`,
  );
  // Once each, with what it tells of.
  expect(noted.map(({ n }) => n)).toEqual(load.wanted.map(() => 1));
  await isGivenBack(before);
});

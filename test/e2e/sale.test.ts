import { execFile } from 'node:child_process';
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { replayCall } from '../../src/replay';
import { callTraceIds } from '../../src/telemetry';
import { openDatabase } from '../support/open-database';
import { TraceCollector } from '../support/trace-collector';
import { Exchange } from './support/exchange';
import { addBuyer, moveTarget, NUMBER, openMarket, PAYOUT, REVENUE } from './support/market';
import { until } from './support/processes';
import * as scenario from './support/scenarios';
import type { SippOptions } from './support/sipp';
import { Sipp } from './support/sipp';

/** A buyer that is asked by HTTP, and writes down what it is told. */
class LiveBuyer {
  readonly #server: Server;
  readonly told: Record<string, unknown>[] = [];
  /** What it answers to a ping; undefined: nothing at all. */
  answer: unknown = { nbr: 1003 };
  confirms = true;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<LiveBuyer> {
    const server = createServer();
    const buyer = new LiveBuyer(server);
    server.on('request', (request, response) => {
      void bodyOf(request).then((body) => {
        buyer.told.push({ path: request.url, ...body });
        if (request.url === '/ping' && buyer.answer === undefined) return;
        const reply =
          request.url === '/ping'
            ? buyer.answer
            : request.url === '/confirm'
              ? { accept: buyer.confirms }
              : {};
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify(reply));
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return buyer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  of(path: string): Record<string, unknown>[] {
    return this.told.filter((request) => request['path'] === path);
  }

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((done) => this.#server.close(() => done()));
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

interface Sold {
  id: string;
  state: string;
  end_reason: string;
  buyer_id: string | null;
  revenue: string | null;
  payout: string | null;
}

/** A number of its own for each call, so that none is remembered for the one before. */
let nextCaller = 3_000;

let exchange: Exchange;
let live: LiveBuyer;
let collector: TraceCollector;
const peers: Sipp[] = [];

beforeAll(async () => {
  collector = await TraceCollector.start();
  exchange = await Exchange.start({
    env: {
      ...collector.env,
      DCE_RTB_ALLOW_PRIVATE: '127.0.0.0/8',
      DCE_RTB_ALLOW_HTTP: '127.0.0.1',
      DCE_RTB_SIP_HOST: '127.0.0.1',
    },
  });
  live = await LiveBuyer.start();
  await openMarket(exchange, { rtb: { deadlineMs: 300, maxPings: 10 } });
  await addBuyer(exchange, { id: 'standing', uri: 'sip:a@127.0.0.1:9', price: REVENUE });
  await addBuyer(exchange, { id: 'live', uri: 'sip:b@127.0.0.1:9', price: 3 * REVENUE });
  const ping = {
    url: `${live.url}/ping`,
    method: 'POST',
    timeoutMs: 200,
    perSecond: 0,
    showCaller: false,
    confirmUrl: `${live.url}/confirm`,
    noticeUrl: `${live.url}/notice`,
  };
  await exchange.change('bids/live-bid', { ping });
  const standing = await peer({ scenario: scenario.buyerAnswers(), timeoutSeconds: 600 });
  const pinged = await peer({ scenario: scenario.buyerAnswers(), timeoutSeconds: 600 });
  await moveTarget(exchange, 'standing', `sip:buyer@127.0.0.1:${standing.port}`);
  await moveTarget(exchange, 'live', `sip:buyer@127.0.0.1:${pinged.port}`);
});
beforeEach(() => {
  live.told.length = 0;
  live.confirms = true;
});
afterEach(() => exchange.isClean());
afterAll(async () => {
  for (const each of peers) await each.stop();
  await live.stop();
  await exchange.stop();
  await collector.stop();
});

async function peer(options: SippOptions): Promise<Sipp> {
  const started = await Sipp.start(options);
  peers.push(started);
  return started;
}

/** One call of a fresh caller, to its end. */
async function call(text: string, more: Partial<SippOptions> = {}): Promise<void> {
  await dial(text, more);
  await exchange.isClean();
}

async function dial(text: string, more: Partial<SippOptions> = {}): Promise<void> {
  const carrier = await peer({
    scenario: text,
    remote: exchange.sip,
    service: NUMBER,
    calls: 1,
    keys: { caller: String(nextCaller++) },
    ...more,
  });
  await carrier.succeeds();
}

async function lastCall(): Promise<Sold> {
  const [sold] = await exchange.sql<Sold>(
    `select c.id, c.state, c.end_reason, c.buyer_id, s.revenue, s.payout
     from calls c left join settlements s on s.call_id = c.id order by received_at desc limit 1`,
  );
  if (!sold) throw new Error('no call was recorded');
  return sold;
}

async function traceOf(callId: string): Promise<{ fraud: { model: string }; bids: { listed: unknown[] } }> {
  const { body } = await exchange.api<{ decision: { trace: never } }>('GET', `/api/v1/calls/${callId}`);
  return body.decision.trace;
}

describe('a live bid', () => {
  test('that is better than every standing one is confirmed, rung, told and charged', async () => {
    live.answer = { price: 31.25, bidid: 'offer-1' };
    await call(scenario.callerHangsUp(300));
    const sold = await lastCall();
    expect(sold).toMatchObject({
      state: 'completed',
      buyer_id: 'live',
      revenue: '31250000',
      payout: String(PAYOUT),
    });
    const [ping] = live.of('/ping') as { call: Record<string, unknown> }[];
    expect(ping?.call).toMatchObject({ npa: '212', nxx: '345', dnis: NUMBER });
    expect(JSON.stringify(ping)).not.toContain(`345${nextCaller - 1}`);
    expect(live.of('/confirm')).toMatchObject([{ bidid: 'offer-1', ani: `+1212345${nextCaller - 1}` }]);
    await until('the win is told', () => live.of('/notice').length === 1);
    expect(live.of('/notice')).toMatchObject([
      { type: 'win', bidid: 'offer-1', call_id: sold.id, price: 31.25, ani: `+1212345${nextCaller - 1}` },
    ]);
  });

  test('that is lower than a standing one loses, and learns it without learning who called', async () => {
    live.answer = { price: '12.50', bidid: 'offer-2' };
    await call(scenario.callerHangsUp(300));
    expect(await lastCall()).toMatchObject({ buyer_id: 'standing', revenue: String(REVENUE) });
    await until('the loss is told', () => live.of('/notice').length === 1);
    expect(live.of('/notice')).toMatchObject([{ type: 'loss', bidid: 'offer-2', reason_text: 'outbid' }]);
    expect(JSON.stringify(live.told)).not.toContain(`345${nextCaller - 1}`);
  });

  test('whose buyer takes it back when it is to be rung costs the caller nothing but the question', async () => {
    live.answer = { price: 31.25, bidid: 'offer-3' };
    live.confirms = false;
    await call(scenario.callerHangsUp(300));
    expect(await lastCall()).toMatchObject({ buyer_id: 'standing', revenue: String(REVENUE) });
  });

  test('whose buyer does not answer in time is passed over, and the trace says so', async () => {
    live.answer = undefined;
    await call(scenario.callerHangsUp(300));
    const sold = await lastCall();
    expect(sold).toMatchObject({ buyer_id: 'standing' });
    const { bids } = await traceOf(sold.id);
    expect(bids.listed).toContainEqual(
      expect.objectContaining({ bidId: 'live-bid', ineligible: expect.stringMatching(/^rtb_/) as string }),
    );
  });

  test('a caller who gives up while buyers are asked leaves nothing behind', async () => {
    live.answer = undefined;
    await call(scenario.callerCancels(0, 0));
    expect(await lastCall()).toMatchObject({ state: 'canceled', revenue: null });
  });
});

test('a sold call is one trace from its INVITE to the ledger, of the switch and of the worker', async () => {
  live.answer = { nbr: 1003 };
  await call(scenario.callerHangsUp(300));
  const { traceId, spanId } = callTraceIds((await lastCall()).id);
  await until('its money is traced', () => collector.of(traceId).some(({ name }) => name === 'settle'));
  const spans = collector.of(traceId);
  expect(spans.map(({ name }) => name).sort()).toEqual(['call', 'decide', 'ring', 'settle']);
  expect(spans.find(({ name }) => name === 'call')?.spanId).toBe(spanId);
  for (const { name, parentSpanId } of spans)
    expect([name, parentSpanId]).toEqual([name, name === 'call' ? undefined : spanId]);
  expect(new Set(spans.map(({ service }) => service)).size).toBe(2);
  expect(JSON.stringify(collector.spans)).not.toContain(`345${nextCaller - 1}`);
});

describe('a bid request of a seller', () => {
  beforeAll(async () => {
    await exchange.create('sellers', {
      id: 'seller',
      origin: 'inbound_consumer',
      bidRequestsPerSecond: 50,
    });
    live.answer = { nbr: 1003 };
    await exchange.knowsMarket();
  });

  interface Offer {
    accepted: boolean;
    id: string;
    sip: string;
    price: number;
  }

  async function ask(caller: number): Promise<Offer> {
    const { status, body } = await exchange.api<Offer>('POST', '/api/v1/bid-requests', {
      sellerId: 'seller',
      number: NUMBER,
      caller: `+1212345${caller}`,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ accepted: true });
    return body;
  }

  test('is answered with a price, and the call that comes for it is paid that', async () => {
    const offer = await ask(nextCaller);
    expect(offer.price).toBe(PAYOUT);
    await call(scenario.callerHangsUp(300));
    const sold = await lastCall();
    expect(sold).toMatchObject({ state: 'completed', revenue: String(REVENUE), payout: String(PAYOUT) });
    const [kept] = await exchange.sql<{ state: string; call_id: string }>(
      'select state, call_id from rtb_reservations where id = $1',
      [offer.id],
    );
    expect(kept).toEqual({ state: 'used', call_id: sold.id });
  });

  test('gives an address of its own, good for its own caller and no other', async () => {
    const caller = nextCaller++;
    const keys = { caller: String(caller) };
    const offer = await ask(caller);
    const service = offer.sip.slice('sip:'.length).split('@')[0] as string;
    const other = { service, keys: { caller: '9999' } };
    // The place that is held for the call stays held.
    await dial(scenario.callerIsRefused(403, 'other_caller'), other);
    await until('the refusal is recorded', async () => (await lastCall()).end_reason === 'reservation');
    await call(scenario.callerHangsUp(300), { service, keys });
    expect(await lastCall()).toMatchObject({ state: 'completed', payout: String(PAYOUT) });
    await call(scenario.callerIsRefused(403, 'used'), { service, keys });
  });
});

test("a seller's cap holds, whoever would have bought the call", async () => {
  await exchange.change('sellers/seller', { caps: { concurrent: 1 } });
  const long = await peer({
    scenario: scenario.callerWaitsForBye(),
    remote: exchange.sip,
    service: NUMBER,
    calls: 1,
    keys: { caller: String(nextCaller++) },
  });
  let up = '';
  await until('the first call is up', async () => {
    const rows = await exchange.sql<{ id: string }>(`select id from calls where state = 'answered'`);
    up = rows[0]?.id ?? '';
    return rows.length === 1;
  });
  const second = await peer({
    scenario: scenario.callerIsRefused(480, 'seller'),
    remote: exchange.sip,
    service: NUMBER,
    calls: 1,
    keys: { caller: String(nextCaller++) },
  });
  await second.succeeds();
  await exchange.hangUp(up);
  await long.succeeds();
  await exchange.isClean();
  await call(scenario.callerHangsUp(300));
  expect(await lastCall()).toMatchObject({ state: 'completed' });
  await exchange.change('sellers/seller', { caps: { concurrent: null } });
});

test('every decision so far comes out the same when it is made again, whatever became of the market since', async () => {
  await exchange.change('bids/standing-bid', {
    price: 99_000_000,
    plan: { kind: 'per_call', amount: 99_000_000, afterMs: 0 },
  });
  await exchange.change('campaigns/campaign', { auctionType: 'second_price', maxAttempts: 1 });
  const calls = await exchange.sql<{ id: string }>('select call_id as id from call_decisions');
  expect(calls.length).toBeGreaterThan(8);
  const { databaseUrl } = exchange.file;
  const database = openDatabase(databaseUrl);
  try {
    for (const { id } of calls) {
      expect(await replayCall(database, id)).toMatchObject({ ok: true, differences: [] });
    }
  } finally {
    await database.close();
  }
  const command = [join('dist', 'cli.js'), 'replay', calls[0]?.id ?? ''];
  const { stdout } = await promisify(execFile)(process.execPath, command, {
    env: { ...process.env, DCE_DATABASE_URL: databaseUrl, DCE_TELEMETRY_LOG_LEVEL: 'silent' },
  });
  expect(stdout).toMatch(/same/);
});

import { Exchange } from '../e2e/support/exchange';
import { addBuyer, NUMBER, openMarket, REVENUE } from '../e2e/support/market';
import * as scenario from '../e2e/support/scenarios';
import { Sipp } from '../e2e/support/sipp';
import { until } from '../support/until';

/** Calls that the bid takes at once, and in a day. */
const AT_ONCE = 6;
const IN_A_DAY = 30;
const SHARED = {
  DCE_CAPS_LEASE_MS: '3000',
  DCE_BILLING_NODE_DEAD_AFTER_MS: '15000',
  DCE_PRIVACY_KEY: 'the same key on every node of a test',
};

let first: Exchange;
let second: Exchange;
const peers: Sipp[] = [];

beforeAll(async () => {
  first = await Exchange.start({ env: { ...SHARED, DCE_NODE_ID: 'first' } });
  await openMarket(first);
  const buyer = await peer({ scenario: scenario.buyerAnswers(0), timeoutSeconds: 300 });
  await addBuyer(first, { id: 'buyer', uri: `sip:buyer@127.0.0.1:${buyer.port}`, price: REVENUE });
  const { databaseUrl, redisUrl } = first.file;
  second = await Exchange.start({
    env: { ...SHARED, DCE_NODE_ID: 'second', DCE_DATABASE_URL: databaseUrl, DCE_REDIS_URL: redisUrl },
  });
});
afterAll(async () => {
  for (const each of peers) await each.stop();
  await second.stop();
  await first.stop();
});

async function peer(options: Parameters<typeof Sipp.start>[0]): Promise<Sipp> {
  const started = await Sipp.start(options);
  peers.push(started);
  return started;
}

async function capBid(caps: object): Promise<void> {
  await first.change('bids/buyer-bid', { caps });
  await second.knowsMarket();
}

/** Twenty calls at once to each node; those over a limit are refused. */
async function wave(): Promise<void> {
  const carriers = await Promise.all(
    [first, second].map(({ sip: remote }) =>
      peer({ scenario: scenario.callerHangsUp('random'), remote, service: NUMBER, calls: 20, rate: 40 }),
    ),
  );
  await Promise.all(carriers.map((carrier) => carrier.exited));
  await Promise.all([first, second].map(allOver));
}

async function allOver(exchange: Exchange): Promise<void> {
  await until('the calls to end', async () => {
    const { calls, reserved, queuedRecords } = await exchange.stats();
    return calls === 0 && reserved === 0 && queuedRecords === 0;
  });
}

interface Sold {
  node_id: string;
  first_ring_at: string;
  ended_at: string;
}

const soldCalls = (): Promise<Sold[]> =>
  first.sql<Sold>(
    `select node_id, first_ring_at, ended_at from calls where answered_at is not null order by first_ring_at`,
  );

/** Most calls that were ringing or up in one instant, over both nodes. */
function mostAtOnce(calls: readonly Sold[]): number {
  const turns = calls.flatMap(({ first_ring_at: from, ended_at: to }): [number, number][] => [
    [Number(from), 1],
    [Number(to), -1],
  ]);
  // In one millisecond whoever goes makes room for whoever comes.
  turns.sort(([a, up], [b, down]) => a - b || up - down);
  let now = 0;
  let most = 0;
  for (const [, turn] of turns) {
    now += turn;
    most = Math.max(most, now);
  }
  return most;
}

test('two switches together never sell one call more than a bid takes, at once or in a day', async () => {
  await capBid({ concurrent: AT_ONCE, connections: { day: IN_A_DAY } });
  for (let waves = 0; waves < 12 && (await soldCalls()).length < IN_A_DAY; waves++) await wave();
  await wave();
  const sold = await soldCalls();
  expect(sold).toHaveLength(IN_A_DAY);
  expect(new Set(sold.map(({ node_id: node }) => node))).toEqual(new Set(['first', 'second']));
  expect(mostAtOnce(sold)).toBeLessThanOrEqual(AT_ONCE);
});

test('what a switch held that is killed lapses, and is sold again by the other', async () => {
  await capBid({ concurrent: AT_ONCE, connections: null });
  await peer({
    scenario: scenario.callerWaitsForBye(),
    remote: second.sip,
    service: NUMBER,
    calls: AT_ONCE,
    rate: 20,
  });
  await until('all places to be taken by the second switch', async () => {
    const rows = await first.sql(`select 1 from calls where state = 'answered' and node_id = 'second'`);
    return rows.length === AT_ONCE;
  });
  const refused = await peer({
    scenario: scenario.callerIsRefused(480),
    remote: first.sip,
    service: NUMBER,
    calls: 1,
  });
  await refused.succeeds();
  await second.kill();
  await until('a place to be free again', async () => {
    const carrier = await Sipp.start({
      scenario: scenario.callerHangsUp(50),
      remote: first.sip,
      service: NUMBER,
      calls: 1,
      timeoutSeconds: 5,
    });
    const code = await carrier.exited;
    await carrier.stop();
    return code === 0;
  });
});

import { Exchange } from '../e2e/support/exchange';
import { goesThrough } from '../e2e/support/goes-through';
import { addBuyer, NUMBER, openMarket, PAYOUT, REVENUE } from '../e2e/support/market';
import { childrenOf } from '../e2e/support/processes';
import * as scenario from '../e2e/support/scenarios';
import { Sipp } from '../e2e/support/sipp';
import { until } from '../support/until';

const CALLS = 10;

let exchange: Exchange;
const peers: Sipp[] = [];

beforeAll(async () => {
  exchange = await Exchange.start();
  await openMarket(exchange);
  const buyer = await peer({ scenario: scenario.buyerAnswers(), timeoutSeconds: 300 });
  await addBuyer(exchange, { id: 'buyer', uri: `sip:buyer@127.0.0.1:${buyer.port}`, price: REVENUE });
});
afterAll(async () => {
  for (const each of peers) await each.stop();
  await exchange.stop();
});

async function peer(options: Parameters<typeof Sipp.start>[0]): Promise<Sipp> {
  const started = await Sipp.start(options);
  peers.push(started);
  return started;
}

/** Ten calls that stay up until the exchange hangs up. */
async function callsUp(): Promise<Sipp> {
  const carrier = await peer({
    scenario: scenario.callerWaitsForBye(),
    remote: exchange.sip,
    service: NUMBER,
    calls: CALLS,
    rate: CALLS,
  });
  let last: { state: string }[] = [];
  await until('the calls to be up', async () => {
    last = await exchange.sql(
      'select state, end_reason, attempts from calls order by received_at desc limit $1',
      [CALLS],
    );
    return last.filter(({ state }) => state === 'answered').length === CALLS;
  }).catch((error: unknown) => {
    throw new Error(`not all calls are up: ${JSON.stringify(last)}`, { cause: error });
  });
  return carrier;
}

/** A caller comes through, even if the first try is too early. */
async function isOpenAgain(): Promise<void> {
  await until('a call to go through again', () => goesThrough(exchange));
}

async function endsOf(reason: string): Promise<object | undefined> {
  const [row] = await exchange.sql(
    `select count(*)::integer as calls, count(*) filter (where c.state = 'completed')::integer as completed,
       coalesce(sum(s.revenue), 0)::text as revenue, coalesce(sum(s.payout), 0)::text as payout
     from calls c left join settlements s on s.call_id = c.id where c.end_reason = $1`,
    [reason],
  );
  return row;
}

const ALL_BILLED = {
  calls: CALLS,
  completed: CALLS,
  revenue: String(CALLS * REVENUE),
  payout: String(CALLS * PAYOUT),
};

test('kill -9 of the SIP server: its calls are closed and billed once, and the next one starts by itself', async () => {
  const carrier = await callsUp();
  process.kill(exchange.file.sipServerPid ?? 0, 'SIGKILL');
  await isOpenAgain();
  await carrier.stop();
  await exchange.isClean();
  expect(await endsOf('signaling_lost')).toEqual(ALL_BILLED);
});

test('kill -9 of the media worker: both sides are hung up, its calls billed once, and another one takes over', async () => {
  const carrier = await callsUp();
  const [worker = 0] = childrenOf(exchange.file.pid, 'mediasoup');
  process.kill(worker, 'SIGKILL');
  await carrier.succeeds();
  await isOpenAgain();
  await exchange.isClean();
  expect(await endsOf('media_failure')).toEqual(ALL_BILLED);
});

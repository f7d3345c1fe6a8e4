import { Exchange } from '../e2e/support/exchange';
import { addBuyer, NUMBER, openMarket, PAYOUT, REVENUE } from '../e2e/support/market';
import * as scenario from '../e2e/support/scenarios';
import { Sipp } from '../e2e/support/sipp';
import { until } from '../support/until';

let exchange: Exchange;
let buyer: Sipp;

beforeAll(async () => {
  exchange = await Exchange.start({
    env: {
      // Room for all that hang up at once after a pause of the machine.
      DCE_MEDIA_PORT_MIN: '50000',
      DCE_MEDIA_PORT_MAX: '51999',
    },
  });
  buyer = await Sipp.start({ scenario: scenario.buyerAnswers(), timeoutSeconds: 300 });
  await openMarket(exchange, { payout: { kind: 'per_call', amount: PAYOUT, afterMs: 700 } });
  await addBuyer(exchange, {
    id: 'buyer',
    uri: `sip:buyer@127.0.0.1:${buyer.port}`,
    price: REVENUE,
    ringTimeoutMs: 20_000,
  });
});
afterAll(async () => {
  await buyer.stop();
  await exchange.stop();
});

test('a thousand calls with random hang-up times: each has one CDR and one right settlement', async () => {
  const carrier = await Sipp.start({
    scenario: scenario.callerHangsUp('random'),
    remote: exchange.sip,
    service: NUMBER,
    calls: 1_000,
    rate: 40,
    limit: 100,
    timeoutSeconds: 120,
  });
  await carrier.exited;
  await exchange.isClean();
  const lost = await exchange.sql(
    `select state, end_reason, count(*)::integer as n from calls where state <> 'completed' group by 1, 2`,
  );
  expect(lost).toEqual([]);
  await carrier.succeeds();
  const [sums] = await exchange.sql(
    `select count(*)::integer as calls, count(s.call_id)::integer as settled,
       count(*) filter (where c.state = 'completed' and c.end_reason = 'caller_hangup')::integer as completed,
       count(*) filter (where s.revenue = $1)::integer as revenue_right,
       count(*) filter (where s.payout = case when c.connected_ms >= 700 then $2::bigint else 0 end)::integer as payout_right
     from calls c left join settlements s on s.call_id = c.id`,
    [REVENUE, PAYOUT],
  );
  expect(sums).toEqual({
    calls: 1_000,
    settled: 1_000,
    completed: 1_000,
    revenue_right: 1_000,
    payout_right: 1_000,
  });
  const [books] = await exchange.sql<{ owed: string; due: string; sum: string }>(
    `select (select balance from ledger_accounts where purpose = 'wallet') as owed,
       (select -sum(payout) from settlements) as due,
       (select balance from ledger_accounts where purpose = 'payable') as sum`,
  );
  expect(Number(books?.owed)).toBe(1_000 * REVENUE);
  expect(books?.sum).toBe(books?.due);
});

test('kill -9 of the switch with fifty calls up: each is closed once, and billed once from its last checkpoint', async () => {
  const before = (await exchange.sql('select id from calls')).length;
  const carrier = await Sipp.start({
    scenario: scenario.callerWaitsForBye(),
    remote: exchange.sip,
    service: NUMBER,
    calls: 50,
    rate: 50,
    timeoutSeconds: 60,
  });
  await until('fifty answered calls with a checkpoint', async () => {
    const rows = await exchange.sql(`select 1 from calls where state = 'answered' and connected_ms > 700`);
    return rows.length === 50;
  });
  await exchange.kill();
  // The SIP server outlives its parent just long enough to hang up on everybody.
  await carrier.succeeds();
  await exchange.restart();
  await exchange.isClean();
  const rows = await exchange.sql<{
    state: string;
    end_reason: string;
    revenue: string;
    payout: string;
    n: number;
    ms: number;
  }>(
    `select c.state, c.end_reason, s.revenue, s.payout, count(*)::integer as n, min(c.connected_ms)::integer as ms
     from calls c join settlements s on s.call_id = c.id where c.end_reason = 'node_lost' group by 1, 2, 3, 4`,
  );
  expect(rows).toMatchObject([
    { state: 'completed', end_reason: 'node_lost', revenue: String(REVENUE), payout: String(PAYOUT), n: 50 },
  ]);
  expect(rows[0]?.ms).toBeGreaterThan(700);
  expect(await exchange.sql('select id from calls')).toHaveLength(before + 50);
});

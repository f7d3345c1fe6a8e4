import { Exchange } from './support/exchange';
import { addBuyer, moveTarget, NUMBER, openMarket, topUp } from './support/market';
import { until } from './support/processes';
import * as scenario from './support/scenarios';
import type { SippOptions } from './support/sipp';
import { Sipp } from './support/sipp';

const UNIT = 1_000_000;
/** What a call of the buyer with a wallet costs. */
const PRICE = 20 * UNIT;
/** Milliseconds of conversation that a hold covers, and each extension. */
const AHEAD_MS = 2_000;
/** A unit a second, with a second of overtime at worst. */
const BY_THE_SECOND = {
  kind: 'per_minute',
  ratePerMinute: 60 * UNIT,
  firstIncrementMs: 1_000,
  nextIncrementMs: 1_000,
  afterMs: 0,
};

interface CallRecord {
  id: string;
  end_reason: string | null;
  connected_ms: number;
  buyer_id: string | null;
  attempts: { buyerId: string; outcome: string; durationMs: number }[];
  revenue: number | null;
}
interface HoldRecord {
  state: string;
  amount: number;
}

let exchange: Exchange;
const peers: Sipp[] = [];

beforeAll(async () => {
  exchange = await Exchange.start({
    // A wallet is waited for, however busy the machine: without, a call would be let through unheld.
    env: { DCE_BILLING_HOLD_AHEAD_MS: String(AHEAD_MS), DCE_BILLING_HOLD_TIMEOUT_MS: '10000' },
  });
  await openMarket(exchange, { margin: { allowLoss: true } });
  const nowhere = 'sip:x@127.0.0.1:9';
  await addBuyer(exchange, { id: 'prepaid', uri: nowhere, price: PRICE, wallet: { money: 0 } });
  await addBuyer(exchange, { id: 'open', uri: nowhere, price: PRICE / 2 });
});
afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.stop();
  await exchange.isClean();
});
afterAll(() => exchange.stop());

async function peer(options: SippOptions): Promise<Sipp> {
  const started = await Sipp.start(options);
  peers.push(started);
  return started;
}

/** Puts a scripted buyer behind a target. */
async function buyer(id: string, text: string): Promise<void> {
  const started = await peer({ scenario: text });
  await moveTarget(exchange, id, `sip:buyer@127.0.0.1:${started.port}`);
}

/** A number of its own for each call, so that none is remembered for the one before. */
let nextCaller = 5_000;
const carrier = (text: string): Promise<Sipp> =>
  peer({
    scenario: text,
    remote: exchange.sip,
    service: NUMBER,
    calls: 1,
    keys: { caller: String(nextCaller++) },
  });

async function dial(text: string): Promise<void> {
  await (await carrier(text)).succeeds();
}

async function lastCall(): Promise<CallRecord> {
  const [call] = await exchange.sql<CallRecord>(
    `select c.id, c.end_reason, c.connected_ms::integer, c.buyer_id, c.attempts, s.revenue::integer
     from calls c left join settlements s on s.call_id = c.id order by received_at desc limit 1`,
  );
  if (!call) throw new Error('no call was recorded');
  return call;
}

const holdsOf = (callId: string): Promise<HoldRecord[]> =>
  exchange.sql<HoldRecord>('select state, amount::integer from holds where call_id = $1 order by id', [
    callId,
  ]);

async function wallet(id: string): Promise<{ balance: number; held: number; available: number }> {
  const { body } = await exchange.api<{ balance: number; held: number; available: number }>(
    'GET',
    `/api/v1/wallets/${id}-account`,
  );
  return body;
}

/** Brings a wallet to so much money, and waits until calls are offered to it. */
async function fill(id: string, money: number): Promise<void> {
  const { balance } = await wallet(id);
  await topUp(exchange, id, money - balance);
  await until('calls are offered to it', async () => {
    const { body } = await exchange.api<{ funds?: string }>('GET', `/api/v1/accounts/${id}-account`);
    return body.funds !== 'stopped';
  });
  await exchange.knowsMarket();
}

const answeredCalls = (count: number) => async (): Promise<boolean> =>
  (await exchange.sql(`select 1 from calls where state = 'answered'`)).length === count;

describe('a buyer whose wallet has the money for one call', () => {
  beforeAll(async () => {
    await fill('prepaid', PRICE + PRICE / 2);
  });

  test('gives back what a ring held that nobody answered', async () => {
    await buyer('prepaid', scenario.buyerSilent());
    await buyer('open', scenario.buyerAnswers());
    await dial(scenario.callerHangsUp(200));
    await exchange.isClean();
    const call = await lastCall();
    expect(call.attempts).toMatchObject([
      { buyerId: 'prepaid', outcome: 'unreachable' },
      { buyerId: 'open', outcome: 'answered' },
    ]);
    expect(await holdsOf(call.id)).toEqual([{ state: 'released', amount: PRICE }]);
    expect(await wallet('prepaid')).toMatchObject({ available: PRICE + PRICE / 2, held: 0 });
  });

  test('gives back what was held for a caller who gave up', async () => {
    await buyer('prepaid', scenario.buyerRingsOn());
    await dial(scenario.callerCancels(1, 200));
    await exchange.isClean();
    expect(await wallet('prepaid')).toMatchObject({ available: PRICE + PRICE / 2, held: 0 });
  });

  test('buys one call; the next one, meanwhile, goes to another buyer at once', async () => {
    await buyer('prepaid', scenario.buyerAnswers());
    await buyer('open', scenario.buyerAnswers());
    const first = await carrier(scenario.callerWaitsForBye());
    await until('the first call is up', answeredCalls(1));
    const { id } = await lastCall();
    expect(await wallet('prepaid')).toMatchObject({ available: PRICE / 2, held: PRICE });
    await dial(scenario.callerHangsUp(200));
    await until('the second call has ended', async () => {
      const { buyer_id, end_reason } = await lastCall();
      return buyer_id === 'open' && end_reason !== null;
    });
    const second = await lastCall();
    expect(second.attempts).toMatchObject([
      { buyerId: 'prepaid', outcome: 'no_funds' },
      { buyerId: 'open', outcome: 'answered' },
    ]);
    await exchange.hangUp(id);
    await first.succeeds();
    await exchange.isClean();
    expect(await wallet('prepaid')).toMatchObject({ balance: PRICE / 2, held: 0 });
    const holds = await exchange.sql<HoldRecord>(
      `select state, amount::integer from holds where state = 'captured'`,
    );
    expect(holds).toEqual([{ state: 'captured', amount: PRICE }]);
  });

  test('is offered no more calls when nothing is left, until there is money again', async () => {
    await exchange.change('wallets/prepaid-account', { stopBelow: PRICE / 2 });
    await until('it is stopped', async () => {
      const { body } = await exchange.api<{ funds?: string }>('GET', '/api/v1/accounts/prepaid-account');
      return body.funds === 'stopped';
    });
    await exchange.knowsMarket();
    await buyer('open', scenario.buyerAnswers());
    await dial(scenario.callerHangsUp(200));
    await exchange.isClean();
    expect((await lastCall()).attempts).toMatchObject([{ buyerId: 'open', outcome: 'answered' }]);
    await buyer('prepaid', scenario.buyerAnswers());
    await fill('prepaid', 2 * PRICE);
    await dial(scenario.callerHangsUp(200));
    await exchange.isClean();
    expect(await lastCall()).toMatchObject({ buyer_id: 'prepaid', revenue: PRICE });
    const told = await exchange.sql<{ type: string }>(
      `select type from outbox where type in ('wallet.stopped', 'wallet.resumed')
       and payload ->> 'accountId' = 'prepaid-account' order by id desc limit 2`,
    );
    expect(told.map(({ type }) => type)).toEqual(['wallet.resumed', 'wallet.stopped']);
  });
});

describe('a call that is paid by the second', () => {
  beforeAll(async () => {
    const uri = 'sip:x@127.0.0.1:9';
    const plan = BY_THE_SECOND;
    const price = 2 * PRICE;
    await addBuyer(exchange, { id: 'patient', uri, price, plan, wallet: { money: 0 } });
    await addBuyer(exchange, { id: 'strict', uri, price, plan, wallet: { money: 0, onExhausted: 'end' } });
  });

  test('is covered further while it lasts, and pays what it lasted', async () => {
    await buyer('patient', scenario.buyerAnswers());
    await fill('patient', 100 * UNIT);
    await dial(scenario.callerHangsUp(5_000));
    await exchange.isClean();
    const call = await lastCall();
    expect(call).toMatchObject({ buyer_id: 'patient', end_reason: 'caller_hangup' });
    const [hold] = await holdsOf(call.id);
    expect(hold?.state).toBe('captured');
    expect(hold?.amount).toBeGreaterThan(AHEAD_MS / 1_000 + 1 * UNIT);
    expect(hold?.amount).toBeGreaterThanOrEqual(call.revenue ?? Infinity);
    const extended = await exchange.sql(
      `select 1 from ledger_transactions where kind = 'hold_extension' and call_id = $1`,
      [call.id],
    );
    expect(extended.length).toBeGreaterThan(0);
    expect(await wallet('patient')).toMatchObject({ balance: 100 * UNIT - (call.revenue ?? 0), held: 0 });
    await exchange.change('bids/patient-bid', { status: 'paused' });
  });

  test('ends when its wallet is used up, where that is wanted, and is never more than that', async () => {
    await buyer('strict', scenario.buyerAnswers());
    await fill('strict', 5 * UNIT);
    await dial(scenario.callerWaitsForBye());
    await exchange.isClean();
    const call = await lastCall();
    expect(call).toMatchObject({ buyer_id: 'strict', end_reason: 'insufficient_funds' });
    expect(call.connected_ms).toBeGreaterThan(AHEAD_MS);
    const { balance, held } = await wallet('strict');
    expect(balance).toBe(5 * UNIT - (call.revenue ?? 0));
    expect(balance).toBeGreaterThanOrEqual(0);
    expect(held).toBe(0);
    await exchange.change('bids/strict-bid', { status: 'paused' });
  });
});

test('a switch that is killed leaves nothing held: calls that were up are settled, those that rang given back', async () => {
  await fill('prepaid', 4 * PRICE);
  await buyer('prepaid', scenario.buyerAnswers());
  const up = await carrier(scenario.callerHangsUp(20_000));
  await until('a call is up', answeredCalls(1));
  const answered = await lastCall();
  await until('it was checkpointed', async () => (await lastCall()).connected_ms > 0);
  await buyer('prepaid', scenario.buyerRingsOn());
  const rings = await carrier(scenario.callerCancels(1, 20_000));
  await until('money is held for both', async () => (await wallet('prepaid')).held === 2 * PRICE);
  await exchange.kill();
  await up.stop();
  await rings.stop();
  await exchange.restart();
  await exchange.isClean();
  expect(await wallet('prepaid')).toMatchObject({ balance: 3 * PRICE, held: 0 });
  expect(await holdsOf(answered.id)).toEqual([{ state: 'captured', amount: PRICE }]);
  const [settled] = await exchange.sql<{ revenue: number }>(
    'select revenue::integer from settlements where call_id = $1',
    [answered.id],
  );
  expect(settled).toEqual({ revenue: PRICE });
});

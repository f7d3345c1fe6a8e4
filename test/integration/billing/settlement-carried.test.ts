import { AnalyticsRollUp, checkAnalytics, readCallReport } from '../../../src/analytics';
import {
  acceptDifference,
  DeadLetters,
  getSettlement,
  importRateDeck,
  LateEnds,
  listReconciliationDifferences,
  lockSoldBook,
  moneyOfCall,
  recordSignal,
  ReratingJob,
  runCallsReconciliation,
  settleCall,
} from '../../../src/billing';
import type { CallEndedRecord, CarriedLeg } from '../../../src/domain';
import { endedRecord, NOON, unsoldRecord } from '../../support/call-records';
import { until } from '../../support/until';
import { linesOfCall, theBooks } from './support/books';
import { SettlementRoom } from './support/settlement-room';

let room: SettlementRoom;

beforeEach(async () => {
  room = await SettlementRoom.open();
  await room.own.query(`insert into accounts (id, name, type, currency) values
    ('carrier', 'Carrier', 'carrier', 'USD'), ('abroad', 'Abroad', 'carrier', 'EUR')`);
  await room.own.query(`insert into trunks (id, account_id, name, sources, origin) values
    ('trunk-1', 'carrier', 'In', '{192.0.2.1}', 'inbound_consumer'),
    ('out', 'abroad', 'Out', '{192.0.2.2}', 'inbound_consumer')`);
  // 0.06 and 0.60 a minute by the second: 1,000 and 10,000 micro-units a second.
  await rates('trunk-1', 'inbound', '1800,0.06,1,1');
  await rates('out', 'outbound', '44,0.60,1,1');
});
afterEach(async () => {
  expect(await theBooks(room.db)).toMatchObject({ imbalance: 0, wrongBalances: 0 });
  expect(room.errors).toEqual([]);
  await room.close();
});

async function* file(text: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(text));
}
const rates = (trunkId: string, direction: CarriedLeg['direction'], line: string) =>
  importRateDeck(
    room.db,
    {
      ...{ trunkId, direction, name: 'A deck' },
      ...{ currency: undefined, effectiveFrom: NOON - 86_400_000, createdBy: undefined },
    },
    file(`prefix,rate_per_minute,first_increment_s,next_increment_s\n${line}\n`),
    NOON - 2 * 86_400_000,
  );
const legIn = (seconds: number): CarriedLeg => ({
  ...{ direction: 'inbound', trunkId: 'trunk-1', number: '+18005550100' },
  ...{ answeredAt: NOON + 1_000, durationMs: seconds * 1_000 },
});
const legOut = (seconds: number): CarriedLeg => ({
  ...{ direction: 'outbound', trunkId: 'out', number: '+442079460958' },
  ...{ answeredAt: NOON + 9_000, durationMs: seconds * 1_000 },
});
/** A caller who heard prompts, and whom nobody bought. */
const attended = (callId: string, carried: readonly CarriedLeg[] | undefined): CallEndedRecord =>
  unsoldRecord(callId, {
    ...{ state: 'completed', reason: 'plan_ended', sipStatus: 200, attendedAt: NOON + 1_000, carried },
  });
const postings = async (callId: string) =>
  (await linesOfCall(room.own, callId))
    .map(({ kind, accountId, purpose, amount }) => [kind, accountId, purpose, amount])
    .sort((a, b) => String(a).localeCompare(String(b)));
/** What reconciling finds, of calls that ended long enough ago. */
async function findings(): Promise<unknown[]> {
  const period = { from: NOON - 3_600_000, to: Math.max(NOON, Date.now()) + 3_600_000 };
  const run = await runCallsReconciliation(room.db, {
    ...{ period, requestedBy: 'test', now: Math.max(NOON, Date.now()) + 3_600_000 },
  });
  if (!run) throw new Error('somebody else runs it');
  const found = await listReconciliationDifferences(room.db, { runId: run.id, limit: 100 });
  return found.map(({ kind, callId, amount }) => [kind, callId, amount]);
}

test('a caller who was attended and never sold costs what the carrier is paid for the leg, once', async () => {
  const { settled } = room.worker();
  const relay = room.relay();
  await room.end(attended('heard', [legIn(31)]));
  await until('settled', () => room.isDone('heard'));
  await room.own.query(`update outbox set dispatched_at = null, done_at = null where subject = 'heard'`);
  relay.wake();
  await until('settled again', () => settled.length === 2);
  expect(settled).toEqual(['heard settled', 'heard already_settled']);
  expect(await postings('heard')).toEqual([
    ['call_settlement', 'carrier', 'payable', -31_000],
    ['call_settlement', 'operator', 'carrier_cost', 31_000],
  ]);
  expect(await getSettlement(room.db, 'heard')).toMatchObject({
    ...{ currency: 'USD', revenue: 0, payout: 0, fees: 0, taxes: 0, held: 0, carrierCost: 31_000 },
    ...{ connectedMs: 0, priced: 'not_sold', earned: 'not_sold' },
  });
  const told = await room.own.query<{ payload: Record<string, unknown> }>(
    `select payload from outbox where type = 'call.settled'`,
  );
  expect(told).toHaveLength(1);
  expect(told[0]?.payload).toMatchObject({ carrierCostMicros: 31_000, revenueMicros: 0, currency: 'USD' });
  // No party of it: neither pays, earns, nor may contest anything.
  expect(told[0]?.payload).not.toHaveProperty('sellerId');
  expect(told[0]?.payload).not.toHaveProperty('buyerAccountId');
  expect(await room.db.transaction((tx) => lockSoldBook(tx, 'heard'))).toBeUndefined();
  expect(await findings()).toEqual([]);
});

test('a transfer of its plan has a leg of its own, with its own carrier and currency', async () => {
  room.worker();
  room.relay();
  await room.end(attended('moved', [legIn(40), legOut(12), legOut(7)]));
  await until('settled', () => room.isDone('moved'));
  expect(await postings('moved')).toEqual([
    ['call_settlement', 'abroad', 'payable', -190_000],
    ['call_settlement', 'carrier', 'payable', -40_000],
    ['call_settlement', 'operator', 'carrier_cost', 190_000],
    ['call_settlement', 'operator', 'carrier_cost', 40_000],
  ]);
  const money = await moneyOfCall(room.db, 'moved');
  expect(money).toMatchObject({ currency: 'USD', carrierCost: 40_000, priced: 'not_sold' });
  expect(money?.lines.map(({ code, amount, currency }) => [code, amount, currency])).toEqual([
    ['inbound', 40_000, 'USD'],
    ['outbound', 120_000, 'EUR'],
    ['outbound/2', 70_000, 'EUR'],
  ]);
  expect(await findings()).toEqual([]);
});

test('the figures tell what calls cost that nobody bought', async () => {
  await room.end(
    attended('heard', [legIn(31)]),
    attended('moved', [legIn(40), legOut(12)]),
    endedRecord('sold', { carried: [legIn(95)] }),
    unsoldRecord('unheard'),
  );
  for (const callId of ['heard', 'moved', 'sold', 'unheard']) await settleCall(room.db, callId);
  await new AnalyticsRollUp(room.db).roll();
  expect(await checkAnalytics(room.db)).toEqual({ calls: 4, wrongCalls: [], wrongSums: [] });
  const { rows } = await readCallReport(room.db, {
    ...{ range: { from: NOON - 3_600_000, to: NOON + 3_600_000 }, bucket: 'total', zone: 'UTC' },
    ...{ groupBy: 'trunk', filter: {}, now: NOON + 7_200_000 },
  });
  expect(
    rows.map(({ key, currency, sums: { calls, answered, converted, revenue, carrierCost } }) => [
      ...[key, currency, calls, answered, converted, revenue, carrierCost],
    ]),
  ).toEqual([
    ['trunk-1', null, 1, 0, 0, 0, 0],
    ['trunk-1', 'EUR', 0, 0, 0, 0, 120_000],
    ['trunk-1', 'USD', 3, 1, 1, 25_000_000, 166_000],
  ]);
});

test('a call that was sold pays its buyer for the conversation, and carriers for their legs', async () => {
  await room.end(endedRecord('sold', { attendedAt: NOON + 1_000, carried: [legIn(95), legOut(61)] }));
  await room.end(endedRecord('plain'));
  await settleCall(room.db, 'sold');
  await settleCall(room.db, 'plain');
  expect(await getSettlement(room.db, 'sold')).toMatchObject({
    ...{ connectedMs: 60_000, revenue: 25_000_000, payout: 8_000_000, carrierCost: 95_000 },
  });
  // Of legs that were not metered each is as long as the conversation.
  expect(await getSettlement(room.db, 'plain')).toMatchObject({ carrierCost: 60_000 });
  expect(await findings()).toEqual([]);
});

test('of calls that cost nothing there is nothing to be said', async () => {
  await room.end(
    attended('unrated', [{ ...legIn(31), number: '+4930123456' }]),
    // As nodes write it that meter no legs yet.
    attended('unmetered', undefined),
    unsoldRecord('unanswered'),
  );
  for (const callId of ['unrated', 'unmetered', 'unanswered']) {
    expect(await settleCall(room.db, callId)).toBe('not_sold');
    expect(await getSettlement(room.db, callId)).toBeUndefined();
    expect(await room.isDone(callId)).toBe(true);
  }
  expect(await findings()).toEqual([]);
});

test('nothing that becomes known of it later changes what carriers are paid', async () => {
  await room.end(attended('signalled', [legIn(31)]));
  await settleCall(room.db, 'signalled');
  await recordSignal(
    room.db,
    { callId: 'signalled', kind: 'postback', value: 'sale', at: NOON + 60_000, source: 'token:t' },
    { windowMs: 86_400_000, now: NOON + 120_000 },
  );
  const job = new ReratingJob(room.db, { everyMs: 20, onError: (error) => room.errors.push(error) });
  room.atEnd(() => job.close());
  job.start();
  await until('rated again', async () => {
    const open = await room.own.query(
      `select 1 from outbox where type = 'call.signal' and done_at is null and dead_at is null`,
    );
    return open.length === 0;
  });
  expect(await moneyOfCall(room.db, 'signalled')).toMatchObject({ carrierCost: 31_000, revisions: 0 });
});

describe('an end that comes late', () => {
  async function late(callId: string, closedAs: CallEndedRecord, own: CallEndedRecord): Promise<void> {
    await room.end({ ...closedAs, reason: 'node_lost' });
    await settleCall(room.db, callId);
    await room.end(own);
    const found: string[] = [];
    const job = new LateEnds(room.db, {
      everyMs: 20,
      onDifference: (id) => found.push(id),
      onError: (error) => room.errors.push(error),
    });
    room.atEnd(() => job.close());
    job.start();
    await until('a case', () => found.length > 0);
    await acceptDifference(room.db, { callId, by: 'operator', note: undefined });
    expect(await findings()).toEqual([]);
  }

  test('of a leg that lasted longer: the rest is paid', async () => {
    await late('longer', attended('longer', [legIn(30)]), attended('longer', [legIn(44), legOut(3)]));
    expect(await moneyOfCall(room.db, 'longer')).toMatchObject({ carrierCost: 44_000, revisions: 1 });
    expect(await postings('longer')).toContainEqual(['call_rerating', 'abroad', 'payable', -30_000]);
  });

  test('of a call that was closed as never answered: it is settled by its own end', async () => {
    await late('unheard', unsoldRecord('unheard'), attended('unheard', [legIn(20)]));
    expect(await getSettlement(room.db, 'unheard')).toMatchObject({
      ...{ carrierCost: 20_000, priced: 'not_sold' },
    });
    expect(await postings('unheard')).toEqual([
      ['call_rerating', 'carrier', 'payable', -20_000],
      ['call_rerating', 'operator', 'carrier_cost', 20_000],
    ]);
  });

  test('of a call that had been sold after all: its parties pay and earn', async () => {
    const own = endedRecord('bought', { attendedAt: NOON + 1_000, carried: [legIn(70)] });
    await late('bought', attended('bought', [legIn(10)]), own);
    expect(await moneyOfCall(room.db, 'bought')).toMatchObject({
      ...{ revenue: 25_000_000, payout: 8_000_000, carrierCost: 70_000, priced: 'plan' },
    });
    expect(await postings('bought')).toContainEqual(['call_rerating', 'buyer-account', 'wallet', 25_000_000]);
    expect(await room.db.transaction((tx) => lockSoldBook(tx, 'bought'))).toMatchObject({
      ...{ buyerAccountId: 'buyer-account', sellerId: 'seller-account', currency: 'USD' },
    });
  });

  test('of one sold in another currency than carriers are paid in: both are told in their own', async () => {
    const carried = [{ ...legOut(10), direction: 'outbound' as const }];
    await late('mixed', attended('mixed', carried), endedRecord('mixed', { carried }));
    expect(await moneyOfCall(room.db, 'mixed')).toMatchObject({ currency: 'USD', revenue: 25_000_000 });
    expect(
      await room.own.query(`select revenue, carrier_cost from settlement_revisions where call_id = 'mixed'`),
    ).toEqual([{ revenue: '0', carrier_cost: '0' }]);
  });

  test('of a call that nobody had bought: carriers keep what they are owed', async () => {
    const closed = endedRecord('unbought', { carried: [legIn(60)] });
    await late('unbought', closed, attended('unbought', [legIn(25)]));
    expect(await moneyOfCall(room.db, 'unbought')).toMatchObject({
      ...{ revenue: 0, payout: 0, carrierCost: 25_000, priced: 'not_sold' },
    });
  });
});

test('what was never settled is found, and settled when people want it so', async () => {
  await room.end(attended('lost', [legIn(31)]), unsoldRecord('nothing'));
  await room.own.query(`update outbox set done_at = now() where type = 'call.ended'`);
  expect(await findings()).toEqual([['unsettled', 'lost', 31_000]]);

  const letters = new DeadLetters(room.db);
  expect(await letters.redrive('nothing', 'operator')).toBe(false);
  expect(await letters.redrive('lost', 'operator')).toBe(true);
  room.worker();
  room.relay();
  await until('settled', () => room.isDone('lost'));
  expect(await getSettlement(room.db, 'lost')).toMatchObject({ carrierCost: 31_000 });
  expect(await letters.redrive('lost', 'operator')).toBe(false);
  expect(await findings()).toEqual([]);
});

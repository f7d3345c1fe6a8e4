import {
  acceptDifference,
  dismissDifference,
  getDifference,
  LateEnds,
  listDifferences,
  moneyOfCall,
  recordSignal,
  ReratingJob,
  settleCall,
} from '../../../src/billing';
import type { CallEndedRecord } from '../../../src/domain';
import { micros } from '../../../src/domain';
import { endedRecord, NOON, ringTarget, saleTerms } from '../../support/call-records';
import { until } from '../../support/until';
import { linesOfCall, theBooks } from './support/books';
import { SettlementRoom } from './support/settlement-room';
import { listed } from '../../support/listed';

let room: SettlementRoom;
let found: string[];

beforeEach(async () => {
  room = await SettlementRoom.open();
  found = [];
});
afterEach(async () => {
  expect(await theBooks(room.db)).toMatchObject({ imbalance: 0, wrongBalances: 0 });
  await room.close();
});

const PER_MINUTE = {
  kind: 'per_minute',
  ratePerMinute: micros(6_000_000),
  firstIncrementMs: 1_000,
  nextIncrementMs: 1_000,
  afterMs: 0,
} as const;
const sold = (callId: string, connectedMs: number, more: Partial<CallEndedRecord> = {}): CallEndedRecord =>
  endedRecord(callId, {
    connectedMs,
    sale: {
      target: ringTarget({ plan: PER_MINUTE }),
      terms: saleTerms({ payout: { ...PER_MINUTE, ratePerMinute: micros(3_000_000) } }),
    },
    ...more,
  });

function reader(): LateEnds {
  const job = new LateEnds(room.db, {
    everyMs: 20,
    onDifference: (callId) => found.push(callId),
    onError: (error) => room.errors.push(error),
  });
  room.atEnd(() => job.close());
  job.start();
  return job;
}
const lateIsRead = async (callId: string): Promise<boolean> =>
  (
    await room.own.query(
      `select 1 from outbox where type = 'call.ended_late' and subject = $1 and done_at is not null`,
      [callId],
    )
  ).length === 1;
const by = (callId: string) => ({ callId, by: 'operator', note: 'as the carrier says' });

test('a call that lasted longer than it was settled for is a case; accepted, the rest is booked, once', async () => {
  await room.end(sold('longer', 60_000));
  await settleCall(room.db, 'longer');
  await room.end(sold('longer', 90_000));
  reader();
  await until('a case', () => found.length > 0);
  expect(found).toEqual(['longer']);
  const [open] = await listed(listDifferences(room.db, { where: { state: 'open' }, limit: 10 }));
  expect(open).toMatchObject({
    callId: 'longer',
    kind: 'late_end',
    currency: 'USD',
    was: { connectedMs: 60_000, revenue: 6_000_000, payout: 3_000_000 },
    wouldBe: { connectedMs: 90_000, revenue: 9_000_000, payout: 4_500_000 },
  });
  expect(open?.changes.map(({ kind, amount }) => [kind, amount])).toEqual([
    ['revenue', 3_000_000],
    ['payout', 1_500_000],
  ]);
  // No money by itself.
  expect(await linesOfCall(room.own, 'longer')).toHaveLength(4);

  const outcomes = await Promise.allSettled(
    Array.from({ length: 5 }, () => acceptDifference(room.db, by('longer'))),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await getDifference(room.db, 'longer')).toMatchObject({
    state: 'accepted',
    resolvedBy: 'operator',
    note: 'as the carrier says',
    transactionId: expect.any(Number) as number,
  });
  expect(await moneyOfCall(room.db, 'longer')).toMatchObject({
    revenue: 9_000_000,
    payout: 4_500_000,
    revisions: 1,
  });
  const posted = (await linesOfCall(room.own, 'longer')).filter(({ kind }) => kind === 'call_rerating');
  expect(posted.map(({ purpose, amount }) => [purpose, amount]).sort()).toEqual([
    ['payable', -1_500_000],
    ['payout', 1_500_000],
    ['revenue', -3_000_000],
    ['wallet', 3_000_000],
  ]);
  expect(
    await room.own.query(`select 1 from ledger_transactions where idempotency_key = 'call:longer:late'`),
  ).toHaveLength(1);
  await expect(acceptDifference(room.db, by('longer'))).rejects.toMatchObject({ kind: 'conflict' });
  await expect(dismissDifference(room.db, by('longer'))).rejects.toMatchObject({ kind: 'conflict' });
});

test('a call that was shorter is a case; dismissed, nothing is booked', async () => {
  await room.end(sold('shorter', 60_000));
  await settleCall(room.db, 'shorter');
  await room.end(sold('shorter', 20_000));
  reader();
  await until('a case', () => found.length > 0);
  expect((await getDifference(room.db, 'shorter'))?.changes.map(({ amount }) => amount)).toEqual([
    -4_000_000, -2_000_000,
  ]);
  expect(await dismissDifference(room.db, by('shorter'))).toMatchObject({
    state: 'dismissed',
    transactionId: null,
  });
  expect(await moneyOfCall(room.db, 'shorter')).toMatchObject({ revenue: 6_000_000, revisions: 0 });
});

test('an end that makes no other price is no case', async () => {
  await room.end(sold('same', 60_000, { reason: 'caller_hangup' }));
  await settleCall(room.db, 'same');
  await room.end(sold('same', 60_000, { reason: 'buyer_hangup' }));
  reader();
  await until('it is read', () => lateIsRead('same'));
  expect(found).toEqual([]);
  expect(await getDifference(room.db, 'same')).toBeUndefined();
});

test('what is not settled yet is looked at when it is', async () => {
  await room.end(sold('early', 60_000), sold('other', 60_000));
  await room.end(sold('early', 61_000));
  await settleCall(room.db, 'other');
  await room.end(sold('other', 61_000));
  reader();
  await until('the other', () => found.includes('other'));
  expect(await lateIsRead('early')).toBe(false);
  await settleCall(room.db, 'early');
  await until('a case', () => found.includes('early'));
});

test('a call that was closed as unsold and had been sold is settled by whoever accepts that', async () => {
  await room.end(sold('bought', 0, { sale: undefined, answeredAt: undefined, state: 'failed' }));
  expect(await settleCall(room.db, 'bought')).toBe('not_sold');
  await room.end(sold('bought', 60_000));
  reader();
  await until('a case', () => found.length > 0);
  expect(await getDifference(room.db, 'bought')).toMatchObject({
    was: { revenue: 0, priced: null },
    wouldBe: { revenue: 6_000_000, payout: 3_000_000 },
  });
  await acceptDifference(room.db, by('bought'));
  expect(await moneyOfCall(room.db, 'bought')).toMatchObject({ revenue: 6_000_000, payout: 3_000_000 });
  expect(await room.settlementsOf('bought')).toBe(1);
  expect(await settleCall(room.db, 'bought')).toBe('not_sold');
});

test('a call that was closed as sold and had not been is paid back by whoever accepts that', async () => {
  await room.end(sold('free', 60_000));
  await settleCall(room.db, 'free');
  await room.end(sold('free', 0, { sale: undefined, answeredAt: undefined, state: 'failed' }));
  reader();
  await until('a case', () => found.length > 0);
  await acceptDifference(room.db, by('free'));
  expect(await moneyOfCall(room.db, 'free')).toMatchObject({ revenue: 0, payout: 0 });
});

test('a case whose call is rated again meanwhile is brought up to date, and not accepted before', async () => {
  const conversions = [
    {
      when: { kind: 'keypress', anyOf: ['1'] },
      plan: { ...PER_MINUTE, ratePerMinute: micros(12_000_000) },
    },
  ] as const;
  const sale = {
    target: ringTarget({ plan: PER_MINUTE, conversions }),
    terms: saleTerms(),
  };
  await room.end(sold('moved', 60_000, { sale }));
  await settleCall(room.db, 'moved');
  await room.end(sold('moved', 90_000, { sale }));
  const job = reader();
  await until('a case', () => found.length > 0);
  await job.close();
  const pressed = { callId: 'moved', kind: 'keypress', value: '1', at: NOON, source: 'switch' } as const;
  expect(await recordSignal(room.db, pressed, { windowMs: 86_400_000, now: NOON + 600_000 })).toMatchObject({
    ok: true,
  });
  await new ReratingJob(room.db).run();
  await expect(acceptDifference(room.db, by('moved'))).rejects.toMatchObject({
    code: 'settlement_difference_changed',
  });
  reader();
  await until(
    'an up-to-date case',
    async () => (await getDifference(room.db, 'moved'))?.wouldBe.revenue === 18_000_000,
  );
  await acceptDifference(room.db, by('moved'));
  expect(await moneyOfCall(room.db, 'moved')).toMatchObject({ revenue: 18_000_000 });
});

test('two readers open one case of each call', async () => {
  const ids = Array.from({ length: 12 }, (_, n) => `both-${n}`);
  await room.end(...ids.map((id) => sold(id, 60_000)));
  for (const id of ids) await settleCall(room.db, id);
  await room.end(...ids.map((id) => sold(id, 70_000)));
  reader();
  reader();
  await until('all cases', () => found.length >= ids.length);
  expect(found.sort()).toEqual(ids.sort());
  expect(room.errors).toEqual([]);
});

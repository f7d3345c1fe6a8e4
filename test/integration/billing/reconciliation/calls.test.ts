import {
  explainDifference,
  getRun,
  listReconciliationDifferences,
  ReconciliationJob,
  requestRun,
  runCallsReconciliation,
} from '../../../../src/billing';
import {
  BUYER_ACCOUNT,
  endedRecord,
  NOON,
  SELLER_ACCOUNT,
  storeEnded,
  unsoldRecord,
} from '../../../support/call-records';
import { BillingRoom, CALL_COST } from '../invoices/support/billing-room';

const DAY = { from: Date.UTC(2026, 10, 21), to: Date.UTC(2026, 10, 22) };
let room: BillingRoom;

beforeEach(async () => {
  room = await BillingRoom.open();
});
afterEach(() => room.close());

/** Everything of the day of the records, and whatever was posted around now. */
async function reconcile(now = Date.now() + 3_600_000) {
  const period = {
    from: Math.min(DAY.from, Date.now() - 3_600_000),
    to: Math.max(DAY.to, Date.now() + 3_600_000),
  };
  const run = await runCallsReconciliation(room.db, { period, requestedBy: 'test', now });
  if (!run) throw new Error('somebody else runs it');
  const found = await listReconciliationDifferences(room.db, { runId: run.id, limit: 100 });
  return { run, found, seen: found.map(({ kind, callId, amount }) => [kind, callId, amount]) };
}

const end = (...records: ReturnType<typeof endedRecord>[]): Promise<void> => storeEnded(room.db, records);

test('clean books have no difference, and the totals are those of the day', async () => {
  await room.calls(3);
  await end(unsoldRecord('nobody-bought'));
  const { run, seen } = await reconcile();
  expect(seen).toEqual([]);
  expect(await getRun(room.db, run.id)).toMatchObject({
    kind: 'calls',
    state: 'done',
    differences: 0,
    totals: {
      calls: 4,
      settled: 3,
      revenueMicros: 75_000_000,
      payoutMicros: 24_000_000,
      carrierCostMicros: 0,
    },
  });
});

test('many calls are looked at some at a time, each once', async () => {
  await room.calls(1_203);
  const { run, seen } = await reconcile();
  expect(seen).toEqual([]);
  expect(await getRun(room.db, run.id)).toMatchObject({ totals: { calls: 1_203, settled: 1_203 } });
});

test('each kind of difference is found, with what is at stake, and nothing else', async () => {
  const [good, fewerLines, otherSums, lostEntry, noCall, longer] = (await room.calls(6)) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  await end(
    endedRecord('lost', { connectedMs: 61_000 }),
    endedRecord('overdue'),
    endedRecord('dead'),
    endedRecord('young', { endedAt: Date.now() + 3_600_000 }),
  );
  await room.own.query(`update outbox set done_at = now() where subject = 'lost'`);
  await room.own.query(
    `update outbox set dead_at = now(), dead_reason = 'no such account' where subject = 'dead'`,
  );
  await room.own.force(`update settlements set lines = lines - 0 where call_id = $1`, [fewerLines]);
  await room.own.force(`update settlements set revenue = revenue + 1 where call_id = $1`, [otherSums]);
  await room.own.force(
    `update ledger_entries set amount = amount + 7 where amount = 8000000 and transaction_id =
       (select id from ledger_transactions where call_id = $1)`,
    [lostEntry],
  );
  await room.own.force(`update settlements set call_id = 'ghost' where call_id = $1`, [noCall]);
  await room.own.force(`update calls set answered_at = null where id = $1`, [longer]);
  await room.own.query(`insert into wallets (account_id, currency) values ($1, 'USD')`, [BUYER_ACCOUNT]);
  await room.own.query(
    `insert into holds (id, call_id, account_id, currency, amount, placed_at, node_id, boot_id) values ('${good}/1', $1, $2, 'USD', 5, now() - interval '1 day', 'n1', 'b1')`,
    [good, BUYER_ACCOUNT],
  );
  await room.own.query(
    `insert into settlement_differences (call_id, kind, currency, was, would_be, changes, revisions)
     values ($1, 'late_end', 'USD', '{}', '{}', '[{"amount": 11}, {"amount": -4}]', 0)`,
    [good],
  );
  const { seen } = await reconcile(Math.max(Date.now(), NOON) + 3_600_000);
  expect(seen.sort()).toEqual(
    [
      ['unsettled', 'lost', 25_000_000],
      ['settlement_open', 'overdue', 25_000_000],
      ['settlement_dead', 'dead', 25_000_000],
      // A line less: it is not what its sums say, not what the ledger has, not what it is rated.
      ['sums_differ', fewerLines, 25_000_000],
      ['ledger_differs', fewerLines, 25_000_000],
      ['rating_differs', fewerLines, 25_000_000],
      ['sums_differ', otherSums, 1],
      ['ledger_differs', lostEntry, 7],
      ['no_call', 'ghost', 25_000_000],
      ['unsettled', noCall, 25_000_000],
      ['unexplained_money', noCall, CALL_COST + 8_000_000],
      ['not_sold', longer, CALL_COST],
      ['stale_hold', good, 5],
      ['held_differs', null, 5],
      ['late_end', good, 11],
    ].sort(),
  );
});

test('a call whose length was changed after it was settled is rated otherwise', async () => {
  const records = [endedRecord('per-minute', { sale: perMinute() })];
  await room.settle(records);
  expect((await reconcile()).seen).toEqual([]);
  await room.own.force(`update calls set sale = jsonb_set(sale, '{target,plan,ratePerMinute}', '3000000')`);
  const { found } = await reconcile();
  expect(found).toMatchObject([{ kind: 'rating_differs', callId: 'per-minute', state: 'open' }]);
  expect(found[0]?.amount).toBe(1_000_000);
});

test('signals that are still to be booked are no difference', async () => {
  await room.settle([endedRecord('signalled', { sale: perMinute() })]);
  await room.own.force(`update calls set sale = jsonb_set(sale, '{target,plan,ratePerMinute}', '3000000')`);
  await room.own.query(
    `insert into outbox (type, subject, payload, due_at) values ('call.signal', '1', '{"callId": "signalled", "signalId": 1}', now() + interval '1 hour')`,
  );
  expect((await reconcile()).seen).toEqual([]);
});

test('people explain a difference once', async () => {
  await end(endedRecord('lost'));
  await room.own.query(`update outbox set done_at = now()`);
  const { found } = await reconcile();
  const id = found[0]?.id ?? 0;
  expect(await explainDifference(room.db, { id, note: 'a test call', by: 'ops' })).toMatchObject({
    state: 'explained',
    note: 'a test call',
    explainedBy: 'ops',
  });
  await expect(explainDifference(room.db, { id, note: 'again', by: 'ops' })).rejects.toMatchObject({
    code: 'difference_explained',
  });
  await expect(explainDifference(room.db, { id: 999, note: 'x', by: 'ops' })).rejects.toMatchObject({
    code: 'difference_not_found',
  });
  expect(await listReconciliationDifferences(room.db, { state: 'open', limit: 10 })).toEqual([]);
});

test('of many workers one reconciles a day; what died is taken over', async () => {
  const now = Date.UTC(2026, 10, 22, 3);
  const done: number[] = [];
  const job = (): ReconciliationJob =>
    new ReconciliationJob(room.db, { now: () => now, onDone: ({ id }) => done.push(id) });
  await Promise.all([job().run(), job().run(), job().run()]);
  expect(done).toHaveLength(1);
  await job().run();
  expect(done).toHaveLength(1);
  await room.own.query(
    `update reconciliations set state = 'running', started_at = now() - interval '2 hours'`,
  );
  await job().run();
  expect(done).toEqual([done[0], done[0]]);
  const asked = { kind: 'calls', period: DAY, requestedBy: 'somebody' } as const;
  const waiting = [await requestRun(room.db, asked), await requestRun(room.db, asked)];
  expect(waiting[0]).toMatchObject({ state: 'waiting', startedAt: null });
  await Promise.all([job().run(), job().run()]);
  expect(done.slice(2).sort()).toEqual(waiting.map(({ id }) => id));
});

function perMinute() {
  const { sale } = endedRecord('any');
  if (!sale) throw new Error('it is sold');
  const plan = {
    kind: 'per_minute',
    ratePerMinute: 2_000_000,
    firstIncrementMs: 1_000,
    nextIncrementMs: 1_000,
    afterMs: 0,
  };
  return {
    target: { ...sale.target, plan: plan as never },
    terms: { ...sale.terms, sellerId: SELLER_ACCOUNT },
  };
}

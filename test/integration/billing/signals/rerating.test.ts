import fc from 'fast-check';
import type { DeadSignal } from '../../../../src/billing';
import {
  listDeadSignals,
  moneyOfCall,
  recordSignal,
  redriveSignals,
  ReratingJob,
  revisionsOfCall,
  signalsOfCalls,
  STORED_SOURCES,
  trialBalance,
} from '../../../../src/billing';
import type { CallSignal } from '../../../../src/domain';
import { BooksRoom, signalled, SOON, WINDOW } from '../support/settled-calls';

let room: BooksRoom;
beforeAll(async () => {
  room = await BooksRoom.open(['partner']);
});
afterAll(() => room.close());

const postback = (value: string, at = SOON): CallSignal => ({ kind: 'postback', value, at });
const tell = (callId: string, value: string) =>
  recordSignal(room.db, { callId, ...postback(value), source: 'key:k1' }, WINDOW);
const rerate = (): Promise<void> => new ReratingJob(room.db).run();
const standing = async (callId: string) => {
  const money = await moneyOfCall(room.db, callId);
  return money && [money.revenue / 1e6, money.payout / 1e6, money.priced];
};
/** Signals of calls that are not settled wait for a moment. */
const dueNow = (): Promise<unknown> =>
  room.own.query(`update outbox set due_at = now() where type = 'call.signal' and done_at is null`);

test('a signal that comes after the settlement books the difference, once', async () => {
  await room.settled('late', { sale: signalled() });
  expect(await standing('late')).toEqual([25, 8, 'plan']);
  expect(await tell('late', 'sale')).toEqual({ ok: true, isNew: true });
  await rerate();
  expect(await standing('late')).toEqual([40, 15, 'conversions/1']);
  expect(await room.booked('late')).toEqual({
    'buyer-account wallet': 40_000_000,
    'operator payout': 15_000_000,
    'operator revenue': -40_000_000,
    'seller-account payable': -15_000_000,
  });
  expect(await tell('late', 'sale')).toEqual({ ok: true, isNew: false });
  await rerate();
  expect(await revisionsOfCall(room.db, 'late')).toMatchObject([
    { n: 1, kind: 'rerating', revenue: 15_000_000, payout: 7_000_000, priced: 'conversions/1', signals: 1 },
  ]);
  expect((await room.events('call.rerated')).filter(({ subject }) => subject === 'late:1')).toMatchObject([
    { payload: { revenueMicros: 40_000_000, previousRevenueMicros: 25_000_000, reason: 'signal' } },
  ]);
});

test('a signal can take everything back, and another one nothing of that', async () => {
  await room.settled('junk', { sale: signalled() });
  await tell('junk', 'sale');
  await rerate();
  await tell('junk', 'junk');
  await rerate();
  expect(await standing('junk')).toEqual([0, 0, 'conversions/0']);
  expect(await room.booked('junk')).toEqual({});
  await tell('junk', 'anything');
  await rerate();
  expect((await revisionsOfCall(room.db, 'junk')).map(({ n }) => n)).toEqual([1, 2]);
});

test('shares of a seller are rated again with it', async () => {
  const sale = signalled({ splits: [{ accountId: 'partner', shareBp: 3_333 }] });
  await room.settled('shared', { sale });
  await tell('shared', 'sale');
  await rerate();
  expect(await room.booked('shared')).toMatchObject({
    'seller-account payable': -10_000_500,
    'partner payable': -4_999_500,
  });
});

test('a signal that comes while the call is being settled is not lost', async () => {
  await room.end('between', { sale: signalled() });
  await room.settle('between', {
    ...STORED_SOURCES,
    signalsOf: async (tx, callIds) => {
      const known = await signalsOfCalls(tx, callIds);
      await tell('between', 'sale');
      return known;
    },
  });
  expect(await standing('between')).toEqual([25, 8, 'plan']);
  await rerate();
  expect(await standing('between')).toEqual([40, 15, 'conversions/1']);
});

test('a signal that comes before the settlement waits for it, and is part of it', async () => {
  await room.end('early', { sale: signalled() });
  await tell('early', 'sale');
  await rerate();
  expect(await standing('early')).toBeUndefined();
  await room.settle('early');
  expect(await standing('early')).toEqual([40, 15, 'conversions/1']);
  await dueNow();
  await rerate();
  expect(await revisionsOfCall(room.db, 'early')).toEqual([]);
  expect(await room.own.query(`select 1 from outbox where type = 'call.signal' and done_at is null`)).toEqual(
    [],
  );
});

test('in whatever order signals, settlement and any number of jobs meet: the call stands as all signals rate it', async () => {
  let calls = 0;
  const step = fc.constantFrom('sale', 'junk', 'other', 'settle', 'rerate');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4, size: 'max' }),
      async (rounds) => {
        const callId = `order-${calls++}`;
        await room.end(callId, { sale: signalled() });
        const told = new Set<string>();
        for (const round of rounds) {
          await Promise.all(
            round.map((what) => {
              if (what === 'settle') return room.settle(callId);
              if (what === 'rerate') return rerate();
              told.add(what);
              return tell(callId, what);
            }),
          );
        }
        await room.settle(callId);
        await dueNow();
        await rerate();
        const want = told.has('junk') ? [0, 0] : told.has('sale') ? [40, 15] : [25, 8];
        expect((await standing(callId))?.slice(0, 2)).toEqual(want);
        const [revenue = 0, payout = 0] = want;
        expect(await room.booked(callId)).toEqual(
          revenue === 0
            ? {}
            : {
                'buyer-account wallet': revenue * 1e6,
                'operator payout': payout * 1e6,
                'operator revenue': -revenue * 1e6,
                'seller-account payable': -payout * 1e6,
              },
        );
      },
    ),
    { numRuns: 25 },
  );
  expect(await trialBalance(room.db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
});

test('what cannot be rated is tried again, then for people, and can be driven again', async () => {
  await room.settled('broken', { sale: signalled() });
  await tell('broken', 'sale');
  const dead: DeadSignal[] = [];
  const broken = new ReratingJob(room.db, {
    sources: { ...STORED_SOURCES, termsOf: () => Promise.reject(new Error('terms with a hole')) },
    onDead: (signal) => dead.push(signal),
  });
  for (let tries = 0; tries < 6; tries++) {
    await broken.run();
    await dueNow();
  }
  expect(dead).toMatchObject([{ callId: 'broken', reason: 'terms with a hole' }]);
  expect(await listDeadSignals(room.db)).toMatchObject([{ callId: 'broken' }]);
  await rerate();
  expect(await standing('broken')).toEqual([25, 8, 'plan']);
  expect(await redriveSignals(room.db, 'broken')).toBe(1);
  await rerate();
  expect(await standing('broken')).toEqual([40, 15, 'conversions/1']);
});

test('of a call that nobody bought a signal is settled with it', async () => {
  await recordSignal(
    room.db,
    { callId: 'unsold', kind: 'keypress', value: '1', at: SOON, source: 'switch' },
    WINDOW,
  );
  await room.end('unsold', { sale: undefined, state: 'failed', connectedMs: 0 });
  await dueNow();
  await rerate();
  expect(await room.own.query(`select 1 from outbox where type = 'call.signal' and done_at is null`)).toEqual(
    [],
  );
});

test('a signal of a call that is never settled is for people after 30 days, and can be driven again', async () => {
  const age = (callId: string, days: number): Promise<unknown> =>
    room.own.query(
      `update outbox set created_at = now() - make_interval(hours => $2), due_at = now()
       where type = 'call.signal' and payload ->> 'callId' = $1`,
      [callId, days * 24],
    );
  for (const callId of ['lost', 'slow']) {
    await room.end(callId, { sale: signalled() });
    await tell(callId, 'sale');
  }
  await age('lost', 30);
  await age('slow', 29);
  const dead: DeadSignal[] = [];
  const job = new ReratingJob(room.db, { onDead: (signal) => dead.push(signal) });
  await job.run();
  await job.run();
  expect(dead).toMatchObject([
    { callId: 'lost', reason: 'its call is not there or was not settled for 30 days' },
  ]);
  expect(await listDeadSignals(room.db)).toMatchObject([{ callId: 'lost' }]);
  await dueNow();
  for (const callId of ['lost', 'slow']) await room.settle(callId);
  expect(await redriveSignals(room.db, 'lost')).toBe(1);
  await job.run();
  expect(dead).toHaveLength(1);
  expect(await room.own.query(`select 1 from outbox where type = 'call.signal' and done_at is null`)).toEqual(
    [],
  );
});

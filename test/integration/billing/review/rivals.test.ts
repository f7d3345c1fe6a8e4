import {
  adjust,
  approvePayouts,
  HoldSweeper,
  openDispute,
  payItems,
  PostgresFunds,
  preparePayouts,
  putPayoutTerms,
  receiveTopUp,
  recordSignal,
  refundCall,
  ReratingJob,
  resolveDispute,
  reviewDispute,
  settleCalls,
  trialBalance,
  createWallet,
  closePeriod,
} from '../../../../src/billing';
import { AppError, micros } from '../../../../src/domain';
import { BooksRoom, signalled, SOON, WINDOW } from '../support/settled-calls';

const ONE = { keyId: 'k1', accountId: 'operator' };
const TWO = { keyId: 'k2', accountId: 'operator' };
const BUYERS = ['buyer-account', 'b-2', 'b-3'];
const SELLERS = ['seller-account', 's-2', 's-3'];

let room: BooksRoom;
beforeAll(async () => {
  room = await BooksRoom.open(['b-2', 'b-3', 's-2', 's-3']);
  await room.db.query(`update accounts set type = 'seller' where id like 's-%'`);
  for (const accountId of SELLERS) {
    await putPayoutTerms(room.db, {
      accountId,
      currency: 'USD',
      period: 'manual',
      minimumAmount: micros(0),
      holdBackDays: 0,
      method: 'IBAN',
      updatedBy: 'operator',
    });
  }
  for (const accountId of BUYERS) {
    const wallet = { accountId, currency: 'USD' } as const;
    await room.db.transaction((tx) =>
      createWallet(tx, wallet, {
        kind: 'credit',
        creditLimit: micros(1e12),
        stopBelow: micros(0),
        onExhausted: 'finish',
      }),
    );
  }
});
afterAll(() => room.close());

const surprises: unknown[] = [];
const quiet = (work: Promise<unknown>): Promise<void> =>
  work.then(
    () => undefined,
    (error: unknown) => {
      if (!(error instanceof AppError) || error.kind === 'internal') surprises.push(error);
    },
  );

test('of those who move the same money at the same time none waits in a circle, and none is refused', async () => {
  const calls = Array.from({ length: 48 }, (_, n) => ({
    id: `call-${n}`,
    buyer: BUYERS[n % 3] as string,
    seller: SELLERS[(n * 7) % 3] as string,
  }));
  const funds = [1, 2].map((n) => new PostgresFunds(room.db, { nodeId: `n${n}`, bootId: 'b1', gatherMs: 1 }));
  await room.db.query(`insert into nodes (id, boot_id) values ('n1', 'b1'), ('n2', 'b1')`);
  const sweeper = new HoldSweeper(room.db, { nodeDeadAfterMs: 30_000 });
  const rerating = [new ReratingJob(room.db), new ReratingJob(room.db)];
  let over = false;
  const forever = async (work: () => Promise<unknown>): Promise<void> => {
    while (!over) {
      await quiet(work());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  let topUps = 0;
  const background = [
    forever(() => sweeper.sweep()),
    forever(() => (rerating[0] as ReratingJob).run()),
    forever(() => (rerating[1] as ReratingJob).run()),
    forever(() =>
      room.db.transaction((tx) =>
        receiveTopUp(tx, {
          wallet: { accountId: BUYERS[topUps % 3] as string, currency: 'USD' },
          reference: `t-${topUps++}`,
          amount: micros(1_000_000),
        }),
      ),
    ),
    forever(() =>
      adjust(
        room.db,
        {
          kind: 'correction',
          reference: `c-${Math.random()}`,
          from: { accountId: SELLERS[topUps % 3] as string, purpose: 'payable' },
          to: { accountId: BUYERS[topUps % 3] as string, purpose: 'wallet' },
          currency: 'USD',
          amount: micros(10),
          reason: 'r',
          by: ONE,
        },
        { mostAlone: micros(1e9) },
      ),
    ),
    forever(async () => {
      const { batch } = await preparePayouts(
        room.db,
        { currency: 'USD', upTo: Date.now() - 1, by: ONE },
        Date.now(),
      );
      if (!batch) return;
      await approvePayouts(room.db, batch.id, TWO);
      await payItems(room.db, { batchId: batch.id, reference: 'ref', by: TWO });
    }),
    forever(() => closePeriod(room.db, '2026-09')),
  ];
  const settleInBatches = async (): Promise<void> => {
    for (let n = 0; n < calls.length; n += 8) {
      const ids = calls.slice(n, n + 8).map(({ id }) => id);
      for (let tries = 0; tries < 20; tries++) {
        const results = await settleCalls(room.db, ids);
        if ([...results.values()].every(({ ok }) => ok)) break;
      }
    }
  };
  const live = async ({ id, buyer, seller }: (typeof calls)[number], n: number): Promise<void> => {
    const mine = funds[n % 2] as PostgresFunds;
    await quiet(
      mine.hold({
        id: `${id}/1`,
        callId: id,
        accountId: BUYERS[(n + 1) % 3] as string,
        currency: 'USD',
        amount: micros(5),
      }),
    );
    mine.release(`${id}/1`);
    await quiet(
      mine.hold({ id: `${id}/2`, callId: id, accountId: buyer, currency: 'USD', amount: micros(5_000_000) }),
    );
    await quiet(mine.extend(`${id}/2`, [micros(9_000_000)]));
    const sale = signalled({ sellerId: seller });
    await room.end(id, { sale: { ...sale, target: { ...sale.target, buyerAccountId: buyer } } });
  };
  for (let n = 0; n < calls.length; n += 16) {
    await Promise.all(calls.slice(n, n + 16).map((call, k) => live(call, n + k)));
  }
  const after = async (): Promise<void> => {
    for (const [n, { id, seller, buyer }] of calls.entries()) {
      await quiet(
        recordSignal(
          room.db,
          { callId: id, kind: 'postback', value: n % 2 ? 'sale' : 'other', at: SOON, source: 'key:k' },
          WINDOW,
        ),
      );
      await quiet(
        refundCall(room.db, {
          callId: id,
          reference: 'r',
          amount: micros(1_000_000),
          bearer: n % 3 ? 'seller' : 'exchange',
          reason: 'r',
          by: ONE,
        }),
      );
      await quiet(
        (async () => {
          const by = { keyId: 'k', accountId: n % 2 ? buyer : seller };
          const dispute = await openDispute(
            room.db,
            { callId: id, reason: 'other', claimed: micros(2_000_000), text: 't', by },
            { days: 9_999, now: Date.now() },
          );
          await reviewDispute(room.db, { disputeId: dispute.id, by: ONE });
          await resolveDispute(
            room.db,
            { disputeId: dispute.id, by: ONE },
            { state: 'accepted', bearer: 'seller' },
          );
        })(),
      );
    }
  };
  await Promise.all([settleInBatches(), settleInBatches(), after(), after(), after()]);
  await Promise.all([after(), after()]);
  over = true;
  await Promise.all(background);
  await Promise.all(funds.map((one) => one.close()));
  await sweeper.sweep();
  const [{ deadlocks } = { deadlocks: '-1' }] = await room.own.query<{ deadlocks: string }>(
    'select deadlocks from pg_stat_database where datname = current_database()',
  );
  const [counts] = await room.own.query<Record<string, number>>(
    `select (select count(*) from settlements)::integer as settled, (select count(*) from holds where state = 'open')::integer as held,
       (select -sum(balance) from ledger_accounts where purpose = 'held')::integer as "heldMicros",
       (select count(*) > 0 from payout_items where state = 'paid') as paid,
       (select count(*) > 0 from disputes where closed_at is not null) as disputed,
       (select count(*) > 0 from settlement_revisions where kind = 'rerating') as rerated`,
  );
  expect(counts).toEqual({ settled: 48, held: 0, heldMicros: 0, paid: true, disputed: true, rerated: true });
  expect(await trialBalance(room.db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
  expect(surprises).toEqual([]);
  expect(deadlocks).toBe('0');
});

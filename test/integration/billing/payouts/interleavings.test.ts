import fc from 'fast-check';
import {
  approvePayouts,
  cancelPayouts,
  exportPayouts,
  failItems,
  itemsOfBatch,
  listPayoutBatches,
  trialBalance,
} from '../../../../src/billing';
import { AppError } from '../../../../src/domain';
import { ONE, OTHER, PayoutRoom } from './support/payout-room';

let room: PayoutRoom;

beforeAll(async () => {
  room = await PayoutRoom.open();
});
afterAll(() => room.close());

/** What somebody does; `which` picks among what there is. */
type Step =
  | { readonly kind: 'earn' | 'take back'; readonly which: number; readonly cents: number }
  | { readonly kind: 'prepare' }
  | {
      readonly kind: 'approve' | 'pay' | 'pay one' | 'fail one' | 'cancel' | 'export';
      readonly which: number;
    };

const which = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('earn' as const), which, cents: fc.nat({ max: 5_000 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('take back' as const), which, cents: fc.nat({ max: 4_000 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('prepare' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('approve', 'approve', 'pay', 'pay', 'pay one', 'fail one', 'cancel', 'export'),
      which,
    }),
  },
);

async function perform(step: Step, sellers: readonly string[]): Promise<unknown> {
  switch (step.kind) {
    case 'earn':
    case 'take back': {
      // Not only whole cents.
      const amount = step.cents * 10_000 + step.cents;
      const seller = sellers[step.which % sellers.length] ?? '';
      return amount > 0 && room.earn(seller, step.kind === 'earn' ? amount : -amount);
    }
    case 'prepare':
      return room.prepare();
    default: {
      const batches = await listPayoutBatches(room.db, { limit: 4 });
      const batch = batches[step.which % batches.length];
      if (!batch) return undefined;
      if (step.kind === 'approve') return approvePayouts(room.db, batch.id, OTHER);
      if (step.kind === 'pay') return room.pay(batch.id);
      if (step.kind === 'cancel') return cancelPayouts(room.db, batch.id, ONE);
      if (step.kind === 'export') return exportPayouts(room.db, batch.id);
      const items = await itemsOfBatch(room.db, batch.id);
      const item = items[step.which % items.length];
      if (!item) return undefined;
      if (step.kind === 'pay one') return room.pay(batch.id, [item.id]);
      return failItems(room.db, { batchId: batch.id, itemIds: [item.id], reason: 'refused', by: ONE });
    }
  }
}

/** Everything in the ledger of these accounts, in the order in which it was posted. */
async function history(
  sellers: readonly string[],
): Promise<{ account: string; key: string; amount: number }[]> {
  const rows = await room.own.query<{ account: string; key: string; amount: string }>(
    `select b.account_id as account, t.idempotency_key as key, e.amount
     from ledger_blocks b
     join ledger_transactions t on t.id = any(b.transaction_ids)
     join ledger_entries e on e.transaction_id = t.id
     join ledger_accounts l on l.id = e.ledger_account_id and l.account_id = b.account_id
     where b.account_id = any($1) order by b.account_id, b.seq, t.id`,
    [sellers],
  );
  return rows.map((row) => ({ ...row, amount: Number(row.amount) }));
}

test('whoever does what at the same time: paid once, and never more than is owed', async () => {
  let paidInAll = 0;
  let takenBackMeanwhile = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { size: 'max', minLength: 4, maxLength: 14 }),
      async (rounds) => {
        await room.reset();
        const sellers = [
          await room.seller(),
          await room.seller(),
          await room.seller({ minimum: 10_000_000 }),
        ];
        for (const round of rounds) {
          const done = await Promise.allSettled(round.map((one) => perform(one, sellers)));
          for (const one of done) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(AppError);
          for (const one of done) {
            if (one.status !== 'rejected') continue;
            if ((one.reason as AppError).code === 'payout_not_covered') takenBackMeanwhile++;
          }
        }
        const owed = new Map<string, number>();
        for (const { account, key, amount } of await history(sellers)) {
          const left = (owed.get(account) ?? 0) - amount;
          owed.set(account, left);
          // No payout leaves less than nothing owed.
          if (key.startsWith('payout:') && amount > 0) expect(left).toBeGreaterThanOrEqual(0);
        }
        const items = await room.own.query<{ accountId: string; state: string; amount: string }>(
          `select account_id as "accountId", state, amount from payout_items`,
        );
        for (const seller of sellers) {
          expect(await room.owed(seller)).toBe(owed.get(seller) ?? 0);
          const paid = items.filter(({ accountId, state }) => accountId === seller && state === 'paid');
          const sum = paid.reduce((all, { amount }) => all + Number(amount), 0);
          expect(await room.received(seller)).toBe(sum);
          paidInAll += sum;
        }
        expect(await trialBalance(room.db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
        const unclosed = await room.own.query(
          `select 1 from payout_batches b where closed_at is null
           and not exists (select 1 from payout_items i where i.batch_id = b.id and i.state = 'open')`,
        );
        expect(unclosed).toEqual([]);
      },
    ),
    { numRuns: 25, examples: [[DOUBLE], [TAKEN_BACK]] },
  );
  // The cases above are really met.
  expect(paidInAll).toBeGreaterThan(0);
  expect(takenBackMeanwhile).toBeGreaterThan(0);
});

/** Two batches, approved and paid by many at once; one of them when less is owed. */
const DOUBLE: Step[][] = [
  [{ kind: 'earn', which: 0, cents: 5_000 }],
  [{ kind: 'prepare' }, { kind: 'prepare' }, { kind: 'prepare' }],
  [
    { kind: 'approve', which: 0 },
    { kind: 'approve', which: 0 },
  ],
  [
    { kind: 'pay', which: 0 },
    { kind: 'pay', which: 0 },
    { kind: 'pay one', which: 0 },
    { kind: 'cancel', which: 0 },
  ],
  [{ kind: 'earn', which: 0, cents: 5_000 }],
  [{ kind: 'prepare' }],
  [{ kind: 'take back', which: 0, cents: 4_000 }],
  [{ kind: 'approve', which: 0 }],
];

/** Money that is taken back when the bank has been told to send it. */
const TAKEN_BACK: Step[][] = [
  [{ kind: 'earn', which: 0, cents: 5_000 }],
  [{ kind: 'prepare' }],
  [{ kind: 'approve', which: 0 }],
  [{ kind: 'take back', which: 0, cents: 1_000 }],
  [{ kind: 'pay', which: 0 }],
];

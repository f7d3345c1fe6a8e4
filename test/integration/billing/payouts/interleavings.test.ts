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
import { listed } from '../../../support/listed';

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
      const batches = await listed(listPayoutBatches(room.db, { limit: 4 }));
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

/** Micro-units of a seller that nobody has approved to be paid: less than nothing when more was approved than is owed. */
async function free(seller: string): Promise<number> {
  const [row] = await room.own.query<{ approved: string }>(
    `select coalesce(sum(i.amount), 0) as approved from payout_items i join payout_batches b on b.id = i.batch_id
     where i.account_id = $1 and i.state = 'open' and b.state = 'approved'`,
    [seller],
  );
  return (await room.owed(seller)) - Number(row?.approved ?? 0);
}

/** Micro-units that were taken from a seller by hand, all in all. */
async function takenFrom(seller: string): Promise<number> {
  const [row] = await room.own.query<{ taken: string }>(
    `select coalesce(sum(e.amount), 0) as taken from ledger_entries e
     join ledger_accounts l on l.id = e.ledger_account_id join ledger_transactions t on t.id = e.transaction_id
     where l.account_id = $1 and l.purpose = 'payable' and t.kind = 'adjustment'`,
    [seller],
  );
  return Number(row?.taken ?? 0);
}

async function standing(sellers: readonly string[]): Promise<{ free: number; taken: number }[]> {
  const all = [];
  for (const one of sellers) all.push({ free: await free(one), taken: await takenFrom(one) });
  return all;
}

test('whoever does what at the same time: what was approved is paid once, and only clawbacks bring anybody below nothing', async () => {
  let paidInAll = 0;
  let takenBackMeanwhile = 0;
  let belowNothing = 0;
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
        let before = await standing(sellers);
        for (const round of rounds) {
          const done = await Promise.allSettled(round.map((one) => perform(one, sellers)));
          for (const one of done) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(AppError);
          for (const one of done) {
            if (one.status !== 'rejected') continue;
            if ((one.reason as AppError).code === 'payout_not_covered') takenBackMeanwhile++;
          }
          const after = await standing(sellers);
          for (const [n, now] of after.entries()) {
            const { free: freeBefore, taken } = before[n] ?? { free: 0, taken: 0 };
            // Neither approving nor paying goes below nothing: what does was taken back in this round.
            expect(now.free).toBeGreaterThanOrEqual(Math.min(freeBefore, 0) - (now.taken - taken));
            if (now.free < 0) belowNothing++;
          }
          before = after;
        }
        const items = await room.own.query<{ accountId: string; state: string; amount: string }>(
          `select account_id as "accountId", state, amount from payout_items`,
        );
        for (const seller of sellers) {
          const paid = items.filter(({ accountId, state }) => accountId === seller && state === 'paid');
          const sum = paid.reduce((all, { amount }) => all + Number(amount), 0);
          expect(await room.received(seller)).toBe(sum);
          paidInAll += sum;
        }
        const unapproved = await room.own.query(
          `select 1 from ledger_transactions t join payout_items i on t.idempotency_key = 'payout:' || i.id
           join payout_batches b on b.id = i.batch_id where b.approved_at is null`,
        );
        expect(unapproved).toEqual([]);
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
  expect(belowNothing).toBeGreaterThan(0);
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
  [{ kind: 'export', which: 0 }],
  [
    { kind: 'pay', which: 0 },
    { kind: 'pay one', which: 0 },
  ],
];

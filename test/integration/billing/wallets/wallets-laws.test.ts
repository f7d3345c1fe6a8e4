import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { PostgresFunds } from '../../../../src/billing';
import { captureHolds, HoldSweeper, postTransaction } from '../../../../src/billing';
import type { Micros } from '../../../../src/domain';
import { OPERATOR_ACCOUNT, micros } from '../../../../src/domain';
import { endedRecord, ringTarget, saleTerms, storeEnded } from '../../../support/call-records';
import { BILLING_ROOMS, CompiledSources } from '../../../support/compiled-sources';
import { openDatabase } from '../../../support/open-database';
import { until } from '../../../support/until';
import { UNIT, units, WalletRoom } from './support/wallet-room';

const BOOT = { nodeId: 'node-1', bootId: 'boot-1' };
/** Units that the wallet has, may owe, and gets now and then. */
const MONEY = 40;
const CREDIT = 25;
const TOP_UP = 10;

let room: WalletRoom;
/** Two switches. */
let switches: PostgresFunds[];
beforeAll(async () => {
  room = await WalletRoom.open();
  switches = [0, 1].map((n) => {
    const pool = openDatabase(room.own.url, { poolSize: 2 });
    room.atEnd(() => pool.close());
    return room.funds({ nodeId: `node-${n}`, bootId: `boot-${n}`, gatherMs: n * 3 }, pool);
  });
});
afterEach(() => room.isSound());
afterAll(() => room.close());

type Act =
  | { kind: 'hold'; call: number; by: number; money: number }
  | { kind: 'extend'; call: number; by: number; money: number }
  | { kind: 'release'; call: number; by: number }
  | { kind: 'settle'; call: number; share: number }
  | { kind: 'top_up' };

const CALLS = 8;
const call = fc.nat({ max: CALLS - 1 });
const by = fc.nat({ max: 1 });
const money = fc.integer({ min: 1, max: 30 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('hold' as const), call, by, money }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('extend' as const), call, by, money }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('release' as const), call, by }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      call,
      share: fc.integer({ min: 0, max: 100 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'top_up' as const }) },
);

/** As settlement does it: takes what is held, earns a share of it, and leaves the rest with the buyer. */
async function settle(buyer: string, callId: string, share: number): Promise<number> {
  const sale = { target: ringTarget({ buyerAccountId: buyer }), terms: saleTerms() };
  await storeEnded(room.db, [endedRecord(callId, { sale })], BOOT);
  return room.db.transaction(async (tx) => {
    const captured = await captureHolds(tx, [callId]);
    const held = captured.reduce((sum, { amount }) => sum + amount, 0);
    if (held === 0) return 0;
    const revenue = Math.floor((held * share) / 100);
    const posting = (accountId: string, purpose: 'held' | 'wallet' | 'revenue', amount: number) =>
      amount === 0 ? [] : [{ accountId, purpose, currency: 'USD', amount: micros(amount) } as const];
    await postTransaction(tx, {
      idempotencyKey: `call:${callId}`,
      kind: 'call_settlement',
      callId,
      postings: [
        ...posting(buyer, 'held', held),
        ...posting(buyer, 'wallet', revenue - held),
        ...posting(OPERATOR_ACCOUNT, 'revenue', -revenue),
      ],
    });
    return revenue;
  });
}

test('whatever several switches, settlements and top-ups do at once, no wallet is overdrawn, and nothing stays held', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(act, { size: 'max', minLength: 1, maxLength: 12 }), { size: 'max', maxLength: 5 }),
      async (rounds) => {
        // New each time: what is made smaller is no call of the time before.
        const run = randomUUID();
        const buyer = await room.buyer(MONEY, { kind: 'credit', creditLimit: units(CREDIT) });
        const callOf = (n: number): string => `${run}-${n}`;
        let paid = 0;
        let given = MONEY;
        const granted = new Map<string, Micros>();
        const perform = async (one: Act): Promise<void> => {
          if (one.kind === 'top_up') {
            given += TOP_UP;
            await room.topUp(buyer, TOP_UP);
            return;
          }
          const callId = callOf(one.call);
          const id = `${callId}/1`;
          if (one.kind === 'settle') {
            const revenue = await settle(buyer, callId, one.share);
            paid += revenue;
            return;
          }
          const funds = switches[one.by] as PostgresFunds;
          if (one.kind === 'release') {
            funds.release(id);
            return;
          }
          const hold = { id, callId, accountId: buyer, currency: 'USD' } as const;
          const reply = await (one.kind === 'hold'
            ? funds.hold({ ...hold, amount: units(one.money) })
            : funds.extend(id, [units(one.money * 2), units(one.money)]));
          if (reply.ok) granted.set(id, reply.amount);
        };
        for (const round of rounds) {
          await Promise.all(round.map(perform));
          await room.isSound();
          const { available, held } = await room.wallet(buyer);
          expect(available).toBeGreaterThanOrEqual(0);
          expect(held).toBeGreaterThanOrEqual(0);
          expect(available + held).toBe((given + CREDIT) * UNIT - paid);
        }
        for (const id of granted.keys()) for (const funds of switches) funds.release(id);
        for (const funds of switches) await until('releases are written', () => funds.waiting === 0);
        for (const funds of switches) await funds.extend('nothing/1', [units(1)]);
        expect(await room.wallet(buyer)).toMatchObject({
          held: 0,
          available: (given + CREDIT) * UNIT - paid,
        });
      },
    ),
    { numRuns: 12 },
  );
  expect(room.errors).toEqual([]);
});

test('two switches that want the last money of many wallets in opposite orders do not wait for each other for ever', async () => {
  const buyers = await Promise.all(Array.from({ length: 10 }, () => room.buyer(5)));
  const [first, second] = switches as [PostgresFunds, PostgresFunds];
  const ask = (funds: PostgresFunds, accountId: string, n: string) =>
    funds.hold({
      id: `${accountId}-${n}/1`,
      callId: `${accountId}-${n}`,
      accountId,
      currency: 'USD',
      amount: units(1),
    });
  const replies = await Promise.all([
    ...buyers.flatMap((buyer) => ['a', 'b', 'c'].map((n) => ask(first, buyer, n))),
    ...[...buyers].reverse().flatMap((buyer) => ['d', 'e', 'f'].map((n) => ask(second, buyer, n))),
  ]);
  expect(replies.filter(({ ok }) => ok)).toHaveLength(50);
  for (const buyer of buyers) expect(await room.money(buyer)).toEqual({ available: 0, held: 5 });
});

describe('a process that is killed', () => {
  let compiled: CompiledSources;
  beforeAll(() => {
    compiled = new CompiledSources([
      ...BILLING_ROOMS,
      'test/integration/billing/wallets/support/holding-process.ts',
    ]);
  });
  afterAll(() => compiled.remove());

  test('between hold and release leaves what the sweeper gives back when its node came back', async () => {
    const buyer = await room.buyer(50);
    await room.own.query(`insert into nodes (id, boot_id) values ('doomed', 'first')`);
    const child = fork(
      compiled.path('test/integration/billing/wallets/support/holding-process.ts'),
      [room.own.url, buyer],
      { env: compiled.env, execArgv: [] },
    );
    const exited = new Promise((resolve) => child.once('exit', resolve));
    // It holds and gives back as fast as it can; it is killed in the midst of it.
    await new Promise<void>((resolve) => {
      child.on('message', (done: number) => done >= 20 && resolve());
    });
    child.kill('SIGKILL');
    await exited;
    const sweeper = new HoldSweeper(room.db, { nodeDeadAfterMs: 30_000 });
    await sweeper.sweep();
    const left = (await room.money(buyer)).held;
    expect(left).toBeGreaterThan(0);
    await room.isSound();
    await room.own.query(`update nodes set boot_id = 'second' where id = 'doomed'`);
    await sweeper.sweep();
    expect(await room.money(buyer)).toEqual({ available: 50, held: 0 });
  });
});

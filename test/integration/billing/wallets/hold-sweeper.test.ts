import { captureHolds, HoldSweeper } from '../../../../src/billing';
import { storeEntries } from '../../../../src/storage/call-entries';
import {
  decidedRecord,
  endedRecord,
  ringTarget,
  saleTerms,
  storeEnded,
  unsoldRecord,
} from '../../../support/call-records';
import { until } from '../../../support/until';
import { units, WalletRoom } from './support/wallet-room';

const BOOT = { nodeId: 'node-1', bootId: 'boot-1' };

let room: WalletRoom;
beforeAll(async () => {
  room = await WalletRoom.open();
});
beforeEach(async () => {
  // What other tests hold is none of this one's business.
  await room.own.query(`update holds set node_id = 'elsewhere', boot_id = 'up' where state = 'open'`);
  await room.own.query(
    `insert into nodes (id, boot_id) values ('node-1', 'boot-1')
     on conflict (id) do update set boot_id = 'boot-1', heartbeat_at = now()`,
  );
  await room.own.query(
    `insert into nodes (id, boot_id, heartbeat_at) values ('elsewhere', 'up', now() + interval '1 day')
     on conflict do nothing`,
  );
});
afterEach(() => room.isSound());
afterAll(() => room.close());

let calls = 0;
/** A call for whose only attempt ten units are held. */
async function heldCall(buyer: string): Promise<string> {
  const callId = `call-${calls++}`;
  const funds = room.funds();
  await funds.hold({ id: `${callId}/1`, callId, accountId: buyer, currency: 'USD', amount: units(10) });
  await funds.close();
  return callId;
}

let time = 0;
function sweeper(): HoldSweeper {
  return new HoldSweeper(room.db, { nodeDeadAfterMs: 30_000, monotonic: () => time });
}

const soldTo = (buyer: string) => ({
  sale: { target: ringTarget({ buyerAccountId: buyer }), terms: saleTerms() },
});

const store = (...records: ReturnType<typeof endedRecord>[]): Promise<void> =>
  storeEnded(room.db, records, BOOT);

test('what is held for calls that ring, are up, or wait for their settlement stays', async () => {
  const buyer = await room.buyer(100);
  const [unknown, ringing, sold] = [await heldCall(buyer), await heldCall(buyer), await heldCall(buyer)];
  await storeEntries(room.db, [{ kind: 'decided', boot: BOOT, record: decidedRecord(ringing) }]);
  await store(endedRecord(sold, soldTo(buyer)));
  expect(await sweeper().sweep()).toBe(0);
  expect(await room.money(buyer)).toEqual({ available: 70, held: 30 });
  expect(unknown).not.toBe(ringing);
});

test('what is held for calls that nobody took, that others took, or that are settled goes back, once', async () => {
  const buyer = await room.buyer(100);
  const [unsold, others, settled] = [await heldCall(buyer), await heldCall(buyer), await heldCall(buyer)];
  await store(unsoldRecord(unsold), endedRecord(others), endedRecord(settled, soldTo(buyer)));
  await room.own.query(
    `insert into settlements (call_id, connected_ms, revenue, payout, currency) values ($1, 0, 0, 0, 'USD')`,
    [settled],
  );
  const counts = await Promise.all([sweeper().sweep(), sweeper().sweep()]);
  expect(counts[0] + counts[1]).toBe(3);
  expect(await room.money(buyer)).toEqual({ available: 100, held: 0 });
  expect(await sweeper().sweep()).toBe(0);
});

test('a call of which nothing was stored keeps its money while its node lives, whatever lies in its journal', async () => {
  const buyer = await room.buyer(20);
  await heldCall(buyer);
  await room.own.query(`update nodes set heartbeat_at = now() - interval '1 hour' where id = 'node-1'`);
  const patient = sweeper();
  expect(await patient.sweep()).toBe(0);
  // The database was away until now, for all anybody knows: nodes are given the time to say that they live.
  time += 29_000;
  expect(await patient.sweep()).toBe(0);
  time += 1_000;
  expect(await patient.sweep()).toBe(1);
  expect(await room.money(buyer)).toEqual({ available: 20, held: 0 });
});

test('a call of which nothing was stored loses it when its node came back with another boot, or is unknown', async () => {
  const buyer = await room.buyer(20);
  await heldCall(buyer);
  await heldCall(buyer);
  await room.own.query(`update nodes set boot_id = 'boot-2' where id = 'node-1'`);
  expect(await sweeper().sweep()).toBe(2);
  await heldCall(buyer);
  await room.own.query(`delete from nodes where id = 'node-1'`);
  expect(await sweeper().sweep()).toBe(1);
  expect(await room.money(buyer)).toEqual({ available: 20, held: 0 });
});

test('settlement takes what is held of the account that bought the call, once, and leaves the rest', async () => {
  const [buyer, other] = [await room.buyer(50), await room.buyer(50)];
  const callId = await heldCall(buyer);
  const funds = room.funds();
  const more = [
    { id: `${callId}/2`, callId, accountId: buyer, currency: 'USD', amount: units(7) },
    { id: `${callId}/3`, callId, accountId: other, currency: 'USD', amount: units(5) },
  ] as const;
  for (const hold of more) await funds.hold(hold);
  const capture = () => room.db.transaction((tx) => captureHolds(tx, [callId, 'unknown']));
  // Nobody knows yet to whom it is sold.
  expect(await capture()).toEqual([]);
  await store(endedRecord(callId, soldTo(buyer)));
  await expect(
    room.db.transaction(async (tx) => {
      expect(await captureHolds(tx, [callId])).toHaveLength(2);
      throw new Error('the settlement fails');
    }),
  ).rejects.toThrow('the settlement fails');
  expect(await sweeper().sweep()).toBe(1);
  expect(await room.money(other)).toEqual({ available: 50, held: 0 });
  // What is captured is the settlement's to move; here it is left as it was.
  const undone = new Error('undone');
  await expect(
    room.db.transaction(async (tx) => {
      const captured = await captureHolds(tx, [callId]);
      expect(captured.map(({ holdId, amount }) => [holdId, amount]).sort()).toEqual([
        [`${callId}/1`, 10_000_000],
        [`${callId}/2`, 7_000_000],
      ]);
      expect(await captureHolds(tx, [callId])).toEqual([]);
      throw undone;
    }),
  ).rejects.toBe(undone);
  expect(await room.money(buyer)).toEqual({ available: 33, held: 17 });
});

test('holds that are over are forgotten after a while', async () => {
  const buyer = await room.buyer(10);
  await heldCall(buyer);
  await room.own.query(`update nodes set boot_id = 'boot-2' where id = 'node-1'`);
  let done = 0;
  const job = new HoldSweeper(room.db, {
    nodeDeadAfterMs: 30_000,
    retentionMs: 0,
    everyMs: 5,
    onReleased: ({ length }) => (done += length),
  });
  job.start();
  const left = () => room.own.query(`select 1 from holds where account_id = $1`, [buyer]);
  await until('the hold is forgotten', async () => (await left()).length === 0);
  await job.close();
  expect(done).toBeGreaterThanOrEqual(1);
  expect(await room.money(buyer)).toEqual({ available: 10, held: 0 });
});

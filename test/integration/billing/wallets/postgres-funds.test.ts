import type { FundsReply, HoldRequest, PostgresFunds } from '../../../../src/billing';
import { listHolds } from '../../../../src/billing';
import { units, WalletRoom } from './support/wallet-room';

let room: WalletRoom;
let funds: PostgresFunds;
beforeAll(async () => {
  room = await WalletRoom.open();
  funds = room.funds();
});
afterEach(() => room.isSound());
afterAll(() => room.close());

let calls = 0;
function request(accountId: string, money: number, id = `call-${calls++}/1`): HoldRequest {
  return { id, callId: id.split('/')[0] as string, accountId, currency: 'USD', amount: units(money) };
}

const HELD = (money: number): FundsReply => ({ ok: true, amount: units(money) });

/** Resolves when what was asked before is done. */
const settled = (): Promise<unknown> => funds.extend('nothing/1', [units(1)]);

test('a hold moves money from the wallet to what is held, and its release moves it back', async () => {
  const buyer = await room.buyer(30);
  const hold = request(buyer, 20);
  expect(await funds.hold(hold)).toEqual(HELD(20));
  expect(await room.money(buyer)).toEqual({ available: 10, held: 20 });
  funds.release(hold.id);
  await settled();
  expect(await room.money(buyer)).toEqual({ available: 30, held: 0 });
  const kinds = await room.own.query<{ kind: string }>(
    'select kind from ledger_transactions where call_id = $1 order by id',
    [hold.callId],
  );
  expect(kinds.map(({ kind }) => kind)).toEqual(['hold', 'hold_release']);
});

test('what the wallet does not cover is refused, and the money of one call goes to whoever came first', async () => {
  const buyer = await room.buyer(25);
  const replies = await Promise.all([20, 20, 5].map((money) => funds.hold(request(buyer, money))));
  expect(replies).toEqual([HELD(20), { ok: false, reason: 'insufficient', onExhausted: 'finish' }, HELD(5)]);
  expect(await room.money(buyer)).toEqual({ available: 0, held: 25 });
});

test('a credit limit may be used up, and no more', async () => {
  const buyer = await room.buyer(0, { kind: 'credit', creditLimit: units(50) });
  expect(await funds.hold(request(buyer, 50))).toEqual(HELD(50));
  expect(await funds.hold(request(buyer, 1))).toMatchObject({ ok: false, reason: 'insufficient' });
  expect(await room.wallet(buyer)).toMatchObject({ balance: -50_000_000, available: 0 });
});

test('without a wallet nothing is held', async () => {
  await room.db.query(`insert into accounts (id, name, type) values ('poor', 'poor', 'buyer')`);
  expect(await funds.hold(request('poor', 1))).toEqual({ ok: false, reason: 'no_wallet' });
  const euros = { ...request(await room.buyer(10), 1), currency: 'EUR' } as const;
  expect(await funds.hold(euros)).toEqual({ ok: false, reason: 'no_wallet' });
});

test('the same again changes nothing, in one transaction or in several', async () => {
  const buyer = await room.buyer(100);
  const hold = request(buyer, 20);
  expect(await Promise.all([funds.hold(hold), funds.hold(hold)])).toEqual([HELD(20), HELD(20)]);
  expect(await funds.hold(hold)).toEqual(HELD(20));
  expect(await funds.extend(hold.id, [units(30)])).toEqual(HELD(30));
  expect(await funds.extend(hold.id, [units(30)])).toEqual(HELD(30));
  expect(await funds.extend(hold.id, [units(25)])).toEqual(HELD(30));
  expect(await room.money(buyer)).toEqual({ available: 70, held: 30 });
  funds.release(hold.id);
  funds.release(hold.id);
  await settled();
  funds.release(hold.id);
  await settled();
  expect(await funds.hold(hold)).toEqual({ ok: false, reason: 'closed' });
  expect(await funds.extend(hold.id, [units(40)])).toEqual({ ok: false, reason: 'closed' });
  expect(await room.money(buyer)).toEqual({ available: 100, held: 0 });
});

test('an extension takes the first amount that the wallet covers', async () => {
  const buyer = await room.buyer(35);
  const hold = request(buyer, 10);
  await funds.hold(hold);
  expect(await funds.extend(hold.id, [units(50), units(40), units(30), units(20)])).toEqual(HELD(30));
  expect(await room.money(buyer)).toEqual({ available: 5, held: 30 });
  expect(await funds.extend('nobody/1', [units(1)])).toEqual({ ok: false, reason: 'unknown' });
});

test('a call that goes on without cover is told once, if it may go on', async () => {
  const going = request(await room.buyer(10), 10);
  const ending = request(await room.buyer(10, { onExhausted: 'end' }), 10);
  await Promise.all([funds.hold(going), funds.hold(ending)]);
  for (const hold of [going, going, ending]) {
    expect(await funds.extend(hold.id, [units(20)])).toEqual({
      ok: false,
      reason: 'insufficient',
      onExhausted: hold === going ? 'finish' : 'end',
    });
  }
  const told = await room.own.query<{ subject: string; payload: unknown }>(
    `select subject, payload from outbox where type = 'wallet.overrun'`,
  );
  expect(told).toEqual([
    {
      subject: going.callId,
      payload: { callId: going.callId, accountId: going.accountId, currency: 'USD', heldMicros: 10_000_000 },
    },
  ]);
});

test('many calls at once are few transactions', async () => {
  const buyer = await room.buyer(1_000);
  const holds = Array.from({ length: 200 }, () => request(buyer, 1));
  await Promise.all(holds.map((hold) => funds.hold(hold)));
  const [placed] = await room.own.query<{ holds: number; transactions: number }>(
    `select count(*)::int as holds, count(distinct xmin::text)::int as transactions from holds where account_id = $1`,
    [buyer],
  );
  expect(placed?.holds).toBe(200);
  expect(placed?.transactions).toBeLessThan(20);
  expect(await room.money(buyer)).toEqual({ available: 800, held: 200 });
  for (const { id } of holds) funds.release(id);
  await settled();
  expect(await room.money(buyer)).toEqual({ available: 1_000, held: 0 });
});

test('a hold that is given back before it was placed comes to nothing', async () => {
  const buyer = await room.buyer(10);
  const hold = request(buyer, 10);
  const reply = funds.hold(hold);
  funds.release(hold.id);
  expect(await reply).toEqual({ ok: false, reason: 'closed' });
  await settled();
  expect(await room.money(buyer)).toEqual({ available: 10, held: 0 });
});

test('one that cannot be served harms none of those beside it', async () => {
  const buyer = await room.buyer(100);
  const good = request(buyer, 10);
  const long = request(buyer, 10, `${'x'.repeat(300)}/1`);
  const [first, second, third] = await Promise.allSettled([
    funds.hold(good),
    funds.hold(long),
    funds.hold(request(buyer, 20)),
  ]);
  expect(first).toMatchObject({ value: HELD(10) });
  expect(second).toMatchObject({ status: 'rejected' });
  expect(third).toMatchObject({ value: HELD(20) });
  expect(() => funds.hold({ ...good, amount: units(-1) })).toThrow(RangeError);
  expect(await room.money(buyer)).toEqual({ available: 70, held: 30 });
});

test('holds of a wallet are listed, newest first, page by page', async () => {
  const buyer = await room.buyer(100);
  const holds = [1, 2, 3].map((money) => request(buyer, money));
  for (const hold of holds) await funds.hold(hold);
  funds.release(holds[1]?.id ?? '');
  await settled();
  const wallet = { accountId: buyer, currency: 'USD' } as const;
  const first = await listHolds(room.db, { ...wallet, limit: 2 });
  const last = first.at(-1);
  const rest = await listHolds(room.db, { ...wallet, limit: 2, ...(last && { after: last }) });
  expect([...first, ...rest].map(({ id, state }) => [id, state])).toEqual([
    [holds[2]?.id, 'open'],
    [holds[1]?.id, 'released'],
    [holds[0]?.id, 'open'],
  ]);
  expect(await listHolds(room.db, { ...wallet, state: 'released', limit: 5 })).toHaveLength(1);
});

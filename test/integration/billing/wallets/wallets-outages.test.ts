import { configSchema } from '../../../../src/config';
import { systemClock } from '../../../../src/domain';
import type { Funds } from '../../../../src/parts/open-funds';
import { openFunds } from '../../../../src/parts/open-funds';
import { ringTarget } from '../../../support/call-records';
import { TcpProxy } from '../../../support/tcp-proxy';
import { until } from '../../../support/until';
import { UNIT, WalletRoom } from './support/wallet-room';

/** What a call costs, in units; see the plan of call records. */
const PRICE = 25;

let room: WalletRoom;
let proxy: TcpProxy;
let degraded: boolean[];
let calls = 0;
beforeAll(async () => {
  room = await WalletRoom.open();
  proxy = await TcpProxy.open(room.own.url);
  room.atEnd(() => proxy.close());
});
beforeEach(() => {
  degraded = [];
  proxy.mend();
});
afterEach(() => room.isSound());
afterAll(() => room.close());

/** What a switch has, with a database that can be taken away. */
function open(billing: Record<string, unknown> = {}): Funds {
  return openFunds({
    config: configSchema.parse({ billing }),
    databaseUrl: proxy.url,
    bootId: 'boot-1',
    clock: systemClock,
    onDegraded: (yes) => degraded.push(yes),
    warn: () => () => undefined,
    endCall: () => undefined,
  });
}

function ring(funds: Funds, buyer: string) {
  const target = ringTarget({ buyerAccountId: buyer });
  return funds.desk.hold({ callId: `call-${calls++}`, attempt: 1, target, currency: 'USD' });
}

/** Rings until wallets answer again. @returns what was held meanwhile */
async function ringOn(funds: Funds, buyer: string): Promise<{ id: string }[]> {
  const held: { id: string }[] = [];
  await until('wallets to answer', async () => {
    const reply = await ring(funds, buyer);
    if (reply.ok && reply.held) held.push(reply.held);
    return !funds.desk.degraded;
  });
  return held;
}

test.each(['freeze', 'cut'] as const)(
  'a database that is taken away (%s) keeps no caller waiting, nor any money',
  async (how) => {
    const buyer = await room.buyer(20 * PRICE);
    const funds = open({ maxUnheldMicros: 2 * PRICE * UNIT });
    const before = await ring(funds, buyer);
    expect(await room.money(buyer)).toEqual({ available: 19 * PRICE, held: PRICE });
    proxy[how]();
    // As many as may be at stake ring, the others do not.
    const replies = [];
    for (let n = 0; n < 4; n++) replies.push(await ring(funds, buyer));
    expect(replies.map(({ ok }) => ok)).toEqual([true, true, false, false]);
    expect(degraded).toEqual([true]);
    const [first, second] = replies as [
      { ok: true; held: { id: string } },
      { ok: true; held: { id: string } },
    ];
    funds.desk.release(first.held);
    expect((await ring(funds, buyer)).ok).toBe(true);
    // What was held before is given back when somebody can be told.
    if (before.ok && before.held) funds.desk.release(before.held);
    funds.desk.answered(second.held);
    funds.desk.ended(second.held, 5_000);
    proxy.mend();
    const held = await ringOn(funds, buyer);
    expect(degraded).toEqual([true, false]);
    for (const one of held) funds.desk.release(one);
    await funds.close();
    await until('everything is given back', async () => (await room.money(buyer)).held === 0);
    expect(await room.money(buyer)).toEqual({ available: 20 * PRICE, held: 0 });
  },
);

test('where it is settled so, nobody with a wallet is rung while the database is away', async () => {
  const buyer = await room.buyer(20 * PRICE);
  const funds = open({ whenDatabaseIsAway: 'refuse' });
  proxy.cut();
  expect(await ring(funds, buyer)).toEqual({ ok: false });
  proxy.mend();
  for (const one of await ringOn(funds, buyer)) funds.desk.release(one);
  await funds.close();
  expect(await room.money(buyer)).toEqual({ available: 20 * PRICE, held: 0 });
});

import type { TopUpDue, WalletTerms, WalletWatchOptions } from '../../../../src/billing';
import { changeWallet, endTopUp, WalletWatch } from '../../../../src/billing';
import { until } from '../../../support/until';
import { units, WalletRoom } from './support/wallet-room';

let room: WalletRoom;
let asked: TopUpDue[];
let errors: Error[];
/** What the hook does with a top-up that is due. */
let takeOn: (due: TopUpDue) => Promise<void>;
beforeAll(async () => {
  room = await WalletRoom.open();
});
beforeEach(() => {
  asked = [];
  errors = [];
  takeOn = () => Promise.resolve();
});
afterEach(() => room.isSound());
afterAll(() => room.close());

function watch(more: Partial<WalletWatchOptions> = {}): WalletWatch {
  return new WalletWatch(room.db, {
    onTopUpDue: (due) => {
      asked.push(due);
      return takeOn(due);
    },
    steadyMs: 0,
    lowSteadyMs: 0,
    askAgainMs: 0,
    onError: (error) => errors.push(error),
    ...more,
  });
}

/** Types of the events of a wallet, in their order. */
async function toldOf(accountId: string): Promise<string[]> {
  const rows = await room.own.query<{ type: string }>(
    `select type from outbox where type like 'wallet.%' and payload ->> 'accountId' = $1 order by id`,
    [accountId],
  );
  return rows.map(({ type }) => type);
}

async function fundsOf(accountId: string): Promise<string | undefined> {
  const rows = await room.own.query<{ funds: string | null }>('select funds from accounts where id = $1', [
    accountId,
  ]);
  return rows[0]?.funds ?? 'ok';
}

async function fundsOfAll(...accountIds: string[]): Promise<(string | undefined)[]> {
  const funds: (string | undefined)[] = [];
  for (const accountId of accountIds) funds.push(await fundsOf(accountId));
  return funds;
}

async function change(accountId: string, terms: Partial<WalletTerms>): Promise<void> {
  const wallet = await room.wallet(accountId);
  await room.db.transaction((tx) =>
    changeWallet(tx, { accountId, currency: 'USD' }, wallet.version, { ...wallet, ...terms }),
  );
}

test('a wallet that runs low is told of once, and again when it recovered in between', async () => {
  const buyer = await room.buyer(100, { lowBalanceAt: units(50) });
  const funds = room.funds();
  const hold = (n: number) =>
    funds.hold({ id: `low/${n}`, callId: 'low', accountId: buyer, currency: 'USD', amount: units(51) });
  await watch().look();
  expect(await toldOf(buyer)).toEqual([]);
  await hold(1);
  await watch().look();
  await watch().look();
  expect(await toldOf(buyer)).toEqual(['wallet.low']);
  expect((await room.wallet(buyer)).lowSince).toBeInstanceOf(Date);
  funds.release('low/1');
  await hold(2);
  funds.release('low/2');
  await funds.extend('low/0', [units(1)]);
  await watch({ lowSteadyMs: 60_000 }).look();
  expect((await room.wallet(buyer)).lowSince).toBeInstanceOf(Date);
  await watch().look();
  expect((await room.wallet(buyer)).lowSince).toBeUndefined();
  await hold(3);
  await watch().look();
  expect(await toldOf(buyer)).toEqual(['wallet.low', 'wallet.low']);
  const [event] = await room.own.query<{ subject: string; payload: unknown }>(
    `select subject, payload from outbox where type = 'wallet.low' and payload ->> 'accountId' = $1 limit 1`,
    [buyer],
  );
  expect(event).toEqual({
    subject: `${buyer}:USD:1`,
    payload: {
      accountId: buyer,
      currency: 'USD',
      availableMicros: 49_000_000,
      lowBalanceAtMicros: 50_000_000,
      stopBelowMicros: 0,
    },
  });
});

test('an account whose wallet is empty is stopped, until there is money', async () => {
  const buyer = await room.buyer(0, { stopBelow: units(10) });
  await Promise.all([watch().look(), watch().look()]);
  expect(await fundsOf(buyer)).toBe('stopped');
  expect(await toldOf(buyer)).toEqual(['wallet.stopped']);
  await room.topUp(buyer, 10);
  await watch().look();
  expect(await fundsOf(buyer)).toBe('stopped');
  await room.topUp(buyer, 1);
  await watch().look();
  expect(await fundsOf(buyer)).toBe('ok');
  expect(await toldOf(buyer)).toEqual(['wallet.stopped', 'wallet.resumed']);
});

test('money that comes and goes stops and resumes no more often than it may', async () => {
  const buyer = await room.buyer(10);
  const funds = room.funds();
  const steady = watch({ steadyMs: 60_000 });
  await steady.look();
  expect(await fundsOf(buyer)).toBe('ok');
  await funds.hold({ id: 'flap/1', callId: 'flap', accountId: buyer, currency: 'USD', amount: units(10) });
  await steady.look();
  expect(await fundsOf(buyer)).toBe('stopped');
  funds.release('flap/1');
  await funds.extend('flap/0', [units(1)]);
  await steady.look();
  expect(await fundsOf(buyer)).toBe('stopped');
  await watch().look();
  expect(await fundsOf(buyer)).toBe('ok');
});

test('an account that must have a wallet and has none is stopped; one on account is never', async () => {
  const buyer = await room.buyer(0);
  await room.own.query(
    `insert into accounts (id, name, type, funding) values ('none', 'none', 'buyer', 'wallet'), ('open', 'open', 'buyer', 'open')`,
  );
  await watch().look();
  expect(await fundsOfAll(buyer, 'none', 'open')).toEqual(['stopped', 'stopped', 'ok']);
  await room.own.query(`update accounts set funding = 'open' where id = any($1)`, [[buyer, 'none']]);
  await watch().look();
  expect(await fundsOfAll(buyer, 'none', 'open')).toEqual(['ok', 'ok', 'ok']);
  expect(await toldOf(buyer)).toEqual(['wallet.stopped', 'wallet.resumed']);
});

describe('a wallet that fetches money by itself', () => {
  const topUp = { below: units(20), amount: units(100), paymentMethod: 'card-1', aDay: 2 };

  test('asks once while that is under way, and so many times a day', async () => {
    const buyer = await room.buyer(19, { topUp });
    const patient = { askAgainMs: 60_000 };
    await Promise.all([watch(patient).look(), watch(patient).look()]);
    await watch().look();
    expect(asked).toEqual([
      {
        key: expect.stringContaining(buyer) as string,
        accountId: buyer,
        currency: 'USD',
        amount: 100_000_000,
        paymentMethod: 'card-1',
      },
    ]);
    await room.db.transaction((tx) => endTopUp(tx, asked[0]?.key ?? ''));
    await room.db.transaction((tx) => endTopUp(tx, asked[0]?.key ?? ''));
    await watch().look();
    await room.db.transaction((tx) => endTopUp(tx, asked[1]?.key ?? ''));
    await watch().look();
    expect(asked).toHaveLength(2);
    expect(new Set(asked.map(({ key }) => key)).size).toBe(2);
    await room.own.query(`update wallets set top_up_day = top_up_day - 1 where account_id = $1`, [buyer]);
    await watch().look();
    expect(asked).toHaveLength(3);
  });

  test('asks again under the same name when nobody took it on', async () => {
    await room.buyer(0, { topUp });
    takeOn = () => Promise.reject(new Error('the bank is closed'));
    await watch().look();
    expect(errors).toHaveLength(1);
    await watch({ askAgainMs: 60_000 }).look();
    expect(asked).toHaveLength(1);
    takeOn = () => Promise.resolve();
    await watch().look();
    await watch().look();
    expect(asked).toHaveLength(2);
    expect(asked[1]).toEqual(asked[0]);
  });

  test('asks no more when it was told not to', async () => {
    const buyer = await room.buyer(0, { topUp });
    await change(buyer, { topUp: undefined });
    await watch().look();
    expect(asked).toEqual([]);
    await change(buyer, { topUp });
    await watch().look();
    expect(asked).toHaveLength(1);
  });
});

test('a job looks by itself, and leaves nothing behind', async () => {
  const buyer = await room.buyer(0);
  const job = watch({ everyMs: 10 });
  job.start();
  await until('the account is stopped', async () => (await fundsOf(buyer)) === 'stopped');
  await job.close();
  expect(errors).toEqual([]);
});

import { InvoiceJob, listDocuments, putInvoiceProfile } from '../../../../src/billing';
import { zoneOf } from '../../../../src/domain';
import { BUYER_ACCOUNT } from '../../../support/call-records';
import { BillingRoom, intoNextWeek, profile } from './support/billing-room';
import { listed } from '../../../support/listed';

const DAY_MS = 86_400_000;
let room: BillingRoom;

beforeEach(async () => {
  room = await BillingRoom.open();
});
afterEach(() => room.close());

const job = (now: number) => {
  const told: string[] = [];
  const errors: Error[] = [];
  const made = new InvoiceJob(room.db, {
    now: () => now,
    onIssued: ({ accountId }) => told.push(accountId),
    onError: (error) => errors.push(error),
  });
  return { told, errors, run: () => made.run() };
};

/** First instant of the month after the one in which it is now, on the wall clock of a zone. */
const nextMonth = (timezone: string): number => zoneOf(timezone).periodAt(Date.now(), 'month').endsAt;

test.each(['Pacific/Auckland', 'America/Los_Angeles'])(
  'a month is invoiced when it is over in %s, once',
  async (timezone) => {
    await room.own.query('update accounts set timezone = $2 where id = $1', [BUYER_ACCOUNT, timezone]);
    await putInvoiceProfile(room.db, profile(BUYER_ACCOUNT, { period: 'monthly' }));
    await room.calls(2);
    const end = nextMonth(timezone);
    const early = job(end - 1);
    await early.run();
    expect(early.told).toEqual([]);
    const workers = [job(end + 3_600_000), job(end + 3_600_000), job(end + 3_600_000)];
    await Promise.all(workers.map(({ run }) => run()));
    expect(workers.flatMap(({ told }) => told)).toEqual([BUYER_ACCOUNT]);
    expect(workers.flatMap(({ errors }) => errors)).toEqual([]);
    const [issued, ...others] = await listed(listDocuments(room.db, { limit: 10 }, end));
    expect(others).toEqual([]);
    expect(issued).toMatchObject({ periodTo: end, transactions: 2 });
  },
);

test('weeks begin on Monday; those that were missed are made up for, one by one', async () => {
  await putInvoiceProfile(room.db, profile(BUYER_ACCOUNT, { period: 'weekly' }));
  await room.calls(1);
  const late = job(Date.now() + 40 * DAY_MS);
  await late.run();
  expect(late.told).toEqual([BUYER_ACCOUNT]);
  const [first] = await listed(listDocuments(room.db, { limit: 10 }, 0));
  expect(new Date(first?.periodFrom ?? 0).getUTCDay()).toBe(1);
  expect((first?.periodTo ?? 0) - (first?.periodFrom ?? 0)).toBe(7 * DAY_MS);
  // Nothing moved since: no empty invoices.
  await late.run();
  expect(late.told).toHaveLength(1);
});

test('what was posted late into an invoiced week is on the invoice of the next', async () => {
  await putInvoiceProfile(room.db, profile(BUYER_ACCOUNT, { period: 'weekly' }));
  await room.calls(1);
  const now = intoNextWeek();
  await job(now).run();
  await room.calls(1);
  await job(now).run();
  expect(await listed(listDocuments(room.db, { limit: 10 }, now))).toHaveLength(1);
  await job(now + 7 * DAY_MS).run();
  const [second, first] = await listed(listDocuments(room.db, { limit: 10 }, now));
  expect(second?.periodFrom).toBe(first?.periodTo);
});

test('an account that cannot be invoiced keeps nobody else from it', async () => {
  const ids = ['a-broken', BUYER_ACCOUNT];
  await room.own.query(`insert into accounts (id, name, type) values ('a-broken', 'Broken', 'buyer')`);
  for (const id of ids) await putInvoiceProfile(room.db, profile(id, { period: 'weekly' }));
  await room.move(5_000_000, { accountId: 'a-broken' });
  await room.own.query(`update accounts set timezone = 'Moon/Base' where id = 'a-broken'`);
  await room.calls(1);
  const run = job(intoNextWeek());
  await run.run();
  expect(run.told).toEqual([BUYER_ACCOUNT]);
  expect(run.errors).toHaveLength(1);
});

test('a currency that cannot be invoiced keeps no other of the account from it', async () => {
  await putInvoiceProfile(room.db, profile(BUYER_ACCOUNT, { period: 'weekly' }));
  for (const currency of ['EUR', 'GBP', 'USD'] as const) await room.move(5_000_000, { currency });
  await room.own.query(
    `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no pounds'; end $$`,
  );
  await room.own.query(
    `create trigger refuse before insert on billing_documents for each row when (new.currency = 'GBP')
     execute function refuse()`,
  );
  const now = intoNextWeek();
  const broken = job(now);
  await broken.run();
  const issued = async () =>
    (await listed(listDocuments(room.db, { limit: 9 }, now))).map((one) => one.currency);
  expect((await issued()).sort()).toEqual(['EUR', 'USD']);
  expect(broken.errors).toMatchObject([{ message: 'no pounds' }]);
  await room.own.query('drop trigger refuse on billing_documents');
  const mended = job(now);
  await mended.run();
  expect([mended.told, mended.errors]).toEqual([[BUYER_ACCOUNT], []]);
  expect((await issued()).sort()).toEqual(['EUR', 'GBP', 'USD']);
});

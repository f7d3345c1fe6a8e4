import type { Database, Queryable } from '../../../../src/storage';
import { asExchange, asTenant, inTransaction, TenantDatabase } from '../../../../src/storage';
import { insertBids } from '../../../support/market-rows';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';

let test: TestDatabase;
let database: Database;
let mine: TenantDatabase;

beforeAll(async () => {
  test = await testDatabase();
  database = openDatabase(test.url);
  await insertBids(database, ['mine', 'other']);
  mine = new TenantDatabase(database, 'account-of-mine');
});

afterAll(async () => {
  await database.close();
  await test.drop();
});

const idsOf = async (db: Queryable, table: string): Promise<string[]> => {
  const { rows } = await db.query<{ id: string }>(`select id from ${table} order by id`);
  return rows.map(({ id }) => id);
};
const whoAmI = async (db: Queryable): Promise<unknown> =>
  (await db.query(`select current_user::text as role, dce_account() as account`)).rows[0];
const TENANT = { role: 'dce_tenant', account: 'account-of-mine' };

describe('the database as a tenant has it', () => {
  it("shows the account's rows alone", async () => {
    expect(await idsOf(mine, 'accounts')).toEqual(['account-of-mine']);
    expect(await idsOf(mine, 'bids')).toEqual(['mine']);
    expect(await idsOf(database, 'bids')).toEqual(['mine', 'other']);
  });

  it('leaves nothing of the tenant on the connection', async () => {
    await mine.query('select 1');
    await expect(mine.query('select 1 / 0')).rejects.toThrow('division by zero');
    const all = await Promise.all(Array.from({ length: 12 }, () => whoAmI(database)));
    expect(new Set(all.map((one) => JSON.stringify({ ...(one as object), role: '' }))).size).toBe(1);
    expect(all[0]).toMatchObject({ account: null });
    expect(all[0]).not.toMatchObject({ role: 'dce_tenant' });
  });

  it('takes an account by any name as a name', async () => {
    const odd = new TenantDatabase(database, `o'; reset role; --\\`);
    expect(await idsOf(odd, 'bids')).toEqual([]);
    expect(await whoAmI(odd)).toEqual({ role: 'dce_tenant', account: `o'; reset role; --\\` });
  });

  it('changes what is its own, with the history that belongs to it, and nothing of others', async () => {
    const change = (id: string) => mine.query('update bids set price = 7 where id = $1', [id]);
    expect((await change('mine')).rowCount).toBe(1);
    expect((await change('other')).rowCount).toBe(0);
    const kept = await database.query(
      `select value -> 'price' as price from market_history where entity = 'bid' and id = 'mine' order by seq desc limit 1`,
    );
    expect(kept.rows).toEqual([{ price: 7 }]);
    await expect(mine.query(`update bids set buyer_id = 'buyer-of-other'`)).rejects.toThrow(
      'permission denied',
    );
    const taken = `insert into agents (id, buyer_id, name, username) values ('a', 'buyer-of-other', 'A', 'aa')`;
    await expect(mine.query(taken)).rejects.toThrow('row-level security');
  });

  it('is one transaction where one is asked for, rolled back as a whole', async () => {
    const work = inTransaction(mine, async (tx) => {
      expect(await whoAmI(tx)).toEqual(TENANT);
      await tx.query(`update bids set price = 9 where id = 'mine'`);
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect((await mine.query(`select price from bids`)).rows).toEqual([{ price: 7 }]);
    const readOnly = inTransaction(mine, (tx) => tx.query(`update bids set price = 9`), 'snapshot');
    await expect(readOnly).rejects.toThrow('read-only');
  });
});

describe('what the exchange does for a tenant', () => {
  it('runs in the same transaction, as the exchange, and the tenant goes on after it', async () => {
    const seen = await inTransaction(mine, async (tx) => {
      const whole = await asExchange(tx, (all) => idsOf(all, 'bids'));
      return { whole, own: await idsOf(tx, 'bids') };
    });
    expect(seen).toEqual({ whole: ['mine', 'other'], own: ['mine'] });
    expect(await asExchange(mine, (all) => idsOf(all, 'bids'))).toEqual(['mine', 'other']);
    expect(await asExchange(database, (all) => idsOf(all, 'bids'))).toEqual(['mine', 'other']);
  });

  it('is over when it fails, whoever catches that', async () => {
    await inTransaction(mine, async (tx) => {
      const failing = asExchange(tx, () => Promise.reject(new Error('no')));
      await expect(failing).rejects.toThrow('no');
      expect(await whoAmI(tx)).toEqual(TENANT);
      return undefined;
    });
  });

  it('lets no statement of the tenant run beside it', async () => {
    await inTransaction(mine, async (tx) => {
      await asExchange(tx, async () => {
        await expect(tx.query('select 1')).rejects.toThrow('came beside');
        await expect(asExchange(tx, () => Promise.resolve())).rejects.toThrow('already');
      });
      return undefined;
    });
  });

  it('may lend part of its own transaction to a tenant', async () => {
    await database.transaction(async (tx) => {
      const before = await whoAmI(tx);
      await asTenant(tx, 'account-of-mine', async (own) => expect(await whoAmI(own)).toEqual(TENANT));
      expect(await whoAmI(tx)).toEqual(before);
    });
  });
});

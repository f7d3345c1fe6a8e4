import { HoldSweeper } from '../../../../src/billing';
import type { Database } from '../../../../src/storage';
import { openDatabase } from '../../../support/open-database';
import { rowsReadOf } from '../../../support/rows-read';
import { WalletRoom } from '../wallets/support/wallet-room';

let room: WalletRoom;
beforeAll(async () => {
  room = await WalletRoom.open();
});
afterAll(() => room.close());

/** Rows of holds that the connection has read so far. */
const rowsRead = (db: Database): Promise<number> => rowsReadOf(room.own, db, ['holds']);

test('looking for orphaned holds reads those that are open, however many there were', async () => {
  const buyer = await room.buyer(0);
  const hold = (state: string, count: number) => `
    insert into holds (id, call_id, account_id, currency, amount, state, node_id, boot_id, closed_at)
    select '${state}-' || md5(g::text) || '/1', '${state}-' || md5(g::text), '${buyer}', 'USD', 1, '${state}', 'node-1',
      'boot-1', case '${state}' when 'open' then null else now() end from generate_series(1, ${count}) g`;
  await room.own.query(hold('captured', 40_000));
  await room.own.query(hold('open', 100));
  await room.own.query(`insert into nodes (id, boot_id) values ('node-1', 'boot-1')`);
  await room.own.query(
    `insert into calls (id, node_id, boot_id, sip_call_id, state, trunk_id, dialled, origin, received_at)
     select call_id, node_id, boot_id, 'sip', 'ringing', 'trunk', '+1', 'us', 1 from holds`,
  );
  await room.own.query('analyze');
  // One connection: its plans are those that were kept.
  const db = openDatabase(room.own.url, { poolSize: 1 });
  try {
    const sweeper = new HoldSweeper(db, { nodeDeadAfterMs: 30_000 });
    for (let n = 0; n < 8; n++) expect(await sweeper.sweep()).toBe(0);
    const before = await rowsRead(db);
    await sweeper.sweep();
    expect((await rowsRead(db)) - before).toBeLessThan(1_000);
  } finally {
    await db.close();
  }
});

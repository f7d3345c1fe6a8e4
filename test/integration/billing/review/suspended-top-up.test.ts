import { WalletWatch } from '../../../../src/billing';
import { units, WalletRoom } from '../wallets/support/wallet-room';

let room: WalletRoom;
beforeAll(async () => {
  room = await WalletRoom.open();
});
afterAll(() => room.close());

test.each(['suspended', 'closed'])(
  'a card is not charged by itself while its account is %s',
  async (status) => {
    const topUp = { below: units(20), amount: units(100), paymentMethod: 'card-1', aDay: 2 };
    const buyer = await room.buyer(0, { topUp });
    await room.own.query('update accounts set status = $2 where id = $1', [buyer, status]);
    const asked: string[] = [];
    const watch = new WalletWatch(room.db, {
      onTopUpDue: ({ accountId }) => {
        asked.push(accountId);
        return Promise.resolve();
      },
    });
    await watch.look();
    expect(asked).not.toContain(buyer);
    await room.own.query(`update accounts set status = 'active' where id = $1`, [buyer]);
    await watch.look();
    expect(asked).toContain(buyer);
  },
);

import type { PostgresFundsOptions, Wallet, WalletTerms } from '../../../../../src/billing';
import {
  createWallet,
  getWallet,
  heldDifferences,
  PostgresFunds,
  receiveTopUp,
  trialBalance,
} from '../../../../../src/billing';
import type { Micros } from '../../../../../src/domain';
import { micros } from '../../../../../src/domain';
import type { Database } from '../../../../../src/storage';
import { openDatabase } from '../../../../support/open-database';
import type { TestDatabase } from '../../../../support/test-database';
import { testDatabase } from '../../../../support/test-database';

export const UNIT = 1_000_000;
export const units = (count: number): Micros => micros(count * UNIT);

const PREPAID: WalletTerms = {
  kind: 'prepaid',
  creditLimit: micros(0),
  stopBelow: micros(0),
  onExhausted: 'finish',
};

/** Wallets on a database of their own. */
export class WalletRoom {
  readonly #closing: (() => Promise<unknown>)[] = [];
  readonly errors: Error[] = [];
  #next = 0;

  private constructor(
    readonly own: TestDatabase,
    readonly db: Database,
  ) {}

  static async open(): Promise<WalletRoom> {
    const own = await testDatabase();
    return new WalletRoom(own, openDatabase(own.url, { poolSize: 8 }));
  }

  atEnd(close: () => Promise<unknown>): void {
    this.#closing.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.reverse()) await close();
    await this.db.close();
    await this.own.drop();
  }

  /** A buyer whose calls its wallet must cover, with so many units in it. */
  async buyer(money: number, terms: Partial<WalletTerms> = {}): Promise<string> {
    const accountId = `buyer-${this.#next++}`;
    await this.db.query(`insert into accounts (id, name, type, funding) values ($1, $1, 'buyer', 'wallet')`, [
      accountId,
    ]);
    const wallet = { accountId, currency: 'USD' } as const;
    await this.db.transaction((tx) => createWallet(tx, wallet, { ...PREPAID, ...terms }));
    if (money > 0) await this.topUp(accountId, money, 'opening');
    return accountId;
  }

  async topUp(accountId: string, money: number, reference = `ref-${this.#next++}`): Promise<void> {
    const wallet = { accountId, currency: 'USD' } as const;
    await this.db.transaction((tx) => receiveTopUp(tx, { wallet, reference, amount: units(money) }));
  }

  funds(more: Partial<PostgresFundsOptions> = {}, database = this.db): PostgresFunds {
    const funds = new PostgresFunds(database, {
      nodeId: 'node-1',
      bootId: 'boot-1',
      onError: (error) => this.errors.push(error),
      ...more,
    });
    this.atEnd(() => funds.close());
    return funds;
  }

  async wallet(accountId: string): Promise<Wallet> {
    const wallet = await getWallet(this.db, { accountId, currency: 'USD' });
    if (!wallet) throw new Error(`no wallet of ${accountId}`);
    return wallet;
  }

  /** Available and held, in units. */
  async money(accountId: string): Promise<{ available: number; held: number }> {
    const { available, held } = await this.wallet(accountId);
    return { available: available / UNIT, held: held / UNIT };
  }

  /** Holds say what the ledger says, and the ledger balances. */
  async isSound(): Promise<void> {
    expect(await heldDifferences(this.db)).toEqual([]);
    expect(await trialBalance(this.db)).toMatchObject({ wrongBalances: 0 });
  }
}

import { randomUUID } from 'node:crypto';
import type { LedgerKind, LedgerPurpose, Payment } from '../../../../../src/billing';
import {
  addPaymentMethod,
  getPayment,
  PaymentKeeper,
  postTransaction,
  requestCharge,
  requestRefund,
  StripeProvider,
} from '../../../../../src/billing';
import { micros } from '../../../../../src/domain';
import type { Database } from '../../../../../src/storage';
import { openDatabase } from '../../../../support/open-database';
import { StripeStub } from '../../../../support/stripe-stub';
import type { TestDatabase } from '../../../../support/test-database';
import { testDatabase } from '../../../../support/test-database';

export const BUYER = 'buyer-account';
export const HOUR = 3_600_000;

/** A buyer with a card, a stand-in for Stripe, and a clock that tests turn on. */
export class PaymentRoom {
  /** Payments that a person must look at, and why. */
  readonly stuck: [string, string][] = [];
  readonly errors: Error[] = [];
  /** Milliseconds that the keeper's clock is ahead. */
  ahead = 0;
  methodId = '';
  readonly #keepers: PaymentKeeper[] = [];

  private constructor(
    readonly own: TestDatabase,
    readonly db: Database,
    readonly stripe: StripeStub,
  ) {}

  static async open(): Promise<PaymentRoom> {
    const own = await testDatabase();
    const room = new PaymentRoom(own, openDatabase(own.url, { poolSize: 12 }), await StripeStub.start());
    await room.db.query(`insert into accounts (id, name, type) values ($1, 'A buyer', 'buyer')`, [BUYER]);
    await room.db.query(`insert into accounts (id, name, type) values ('seller', 'A seller', 'seller')`);
    room.methodId = await room.addCard();
    return room;
  }

  now = (): number => Date.now() + this.ahead;

  async addCard(accountId = BUYER): Promise<string> {
    const id = randomUUID();
    const face = { brand: 'visa', last4: '4242', expMonth: 12, expYear: 2030 };
    await addPaymentMethod(this.db, {
      id,
      accountId,
      customerRef: `cus_${accountId}`,
      methodRef: `pm_${id}`,
      createdBy: 'operator',
      ...face,
    });
    return id;
  }

  keeper(provider = new StripeProvider(this.stripe.options()), database = this.db): PaymentKeeper {
    const keeper = new PaymentKeeper(database, provider, {
      now: this.now,
      onStuck: ({ id }, why) => this.stuck.push([id, why]),
      onError: (error) => this.errors.push(error),
    });
    this.#keepers.push(keeper);
    return keeper;
  }

  /** @param units - of the currency, e.g. dollars */
  charge(
    units = 50,
    more: { readonly accountId?: string; readonly methodId?: string } = {},
  ): Promise<Payment> {
    const wish = { accountId: BUYER, methodId: this.methodId, ...more };
    return requestCharge(
      this.db,
      { ...wish, amount: micros(units * 1_000_000), currency: 'USD', requestedBy: 'operator' },
      this.now(),
    );
  }

  /** A charge that was made. */
  async charged(units = 50): Promise<Payment> {
    const { id } = await this.charge(units);
    await this.keeper().run();
    return this.get(id);
  }

  refund(chargeId: string, units?: number): Promise<Payment> {
    return requestRefund(
      this.db,
      {
        chargeId,
        amount: units === undefined ? undefined : micros(units * 1_000_000),
        requestedBy: 'operator',
      },
      this.now(),
    );
  }

  async get(id: string): Promise<Payment> {
    const payment = await getPayment(this.db, id);
    if (!payment) throw new Error(`there is no payment ${id}`);
    return payment;
  }

  /** What the buyer has with the exchange, in micro-units. */
  async wallet(accountId = BUYER): Promise<number> {
    const [row] = await this.own.query<{ balance: string }>(
      `select balance from ledger_accounts where account_id = $1 and purpose = 'wallet'`,
      [accountId],
    );
    return 0 - Number(row?.balance ?? 0);
  }

  /** Posts what is none of a payment's. @param postings - account, purpose, whole units; debits positive */
  async post(
    kind: LedgerKind,
    postings: readonly (readonly [accountId: string, purpose: LedgerPurpose, units: number])[],
  ): Promise<void> {
    await this.db.transaction((tx) =>
      postTransaction(tx, {
        idempotencyKey: randomUUID(),
        kind,
        postings: postings.map(([accountId, purpose, units]) => ({
          accountId,
          purpose,
          currency: 'USD',
          amount: micros(Math.round(units * 1_000_000)),
        })),
      }),
    );
  }

  /** Keys of what was posted, in order. */
  async posted(): Promise<string[]> {
    const rows = await this.own.query<{ key: string }>(
      `select kind || ' ' || idempotency_key as key from ledger_transactions order by id`,
    );
    return rows.map(({ key }) => key);
  }

  /** Types and payloads of events of a payment. */
  async events(id: string): Promise<[string, Record<string, unknown>][]> {
    const rows = await this.own.query<{ type: string; payload: Record<string, unknown> }>(
      'select type, payload from outbox where subject = $1 order by id',
      [id],
    );
    return rows.map(({ type, payload }) => [type, payload]);
  }

  /** Forgets all payments; accounts and cards stay, and so does the ledger. */
  async reset(): Promise<void> {
    this.ahead = 0;
    this.stuck.length = 0;
    this.errors.length = 0;
    this.stripe.fates.length = 0;
    this.stripe.blind = 0;
    this.stripe.lagging = false;
    this.stripe.intents.length = 0;
    this.stripe.refunds.length = 0;
    this.stripe.requests.length = 0;
    await this.own.query('truncate payment_events, payments, wallets, outbox cascade');
  }

  async close(): Promise<void> {
    await Promise.all(this.#keepers.map((keeper) => keeper.close()));
    await this.db.close();
    await this.own.drop();
    await this.stripe.close();
  }
}

import type { PostbackDispatcherOptions } from '../../../../../src/billing';
import { PortPolicy, PostbackDispatcher, PostbackStore } from '../../../../../src/billing';
import type { PostbackEvent } from '../../../../../src/billing';
import type { CallEndedRecord } from '../../../../../src/domain';
import { AddressPolicy } from '../../../../../src/domain';
import type { Database } from '../../../../../src/storage';
import { storeEntries } from '../../../../../src/storage/call-entries';
import { BUYER_ACCOUNT, decidedRecord, endedRecord, SELLER_ACCOUNT } from '../../../../support/call-records';
import { TEST_VAULT } from '../../../../support/consents';
import { openDatabase } from '../../../../support/open-database';
import type { TestDatabase } from '../../../../support/test-database';
import { testDatabase } from '../../../../support/test-database';
import { until } from '../../../../support/until';

const BOOT = { nodeId: 'n1', bootId: 'b1' };
export const OPERATOR = 'operator';
export const OTHER_BUYER = 'other-buyer';
/** This machine, which stands for the internet here. */
export const HERE = {
  addresses: new AddressPolicy(['127.0.0.0/8']),
  ports: new PortPolicy(['1024-65535']),
  allowHttp: ['127.0.0.1'],
};

export interface DeliveryRow {
  readonly id: number;
  readonly postback_id: string;
  readonly event_id: string;
  readonly event: string;
  readonly subject: string;
  readonly state: string;
  readonly attempts: number;
  readonly last_status: number | null;
  readonly last_error: string | null;
  readonly response: string | null;
  readonly request: { method: string; url: string; body: string | null } | null;
  readonly waits_s: number;
  readonly fields: Record<string, unknown>;
  /** Who has it in hand. */
  readonly claim: string | null;
}

export type NewHook = Partial<Parameters<PostbackStore['create']>[0]> & { readonly url: string };

/** Everything from an event of money to whoever is told, on a database of its own. */
export class PostbackRoom {
  readonly errors: Error[] = [];
  readonly paused: string[] = [];
  readonly store: PostbackStore;
  readonly #closing: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly own: TestDatabase,
    readonly db: Database,
  ) {
    this.store = new PostbackStore(db, TEST_VAULT, HERE);
  }

  static async open(): Promise<PostbackRoom> {
    const own = await testDatabase();
    const room = new PostbackRoom(own, openDatabase(own.url, { poolSize: 12 }));
    await room.db.query(
      `insert into accounts (id, name, type) values ($1, 'Buyer', 'buyer'), ($2, 'Seller', 'seller'),
         ($3, 'Other', 'buyer'), ('sharer', 'Sharer', 'seller'), ('carrier', 'Carrier', 'carrier')`,
      [BUYER_ACCOUNT, SELLER_ACCOUNT, OTHER_BUYER],
    );
    return room;
  }

  atEnd(close: () => Promise<unknown>): void {
    this.#closing.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.reverse()) await close();
    await this.db.close();
    await this.own.drop();
  }

  /** Nobody listens any more, and nothing happened. */
  async clear(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
    await this.db.query('truncate postbacks, postback_queues, postback_deliveries');
    await this.db.query('delete from outbox');
    this.errors.length = 0;
    this.paused.length = 0;
  }

  dispatcher(more: Partial<PostbackDispatcherOptions> = {}): PostbackDispatcher {
    const dispatcher = new PostbackDispatcher(this.db, TEST_VAULT, {
      places: HERE,
      concurrency: 32,
      perHost: 16,
      timeoutMs: 2_000,
      logDays: 30,
      pollMs: 20,
      now: () => Date.now(),
      monotonic: () => performance.now(),
      random: () => 0,
      onPaused: (id) => this.paused.push(id),
      onError: (error) => this.errors.push(error),
      ...more,
    });
    this.atEnd(() => dispatcher.close());
    dispatcher.start();
    return dispatcher;
  }

  /** @returns its id */
  async hook(wanted: NewHook): Promise<string> {
    const { postback } = await this.store.create({
      id: undefined,
      accountId: OPERATOR,
      name: 'Hook',
      status: 'active',
      events: ['call.settled', 'call.rerated'],
      method: 'POST',
      bodyType: 'json',
      body: undefined,
      campaignIds: [],
      convertedOnly: false,
      ratePerSecond: 1_000,
      headers: {},
      secret: undefined,
      ...wanted,
    });
    return postback.id;
  }

  /** A call that was sold, as its settlement leaves it. */
  async settled(callId: string, money: { revenue?: number; payout?: number } = {}): Promise<void> {
    const { revenue = 25_000_000, payout = 8_000_000 } = money;
    await this.ended(endedRecord(callId));
    await this.db.query(
      `insert into settlements (call_id, connected_ms, revenue, payout, fees, currency, lines)
       values ($1, 60000, $2, $3, 700000, 'USD', $4)`,
      [callId, revenue, payout, JSON.stringify(linesOf(revenue, payout))],
    );
    await this.event('call.settled', callId, {
      callId,
      connectedMs: 60_000,
      currency: 'USD',
      revenueMicros: revenue,
      payoutMicros: payout,
      feesMicros: 700_000,
      taxesMicros: 0,
      carrierCostMicros: 10_000,
      priced: 'plan',
      campaignId: 'campaign-1',
      sellerId: SELLER_ACCOUNT,
      buyerId: 'buyer-1',
      buyerAccountId: BUYER_ACCOUNT,
    });
  }

  async ended(record: CallEndedRecord): Promise<void> {
    const decided = decidedRecord(record.callId, record.receivedAt);
    const attempt = { ...decided.decision.trace.attempt, tags: { zip: '10001', sub: 'a/b?c' } };
    const trace = { ...decided.decision.trace, attempt };
    await storeEntries(this.db, [
      { kind: 'decided', boot: BOOT, record: { ...decided, decision: { ...decided.decision, trace } } },
      { kind: 'ended', boot: BOOT, record },
    ]);
    await this.db.query(`delete from outbox where type = 'call.ended'`);
  }

  async event(type: PostbackEvent, subject: string, payload: Record<string, unknown>): Promise<number> {
    const { rows } = await this.db.query<{ id: number }>(
      'insert into outbox (type, subject, payload) values ($1, $2, $3) returning id',
      [type, subject, JSON.stringify(payload)],
    );
    return rows[0]?.id ?? 0;
  }

  deliveries(): Promise<DeliveryRow[]> {
    return this.own.query<DeliveryRow>(
      `select d.*, d.id::integer as id, extract(epoch from next_at - attempted_at)::float as waits_s
       from postback_deliveries d order by d.id`,
    );
  }

  /** What waits for its next try is due now. */
  async hurry(): Promise<void> {
    await this.db.query(
      `update postback_deliveries set next_at = now() where state in ('waiting', 'failed') and claim is null`,
    );
    await this.db.query('update postback_queues set paced_until = now()');
  }

  async allDone(count: number): Promise<void> {
    await until(`${count} deliveries are done`, async () => {
      if (this.errors[0]) throw this.errors[0];
      const rows = await this.deliveries();
      return rows.length === count && rows.every(({ state }) => state === 'delivered' || state === 'dead');
    });
  }

  undone(): Promise<{ type: string }[]> {
    return this.own.query(`select type from outbox where done_at is null`);
  }
}

function linesOf(revenue: number, payout: number): unknown[] {
  const line = (kind: string, accountId: string, amount: number): unknown => ({
    kind,
    accountId,
    code: 'plan',
    text: kind,
    amount,
    currency: 'USD',
  });
  const share = Math.floor(payout / 4);
  return [
    line('revenue', BUYER_ACCOUNT, revenue),
    line('fee', BUYER_ACCOUNT, 500_000),
    line('payout', SELLER_ACCOUNT, payout - share),
    line('payout', 'sharer', share),
    line('fee', SELLER_ACCOUNT, 200_000),
  ].filter((one) => (one as { amount: number }).amount > 0);
}

import * as fc from 'fast-check';
import type { Queryable } from '../../../../src/storage';

/** A call of a random history, with all that its figures follow from. */
export interface ModelCall {
  readonly id: string;
  readonly receivedAt: number;
  readonly trunk: string;
  readonly campaign: string | null;
  readonly seller: string | null;
  readonly state: string | null;
  /** Buyers that were rung, the last one answered if the call was. */
  readonly rung: readonly { readonly buyer: string; readonly outcome: string }[];
  readonly answered: boolean;
  readonly ringMs: number | null;
  readonly connectedMs: number;
  readonly money: Money | null;
  readonly revisions: readonly Omit<Money, 'currency' | 'foreign'>[];
}

export interface Money {
  readonly currency: string;
  readonly revenue: number;
  readonly payout: number;
  readonly fees: number;
  readonly carrierCost: number;
  /** A carrier's leg in another currency. */
  readonly foreign: number;
}

/** Days on which clocks change, somewhere, and days like any other. */
const DAYS = ['2026-03-08', '2026-03-29', '2026-04-05', '2026-10-25', '2026-11-01', '2026-11-21'];
const REACHED = ['answered', 'busy', 'no_answer', 'declined', 'canceled', 'queue_timeout'];

const oneOf = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const amount = fc.integer({ min: 0, max: 40_000_000 });

const call = fc
  .record({
    day: oneOf(...DAYS),
    ms: fc.integer({ min: 0, max: 86_399_999 }),
    trunk: oneOf('t1', 't2'),
    campaign: oneOf('c1', 'c2', null),
    seller: oneOf('s1', 's2', null),
    state: oneOf('NY', 'TX', 'CA', null),
    tries: fc.uniqueArray(
      fc.record({
        buyer: oneOf('b1', 'b2', 'b3'),
        outcome: oneOf('busy', 'no_answer', 'failed', 'unreachable', 'cap_reached', 'no_agent'),
      }),
      { maxLength: 3, selector: ({ buyer }) => buyer },
    ),
    answered: fc.boolean(),
    ringMs: fc.integer({ min: 0, max: 30_000 }),
    connectedMs: fc.integer({ min: 0, max: 4_000_000 }),
    settled: fc.boolean(),
    money: fc.record({
      currency: oneOf('USD', 'EUR'),
      revenue: amount,
      payout: amount,
      fees: amount,
      carrierCost: amount,
      foreign: oneOf(0, 0, 12_500),
    }),
    lessened: fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 2 }),
  })
  .map((made) => {
    const answered = made.answered && made.tries.length > 0;
    const rung = made.tries.map((one, n) =>
      answered && n === made.tries.length - 1 ? { ...one, outcome: 'answered' } : one,
    );
    const signalled = rung.some(({ outcome }) => REACHED.includes(outcome));
    const money = answered && made.settled ? made.money : null;
    // Never more than there was.
    const revisions = money
      ? made.lessened.map((percent) => ({
          revenue: -Math.floor((money.revenue * percent) / 300),
          payout: -Math.floor((money.payout * percent) / 300),
          fees: 0,
          carrierCost: 0,
        }))
      : [];
    return {
      receivedAt: Date.parse(`${made.day}T00:00:00Z`) + made.ms,
      trunk: made.trunk,
      campaign: made.campaign,
      seller: made.seller,
      state: made.state,
      rung,
      answered,
      ringMs: signalled ? made.ringMs : null,
      connectedMs: answered ? made.connectedMs : 0,
      money,
      revisions,
    };
  });

/** Calls in no order of time. */
export const histories: fc.Arbitrary<ModelCall[]> = fc
  .array(call, { minLength: 1, maxLength: 40 })
  .map((calls) => calls.map((one, n) => ({ id: `call-${n}`, ...one })));

/** Accounts, trunks and buyers of the histories. */
export async function insertMarket(db: Queryable): Promise<void> {
  await db.query(
    `insert into accounts (id, name, type, timezone) values ('s1', 'S1', 'seller', 'UTC'), ('s2', 'S2', 'seller', 'UTC'),
       ('a1', 'A1', 'buyer', 'America/New_York'), ('a2', 'A2', 'buyer', 'UTC'), ('k1', 'K1', 'carrier', 'UTC');
     insert into campaigns (id, name, status, currency, auction_type, reserve_price, routing, ring_timeout_ms, max_attempts,
       max_duration_ms, payout) values ('c1', 'C1', 'active', 'USD', 'first_price', 0, 'auction', 20000, 3, 3600000, '{}');
     insert into buyers (id, account_id, name) values ('b1', 'a1', 'B1'), ('b2', 'a1', 'B2'), ('b3', 'a2', 'B3');
     insert into trunks (id, account_id, name, sources, origin) values
       ('t1', 'k1', 'T1', '{192.0.2.1}', 'inbound_consumer'), ('t2', 'operator', 'T2', '{192.0.2.2}', 'inbound_consumer')`,
  );
}

/** Of campaigns that are known. */
export const CURRENCIES: Readonly<Record<string, string>> = { c1: 'USD' };
const ACCOUNTS: Readonly<Record<string, string>> = { b1: 'a1', b2: 'a1', b3: 'a2' };
export const CARRIERS: Readonly<Record<string, string>> = { t1: 'k1', t2: 'operator' };
export const accountOf = (buyer: string): string => ACCOUNTS[buyer] ?? '';

/** Writes the end of a call as the recorder does, with its event. */
export async function storeEnd(db: Queryable, call: ModelCall): Promise<void> {
  const taker = call.answered ? call.rung.at(-1)?.buyer : undefined;
  const attempts = call.rung.map(({ buyer, outcome }) => ({
    buyerId: buyer,
    outcome,
    startedAt: call.receivedAt,
  }));
  const sale = taker && {
    target: { buyerId: taker, buyerAccountId: accountOf(taker) },
    terms: { sellerId: call.seller, campaignId: call.campaign, currency: call.money?.currency ?? 'USD' },
  };
  await db.query(
    `with ended as (
       insert into calls (id, node_id, boot_id, sip_call_id, state, end_reason, sip_status, trunk_id, caller, dialled,
         origin, campaign_id, seller_id, buyer_id, received_at, first_ring_at, answered_at, ended_at, connected_ms, attempts, sale)
       values ($1, 'n', 'b', $1, $2, 'caller_hangup', 200, $3, null, '+18005550100', 'unknown', $4, $5, $6, $7::bigint,
         $7::bigint + $8::bigint, $9::bigint, $7::bigint + 60000, $10, $11, $12) returning id),
     decided as (
       insert into call_decisions (call_id, decision, microseconds) select id, $13, 1 from ended)
     insert into outbox (type, subject, payload)
     select 'call.ended', id, json_build_object('callId', id) from ended`,
    [
      call.id,
      call.answered ? 'completed' : 'failed',
      call.trunk,
      call.campaign,
      call.seller,
      taker ?? null,
      call.receivedAt,
      call.ringMs,
      call.answered ? call.receivedAt + 1_000 : null,
      call.connectedMs,
      JSON.stringify(attempts),
      sale ? JSON.stringify(sale) : null,
      JSON.stringify({ trace: { attempt: { tags: call.state === null ? {} : { state: call.state } } } }),
    ],
  );
}

/** Books the settlement of a call, with its event. */
export async function storeSettlement(db: Queryable, { id, money, connectedMs }: ModelCall): Promise<void> {
  if (!money) return;
  const foreign = { kind: 'carrier_cost', accountId: 'k1', currency: 'GBP', amount: money.foreign };
  await db.query(
    `with settled as (
       insert into settlements (call_id, connected_ms, revenue, payout, fees, carrier_cost, currency, lines)
       values ($1, $2, $3, $4, $5, $6, $7, $8) returning call_id)
     insert into outbox (type, subject, payload)
     select 'call.settled', call_id, json_build_object('callId', call_id) from settled`,
    [
      id,
      connectedMs,
      money.revenue,
      money.payout,
      money.fees,
      money.carrierCost,
      money.currency,
      JSON.stringify(money.foreign > 0 ? [foreign] : []),
    ],
  );
}

/** Books a change of a settled call's money, with its event. */
export async function storeRevision(db: Queryable, { id, revisions }: ModelCall, n: number): Promise<void> {
  const change = revisions[n - 1];
  if (!change) return;
  await db.query(
    `with revised as (
       insert into settlement_revisions (call_id, n, kind, cause, lines, revenue, payout, fees, taxes, carrier_cost)
       values ($1::text, $2::integer, 'reversal', $1::text || ':' || $2::integer, '[]', $3, $4, 0, 0, 0) returning call_id, n)
     insert into outbox (type, subject, payload)
     select 'call.rerated', call_id || ':' || n, json_build_object('callId', call_id, 'n', n) from revised`,
    [id, n, change.revenue, change.payout],
  );
}

import type {
  AnsweredRecord,
  CallBasics,
  CallEndedRecord,
  DecidedRecord,
  RatePlan,
  RingTarget,
  SaleTerms,
} from '../../src/domain';
import { micros, NO_ACTIVITY } from '../../src/domain';
import type { Queryable } from '../../src/storage';
import type { Boot } from '../../src/storage/call-entries';
import { storeEntries } from '../../src/storage/call-entries';

/** What the calls of these records are sold for, by whom and to whom. */
export const BUYER_ACCOUNT = 'buyer-account';
export const SELLER_ACCOUNT = 'seller-account';
/** 2026-11-21T12:00:00Z. */
export const NOON = Date.UTC(2026, 10, 21, 12);

/** The start of a node that these calls belong to. */
export const BOOT: Boot = { nodeId: 'n1', bootId: 'b1' };

export const PER_CALL: RatePlan = { kind: 'per_call', amount: micros(25_000_000), afterMs: 0 };
export const PAYOUT: RatePlan = { kind: 'per_call', amount: micros(8_000_000), afterMs: 0 };

/** Makes the accounts that the ledger needs. */
export async function insertParties(db: Queryable, more: readonly string[] = []): Promise<void> {
  await db.query(
    `insert into accounts (id, name, type) select id, 'Account ' || id, 'buyer' from unnest($1::text[]) as id`,
    [[BUYER_ACCOUNT, SELLER_ACCOUNT, ...more]],
  );
}

export function ringTarget(more: Partial<RingTarget> = {}): RingTarget {
  return {
    bidId: 'bid-1',
    buyerId: 'buyer-1',
    buyerAccountId: BUYER_ACCOUNT,
    targetId: 'target-1',
    kind: 'sip',
    uri: 'sip:sales@192.0.2.1',
    ringTimeoutMs: 20_000,
    maxDurationMs: 3_600_000,
    ringback: 'local',
    plan: PER_CALL,
    price: micros(25_000_000),
    reference: undefined,
    reservations: [],
    ...more,
  };
}

export function saleTerms(more: Partial<SaleTerms> = {}): SaleTerms {
  return {
    campaignId: 'campaign-1',
    sellerId: SELLER_ACCOUNT,
    currency: 'USD',
    payout: PAYOUT,
    ...more,
  };
}

export function decidedRecord(callId: string, receivedAt = NOON): DecidedRecord {
  const attempt = {
    callId,
    receivedAt,
    from: '+12125550123',
    to: '+18005550100',
    trunkId: 'trunk-1',
    origin: 'inbound_consumer',
    claimedOrigin: undefined,
    attestation: 'A',
    verstat: 'passed',
    reservation: undefined,
    forwardedBy: [],
    tags: {},
  } as unknown as DecidedRecord['attempt'];
  return {
    attempt,
    sipCallId: `${callId}@192.0.2.9`,
    decisionMicroseconds: 12.5,
    decision: {
      ok: true,
      plan: [ringTarget()],
      terms: saleTerms(),
      sourceLimits: [],
      trace: {
        attempt,
        decidedAt: receivedAt,
        marketVersion: 1,
        marketPosition: undefined,
        seed: 7,
        campaignId: 'campaign-1',
        sellerId: SELLER_ACCOUNT,
        origin: 'inbound_consumer',
        findings: [],
        fraud: undefined,
        facts: {
          activity: NO_ACTIVITY,
          compliance: { hits: [], lists: [], consents: [], contactsInLast24h: 0, lookups: [] },
          fraud: {},
          liveBids: [],
          reservation: undefined,
          degraded: [],
        },
        bids: { total: 1, counts: {}, listed: [] },
      },
    },
  };
}

export function answeredRecord(callId: string, more: Partial<AnsweredRecord> = {}): AnsweredRecord {
  const sale = { target: ringTarget(), terms: saleTerms() };
  return { ...basics(callId), sale, answeredAt: NOON + 5_000, ...more };
}

function basics(callId: string): CallBasics {
  return {
    callId,
    sipCallId: `${callId}@192.0.2.9`,
    trunkId: 'trunk-1',
    from: '+12125550123',
    to: '+18005550100',
    origin: 'inbound_consumer',
    receivedAt: NOON,
  };
}

/** A call that was sold and talked for a minute. */
export function endedRecord(callId: string, more: Partial<CallEndedRecord> = {}): CallEndedRecord {
  const connectedMs = more.connectedMs ?? 60_000;
  return {
    ...basics(callId),
    state: 'completed',
    reason: 'caller_hangup',
    sipStatus: 200,
    detail: 'the caller hung up',
    firstRingAt: NOON + 1_000,
    answeredAt: NOON + 5_000,
    endedAt: NOON + 5_000 + connectedMs,
    connectedMs,
    attempts: [],
    sale: { target: ringTarget(), terms: saleTerms() },
    media: undefined,
    ...more,
  };
}

/** The same call, which nobody took. */
export function unsoldRecord(callId: string, more: Partial<CallEndedRecord> = {}): CallEndedRecord {
  return endedRecord(callId, {
    state: 'failed',
    reason: 'buyers_exhausted',
    sipStatus: 480,
    detail: 'no buyer took the call',
    answeredAt: undefined,
    connectedMs: 0,
    sale: undefined,
    ...more,
  });
}

/** Stores calls that are over, as the switch does. */
export function storeEnded(db: Queryable, records: readonly CallEndedRecord[], boot = BOOT): Promise<void> {
  return storeEntries(
    db,
    records.map((record) => ({ kind: 'ended', boot, record })),
  );
}

import { randomUUID } from 'node:crypto';
import { DeadLetters, settleCall, STORED_SOURCES } from '../../../../src/billing';
import { lateDifference } from '../../../../src/billing/settlement/late-end';
import { openDifference } from '../../../../src/billing/settlement/settlement-differences';
import {
  BUYER_ACCOUNT,
  endedRecord,
  ringTarget,
  saleTerms,
  SELLER_ACCOUNT,
  storeEnded,
} from '../../../support/call-records';
import type { HappyPath } from './happy-path';
import type { TestApi } from './test-api';

const PLAN = {
  kind: 'per_minute',
  ratePerMinute: 6_000_000,
  firstIncrementMs: 1_000,
  nextIncrementMs: 1_000,
  afterMs: 0,
} as never;

async function endCall(api: TestApi, id: string, connectedMs: number): Promise<void> {
  await api.pool.query(
    `insert into accounts (id, name, type) select id, id, 'buyer' from unnest($1::text[]) id on conflict do nothing`,
    [[BUYER_ACCOUNT, SELLER_ACCOUNT]],
  );
  const sale = { target: ringTarget({ plan: PLAN }), terms: saleTerms() };
  await storeEnded(api.pool, [endedRecord(id, { sale, connectedMs })]);
}

/** A call that was sold and settled. */
export async function storeSettlement(api: TestApi): Promise<string> {
  const id = `settled-${randomUUID()}`;
  await endCall(api, id, 60_000);
  await settleCall(api.pool, id);
  return id;
}

/** A call that no retry helped. */
export async function storeLetter(api: TestApi): Promise<string> {
  const id = `letter-${randomUUID()}`;
  await endCall(api, id, 60_000);
  await new DeadLetters(api.pool).add(id, 'the buyer has no account');
  return id;
}

/** A call whose own end came after it had been settled. */
export async function storeDifference(api: TestApi): Promise<string> {
  const id = await storeSettlement(api);
  await endCall(api, id, 90_000);
  await api.pool.transaction(async (tx) => {
    const found = await lateDifference(tx, STORED_SOURCES, id);
    if (!found) throw new Error('no difference');
    await openDifference(tx, id, found);
  });
  return id;
}

/** Every operation about settlements, and how it works. */
export function settlementCases(api: () => TestApi): [string, HappyPath][] {
  const letter = (): Promise<string> => storeLetter(api());
  const difference = (): Promise<string> => storeDifference(api());
  return [
    ['GET /api/v1/settlements/status', {}],
    ['GET /api/v1/settlements/dead', {}],
    ['GET /api/v1/settlements/dead/{id}', { id: letter }],
    ['POST /api/v1/settlements/dead/{id}/redrive', { id: letter }],
    ['POST /api/v1/settlements/dead/redrive', {}],
    ['GET /api/v1/settlements/differences', {}],
    ['GET /api/v1/settlements/differences/{id}', { id: difference }],
    ['POST /api/v1/settlements/differences/{id}/accept', { id: difference, body: { note: 'heard it' } }],
    ['POST /api/v1/settlements/differences/{id}/dismiss', { id: difference, body: {} }],
    ['GET /api/v1/settlements', {}],
    ['GET /api/v1/settlements/export', {}],
    ['GET /api/v1/settlements/{id}', { id: () => storeSettlement(api()) }],
  ];
}

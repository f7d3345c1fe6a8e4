import type { Market } from '../../../../src/market';
import type { CallTransfer, RingAttempt } from '../../../../src/domain';
import { entityStores } from '../../../../src/storage';
import { endedRecord, ringTarget, saleTerms, storeEnded } from '../../../support/call-records';
import type { Answer, Ask, TestApi } from './test-api';

export const PASSWORD = 'correct horse battery';

/** Two buyers, each with people: ann and ben of `buyer-1`, zoe of `buyer-2`. */
export async function openPeople(api: TestApi, market: Market): Promise<void> {
  const bodies: [path: string, body: object][] = [
    ['accounts', { id: 'seller-account', name: 'Seller', type: 'seller' }],
  ];
  for (const [n, zone] of [
    ['', 'America/New_York'],
    ['-2', 'UTC'],
  ]) {
    bodies.push(['accounts', { id: `buyer-account${n}`, name: 'Buyer', type: 'buyer', timezone: zone }]);
  }
  bodies.push(
    ['buyers', { id: 'buyer-1', accountId: 'buyer-account', name: 'One' }],
    ['buyers', { id: 'buyer-2', accountId: 'buyer-account-2', name: 'Two' }],
    ['agents', { id: 'ann', buyerId: 'buyer-1', name: 'Ann', username: 'ann', skills: { spanish: 8 } }],
    ['agents', { id: 'ben', buyerId: 'buyer-1', name: 'Ben', username: 'ben' }],
    ['agents', { id: 'zoe', buyerId: 'buyer-2', name: 'Zoe', username: 'zoe' }],
    ['teams', { id: 'sales', buyerId: 'buyer-1', name: 'Sales', agentIds: ['ann', 'ben'] }],
    ['targets', { buyerId: 'buyer-1', name: 'All', kind: 'softphone', uri: 'team:sales' }],
    ['targets', { id: 'desk', buyerId: 'buyer-1', name: 'Desk', uri: 'sip:desk@192.0.2.7' }],
    ['targets', { id: 'other', buyerId: 'buyer-2', name: 'Other', uri: 'sip:other@192.0.2.8' }],
  );
  for (const [path, body] of bodies) {
    const { status, text } = await api.ask('POST', `/api/v1/${path}`, { body });
    if (status !== 201) throw new Error(`${path}: ${status} ${text}`);
  }
  for (const agent of ['ann', 'ben', 'zoe']) await setPassword(api, agent);
  await readMarketOf(api, market);
}

/** What the feed of a switch does. */
export async function readMarketOf(api: TestApi, market: Market): Promise<void> {
  const stores = entityStores(api.pool);
  for (const entity of ['account', 'buyer', 'target', 'agent', 'team'] as const) {
    for (const { entity: value } of await stores[entity].list({ limit: 200 })) {
      market.apply({ entity, op: 'upsert', value } as never);
    }
  }
}

export async function setPassword(api: TestApi, agentId: string, password = PASSWORD): Promise<void> {
  const { status, text } = await api.ask('PUT', `/api/v1/agents/${agentId}/password`, { body: { password } });
  if (status !== 204) throw new Error(`${status} ${text}`);
}

export function signIn(
  api: TestApi,
  username: string,
  password = PASSWORD,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return api.ask('POST', '/api/v1/phone/sessions', { key: null, body: { username, password }, headers });
}

/** The token of somebody who signs in now. */
export async function tokenOf(api: TestApi, username: string): Promise<string> {
  return String((await signIn(api, username)).body['token']);
}

export function askAs(
  api: TestApi,
  token: string,
  method: string,
  path: string,
  ask: Ask = {},
): Promise<Answer> {
  return api.ask(method, `/api/v1/phone${path}`, {
    ...ask,
    key: null,
    headers: { ...ask.headers, Authorization: `Bearer ${token}` },
  });
}

/** A call that ann took, or that rang at her in vain. */
export async function storeCallOf(
  api: TestApi,
  callId: string,
  agentId: string,
  {
    at,
    answered = true,
    rung,
    transfers,
  }: {
    readonly at: number;
    readonly answered?: boolean;
    readonly rung?: string[];
    readonly transfers?: CallTransfer[];
  },
): Promise<void> {
  const target = ringTarget({ buyerId: 'buyer-1' });
  const attempt = {
    bidId: 'bid-1',
    targetId: 'target-1',
    buyerId: 'buyer-1',
    startedAt: at,
    durationMs: 5_000,
    outcome: answered ? 'answered' : 'no_answer',
    sipStatus: answered ? 200 : 0,
    agentId,
    rung,
  } as RingAttempt;
  await storeEnded(api.pool, [
    endedRecord(callId, {
      receivedAt: at,
      endedAt: at + 70_000,
      attempts: [attempt],
      transfers,
      sale: answered ? { target, terms: saleTerms(), agentId } : undefined,
      ...(answered ? {} : { state: 'failed', connectedMs: 0, answeredAt: undefined }),
    }),
  ]);
}

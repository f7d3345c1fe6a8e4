import { addPaymentMethod, requestCharge, settleCall } from '../../../../src/billing';
import type { TenantRole } from '../../../../src/domain';
import { micros } from '../../../../src/domain';
import { createApiKey } from '../../../../src/storage';
import { endedRecord, ringTarget, saleTerms, storeEnded } from '../../../support/call-records';
import { planText } from './dialplan-cases';
import { invoicedAccount, PERIOD } from './invoice-cases';
import { storeRecording } from './test-recordings';
import { storeDeadDelivery } from './stored-calls';
import { askWith, PASSWORD, signedIn, tokenOf } from './test-access';
import type { TestApi } from './test-api';
import { agentToken } from './whole-api';

/** A party with something of every kind that is its own; every text of it holds its mark, which nobody else may see. */
export interface Party {
  readonly role: TenantRole;
  readonly world: number;
  readonly mark: string;
  readonly accountId: string;
  readonly key: string;
  /** Of its user who is signed in; and of its agent at a phone, where it has any. */
  readonly tokens: { readonly user: string; readonly agent?: string };
  /** By the first part of the path. */
  readonly ids: Readonly<Record<string, string>>;
}

/** In what is nobody's but the exchange's. */
export const EXCHANGE_MARK = 'zzexchangezz';
/** On offer, to every buyer and seller. */
export const OPEN_CAMPAIGN = 'campaign-on-offer';
export const DRAFT_CAMPAIGN = `campaign-${EXCHANGE_MARK}`;

const RATES = (destination: string): string =>
  `prefix,rate_per_minute,first_increment_s,next_increment_s,destination\n1,0.0125,6,6,${destination}\n`;

/** Two worlds of a buyer, a seller and a carrier each: the call of a world came over its carrier, was brought by its
 * seller and taken by its buyer. */
export async function openWorlds(api: TestApi): Promise<Party[]> {
  await campaign(api, OPEN_CAMPAIGN, 'active');
  await campaign(api, DRAFT_CAMPAIGN, 'draft');
  return [...(await openWorld(api, 1)), ...(await openWorld(api, 2))];
}

async function must(api: TestApi, path: string, body: object | string): Promise<Record<string, unknown>> {
  const csv = typeof body === 'string';
  const answer = await api.ask('POST', `/api/v1/${path}`, {
    ...(csv ? { raw: body, headers: { 'Content-Type': 'text/csv' } } : { body }),
  });
  if (answer.status >= 300) throw new Error(`${path}: ${answer.text} ${String(api.switch.bugs[0])}`);
  return answer.body;
}

async function campaign(api: TestApi, id: string, status: string): Promise<void> {
  const payout = { kind: 'per_call', amount: 8_000_000, afterMs: 0 };
  const recording = { mode: 'off', buyersListen: true, sellersListen: true };
  await must(api, 'campaigns', { id, name: `Named ${id}`, status, reservePrice: 1, payout, recording });
}

async function openWorld(api: TestApi, world: number): Promise<Party[]> {
  const mark = (role: string): string => `zz${role}${world}zz`;
  const [buyer, seller, carrier] = [mark('buyer'), mark('seller'), mark('carrier')];
  for (const [type, name] of [
    ['buyer', buyer],
    ['seller', seller],
    ['carrier', carrier],
  ] as const) {
    await must(api, 'accounts', { id: `acct-${name}`, name: `Account ${name}`, type });
    await must(api, `accounts/acct-${name}/terms`, { note: EXCHANGE_MARK, fees: [] });
  }
  const carried = await openCarrier(api, world, carrier);
  const sold = await openSeller(api, world, seller);
  const bought = await openBuyer(api, buyer);
  const callId = `call-zzworld${world}zz`;
  await storeWorldCall(api, callId, { buyer, seller, carrier });
  const recordings = await storeRecording(api.pool, {
    ...{ callId, campaignId: OPEN_CAMPAIGN, sellerId: `acct-${seller}`, nodeId: EXCHANGE_MARK },
    ...{ buyerId: `buyer-${buyer}`, buyerAccountId: `acct-${buyer}`, targetId: `target-${buyer}` },
  });
  await must(api, 'wallets', { accountId: `acct-${buyer}`, currency: 'USD' });
  await api.pool.query(
    `insert into holds (id, call_id, account_id, currency, amount, node_id, boot_id) values ($1 || '/9', $1, $2, 'USD', 5, 'n', 'b')`,
    [callId, `acct-${buyer}`],
  );
  await must(api, `wallets/acct-${buyer}/top-ups`, { currency: 'USD', amount: 9_000_000, reference: buyer });
  const dispute = async (side: string, text: string): Promise<string> => {
    const body = { callId, side, reason: 'other', amount: 1_000, text };
    return String((await must(api, 'disputes', body))['id']);
  };
  const [ofBuyer, ofSeller] = [await dispute('buyer', buyer), await dispute('seller', seller)];
  const key = (name: string): Promise<string> => createApiKey(api.pool, `acct-${name}`, name, ['*']);
  const party = async (
    role: TenantRole,
    name: string,
    ids: Readonly<Record<string, string>>,
  ): Promise<Party> => {
    const accountId = `acct-${name}`;
    const general = {
      accounts: accountId,
      statements: accountId,
      'invoice-profiles': accountId,
      calls: callId,
    };
    await must(api, 'invoice-profiles', { accountId, legalName: name, paymentLines: [name] });
    const market = role === 'carrier' ? {} : { campaigns: OPEN_CAMPAIGN };
    const webhook = role === 'carrier' ? {} : await openWebhook(api, accountId, name);
    const people = await openPeople(api, accountId, name);
    const agent = role === 'buyer' ? { agent: await openPhone(api, name) } : {};
    return {
      role,
      world,
      mark: name,
      accountId,
      key: await key(name),
      tokens: { user: people.token, ...agent },
      ids: { ...general, ...market, ...webhook, ...people.ids, ...ids },
    };
  };
  return [
    await party('buyer', buyer, { ...bought, disputes: ofBuyer, recordings: recordings.id }),
    await party('seller', seller, { ...sold, disputes: ofSeller, recordings: recordings.id }),
    await party('carrier', carrier, carried),
  ];
}

/** Who gets in: a user who is signed in, a key, and a client of OAuth 2. */
async function openPeople(
  api: TestApi,
  accountId: string,
  name: string,
): Promise<{ readonly token: string; readonly ids: Readonly<Record<string, string>> }> {
  const email = `${name}@people.example`;
  const user = await must(api, 'users', { email, name, accountId });
  await api.ask('POST', '/api/v1/auth/links', {
    key: null,
    body: { token: tokenOf(user['link']), password: PASSWORD },
  });
  const token = (await signedIn(api, email)).accessToken;
  const { body: me } = await askWith(api, token, 'GET', '/auth/me');
  const credential = { name, accountId, scopes: ['calls:read'] };
  const made = async (path: string): Promise<string> => String((await must(api, path, credential))['id']);
  return {
    token,
    ids: {
      users: String(user['id']),
      auth: String(me['sessionId']),
      keys: await made('keys'),
      'oauth-clients': await made('oauth-clients'),
    },
  };
}

/** @returns the token of the buyer's agent */
async function openPhone(api: TestApi, name: string): Promise<string> {
  const agent = { id: `agent-${name}`, username: name, password: PASSWORD };
  const { password } = agent;
  const path = `/api/v1/agents/${agent.id}/password`;
  const set = await api.ask('PUT', path, { body: { password } });
  if (set.status !== 204) throw new Error(set.text);
  return agentToken(api, agent);
}

async function openWebhook(
  api: TestApi,
  accountId: string,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const body = { accountId, name, url: `http://127.0.0.1:1024/${name}`, events: ['call.settled'] };
  const webhooks = String((await must(api, 'webhooks', body))['id']);
  return { webhooks, 'webhook-deliveries': await storeDeadDelivery(api, webhooks) };
}

async function openCarrier(
  api: TestApi,
  world: number,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const trunks = `trunk-${name}`;
  const accountId = `acct-${name}`;
  const sources = [`192.0.2.${world}`];
  await must(api, 'trunks', { id: trunks, accountId, name, sources, origin: 'inbound_consumer' });
  const deck = await must(api, `trunks/${trunks}/rate-decks?direction=inbound&name=${name}`, RATES(name));
  const columns = { time: 'time', called: 'to', duration: 'seconds' };
  await must(api, `trunks/${trunks}/cdr-profile`, { columns });
  await must(
    api,
    `trunks/${trunks}/cdr-files?name=${name}.csv`,
    `time,to,seconds\n2026-11-21T12:00:00Z,1800555010${world},60\n`,
  );
  const { rows } = await api.pool.query<{ id: string }>(
    `insert into reconciliations (kind, trunk_id, from_at, to_at, state, requested_by)
     values ('carrier', $1, now() - interval '1 day', now(), 'waiting', $2) returning id::text`,
    [trunks, EXCHANGE_MARK],
  );
  await payable(api, accountId, name);
  const reconciliations = String(rows[0]?.id);
  return { trunks, 'rate-decks': String(deck['id']), reconciliations, 'payout-terms': accountId };
}

async function payable(api: TestApi, accountId: string, name: string): Promise<void> {
  await api.pool.query(
    `insert into payout_terms (account_id, currency, period, method) values ($1, 'USD', 'manual', $2)`,
    [accountId, name],
  );
  await api.pool.query(
    `insert into payout_batches (id, currency, up_to, prepared_key, prepared_by) values ($1, 'USD', now(), 'k', $2)`,
    [`batch-${name}`, EXCHANGE_MARK],
  );
  await api.pool.query(
    `insert into payout_items (id, batch_id, account_id, currency, amount, method) values ($1, $2, $3, 'USD', 5, $4)`,
    [`item-${name}`, `batch-${name}`, accountId, name],
  );
}

async function openSeller(
  api: TestApi,
  world: number,
  name: string,
): Promise<Readonly<Record<string, string>>> {
  const accountId = `acct-${name}`;
  await must(api, 'sellers', { id: accountId, splits: [{ accountId: 'operator', shareBp: 1 }] });
  const numbers = `did-${name}`;
  const number = `+1800555010${world}`;
  await must(api, 'numbers', { id: numbers, number, campaignId: OPEN_CAMPAIGN, sellerId: accountId });
  await payable(api, accountId, name);
  await api.pool.query(
    `insert into rtb_bid_requests (at, seller_id, campaign_id, number, code, reason, latency_ms, node_id)
     values (1700000000000, $1, $2, $3, 1007, $4, 1, 'n')`,
    [accountId, OPEN_CAMPAIGN, number, name],
  );
  const dialplans = `plan-${name}`;
  await must(api, 'dialplans', { id: dialplans, accountId, name, yaml: planText(name, name) });
  return { sellers: accountId, numbers, dialplans, 'payout-terms': accountId };
}

async function openBuyer(api: TestApi, name: string): Promise<Readonly<Record<string, string>>> {
  const accountId = `acct-${name}`;
  const [buyers, targets, bids] = [`buyer-${name}`, `target-${name}`, `bid-${name}`];
  const [agents, teams] = [`agent-${name}`, `team-${name}`];
  const testCalls = `test-${name}`;
  await must(api, 'buyers', { id: buyers, accountId, name });
  const uri = `sip:${name}@192.0.2.7:5060`;
  await must(api, 'targets', { id: targets, buyerId: buyers, name, uri, costPerMinute: 7 });
  await api.pool.query(
    `insert into test_calls (id, account_id, target_id, node_id, due_at, detail) values ($1, $2, $3, 'n', now(), $4)`,
    [testCalls, accountId, targets, name],
  );
  await must(api, 'agents', { id: agents, buyerId: buyers, name, username: name });
  await must(api, 'teams', { id: teams, buyerId: buyers, name, agentIds: [agents] });
  await must(api, 'bids', bidOf({ id: bids, buyerId: buyers, targetId: targets, name }));
  const methods = `method-${name}`;
  const face = { brand: name.replace(/\d/g, ''), last4: '4242', expMonth: 12, expYear: 2030 };
  const refs = { customerRef: `cus_${name}`, methodRef: `pm_${name}`, createdBy: 'operator' };
  await addPaymentMethod(api.pool, { id: methods, accountId, ...refs, ...face });
  const wish = { accountId, methodId: methods, currency: 'USD' as const, amount: micros(50_000_000) };
  const payment = await requestCharge(
    api.pool,
    { ...wish, reason: name, requestedBy: 'operator' },
    Date.now(),
  );
  await invoicedAccount(api, accountId);
  const invoice = await must(api, 'invoices', { accountId, period: PERIOD });
  const token = await must(api, 'postback-tokens', { accountId, name });
  return {
    ...{ buyers, targets, agents, teams, bids, wallets: accountId, 'test-calls': testCalls },
    ...{ payments: payment.id, 'payment-methods': methods },
    ...{ invoices: String(invoice['number']), 'postback-tokens': String(token['id']) },
  };
}

/** A bid that can be made. */
export function bidOf(more: {
  readonly id?: string;
  readonly buyerId: string;
  readonly targetId: string;
  readonly name: string;
}): object {
  const { name, ...rest } = more;
  const plan = { kind: 'per_call', amount: 20_000_000, afterMs: 0 };
  const targeting = { tags: { vertical: name } };
  return { ...rest, campaignId: OPEN_CAMPAIGN, plan, price: 20_000_000, targeting };
}

async function storeWorldCall(
  api: TestApi,
  callId: string,
  { buyer, seller, carrier }: Readonly<Record<'buyer' | 'seller' | 'carrier', string>>,
): Promise<void> {
  const target = ringTarget({
    bidId: `bid-${buyer}`,
    buyerId: `buyer-${buyer}`,
    buyerAccountId: `acct-${buyer}`,
    targetId: `target-${buyer}`,
    uri: `sip:${buyer}@192.0.2.7`,
    reference: buyer,
  });
  const terms = saleTerms({ campaignId: OPEN_CAMPAIGN, sellerId: `acct-${seller}` });
  const attempts = ['zzbuyer1zz', 'zzbuyer2zz'].map((name) => ({
    ...{ bidId: `bid-${name}`, targetId: `target-${name}`, buyerId: `buyer-${name}` },
    ...{ startedAt: 1, durationMs: 1, outcome: 'answered' as const, sipStatus: 200 },
  }));
  const detail = `${EXCHANGE_MARK} of ${seller} and ${buyer}`;
  const more = { trunkId: `trunk-${carrier}`, sipCallId: `${carrier}@carrier`, attempts, detail };
  const record = endedRecord(callId, {
    ...more,
    sale: { target, terms, agentId: `agent-${buyer}` },
    endedAt: Date.now(),
  });
  await storeEnded(api.pool, [record]);
  const listed = ['zzbuyer1zz', 'zzbuyer2zz'].map((name, index) => ({
    ...{ bidId: `bid-${name}`, buyerId: `buyer-${name}`, price: 1 + index, rank: index + 1 },
  }));
  const trace = {
    sellerId: `acct-${seller}`,
    findings: [EXCHANGE_MARK],
    bids: { total: 2, counts: {}, listed },
  };
  await api.pool.query('insert into call_decisions (call_id, decision, microseconds) values ($1, $2, 48)', [
    callId,
    JSON.stringify({ ok: true, trace }),
  ]);
  await settleCall(api.pool, callId);
}

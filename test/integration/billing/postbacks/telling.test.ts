import { createHmac } from 'node:crypto';
import type { E164 } from '../../../../src/domain';
import { eraseSubject } from '../../../../src/storage';
import { TEST_VAULT } from '../../../support/consents';
import { expandEvents, IS_POSTBACK_EVENT } from '../../../../src/billing/postbacks/expand-events';
import { BUYER_ACCOUNT, endedRecord, SELLER_ACCOUNT } from '../../../support/call-records';
import { until } from '../../../support/until';
import { OTHER_BUYER, PostbackRoom } from './support/postback-room';
import type { Received } from './support/receiver';
import { Receiver } from './support/receiver';

let room: PostbackRoom;
let receiver: Receiver;

beforeAll(async () => {
  room = await PostbackRoom.open();
});
afterAll(() => room.close());
beforeEach(async () => {
  receiver = await Receiver.start();
  room.atEnd(() => receiver.close());
});
afterEach(() => room.clear());

interface Told {
  readonly id: string;
  readonly event: string;
  readonly at: string;
  readonly data: Record<string, unknown>;
}
const bodyOf = (request: Received | undefined): Told => JSON.parse(request?.body ?? 'null') as Told;
const at = (path: string): Received[] => receiver.received.filter((one) => one.path === path);

test('each hears of its own calls, and of them what it may know', async () => {
  await room.hook({ url: `${receiver.url}/operator` });
  await room.hook({ url: `${receiver.url}/buyer`, accountId: BUYER_ACCOUNT });
  await room.hook({ url: `${receiver.url}/seller`, accountId: SELLER_ACCOUNT });
  await room.hook({ url: `${receiver.url}/sharer`, accountId: 'sharer' });
  await room.hook({ url: `${receiver.url}/other`, accountId: OTHER_BUYER });
  await room.settled('told-1');
  room.dispatcher();
  await room.allDone(4);
  const [operator, buyer, seller, sharer] = ['/operator', '/buyer', '/seller', '/sharer'].map((path) => {
    expect(at(path)).toHaveLength(1);
    return bodyOf(at(path)[0]);
  });
  expect(at('/other')).toEqual([]);
  const common = {
    callId: 'told-1',
    campaignId: 'campaign-1',
    currency: 'USD',
    connectedMs: 60_000,
    durationS: 60,
    converted: true,
    origin: 'inbound_consumer',
    endReason: 'caller_hangup',
    receivedAt: '2026-11-21T12:00:00.000Z',
    answeredAt: '2026-11-21T12:00:05.000Z',
    endedAt: '2026-11-21T12:01:05.000Z',
    caller: '+12125550123',
  };
  const bought = {
    buyerId: 'buyer-1',
    buyerAccountId: BUYER_ACCOUNT,
    targetId: 'target-1',
    bidId: 'bid-1',
    revenue: '25.00',
  };
  const sold = { sellerId: SELLER_ACCOUNT, dialled: '+18005550100' };
  expect(buyer?.data).toEqual({ ...common, ...bought, fees: '0.50', taxes: '0.00' });
  expect(seller?.data).toEqual({
    ...common,
    ...sold,
    payout: '6.00',
    fees: '0.20',
    taxes: '0.00',
  });
  expect(sharer?.data).toMatchObject({ payout: '2.00', fees: '0.00' });
  expect(operator?.data).toEqual({
    ...common,
    ...bought,
    ...sold,
    payout: '8.00',
    fees: '0.70',
    taxes: '0.00',
    carrierCost: '0.01',
  });
  expect(operator).toMatchObject({ event: 'call.settled', id: buyer?.id });
  expect(await room.undone()).toEqual([]);
  expect(room.errors).toEqual([]);
});

test('what a rerating changed is told to those whom it concerns', async () => {
  await room.settled('rerated-1');
  await room.db.query(
    `insert into settlement_revisions (call_id, n, kind, cause, lines, revenue, payout, fees, taxes, carrier_cost, priced, earned, signals)
     values ('rerated-1', 1, 'rerating', 'rerate', $1, -25000000, -8000000, 0, 0, 0, 'plan', 'plan', 1)`,
    [
      JSON.stringify([
        {
          kind: 'payout',
          accountId: SELLER_ACCOUNT,
          code: 'plan',
          text: '',
          amount: -6_000_000,
          currency: 'USD',
        },
        { kind: 'payout', accountId: 'sharer', code: 'plan', text: '', amount: -2_000_000, currency: 'USD' },
      ]),
    ],
  );
  await room.event('call.rerated', 'rerated-1:1', {
    callId: 'rerated-1',
    n: 1,
    reason: 'signal',
    currency: 'USD',
    connectedMs: 60_000,
    revenueMicros: 0,
    payoutMicros: 0,
    previousRevenueMicros: 25_000_000,
    previousPayoutMicros: 8_000_000,
    buyerAccountId: BUYER_ACCOUNT,
    sellerId: SELLER_ACCOUNT,
  });
  await room.hook({ url: `${receiver.url}/buyer`, accountId: BUYER_ACCOUNT, convertedOnly: true });
  await room.hook({ url: `${receiver.url}/seller`, accountId: SELLER_ACCOUNT, convertedOnly: true });
  room.dispatcher();
  await room.allDone(4);
  expect(at('/buyer').map((one) => [bodyOf(one).event, bodyOf(one).data['revenue']])).toEqual([
    ['call.settled', '25.00'],
    ['call.rerated', '0.00'],
  ]);
  expect(bodyOf(at('/buyer')[1]).data).toMatchObject({
    converted: false,
    previousRevenue: '25.00',
    reason: 'signal',
  });
  expect(bodyOf(at('/buyer')[1]).data).not.toHaveProperty('payout');
  expect(bodyOf(at('/seller')[1]).data).toMatchObject({
    converted: false,
    payout: '0.00',
    previousPayout: '6.00',
  });
  expect(bodyOf(at('/seller')[1]).data).not.toHaveProperty('previousRevenue');
});

test('who asks for some campaigns, or for calls that converted, hears of those alone', async () => {
  await room.hook({ url: `${receiver.url}/here`, campaignIds: ['campaign-1'] });
  await room.hook({ url: `${receiver.url}/there`, campaignIds: ['campaign-2'] });
  await room.hook({ url: `${receiver.url}/converted`, accountId: BUYER_ACCOUNT, convertedOnly: true });
  await room.hook({ url: `${receiver.url}/paused`, status: 'paused' });
  await room.hook({ url: `${receiver.url}/wallets`, events: ['wallet.low'] });
  await room.settled('filtered-1', { revenue: 0, payout: 1_000_000 });
  await room.settled('filtered-2');
  room.dispatcher();
  await room.allDone(3);
  expect(
    receiver.received
      .map(({ path, body }) => `${path} ${bodyOf({ body } as Received).data['callId']}`)
      .sort(),
  ).toEqual(['/converted filtered-2', '/here filtered-1', '/here filtered-2']);
});

test('wallets, payments and invoices are told to their account and the operator', async () => {
  const events = ['wallet.low', 'payment.failed', 'invoice.issued'] as const;
  await room.hook({ url: `${receiver.url}/operator`, events });
  await room.hook({ url: `${receiver.url}/buyer`, accountId: BUYER_ACCOUNT, events });
  await room.hook({ url: `${receiver.url}/other`, accountId: OTHER_BUYER, events });
  await room.event('wallet.low', `${BUYER_ACCOUNT}:USD:1`, {
    accountId: BUYER_ACCOUNT,
    currency: 'USD',
    availableMicros: 4_999_999,
    lowBalanceAtMicros: 5_000_000,
    stopBelowMicros: 0,
  });
  await room.event('payment.failed', 'pay-1', {
    paymentId: 'pay-1',
    kind: 'top_up',
    accountId: BUYER_ACCOUNT,
    currency: 'USD',
    amountMicros: 50_000_000,
    state: 'failed',
    failure: { code: 'card_declined', message: 'no funds', retryable: true },
  });
  await room.event('invoice.issued', 'INV-7', {
    number: 'INV-7',
    kind: 'invoice',
    accountId: OTHER_BUYER,
    currency: 'USD',
    chargedMicros: 1,
    balanceMicros: -3,
  });
  room.dispatcher();
  await room.allDone(6);
  expect(at('/operator')).toHaveLength(3);
  const told = at('/buyer').map((one) => bodyOf(one).data);
  expect(told).toContainEqual({
    accountId: BUYER_ACCOUNT,
    currency: 'USD',
    available: '4.999999',
    lowBalanceAt: '5.00',
    stopBelow: '0.00',
  });
  expect(told).toContainEqual({
    accountId: BUYER_ACCOUNT,
    paymentId: 'pay-1',
    kind: 'top_up',
    currency: 'USD',
    amount: '50.00',
    state: 'failed',
    failureCode: 'card_declined',
    failureMessage: 'no funds',
  });
  expect(at('/other').map((one) => bodyOf(one).data)).toEqual([
    {
      accountId: OTHER_BUYER,
      number: 'INV-7',
      kind: 'invoice',
      currency: 'USD',
      charged: '0.000001',
      balance: '-0.000003',
    },
  ]);
});

test('a dispute is told to the side whose it is, and not to the other one', async () => {
  const events = ['dispute.opened'] as const;
  await room.settled('disputed-1');
  await room.hook({ url: `${receiver.url}/operator`, events });
  await room.hook({ url: `${receiver.url}/buyer`, accountId: BUYER_ACCOUNT, events });
  await room.hook({ url: `${receiver.url}/seller`, accountId: SELLER_ACCOUNT, events });
  const dispute = { callId: 'disputed-1', state: 'open', reason: 'duplicate', currency: 'USD' };
  await room.event('dispute.opened', 'd-1', {
    ...dispute,
    disputeId: 'd-1',
    kind: 'buyer',
    accountId: BUYER_ACCOUNT,
    buyerAccountId: BUYER_ACCOUNT,
    claimedMicros: 25_000_000,
  });
  await room.event('dispute.opened', 'd-2', {
    ...dispute,
    disputeId: 'd-2',
    kind: 'seller',
    accountId: SELLER_ACCOUNT,
    sellerId: SELLER_ACCOUNT,
    claimedMicros: 8_000_000,
  });
  room.dispatcher();
  await room.allDone(4);
  const ids = (path: string): unknown[] => at(path).map((one) => bodyOf(one).data['disputeId']);
  expect([ids('/operator'), ids('/buyer'), ids('/seller')]).toEqual([['d-1', 'd-2'], ['d-1'], ['d-2']]);
  expect(bodyOf(at('/seller')[0]).data).toMatchObject({
    claimed: '8.00',
    reason: 'duplicate',
    state: 'open',
  });
  expect(bodyOf(at('/seller')[0]).data).not.toHaveProperty('buyerId');
});

test('recordings and messages are told to who may listen, callbacks to the exchange, and numbers to nobody', async () => {
  const events = ['recording.saved', 'recording.failed', 'voicemail.left', 'callback.requested'] as const;
  const place = '?c={caller}&z={tag:zip}&r={recording_id}';
  await room.hook({ url: `${receiver.url}/operator${place}`, events, campaignIds: ['campaign-1'] });
  await room.hook({ url: `${receiver.url}/buyer${place}`, accountId: BUYER_ACCOUNT, events: [events[0]] });
  await room.hook({ url: `${receiver.url}/seller${place}`, accountId: SELLER_ACCOUNT, events: [events[2]] });
  await room.ended(endedRecord('left-1'));
  const of = { callId: 'left-1', campaignId: 'campaign-1', buyerId: null, lost: null };
  const talk = { ...of, kind: 'conversation', buyerId: 'buyer-1', durationMs: 61_500, sellerId: null };
  await room.event('recording.saved', 'r-1', { ...talk, buyerAccountId: BUYER_ACCOUNT });
  await room.event('recording.saved', 'r-2', { ...talk, buyerAccountId: null });
  await room.event('recording.saved', 'r-3', { ...talk, campaignId: 'other', buyerAccountId: null });
  await room.event('recording.failed', 'r-4', {
    ...{ ...of, kind: 'conversation', lost: 'the disk is full', durationMs: null },
    ...{ buyerAccountId: BUYER_ACCOUNT, sellerId: SELLER_ACCOUNT },
  });
  const message = {
    ...of,
    kind: 'voicemail',
    durationMs: 9_999,
    sellerId: SELLER_ACCOUNT,
    buyerAccountId: null,
  };
  await room.event('voicemail.left', 'r-5', message);
  await room.event('callback.requested', 'c-1', {
    ...{ callId: 'left-1', campaignId: 'campaign-1', sellerId: SELLER_ACCOUNT, ownNumber: true },
    ...{ requestedAt: 0, notAfter: 86_400_000 },
  });
  room.dispatcher();
  await room.allDone(7);
  const told = (who: string): [string, string, unknown][] =>
    receiver.received
      .filter(({ path }) => path.startsWith(`/${who}?`))
      .map((one) => [one.path.slice(who.length + 2), bodyOf(one).event, bodyOf(one).data]);
  const common = { callId: 'left-1', campaignId: 'campaign-1' };
  const heard = { ...common, kind: 'conversation', buyerId: 'buyer-1', durationMs: 61_500, durationS: 61 };
  const left = { ...common, recordingId: 'r-5', kind: 'voicemail', durationMs: 9_999, durationS: 9 };
  expect(told('buyer')).toEqual([['c=&z=&r=r-1', 'recording.saved', { ...heard, recordingId: 'r-1' }]]);
  expect(told('seller')).toEqual([['c=&z=&r=r-5', 'voicemail.left', left]]);
  expect(told('operator')).toEqual([
    ['c=&z=&r=r-1', 'recording.saved', { ...heard, recordingId: 'r-1' }],
    ['c=&z=&r=r-2', 'recording.saved', { ...heard, recordingId: 'r-2' }],
    [
      ...['c=&z=&r=r-4', 'recording.failed'],
      { ...common, recordingId: 'r-4', kind: 'conversation', lost: 'the disk is full' },
    ],
    ['c=&z=&r=r-5', 'voicemail.left', left],
    [
      ...['c=&z=&r=', 'callback.requested'],
      {
        ...{ ...common, callbackId: 'c-1', sellerId: SELLER_ACCOUNT, ownNumber: true },
        ...{ requestedAt: '1970-01-01T00:00:00.000Z', notAfter: '1970-01-02T00:00:00.000Z' },
      },
    ],
  ]);
  expect(JSON.stringify(receiver.received)).not.toMatch(/2125550123/);
});

test('webhooks find what is to be told by an index, and what was told for a replay', async () => {
  const plan = async (text: string): Promise<string> => {
    const rows = await room.db.transaction(async (tx) => {
      await tx.query('set local enable_seqscan = off');
      return (await tx.query<Record<string, string>>(`explain ${text}`)).rows;
    });
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  };
  const untold = `select id from outbox where done_at is null and ${IS_POSTBACK_EVENT} order by id limit 9`;
  expect(await plan(untold)).toMatch(/using outbox_untold /);
  const told = `select id from outbox where done_at is not null and ${IS_POSTBACK_EVENT} order by created_at, id limit 9`;
  expect(await plan(told)).toMatch(/using outbox_told /);
});

test('a pixel is a GET with macros, signed over its URL', async () => {
  const secret = 'a secret of sixteen';
  await room.hook({
    url: `${receiver.url}/px/{call_id}?p={payout}&z={tag:zip}&s={tag:sub}&c={caller:digits}&n={tag:none}`,
    accountId: SELLER_ACCOUNT,
    method: 'GET',
    secret,
    headers: { 'X-Token': 'mine' },
  });
  await room.settled('pixel-1');
  room.dispatcher();
  await room.allDone(1);
  const [pixel] = receiver.received;
  expect(pixel).toMatchObject({ method: 'GET', body: '' });
  expect(pixel?.path).toBe('/px/pixel-1?p=6.00&z=10001&s=a%2Fb%3Fc&c=12125550123&n=');
  expect(pixel?.headers).toMatchObject({
    'x-token': 'mine',
    'dce-event': 'call.settled',
    'dce-attempt': '1',
    'dce-event-id': expect.stringMatching(/^\d+$/) as unknown,
    'dce-delivery': expect.stringMatching(/^\d+$/) as unknown,
  });
  const [, seconds, hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(pixel?.headers['dce-signature'] ?? '') ?? [];
  const signed = `${seconds}.${receiver.url}${pixel?.path}`;
  expect(createHmac('sha256', secret).update(signed).digest('hex')).toBe(hex);
  expect(Math.abs(Number(seconds) - Date.now() / 1000)).toBeLessThan(60);
});

test('a body of ones own is signed byte by byte; a new secret and the one before both sign for a while', async () => {
  const id = await room.hook({
    url: receiver.url,
    accountId: BUYER_ACCOUNT,
    body: '{"call": {call_id}, "paid": {revenue}, "text": "für {tag:sub}"}',
    secret: 'the old secret ....',
  });
  await room.store.rotateSecret(id, 'the new secret ....', 60);
  await room.settled('signed-1');
  room.dispatcher();
  await room.allDone(1);
  const [request] = receiver.received;
  expect(JSON.parse(request?.body ?? '')).toEqual({ call: 'signed-1', paid: 25, text: 'für a/b?c' });
  expect(request?.headers['content-type']).toBe('application/json');
  const [time, ...signatures] = (request?.headers['dce-signature'] ?? '').split(',');
  const expected = ['the new secret ....', 'the old secret ....'].map(
    (secret) =>
      `v1=${createHmac('sha256', secret)
        .update(`${time?.slice(2)}.${request?.body}`)
        .digest('hex')}`,
  );
  expect(signatures).toEqual(expected);
  await room.store.rotateSecret(id, 'the third secret ..', 0);
  await room.settled('signed-2');
  await room.allDone(2);
  expect(receiver.received[1]?.headers['dce-signature']?.split(',')).toHaveLength(2);
});

test('neither secrets nor headers are stored as they are', async () => {
  const id = await room.hook({
    url: receiver.url,
    secret: 'plain-secret-in-table',
    headers: { authorization: 'Bearer plain-token' },
  });
  await room.settled('sealed-1');
  room.dispatcher();
  await room.allDone(1);
  expect(receiver.received[0]?.headers['authorization']).toBe('Bearer plain-token');
  const dump = await room.own.query<{ row: string }>(
    `select p::text || encode(sealed_secret, 'escape') || encode(sealed_headers, 'escape') as row from postbacks p
     union all select d::text from postback_deliveries d`,
  );
  expect(dump).toHaveLength(2);
  for (const { row } of dump) expect(row).not.toMatch(/plain-/);
  expect(JSON.stringify(await room.store.get(id))).not.toMatch(/plain-/);
});

test('a caller who was erased is not named, not even in a second attempt', async () => {
  receiver.behave = () => (receiver.received.length === 1 ? 500 : 200);
  await room.hook({ url: `${receiver.url}/?c={caller}&z={tag:zip}`, method: 'GET' });
  await room.settled('erased-1');
  room.dispatcher();
  await until('the first attempt failed', async () => (await room.deliveries())[0]?.state === 'failed');
  await room.db.query(`update calls set caller = 'anon:abcdef' where id = 'erased-1'`);
  await room.db.query(
    `update call_decisions set decision = jsonb_set(decision, '{trace,attempt,tags}', '{}') where call_id = 'erased-1'`,
  );
  await room.hurry();
  await room.allDone(1);
  expect(receiver.received.map(({ path }) => path)).toEqual(['/?c=%2B12125550123&z=10001', '/?c=&z=']);
});

test('when nobody listens events are done at once; what is not told by webhooks is left alone', async () => {
  for (let n = 0; n < 30; n++) await room.event('wallet.low', `a:${n}`, { accountId: BUYER_ACCOUNT });
  await room.db.query(`insert into outbox (type, subject, payload) values ('call.ended', 'c', '{}')`);
  expect(await expandEvents(room.db)).toEqual({ events: 30, deliveries: 0, more: false });
  expect(await room.undone()).toEqual([{ type: 'call.ended' }]);
});

test('what nobody asked for is passed over, and what somebody did is told', async () => {
  await room.hook({ url: receiver.url, events: ['wallet.stopped'] });
  for (let n = 0; n < 5; n++) await room.event('wallet.low', `c:${n}`, { accountId: BUYER_ACCOUNT });
  await room.event('wallet.stopped', 'c:5', { accountId: BUYER_ACCOUNT });
  expect(await expandEvents(room.db)).toEqual({ events: 6, deliveries: 1, more: false });
  expect(await room.undone()).toEqual([]);
});

test('an erasure takes the caller out of requests that were made', async () => {
  await room.hook({ url: `${receiver.url}/?c={caller:digits}&d={dialled}`, method: 'POST' });
  await room.settled('erased-2');
  room.dispatcher();
  await room.allDone(1);
  expect(JSON.stringify(await room.deliveries())).toMatch(/2125550123/);
  const rules = { keepProof: false, consentYears: 5, now: Date.now() };
  await eraseSubject(room.db, TEST_VAULT, '+12125550123' as E164, rules);
  expect(JSON.stringify(await room.deliveries())).not.toMatch(/2125550123/);
  expect(JSON.stringify(await room.deliveries())).toMatch(/erased-2/);
});

test('each event is expanded once, however many do it at once', async () => {
  await room.hook({ url: receiver.url, events: ['wallet.low'] });
  await room.hook({ url: receiver.url, events: ['wallet.low'], accountId: BUYER_ACCOUNT });
  for (let n = 0; n < 100; n++) await room.event('wallet.low', `b:${n}`, { accountId: BUYER_ACCOUNT });
  for (let round = 0; (await room.undone()).length > 0 && round < 50; round++) {
    await Promise.all(Array.from({ length: 4 }, () => expandEvents(room.db, { batch: 30 })));
  }
  const rows = await room.deliveries();
  expect(rows).toHaveLength(200);
  expect(new Set(rows.map((row) => `${row.postback_id} ${row.event_id}`)).size).toBe(200);
  // In the order in which they happened.
  expect(rows.map(({ event_id }) => Number(event_id))).toEqual(
    [...rows.map(({ event_id }) => Number(event_id))].sort((a, b) => a - b),
  );
});

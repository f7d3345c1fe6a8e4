import { AnalyticsRollUp } from '../../../src/analytics';
import { createApiKey } from '../../../src/storage';
import type { Answer, TestApi } from '../api/support/test-api';
import { startTestApi } from '../api/support/test-api';
import type { ModelCall } from './support/histories';
import { insertMarket, storeEnd, storeRevision, storeSettlement } from './support/histories';

/** 2026-03-08T05:30:00Z: half an hour into the day on which New York's clocks go forward. */
const NIGHT = Date.UTC(2026, 2, 8, 5, 30);
const HOUR_MS = 3_600_000;
const SPAN = `from=${NIGHT - 2 * HOUR_MS}&to=${NIGHT + 30 * HOUR_MS}&zone=America/New_York`;

let api: TestApi;
const keys: Record<string, string> = {};

function call(id: string, more: Partial<ModelCall> = {}): ModelCall {
  return {
    id,
    receivedAt: NIGHT,
    trunk: 't1',
    campaign: 'c1',
    seller: 's1',
    state: 'NY',
    rung: [
      { buyer: 'b3', outcome: 'busy' },
      { buyer: 'b1', outcome: 'answered' },
    ],
    answered: true,
    ringMs: 800,
    connectedMs: 90_000,
    money: {
      currency: 'USD',
      revenue: 30_000_000,
      payout: 20_000_000,
      fees: 1_000_000,
      carrierCost: 500_000,
      foreign: 70,
    },
    revisions: [{ revenue: -10_000_000, payout: -5_000_000, fees: 0, carrierCost: 0 }],
    ...more,
  };
}

const UNSOLD = { answered: false, ringMs: null, connectedMs: 0, money: null, revisions: [], rung: [] };
const CALLS = [
  call('one'),
  call('two', { receivedAt: NIGHT + 24 * HOUR_MS, campaign: 'c2', state: null }),
  call('three', { ...UNSOLD, seller: 's2', trunk: 't2' }),
];

beforeAll(async () => {
  api = await startTestApi({ persons: { now: () => NIGHT + 40 * HOUR_MS } as never });
  await insertMarket(api.pool);
  await api.pool.query(`update accounts set timezone = 'America/New_York' where id = 'operator'`);
  for (const one of CALLS) {
    await storeEnd(api.pool, one);
    await storeSettlement(api.pool, one);
  }
  for (const account of ['a1', 'a2', 's1', 'k1']) {
    keys[account] = await createApiKey(api.pool, account, account, ['*']);
  }
});
afterAll(() => api.close());

function ask(query: string, key = api.admin): Promise<Answer> {
  return api.ask('GET', `/api/v1/analytics/calls?${query}`, { key });
}

const rowsOf = ({ body }: Answer): Record<string, unknown>[] => body['rows'] as Record<string, unknown>[];

test('figures are current before the job has run, after it, and after money has changed', async () => {
  const total = async (): Promise<unknown> => rowsOf(await ask(`${SPAN}&bucket=total`));
  const booked = {
    key: null,
    calls: 3,
    connected: 2,
    answered: 2,
    converted: 2,
    asr: 0.666667,
    ner: 0.666667,
    answerRate: 1,
    conversionRate: 1,
    acdMs: 90_000,
    pddMs: 800,
    minutes: 3,
    revenueMicros: 60_000_000,
    payoutMicros: 40_000_000,
    feesMicros: 2_000_000,
    carrierCostMicros: 1_000_000,
    marginMicros: 21_000_000,
  };
  const returned = {
    ...booked,
    revenueMicros: 50_000_000,
    payoutMicros: 35_000_000,
    marginMicros: 16_000_000,
  };
  expect(await total()).toMatchObject([booked]);
  const job = new AnalyticsRollUp(api.pool);
  expect(await job.roll()).toMatchObject({ calls: 3 });
  expect(await total()).toMatchObject([booked]);
  await storeRevision(api.pool, CALLS[0] as ModelCall, 1);
  expect(await total()).toMatchObject([returned]);
  expect(await job.roll()).toMatchObject({ calls: 1 });
  expect(await total()).toMatchObject([returned]);
});

test('days are those of the zone, also where one has 23 hours', async () => {
  const { body } = await ask(`${SPAN}&bucket=day&groupBy=state`);
  expect(body).toMatchObject({ zone: 'America/New_York', bucket: 'day', groupBy: 'state', currency: 'USD' });
  expect(body).toMatchObject({ currencies: ['GBP', 'USD'], wholeSince: null });
  expect(rowsOf({ body } as Answer)).toMatchObject([
    { local: '2026-03-08T00:00:00.000-05:00', key: 'NY', calls: 2, answered: 1 },
    { local: '2026-03-09T00:00:00.000-04:00', key: null, calls: 1, answered: 1 },
  ]);
  const hours = rowsOf(await ask(`${SPAN}&bucket=total&groupBy=hour`));
  expect(hours).toMatchObject([
    { key: '00', calls: 2 },
    { key: '01', calls: 1 },
  ]);
});

test('amounts of another currency are shown by themselves', async () => {
  const [row] = rowsOf(await ask(`${SPAN}&bucket=total&currency=GBP`));
  expect(row).toMatchObject({ calls: 3, revenueMicros: 0, carrierCostMicros: 140, marginMicros: -140 });
});

test('a party sees its own calls, its own money, and nothing of the other side', async () => {
  const buyer = await ask(`${SPAN}&bucket=total&groupBy=buyer`, keys['a1']);
  expect(rowsOf(buyer)).toMatchObject([
    { key: 'b1', calls: 2, connected: 2, answered: 2, revenueMicros: 50_000_000 },
  ]);
  expect(buyer.text).not.toMatch(/payout|margin|carrierCost|fees|taxes|GBP/);
  expect(buyer.body).toMatchObject({ currencies: ['USD'] });
  // It was busy, and another buyer took the call.
  expect(rowsOf(await ask(`${SPAN}&bucket=total&groupBy=campaign`, keys['a2']))).toMatchObject([
    { key: 'c1', calls: 1, connected: 1, answered: 0, asr: 0, revenueMicros: 0 },
    { key: 'c2', calls: 1, connected: 1, answered: 0 },
  ]);
  const seller = await ask(`${SPAN}&bucket=total`, keys['s1']);
  expect(rowsOf(seller)).toMatchObject([{ calls: 2, answered: 2, payoutMicros: 35_000_000 }]);
  expect(seller.text).not.toMatch(/revenue|margin|carrierCost|fees|taxes/);
  const carrier = await ask(`${SPAN}&bucket=total&groupBy=trunk`, keys['k1']);
  expect(rowsOf(carrier)).toMatchObject([{ key: 't1', calls: 2, answered: 2, minutes: 3 }]);
  expect(carrier.text).not.toMatch(/revenue|payout|margin|carrierCost|fees|taxes|USD.*USD/);
});

test('what would tell of the other side is refused', async () => {
  for (const [account, query] of [
    ['a1', 'groupBy=seller'],
    ['a1', 'trunkId=t1'],
    ['s1', 'groupBy=buyer'],
    ['s1', 'buyerId=b1'],
    ['k1', 'groupBy=campaign'],
    ['k1', 'campaignId=c1'],
  ] as const) {
    expect(await ask(`${SPAN}&${query}`, keys[account])).toMatchObject({
      status: 403,
      body: { code: 'role_forbidden' },
    });
  }
});

test('filters narrow, alone and together with something else', async () => {
  expect(rowsOf(await ask(`${SPAN}&bucket=total&sellerId=s2`))).toMatchObject([{ calls: 1, answered: 0 }]);
  expect(rowsOf(await ask(`${SPAN}&bucket=total&campaignId=c1&groupBy=trunk`))).toMatchObject([
    { key: 't1', calls: 1 },
    { key: 't2', calls: 1 },
  ]);
  expect(rowsOf(await ask(`${SPAN}&bucket=total&campaignId=nobody`))).toEqual([]);
});

test('the same as a file', async () => {
  const { status, headers, text } = await ask(`${SPAN}&bucket=day&groupBy=campaign&format=csv`);
  expect({ status, type: headers.get('content-type') }).toEqual({
    status: 200,
    type: 'text/csv; charset=utf-8',
  });
  const [head, ...lines] = text.trimEnd().split('\r\n');
  expect(head).toBe(
    'start,local,key,calls,connected,answered,converted,asr,ner,answerRate,conversionRate,acdMs,pddMs,connectedMs,minutes,' +
      'revenueMicros,payoutMicros,feesMicros,taxesMicros,carrierCostMicros,marginMicros,currency',
  );
  expect(lines).toEqual([
    `${Date.UTC(2026, 2, 8, 5)},2026-03-08T00:00:00.000-05:00,c1,2,1,1,1,0.5,0.5,1,1,90000,800,90000,1.5,20000000,15000000,1000000,0,500000,5500000,USD`,
    `${Date.UTC(2026, 2, 9, 4)},2026-03-09T00:00:00.000-04:00,c2,1,1,1,1,1,1,1,1,90000,800,90000,1.5,30000000,20000000,1000000,0,500000,10500000,USD`,
  ]);
  const own = await ask(`${SPAN}&format=csv`, keys['k1']);
  expect(own.text).not.toMatch(/Micros|currency/);
});

test('too much at once is refused with what is too much', async () => {
  const day = 86_400_000;
  for (const [query, pointer] of [
    [`from=0&to=${NIGHT}`, '/from'],
    [`from=${NIGHT}&to=${NIGHT - 1}`, '/to'],
    [`from=${NIGHT - 300 * day}&to=${NIGHT}&bucket=quarter`, '/bucket'],
    ['zone=Mars/Olympus', '/zone'],
    ['groupBy=colour', '/groupBy'],
    ['sellerId=%00', '/sellerId'],
  ] as const) {
    expect({ query, ...(await ask(query)) }).toMatchObject({
      query,
      status: 400,
      body: { code: 'invalid_request', errors: [{ in: 'query', pointer }] },
    });
  }
});

test('calls are read one by one as long as they are not too many', async () => {
  // An hour of long ago: so many calls of everything, and of a campaign.
  const hour = NIGHT - (NIGHT % HOUR_MS) - 300 * HOUR_MS;
  await api.pool.query(
    `insert into analytics_sums (cube, grain, start_at, key, account_id, currency, calls, connected, answered, converted,
       rang, pdd_ms, connected_ms, revenue, payout, fees, taxes, carrier_cost)
     select cube, grain, $1::bigint - $1::bigint % (grain * 60000), key, '', '', 200001, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
     from (values ('total', ''), ('campaign', 'busy')) s (cube, key), (values (60), (240), (1440)) g (grain)`,
    [hour],
  );
  const span = (from: number, to: number): string => `from=${hour + from * 60_000}&to=${hour + to * 60_000}`;
  for (const query of [
    `${span(15, 30)}&groupBy=state&bucket=quarter`,
    `${span(-300, 15)}&groupBy=campaign&bucket=hour&zone=Asia/Kathmandu`,
    `${span(-60, 300)}&groupBy=state&campaignId=busy`,
    `${span(-60, 300)}&groupBy=state&trunkId=t1`,
  ]) {
    expect({ query, ...(await ask(query)) }).toMatchObject({
      query,
      status: 400,
      body: {
        errors: [{ in: 'query', pointer: '/from', message: expect.stringMatching(/^200001 calls would/) }],
      },
    });
  }
  for (const query of [
    // Of everything there are quarters; of this campaign there are few calls; the hour is not looked into.
    `${span(15, 30)}&bucket=quarter`,
    `${span(-90_000, 30)}&bucket=hour&zone=Asia/Kathmandu`,
    `${span(-60, 300)}&groupBy=state&campaignId=c1`,
    `${span(60, 90)}&groupBy=state&bucket=quarter`,
    `${span(-400_000, 90)}&groupBy=campaign&bucket=day`,
  ]) {
    expect({ query, status: (await ask(query)).status }).toEqual({ query, status: 200 });
  }
  await api.pool.query(`delete from analytics_sums where calls = 200001`);
});

test('by default it is of today, by the clock and in the currency of whoever asks', async () => {
  expect((await ask('')).body).toMatchObject({
    zone: 'America/New_York',
    from: Date.UTC(2026, 2, 9, 4),
    to: NIGHT + 40 * HOUR_MS + 900_000,
    upTo: NIGHT + 40 * HOUR_MS,
    bucket: 'day',
    groupBy: null,
  });
  expect((await ask('', keys['a2'])).body).toMatchObject({ zone: 'UTC', from: Date.UTC(2026, 2, 9) });
});

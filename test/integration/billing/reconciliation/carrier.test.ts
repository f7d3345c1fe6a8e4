import { Readable } from 'node:stream';
import {
  cdrProfileSchema,
  getRun,
  importCarrierFile,
  listCarrierFiles,
  listReconciliationDifferences,
  putCdrProfile,
  runCarrierReconciliation,
} from '../../../../src/billing';
import type { Database } from '../../../../src/storage';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';

const START = Date.UTC(2026, 10, 21);
const DAY = { from: START, to: START + 86_400_000 };
let own: TestDatabase;
let db: Database;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url, { statementTimeoutMs: 30_000 });
  await own.query(`insert into accounts (id, name, type) values ('carrier', 'Carrier', 'carrier')`);
  await own.query(
    `insert into trunks (id, account_id, name, sources, origin) values ('trunk-1', 'carrier', 'Trunk', '{192.0.2.1}', 'inbound_consumer')`,
  );
});
afterEach(async () => {
  for (const table of [
    'reconciliations',
    'carrier_cdr_files',
    'carrier_cdr_profiles',
    'settlements',
    'calls',
  ]) {
    await own.query(`delete from ${table}`);
  }
});
afterAll(async () => {
  await db.close();
  await own.drop();
});

interface OurCall {
  readonly id: string;
  /** Seconds into the day at which it was answered. */
  readonly at: number;
  readonly seconds: number;
  readonly caller?: string | null;
  readonly dialled?: string;
  readonly cost?: number;
}

/** Puts answered calls into the books, each with what was booked for the carrier. */
async function calls(...list: OurCall[]): Promise<void> {
  for (const {
    id,
    at,
    seconds,
    caller = '+12125550123',
    dialled = '+18005550100',
    cost = seconds * 100,
  } of list) {
    const answered = START + at * 1_000;
    await own.query(
      `insert into calls (id, node_id, boot_id, sip_call_id, state, trunk_id, caller, dialled, origin, received_at, answered_at, ended_at, connected_ms)
       values ($1, 'n', 'b', $1 || '@us', 'completed', 'trunk-1', $2, $3, 'unknown', $4::bigint - 4000, $4, $4::bigint + $5::bigint, $5)`,
      [id, caller, dialled, answered, seconds * 1_000],
    );
    await own.query(
      `insert into settlements (call_id, connected_ms, revenue, payout, currency, carrier_cost, lines) values ($1, $2, 0, 0, 'USD', $3::bigint,
         jsonb_build_array(jsonb_build_object('kind', 'carrier_cost', 'accountId', 'carrier', 'code', 'inbound', 'currency', 'USD', 'text', '', 'amount', $3::bigint)))`,
      [id, seconds * 1_000, cost],
    );
  }
}

const profile = (more: object = {}) =>
  cdrProfileSchema.parse({
    columns: { time: 'start', calling: 'from', called: 'to', duration: 'secs', cost: 'amount', callId: 'id' },
    ...more,
  });

async function file(lines: readonly string[], more: object = {}, name = 'november.csv') {
  await putCdrProfile(db, 'trunk-1', profile(more));
  return importCarrierFile(db, {
    trunkId: 'trunk-1',
    name,
    source: Readable.from([lines.join('\n')]),
    by: 'test',
  });
}

const HEAD = 'id,start,from,to,secs,amount';
/** A record; `at` in seconds into the day. */
const record = (
  at: number,
  seconds: number,
  more: { id?: string; from?: string; to?: string; cost?: string } = {},
): string =>
  [
    more.id ?? '',
    new Date(START + at * 1_000).toISOString(),
    more.from ?? '12125550123',
    more.to ?? '18005550100',
    seconds,
    more.cost ?? (seconds / 10_000).toFixed(4),
  ].join(',');

async function reconcile() {
  const { id } = await runCarrierReconciliation(db, { trunkId: 'trunk-1', period: DAY, requestedBy: 'test' });
  const found = await listReconciliationDifferences(db, { runId: id, limit: 200 });
  return {
    run: await getRun(db, id),
    seen: found.map(({ kind, callId, line, amount }) => [kind, callId, line, amount]),
  };
}

test('records that say what we say have no difference, whichever way they are matched', async () => {
  await calls(
    { id: 'a', at: 100, seconds: 60 },
    { id: 'b', at: 200, seconds: 61 },
    { id: 'c', at: 300, seconds: 62, caller: null },
  );
  await file([
    HEAD,
    record(100.4, 60, { id: 'a@us' }),
    record(201, 61),
    record(299, 62, { from: 'anonymous' }),
  ]);
  const { run, seen } = await reconcile();
  expect(seen).toEqual([]);
  expect(run).toMatchObject({
    state: 'done',
    totals: {
      ours: { calls: 3, durationMs: 183_000, costMicros: 18_300 },
      carrier: { calls: 3, durationMs: 183_000, costMicros: 18_300 },
      matched: 3,
      byCallId: 1,
      byNumbers: 2,
    },
  });
});

test('each kind of difference is found, with its line and what is at stake, and nothing else', async () => {
  await calls(
    { id: 'fine', at: 100, seconds: 60 },
    { id: 'unbilled', at: 1_000, seconds: 90 },
    { id: 'longer', at: 2_000, seconds: 60 },
    { id: 'dearer', at: 3_000, seconds: 60 },
    { id: 'yesterday', at: -10, seconds: 60 },
  );
  await file([
    HEAD,
    record(100, 60),
    record(2_000, 65, { cost: '0.0060' }),
    record(3_000, 60, { cost: '0.0090' }),
    record(5_000, 30, { cost: '0.5' }),
    record(86_400 + 5, 30),
  ]);
  const { seen } = await reconcile();
  expect(seen).toEqual([
    ['missing_at_carrier', 'unbilled', null, 9_000],
    ['duration_differs', 'longer', 3, 0],
    ['cost_differs', 'dearer', 4, 3_000],
    ['missing_at_us', null, 5, 500_000],
  ]);
});

test('of several that may be the same the closest are, one to one', async () => {
  await calls(
    { id: 'first', at: 100, seconds: 60 },
    { id: 'second', at: 110, seconds: 60 },
    { id: 'other-caller', at: 105, seconds: 60, caller: '+13105550100' },
  );
  await file([
    HEAD,
    record(111, 60),
    record(101, 60),
    record(104, 60, { from: '3105550100' }),
    record(112, 60),
  ]);
  const { run, seen } = await reconcile();
  expect(seen).toEqual([['missing_at_us', null, 5, 6_000]]);
  expect(run?.totals).toMatchObject({ byNumbers: 3 });
});

test('times are read in the zone and the form of the carrier, amounts with a comma', async () => {
  // New York is five hours behind.
  await calls({ id: 'local', at: 17 * 3_600 + 60, seconds: 90, cost: 12_500 });
  await file(
    [
      '20.11.2026 00:00:00;+1 (212) 555-0123;800-555-0100;0:00:05;0,1',
      '21.11.2026 12:01:03;+1 (212) 555-0123;800-555-0100;0:01:30;0,0125',
    ],
    {
      delimiter: ';',
      header: false,
      columns: { time: 1, calling: 2, called: 3, duration: 4, cost: 5 },
      timeFormat: 'DD.MM.YYYY HH:mm:ss',
      timezone: 'America/New_York',
      durationUnit: 'hms',
      decimalComma: true,
    },
  );
  expect((await reconcile()).seen).toEqual([]);
});

test('outgoing legs are matched by the number in the address of the target', async () => {
  await calls({ id: 'out', at: 100, seconds: 60 });
  await own.query(
    `update calls set trunk_id = 'elsewhere', sale = '{"target": {"trunkId": "trunk-1", "uri": "sip:+13105550177@192.0.2.1"}}'`,
  );
  await own.query(`update settlements set lines = jsonb_set(lines, '{0,code}', '"outbound"')`);
  await file([HEAD, record(101, 60, { to: '13105550177' })], { direction: 'outbound' });
  expect((await reconcile()).seen).toEqual([]);
});

test('a file with a broken line 40,000 imports nothing, and says line and field', async () => {
  const lines = [HEAD, ...Array.from({ length: 60_000 }, (_, n) => record(n, 30))];
  lines[39_999] = lines[39_999]?.replace(/,30,/, ',thirty,') ?? '';
  await expect(file(lines)).rejects.toMatchObject({
    code: 'cdr_file_invalid',
    message: 'line 40000, duration: is no duration of 0 or more; nothing was imported',
    details: { errors: [{ pointer: '/lines/40000/duration' }] },
  });
  expect(await own.query('select 1 from carrier_cdrs limit 1')).toEqual([]);
  expect(await listCarrierFiles(db, { limit: 10 })).toEqual([]);
  lines[39_999] = record(1, 30);
  expect(await file(lines)).toMatchObject({ records: 60_000, name: 'november.csv' });
});

test.each([
  ['a time that is none', ['x,2026-02-30T00:00:00Z,1,18005550100,1,1'], '/lines/2/time'],
  ['a time of another century', ['x,1899-01-01T00:00:00Z,1,18005550100,1,1'], '/lines/2/time'],
  ['a negative duration', ['x,2026-11-21T00:00:00Z,1,18005550100,-1,1'], '/lines/2/duration'],
  ['an amount that is too large', ['x,2026-11-21T00:00:00Z,1,18005550100,1,99999999'], '/lines/2/cost'],
  ['a negative amount', ['x,2026-11-21T00:00:00Z,1,18005550100,1,-1'], '/lines/2/cost'],
  ['no number', ['x,2026-11-21T00:00:00Z,1,,1,1'], '/lines/2/called'],
  ['too few fields', ['x,2026-11-21T00:00:00Z,1,18005550100'], '/lines/2/duration'],
  ['a quote where none may be', [record(1, 1), 'x,"a"b,1,18005550100,1,1'], '/lines/3'],
  ['nothing in it', [], '/lines/1'],
])('a file is refused for %s', async (_what, lines, pointer) => {
  await expect(file([HEAD, ...lines])).rejects.toMatchObject({
    code: 'cdr_file_invalid',
    details: { errors: [{ pointer }] },
  });
  expect(await own.query('select 1 from carrier_cdrs limit 1')).toEqual([]);
});

test('a column that is not there is named; the same file is taken once; without a profile nothing is', async () => {
  await expect(file(['id,start,from,to,amount', 'x'])).rejects.toMatchObject({
    details: { errors: [{ pointer: '/lines/1/duration' }] },
  });
  await file([HEAD, record(1, 1)]);
  await expect(file([HEAD, record(1, 1)], {}, 'again.csv')).rejects.toMatchObject({ code: 'cdr_file_known' });
  expect(await own.query('select 1 from carrier_cdrs')).toHaveLength(1);
  await own.query('delete from carrier_cdr_profiles');
  await expect(
    importCarrierFile(db, { trunkId: 'trunk-1', name: 'x', source: Readable.from(['x']), by: 'test' }),
  ).rejects.toMatchObject({ code: 'cdr_profile_not_found' });
});

test('a source that breaks off imports nothing', async () => {
  await putCdrProfile(db, 'trunk-1', profile());
  const source = Readable.from(
    (function* () {
      yield `${HEAD}\n${record(1, 1)}\n`;
      throw new Error('the disk is gone');
    })(),
  );
  await expect(importCarrierFile(db, { trunkId: 'trunk-1', name: 'x', source, by: 'test' })).rejects.toThrow(
    'the disk is gone',
  );
  expect(await own.query('select 1 from carrier_cdrs')).toEqual([]);
});

describe('legs that were metered', () => {
  const leg = (direction: string, trunkId: string, at: number, seconds: number, number = '+18005550100') => ({
    ...{ direction, trunkId, number },
    ...{ answeredAt: START + at * 1_000, durationMs: seconds * 1_000 },
  });
  /** Calls that nobody bought, with what was booked for each of their legs. */
  async function carried(id: string, legs: readonly ReturnType<typeof leg>[]): Promise<void> {
    await own.query(
      `insert into calls (id, node_id, boot_id, sip_call_id, state, trunk_id, caller, dialled, origin, received_at, attended_at,
         ended_at, attempts, transfers, carried)
       values ($1, 'n', 'b', $1 || '@us', 'completed', 'trunk-1', '+12125550123', '+18005550100', 'unknown', $2::bigint - 4000, $2,
         $2::bigint + 100000, '[]', jsonb_build_array(jsonb_build_object('at', $2::bigint + 5000)), $3)`,
      [id, legs[0]?.answeredAt, JSON.stringify(legs)],
    );
    const seen: Record<string, number> = {};
    const lines = legs.map(({ direction, durationMs }) => {
      const nth = (seen[direction] = (seen[direction] ?? 0) + 1);
      const code = nth === 1 ? direction : `${direction}/${nth}`;
      const said = { kind: 'carrier_cost', accountId: 'carrier', code, currency: 'USD', text: '' };
      return { ...said, amount: durationMs / 10 };
    });
    await own.query(
      `insert into settlements (call_id, connected_ms, revenue, payout, currency, lines) values ($1, 0, 0, 0, 'USD', $2)`,
      [id, JSON.stringify(lines)],
    );
  }

  test('are compared each for as long as it lasted, also of calls that nobody bought', async () => {
    await calls({ id: 'sold', at: 50, seconds: 60 });
    await carried('heard', [leg('inbound', 'trunk-1', 100, 31)]);
    await carried('longer', [leg('inbound', 'trunk-1', 300, 44), leg('outbound', 'trunk-1', 310, 20)]);
    await file([
      HEAD,
      record(50, 60, { id: 'sold@us' }),
      record(100, 31, { id: 'heard@us' }),
      record(300, 54, { id: 'longer@us', cost: '0.0054' }),
    ]);
    const { run, seen } = await reconcile();
    expect(run).toMatchObject({
      totals: { ours: { calls: 3, durationMs: 135_000, costMicros: 13_500 }, matched: 3 },
    });
    expect(seen).toEqual([
      ['cost_differs', 'longer', 4, 1_000],
      ['duration_differs', 'longer', 4, 1_000],
    ]);
  });

  test.each(['answer', 'setup'])(
    'outward have numbers, costs and beginnings of their own: %s',
    async (timeOf) => {
      const [first, second] = ['+442079460958', '+442079460959'];
      await carried('moved', [
        leg('inbound', 'trunk-1', 100, 90),
        leg('outbound', 'other', 101, 3, first),
        leg('outbound', 'trunk-1', 110, 20, first),
        leg('outbound', 'trunk-1', 140, 30, second),
      ]);
      const began = (at: number): number => (timeOf === 'answer' ? at : 105);
      await file(
        [
          HEAD,
          record(began(110), 20, { to: first.slice(1), id: 'theirs-1' }),
          record(began(140), 30, { to: second.slice(1), id: 'theirs-2' }),
        ],
        { direction: 'outbound', timeOf, startToleranceMs: 1_000 },
      );
      const { run, seen } = await reconcile();
      expect(run).toMatchObject({
        totals: { ours: { calls: 2, durationMs: 50_000, costMicros: 5_000 }, matched: 2, byNumbers: 2 },
      });
      expect(seen).toEqual([]);
    },
  );
});

import * as fc from 'fast-check';
import type { CallFilter, CallRow, Database } from '../../../src/storage';
import { getCall, getDecision, listCalls } from '../../../src/storage';
import type { CallEntry } from '../../../src/storage/call-entries';
import { storeEntries } from '../../../src/storage/call-entries';
import {
  decidedRecord,
  endedRecord,
  NOON,
  ringTarget,
  saleTerms,
  unsoldRecord,
} from '../../support/call-records';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';

const BOOT = { nodeId: 'n1', bootId: 'b1' };
const CALLS = 60;

let own: TestDatabase;
let db: Database;

/** Sixty calls, three at each instant, sold to three buyers of two campaigns, every fifth unsold. */
beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  const entries = Array.from({ length: CALLS }, (_, n): CallEntry => {
    const id = `call-${String(n).padStart(2, '0')}`;
    const receivedAt = NOON + Math.floor(n / 3) * 1_000;
    if (n % 5 === 4) return { kind: 'ended', boot: BOOT, record: unsoldRecord(id, { receivedAt }) };
    const sale = {
      target: ringTarget({ buyerId: `buyer-${n % 3}` }),
      terms: saleTerms({ campaignId: `campaign-${n % 2}` }),
    };
    return { kind: 'ended', boot: BOOT, record: endedRecord(id, { receivedAt, sale }) };
  });
  await storeEntries(db, entries);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});

/** All pages, one after the other. */
async function pages(filter: Omit<CallFilter, 'after'>): Promise<CallRow[][]> {
  const all: CallRow[][] = [];
  for (let after: CallRow | undefined; ;) {
    const page = await listCalls(db, { ...filter, ...(after ? { after } : {}) });
    all.push(page);
    after = page.at(-1);
    if (page.length < filter.limit || !after) return all;
  }
}
const ids = (rows: readonly CallRow[]): string[] => rows.map((row) => row.id);

test('calls are found by what is known of them', async () => {
  const all = await listCalls(db, { limit: 100 });
  const [first] = all;
  for (const filter of [
    { from: first?.from ?? '' },
    { to: first?.to ?? '' },
    { trunkId: first?.trunkId ?? '' },
    { endReason: first?.endReason ?? '' },
    { targetId: all.find(({ targetId }) => targetId !== null)?.targetId ?? '' },
    { minConnectedMs: 1 },
  ] as const) {
    const [[field, value] = ['', '']] = Object.entries(filter);
    const expected = all.filter((row) =>
      field === 'minConnectedMs' ? row.connectedMs >= 1 : row[field as keyof CallRow] === value,
    );
    expect(expected.length).toBeGreaterThan(0);
    expect(ids(await listCalls(db, { limit: 100, ...filter }))).toEqual(ids(expected));
  }
  expect(await listCalls(db, { limit: 10, sellerId: 'nobody' })).toEqual([]);
});

test('calls come newest first, and pages hold each once, however long they are', async () => {
  const whole = ids(await listCalls(db, { limit: 100 }));
  expect(whole).toHaveLength(CALLS);
  expect(whole).toEqual([...whole].sort().reverse());
  for (const limit of [1, 7, 20, 60]) {
    const found = await pages({ limit });
    expect(ids(found.flat())).toEqual(whole);
    expect(Math.max(...found.map((page) => page.length))).toBe(limit);
  }
});

test('filters select exactly what they say, together and over pages', async () => {
  const everything = await listCalls(db, { limit: 100 });
  const optional = <T>(values: readonly T[]): fc.Arbitrary<T | undefined> =>
    fc.option(fc.constantFrom(...values), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(
      optional(['completed', 'failed', 'ringing']),
      optional(['campaign-0', 'campaign-1', 'none']),
      optional(['buyer-0', 'buyer-1', 'buyer-2']),
      optional([NOON, NOON + 5_000, NOON + 5_001]),
      optional([NOON, NOON + 9_000, NOON + 99_000]),
      fc.integer({ min: 1, max: 30 }),
      async (state, campaignId, buyerId, fromTime, toTime, limit) => {
        const expected = everything.filter(
          (call) =>
            (state === undefined || call.state === state) &&
            (campaignId === undefined || call.campaignId === campaignId) &&
            (buyerId === undefined || call.buyerId === buyerId) &&
            (fromTime === undefined || call.receivedAt >= fromTime) &&
            (toTime === undefined || call.receivedAt < toTime),
        );
        const filter = {
          limit,
          ...(state === undefined ? {} : { state }),
          ...(campaignId === undefined ? {} : { campaignId }),
          ...(buyerId === undefined ? {} : { buyerId }),
          ...(fromTime === undefined ? {} : { fromTime }),
          ...(toTime === undefined ? {} : { toTime }),
        };
        expect((await pages(filter)).flat()).toEqual(expected);
      },
    ),
    { numRuns: 40 },
  );
});

test('a call is shown as it was recorded', async () => {
  expect(await getCall(db, 'call-00')).toMatchObject({
    id: 'call-00',
    nodeId: 'n1',
    sipCallId: 'call-00@192.0.2.9',
    state: 'completed',
    endReason: 'caller_hangup',
    sipStatus: 200,
    from: '+12125550123',
    to: '+18005550100',
    buyerId: 'buyer-0',
    receivedAt: NOON,
    answeredAt: NOON + 5_000,
    endedAt: NOON + 65_000,
    connectedMs: 60_000,
    attempts: [],
    media: null,
  });
  expect(await getCall(db, 'call-99')).toBeUndefined();
});

test('a decision is read as it was stored', async () => {
  const record = decidedRecord('decided');
  await storeEntries(db, [{ kind: 'decided', boot: BOOT, record }]);
  expect(await getDecision(db, 'decided')).toEqual({
    decision: JSON.parse(JSON.stringify(record.decision)) as unknown,
    microseconds: 13,
  });
  expect(await getDecision(db, 'call-00')).toBeUndefined();
});

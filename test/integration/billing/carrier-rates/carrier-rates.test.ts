import {
  CarrierRates,
  getRateDeck,
  importRateDeck,
  listCarrierRates,
  listRateDecks,
} from '../../../../src/billing';
import type { CarriedCall, ImportedDeck, NewRateDeck } from '../../../../src/billing';
import type { CarriedLeg, RingTarget } from '../../../../src/domain';
import type { Database } from '../../../../src/storage';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';

let own: TestDatabase;
let db: Database;
const START = Date.UTC(2024, 10, 21, 15);
const HOUR_MS = 3_600_000;
const HEADER = 'prefix,rate_per_minute,first_increment_s,next_increment_s,connect_fee\n';

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  await own.query(`insert into accounts (id, name, type, currency) values
    ('carrier', 'Carrier', 'carrier', 'USD'), ('other', 'Other', 'carrier', 'EUR')`);
  await own.query(`insert into trunks (id, account_id, name, sources, origin) values
    ('in', 'carrier', 'In', '{192.0.2.1}', 'inbound_consumer'),
    ('out', 'other', 'Out', '{192.0.2.2}', 'inbound_consumer'),
    ('bare', 'carrier', 'Bare', '{192.0.2.3}', 'inbound_consumer')`);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});

async function* file(text: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(text));
}
const bring = (rates: string, over: Partial<NewRateDeck> = {}, now = START): Promise<ImportedDeck> =>
  importRateDeck(
    db,
    {
      trunkId: 'in',
      direction: 'inbound',
      name: 'A deck',
      currency: undefined,
      effectiveFrom: undefined,
      createdBy: undefined,
      ...over,
    },
    file(HEADER + rates),
    now,
  );
const call = (
  callId: string,
  over: Partial<CarriedCall> = {},
  target: Partial<RingTarget> = {},
): CarriedCall => ({
  callId,
  at: START + HOUR_MS,
  connectedMs: 60_000,
  carried: null,
  trunkId: 'in',
  dialled: '+18005550123',
  sale: { target: { uri: 'sip:sales@192.0.2.7', ...target } as RingTarget },
  ...over,
});
const metered = (
  direction: CarriedLeg['direction'],
  trunkId: string,
  number: string,
  durationMs: number,
): CarriedLeg => ({ direction, trunkId, number, answeredAt: START + HOUR_MS, durationMs });
const rates = new CarrierRates();
const stored = async (): Promise<unknown> =>
  (
    await own.query(
      'select (select count(*) from rate_decks)::int as decks, (select count(*) from carrier_rates)::int as rates',
    )
  )[0];

test('the longest prefix of the deck in force is paid, in the currency of its deck', async () => {
  expect(
    await bring('1,0.01,60,60,0\n1800,0.0125,6,6,0.02\n18005,0.5,1,1,0\n180055,0.03,6,6,0\n'),
  ).toMatchObject({
    ok: true,
    deck: { trunkId: 'in', accountId: 'carrier', currency: 'USD', effectiveFrom: START, rates: 4 },
  });
  await bring('44,0.10,60,60,0\n1,0.02,6,6,0\n', { trunkId: 'out', direction: 'outbound' });
  const legs = await rates.legsOf(db, [
    call('toll-free', { dialled: '+18006660123' }),
    call('longer', { dialled: '+18005550123' }),
    call('national', { dialled: '+12125550123' }),
    call('elsewhere', { dialled: '+4930123456' }),
    call('both', {}, { trunkId: 'out', uri: 'sip:+442079460958@192.0.2.9:5060;transport=tcp' }),
    call('bare', { trunkId: 'bare' }),
    call('no trunk out', { dialled: '+4930123456' }, { uri: 'sip:+442079460958@192.0.2.9' }),
    call('no number out', { dialled: '+4930123456' }, { trunkId: 'out', uri: 'sip:sales@192.0.2.9' }),
    call('unsold', { sale: null }),
    call('metered', {
      sale: null,
      carried: [
        metered('inbound', 'in', '+18005550123', 31_000),
        metered('outbound', 'bare', '+442079460958', 5_000),
        metered('outbound', 'out', '+442079460958', 12_000),
      ],
    }),
  ]);
  expect(legs.get('toll-free')).toEqual([
    {
      accountId: 'carrier',
      trunkId: 'in',
      direction: 'inbound',
      prefix: '1800',
      currency: 'USD',
      plan: {
        kind: 'per_minute',
        ratePerMinute: 12_500,
        connectFee: 20_000,
        firstIncrementMs: 6_000,
        nextIncrementMs: 6_000,
        afterMs: 0,
      },
      nth: 1,
      durationMs: 60_000,
    },
  ]);
  const prefixes = [...legs].map(([callId, some]) => [callId, some.map(({ prefix }) => prefix)]);
  expect(prefixes).toEqual([
    ['toll-free', ['1800']],
    ['longer', ['180055']],
    ['national', ['1']],
    ['both', ['180055', '44']],
    ['metered', ['180055', '44']],
  ]);
  // A leg without a rate has its number all the same: what carriers say of the others is theirs.
  expect(legs.get('metered')?.map(({ nth, durationMs }) => [nth, durationMs])).toEqual([
    [1, 31_000],
    [2, 12_000],
  ]);
  expect(legs.get('both')?.[1]).toMatchObject({ accountId: 'other', direction: 'outbound', currency: 'EUR' });
  expect(await rates.legsOf(db, [])).toEqual(new Map());
});

test('a deck is in force from its instant until the next one, and not for the other direction', async () => {
  const out = { trunkId: 'out', direction: 'inbound' } as const;
  await bring('1,0.01,6,6,0\n', { ...out, effectiveFrom: START });
  await bring('1,0.02,6,6,0\n', { ...out, effectiveFrom: START + 2 * HOUR_MS });
  // Put right before it began.
  await bring('1,0.03,6,6,0\n', { ...out, effectiveFrom: START + 2 * HOUR_MS });
  const at = async (instant: number): Promise<unknown> => {
    const legs = await rates.legsOf(db, [call('call', { trunkId: 'out', at: instant })]);
    return legs.get('call')?.[0]?.plan.ratePerMinute;
  };
  expect(await at(START - 1)).toBeUndefined();
  expect(await at(START)).toBe(10_000);
  expect(await at(START + 2 * HOUR_MS - 1)).toBe(10_000);
  expect(await at(START + 2 * HOUR_MS)).toBe(30_000);
});

describe('nothing is stored', () => {
  test.each<[string, () => Promise<ImportedDeck>, object]>([
    [
      'of a file whose line 40,000 is broken',
      () => {
        const good = Array.from({ length: 39_998 }, (_, n) => `${100_000 + n},0.01,6,6,0`).join('\n');
        return bring(`${good}\n7,0.01,x,6,0\n`);
      },
      { reason: 'broken', errors: [{ line: 40_000, field: 'first_increment_s' }], more: false },
    ],
    [
      'of a deck for a closed past',
      () => bring('1,1,6,6,0', { effectiveFrom: START - 60_001 }),
      { reason: 'in_the_past' },
    ],
    ['of a deck for no trunk', () => bring('1,1,6,6,0', { trunkId: 'nowhere' }), { reason: 'no_such_trunk' }],
  ])('%s', async (_what, attempt, refusal) => {
    const before = await stored();
    expect(await attempt()).toMatchObject({ ok: false, ...refusal });
    expect(await stored()).toEqual(before);
  });
});

test('a large deck is stored whole, looked through by prefix, and never changed', async () => {
  const lines = Array.from(
    { length: 25_000 },
    (_, n) => `${1_000_000 + n},0.${String(n + 1).padStart(6, '0')},6,6,0`,
  );
  const imported = await bring(lines.join('\n'), { trunkId: 'bare', name: 'NPA-NXX' });
  if (!imported.ok) throw new Error(imported.reason);
  const { deck } = imported;
  expect(await getRateDeck(db, deck.id)).toEqual({ ...deck, rates: 25_000 });
  const page = await listCarrierRates(db, deck.id, { startsWith: '10249', limit: 2, after: '1024997' });
  expect(page.map(({ prefix, ratePerMinute }) => [prefix, ratePerMinute])).toEqual([
    ['1024998', 24_999],
    ['1024999', 25_000],
  ]);
  const legs = await rates.legsOf(db, [call('call', { trunkId: 'bare', dialled: '+10190000000' })]);
  expect(legs.get('call')?.[0]?.prefix ?? 'none').toBe('1019000');
  for (const change of ['update carrier_rates set prefix = prefix', 'delete from rate_decks']) {
    await expect(own.query(change)).rejects.toThrow('append-only');
  }
});

test('decks of a trunk are listed, the latest to come into force first, a page at a time', async () => {
  const some = { trunkId: 'out', direction: 'inbound' } as const;
  const first = await listRateDecks(db, some.trunkId, { direction: some.direction, limit: 2 });
  const last = first.at(-1);
  if (!last) throw new Error('nothing was listed');
  const before = { at: last.effectiveFrom, id: last.id };
  const rest = await listRateDecks(db, some.trunkId, { direction: some.direction, limit: 9, before });
  expect([...first, ...rest].map(({ effectiveFrom }) => effectiveFrom - START)).toEqual([
    2 * HOUR_MS,
    2 * HOUR_MS,
    0,
  ]);
  expect((await listRateDecks(db, some.trunkId, { limit: 9 })).length).toBe(4);
});

import * as fc from 'fast-check';
import { decide } from '../../../src/decision';
import type { Bid, BidTargeting, DncEntry, E164 } from '../../../src/domain';
import { INELIGIBLE_REASONS } from '../../../src/domain';
import { Activity, Market } from '../../../src/market';
import {
  CALLER,
  DID,
  NOON,
  account,
  attempt,
  bid,
  bidOf,
  buyer,
  campaign,
  marketOf,
  number,
  target,
  trunk,
  usd,
} from './fixtures';

describe('trunks by source', () => {
  const market = new Market();
  const add = (id: string, sources: string[], status: 'active' | 'disabled' = 'active'): void =>
    market.apply({ entity: 'trunk', op: 'upsert', value: trunk({ id, sources, status }) });
  add('wide', ['10.0.0.0/8', '2001:db8::/32']);
  add('narrow', ['10.1.0.0/16', '2001:db8:1::/48']);
  add('host', ['10.1.2.3', '2001:db8:1::5']);
  add('b-shared', ['198.51.100.0/24']);
  add('a-shared', ['198.51.100.0/24'], 'disabled');
  add('shut', ['10.1.7.0/24'], 'disabled');
  add('mapped', ['::ffff:203.0.113.0/120']);

  test.each([
    ['10.9.9.9', 'wide'],
    ['10.1.9.9', 'narrow'],
    ['10.1.2.3', 'host'],
    ['::ffff:10.1.2.3', 'host'],
    ['::FFFF:0a01:0203', 'host'],
    ['2001:db8:9::1', 'wide'],
    ['2001:0db8:0001:0000:0000:0000:0000:0009', 'narrow'],
    ['[2001:db8:1::5]', 'host'],
    ['2001:db8:1::5%eth0', 'host'],
    ['198.51.100.7', 'b-shared'],
    ['203.0.113.9', 'mapped'],
    ['10.1.7.7', undefined],
    ['11.0.0.1', undefined],
    ['2001:db9::1', undefined],
    ['not an address', undefined],
    ['10.1.2', undefined],
    ['10.1.2.3.4', undefined],
    ['10.1.2.256', undefined],
    ['010.1.2.3', undefined],
    ['1::2::3', undefined],
    ['', undefined],
  ])('%s → %s', (address, id) => {
    expect(market.trunkBySource(address)?.id).toBe(id);
  });

  test('a changed or removed trunk answers no more for its old addresses', () => {
    const own = new Market();
    own.apply({ entity: 'trunk', op: 'upsert', value: trunk({ sources: ['192.0.2.1'] }) });
    expect(own.trunkBySource('192.0.2.1')?.id).toBe('trunk');
    own.apply({ entity: 'trunk', op: 'upsert', value: trunk({ sources: ['192.0.2.2'] }) });
    expect(own.trunkBySource('192.0.2.1')).toBeUndefined();
    own.apply({ entity: 'trunk', op: 'remove', id: 'trunk' });
    expect(own.trunkBySource('192.0.2.2')).toBeUndefined();
  });

  test('a block that is none is refused, and the trunk stays as it was', () => {
    const own = new Market();
    own.apply({ entity: 'trunk', op: 'upsert', value: trunk({ sources: ['192.0.2.1'] }) });
    const broken = trunk({ sources: ['192.0.2.0/33'] });
    expect(() => own.apply({ entity: 'trunk', op: 'upsert', value: broken })).toThrow(RangeError);
    expect(own.trunkBySource('192.0.2.1')?.id).toBe('trunk');
  });

  test('finds the longest of any blocks, as a scan of them all does', () => {
    const octets = fc.tuple(fc.nat(3), fc.nat(255), fc.nat(255), fc.nat(255));
    const toNumber = (o: readonly number[]): number => o.reduce((sum, octet) => sum * 256 + octet, 0);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(octets, fc.integer({ min: 0, max: 32 })), { maxLength: 20, size: 'max' }),
        octets,
        (blocks, address) => {
          const own = new Market();
          blocks.forEach(([block, prefix], index) =>
            own.apply({
              entity: 'trunk',
              op: 'upsert',
              value: trunk({
                id: `trunk-${String(index).padStart(2, '0')}`,
                sources: [`${block.join('.')}/${prefix}`],
              }),
            }),
          );
          const holds = ([block, prefix]: (typeof blocks)[number]): boolean =>
            Math.floor(toNumber(block) / 2 ** (32 - prefix)) ===
            Math.floor(toNumber(address) / 2 ** (32 - prefix));
          const longest = Math.max(-1, ...blocks.filter(holds).map(([, prefix]) => prefix));
          const expected = blocks.findIndex((block) => holds(block) && block[1] === longest);
          expect(own.trunkBySource(address.join('.'))?.id).toBe(
            expected < 0 ? undefined : `trunk-${String(expected).padStart(2, '0')}`,
          );
        },
      ),
    );
  });
});

describe('changes', () => {
  test('each one counts a version', () => {
    const market = new Market();
    market.apply({ entity: 'account', op: 'upsert', value: account() });
    market.apply({ entity: 'account', op: 'remove', id: 'nobody' });
    expect(market.version).toBe(2);
  });

  test('a number that changes hands is found under its new digits only', () => {
    const market = new Market();
    const moved = '+18005550177' as E164;
    market.apply({ entity: 'number', op: 'upsert', value: number() });
    market.apply({ entity: 'number', op: 'upsert', value: number({ number: moved }) });
    expect([market.numberByE164(DID), market.numberByE164(moved)?.id]).toEqual([undefined, 'number']);
    market.apply({ entity: 'number', op: 'remove', id: 'number' });
    expect(market.numberByE164(moved)).toBeUndefined();
  });

  test('a bid that cannot be compiled is refused, and the one before it still stands', () => {
    const market = marketOf([bidOf(1)]);
    const broken = bidOf(1, {
      price: usd(99),
      targeting: { schedule: { timezone: 'Mars/Olympus', windows: [] } },
    });
    expect(() => market.apply({ entity: 'bid', op: 'upsert', value: broken })).toThrow(RangeError);
    expect(decide(attempt(), market, new Activity(market), NOON, 1)).toMatchObject({
      ok: true,
      plan: [{ price: usd(10) }],
    });
  });

  test('more required tags than a book can ask for are refused', () => {
    const market = new Market();
    const tags = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`tag${n}`, 'x']));
    expect(() => market.apply({ entity: 'bid', op: 'upsert', value: bid({ targeting: { tags } }) })).toThrow(
      /tags/,
    );
    expect(market.bidCount).toBe(0);
  });

  test('a bid that moves to another campaign leaves the first', () => {
    const market = marketOf([bidOf(1)]);
    market.apply({ entity: 'bid', op: 'upsert', value: bidOf(1, { campaignId: 'other' }) });
    expect([market.bookOf('campaign')?.size, market.bookOf('other')?.size]).toEqual([0, 1]);
  });

  test('an archived bid is gone', () => {
    const market = marketOf([bidOf(1)]);
    market.apply({ entity: 'bid', op: 'upsert', value: bidOf(1, { status: 'archived' }) });
    expect([market.bidCount, market.bookOf('campaign')?.size]).toEqual([0, 0]);
  });

  test('a cap that is raised frees the bid at once', () => {
    const market = marketOf([bidOf(1, { caps: { total: 1 } })]);
    const activity = new Activity(market);
    activity.noteExhausted({ key: 'bid:bid-1:total', limit: 1, kind: 'period', resetsAt: 0 }, NOON);
    expect(decide(attempt(), market, activity, NOON, 1).ok).toBe(false);
    market.apply({ entity: 'bid', op: 'upsert', value: bidOf(1, { caps: { total: 2 } }) });
    expect(decide(attempt(), market, activity, NOON, 1).ok).toBe(true);
  });
});

const STATES = ['NY', 'CA', 'TX'] as const;
const targetings: fc.Arbitrary<BidTargeting> = fc.record(
  {
    states: fc.subarray([...STATES]),
    npas: fc.subarray(['212', '646']),
    tags: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2'), { maxKeys: 2 }),
    attestation: fc.subarray(['A', 'B', 'C', null] as const),
    schedule: fc.record({
      timezone: fc.constantFrom('America/New_York', 'Asia/Kolkata'),
      windows: fc.array(
        fc.record({
          days: fc.subarray([0, 1, 2, 3, 4, 5, 6]),
          startMinute: fc.nat(1439),
          endMinute: fc.integer({ min: 1, max: 1440 }),
        }),
        { maxLength: 2, size: 'max' },
      ),
    }),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<BidTargeting>;

const bids: fc.Arbitrary<Bid> = fc
  .record({
    n: fc.nat(60),
    price: fc.integer({ min: 0, max: 4 }),
    status: fc.constantFrom('active' as const, 'paused' as const),
    expiresAt: fc.constantFrom(undefined, NOON - 1, NOON, NOON + 1),
    targeting: targetings,
  })
  .map(({ n, price, ...rest }) => bidOf(n, { ...rest, price: usd(price) }));

/** The rules once more, said bid by bid without any index. */
function mayTake(one: Bid, tags: Readonly<Record<string, string>>): boolean {
  const { states, npas, tags: wanted, attestation, schedule } = one.targeting;
  const minute = (minuteOf: number): boolean =>
    !schedule ||
    schedule.windows.some(({ days, startMinute, endMinute }) => {
      const length = endMinute > startMinute ? endMinute - startMinute : endMinute + 1440 - startMinute;
      return days.some((day) => (minuteOf - (day * 1440 + startMinute) + 10_080) % 10_080 < length);
    });
  // Saturday 10:00 in New York is 20:30 in Kolkata.
  const local = schedule?.timezone === 'Asia/Kolkata' ? 6 * 1440 + 1230 : 6 * 1440 + 600;
  return (
    one.status === 'active' &&
    (one.expiresAt === undefined || one.expiresAt > NOON) &&
    one.price >= usd(1) &&
    (!states || states.includes('NY')) &&
    (!npas || npas.includes('212')) &&
    (!attestation || attestation.includes('A')) &&
    Object.entries(wanted ?? {}).every(([key, value]) => tags[key] === value) &&
    minute(local)
  );
}

describe('the book against the rules said plainly', () => {
  const tagSets = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2'), { maxKeys: 2 });

  test('a market changed step by step finds just the bids that may take the call', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 4, arbitrary: bids }, { weight: 1, arbitrary: fc.nat(60) }), {
          maxLength: 120,
          size: 'max',
        }),
        tagSets,
        (steps, tags) => {
          const all = Array.from({ length: 61 }, (_, n) => bidOf(n));
          const market = marketOf(all, { maxAttempts: 50 });
          for (const { id } of all) market.apply({ entity: 'bid', op: 'remove', id });
          const standing = new Map<string, Bid>();
          for (const step of steps) {
            if (typeof step === 'number') {
              standing.delete(`bid-${step}`);
              market.apply({ entity: 'bid', op: 'remove', id: `bid-${step}` });
            } else {
              standing.set(step.id, step);
              market.apply({ entity: 'bid', op: 'upsert', value: step });
            }
          }
          const decision = decide(attempt({ tags }), market, new Activity(market), NOON, 7);
          const expected = [...standing.values()].filter((one) => mayTake(one, tags)).map(({ id }) => id);
          const { listed, counts, total } = decision.trace.bids;
          const found = listed.filter(
            ({ rank, ineligible }) => rank !== undefined || ineligible === 'over_max_attempts',
          );
          expect(found.map(({ bidId }) => bidId).sort()).toEqual(expected.sort());
          expect(total).toBe(standing.size);
          expect(listed.length).toBe(standing.size);
          const counted = INELIGIBLE_REASONS.reduce((sum, reason) => sum + (counts[reason] ?? 0), 0);
          expect(counted).toBe(standing.size - (decision.ok ? decision.plan.length : 0));
        },
      ),
      { numRuns: 150 },
    );
  });

  test('a market loaded at once decides as one changed step by step', () => {
    fc.assert(
      fc.property(fc.array(bids, { maxLength: 80, size: 'max' }), fc.nat(), (steps, seed) => {
        const stepwise = marketOf(Array.from({ length: 61 }, (_, n) => bidOf(n)));
        for (let n = 0; n <= 60; n++) stepwise.apply({ entity: 'bid', op: 'remove', id: `bid-${n}` });
        for (const value of steps) stepwise.apply({ entity: 'bid', op: 'upsert', value });
        const last = [...new Map(steps.map((one) => [one.id, one])).values()].reverse();
        const loaded = marketOf(last);
        const plans = [stepwise, loaded].map((market) => {
          const decision = decide(attempt(), market, new Activity(market), NOON, seed);
          return decision.ok ? decision.plan : decision.detail;
        });
        expect(plans[0]).toEqual(plans[1]);
      }),
      { numRuns: 60 },
    );
  });
});

describe('do-not-call lists', () => {
  const entry = (digits: number, over: Partial<DncEntry> = {}): DncEntry => ({
    number: `+1${2_000_000_000 + digits}` as E164,
    source: 'internal',
    expiresAt: undefined,
    ...over,
  });
  const put = (market: Market, value: DncEntry): void => market.apply({ entity: 'dnc', op: 'upsert', value });

  test('an entry holds until the instant of its expiry', () => {
    const market = new Market();
    put(market, entry(1, { expiresAt: NOON }));
    put(market, entry(1, { source: 'litigator' }));
    expect(market.dnc.sourcesOf(entry(1).number, NOON - 1)).toBe(9);
    expect(market.dnc.sourcesOf(entry(1).number, NOON)).toBe(8);
  });

  test('is a set of numbers and lists, whatever is added and removed', () => {
    const step = fc.record({
      digits: fc.nat(400),
      source: fc.constantFrom(
        'internal' as const,
        'national' as const,
        'state' as const,
        'litigator' as const,
      ),
      op: fc.constantFrom('add', 'add', 'remove', 'removeAll'),
    });
    const bits = { internal: 1, national: 2, state: 4, litigator: 8 };
    fc.assert(
      fc.property(fc.array(step, { minLength: 1_500, maxLength: 3_000, size: 'max' }), (steps) => {
        const market = new Market();
        const model = new Map<E164, number>();
        for (const { digits, source, op } of steps) {
          const value = entry(digits, { source });
          const lists = model.get(value.number) ?? 0;
          if (op === 'add') {
            put(market, value);
            model.set(value.number, lists | bits[source]);
          } else if (op === 'remove') {
            market.apply({ entity: 'dnc', op: 'remove', id: `${value.number}/${source}` });
            model.set(value.number, lists & ~bits[source]);
          } else {
            market.apply({ entity: 'dnc', op: 'remove', id: value.number });
            model.set(value.number, 0);
          }
        }
        for (const [key, lists] of model) expect(market.dnc.sourcesOf(key, NOON)).toBe(lists);
        expect(market.dnc.sourcesOf(CALLER, NOON)).toBe(0);
      }),
      { numRuns: 20 },
    );
  });
});

test('a load replaces what was there', () => {
  const market = marketOf([bidOf(1)]);
  market.load({
    accounts: [],
    trunks: [],
    numbers: [],
    campaigns: [campaign()],
    buyers: [buyer()],
    targets: [target()],
    bids: [],
    dnc: [],
  });
  expect([
    market.bidCount,
    market.numberByE164(DID),
    market.buyer('buyer-1'),
    market.buyer('buyer')?.id,
  ]).toEqual([0, undefined, undefined, 'buyer']);
});

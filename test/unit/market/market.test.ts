import * as fc from 'fast-check';
import type { Bid, DncEntry, E164 } from '../../../src/domain';
import { CapBlocks, EMPTY_MARKET, Market } from '../../../src/market';
import {
  CALLER,
  DID,
  NOON,
  account,
  bid,
  bidOf,
  buyer,
  campaign,
  marketOf,
  number,
  queryOf,
  target,
  trunk,
  usd,
} from './fixtures';

const ALWAYS = [{ days: [0, 1, 2, 3, 4, 5, 6], startMinute: 0, endMinute: 1440 }];
const NEVER = { timezone: 'Mars/Olympus', windows: [] };

/** What the bids of the campaign that may take a usual call from New York offer for it. */
function offersOf(market: Market, caps = new CapBlocks(market.ordinals)): Record<string, number> {
  const book = market.bookOf('campaign');
  if (!book) return {};
  market.screen.run(book, queryOf(), caps);
  const { rows, offers, count } = market.screen.candidates;
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      book.bidAt(rows[index] as number).id,
      offers[index] as number,
    ]),
  );
}

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
    expect(offersOf(market)).toEqual({ 'bid-1': usd(10) });
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
    const market = marketOf([bidOf(1, { caps: { attempts: { total: 1 } } })]);
    const caps = new CapBlocks(market.ordinals);
    caps.block('bid', 'bid-1', 'cap_attempts_total', Infinity, 1);
    expect(offersOf(market, caps)).toEqual({});
    const value = bidOf(1, { caps: { attempts: { total: 2 } } });
    market.apply({ entity: 'bid', op: 'upsert', value });
    expect(offersOf(market, caps)).toEqual({ 'bid-1': usd(10) });
  });

  test.each<[string, Partial<Bid>]>([
    ['another price', { price: usd(12) }],
    ['an expiry', { price: usd(12), expiresAt: NOON + 1 }],
    ['other calls', { price: usd(12), targeting: { states: ['NY'] } }],
    ['other hours', { price: usd(12), targeting: { schedule: { timezone: 'UTC', windows: ALWAYS } } }],
    ['other modifiers', { price: usd(10), modifiers: [{ factorBp: 12_000 }] }],
    ['another target', { price: usd(12), targetId: 'target-2', buyerId: 'buyer-2' }],
    ['other caps', { price: usd(12), caps: { concurrent: 3 } }],
  ])('a bid is written over by one of %s, and back', (_name, over) => {
    const market = marketOf([bidOf(1), bidOf(2, { status: 'paused' })]);
    market.apply({ entity: 'bid', op: 'upsert', value: bidOf(1, over) });
    expect(offersOf(market)).toEqual({ 'bid-1': usd(12) });
    market.apply({ entity: 'bid', op: 'upsert', value: bidOf(1) });
    expect(offersOf(market)).toEqual({ 'bid-1': usd(10) });
    expect(market.bid('bid-1')).toEqual(bidOf(1));
  });

  test.each<[string, Partial<Bid>]>([
    ['a ZIP code of nowhere', { targeting: { near: { zip: '00000', miles: 5 } } }],
    ['a distance that is none', { targeting: { near: { zip: '10001', miles: -1 } } }],
    ['a factor in parts of basis points', { modifiers: [{ factorBp: 0.5 }] }],
    ['a modifier of a zone that is none', { modifiers: [{ factorBp: 1 }, { factorBp: 1, schedule: NEVER }] }],
  ])('a bid of %s is refused', (_name, over) => {
    const market = marketOf([bidOf(1)]);
    expect(() => market.apply({ entity: 'bid', op: 'upsert', value: bidOf(1, over) })).toThrow(RangeError);
    expect(() => market.apply({ entity: 'bid', op: 'upsert', value: bidOf(2, over) })).toThrow(RangeError);
    expect(offersOf(market)).toEqual({ 'bid-1': usd(10) });
  });

  test('of two numbers of the same digits the same one answers, whichever came first', () => {
    for (const ids of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const market = new Market();
      for (const id of ids) market.apply({ entity: 'number', op: 'upsert', value: number({ id }) });
      expect(market.numberByE164(DID)?.id).toBe('a');
      market.apply({ entity: 'number', op: 'remove', id: 'a' });
      expect(market.numberByE164(DID)?.id).toBe('b');
    }
  });

  test('more skills than targets may have in all are refused', () => {
    const market = marketOf([bidOf(1)]);
    const withSkills = (count: number): void => {
      const skills = Object.fromEntries(Array.from({ length: count }, (_, n) => [`skill-${n}`, 1]));
      const value = target({ id: 'target-1', buyerId: 'buyer-1', skills });
      market.apply({ entity: 'target', op: 'upsert', value });
    };
    expect(() => withSkills(1_001)).toThrow(/skills/);
    expect(market.target('target-1')?.skills).toBeUndefined();
    withSkills(1_000);
    expect(market.bookOf('campaign')?.targets.levelsOf('skill-999')).toBeDefined();
  });
});

test('a record counts for its bid, whichever came first, also when the bid is another one now', () => {
  const value = { id: 'bid-1', rings: 9, answers: 8, conversions: 7, connectedMs: 6, revenue: 5 };
  const market = new Market();
  market.apply({ entity: 'quality', op: 'upsert', value });
  const sizes = (over: Partial<Bid>): unknown => {
    market.apply({ entity: 'bid', op: 'upsert', value: bidOf(1, over) });
    return ['campaign', 'other'].map((id) => market.bookOf(id)?.records.size);
  };
  expect(sizes({})).toEqual([1, undefined]);
  expect(sizes({ targeting: { states: ['CA'] } })).toEqual([1, undefined]);
  expect(sizes({ caps: { concurrent: 1 } })).toEqual([1, undefined]);
  expect(sizes({ campaignId: 'other' })).toEqual([0, 1]);
  market.apply({ entity: 'quality', op: 'remove', id: 'bid-1' });
  expect(market.bookOf('other')?.records.size).toBe(0);
});

describe('skills and pauses of targets', () => {
  const withSkill = (level: number, over = {}): ReturnType<typeof target> =>
    target({ id: 'target-1', buyerId: 'buyer-1', skills: { spanish: level }, ...over });

  test('are known of a target that came before its bids, and of one that came after', () => {
    const early = new Market();
    early.apply({ entity: 'target', op: 'upsert', value: withSkill(4) });
    early.apply({ entity: 'bid', op: 'upsert', value: bidOf(1) });
    const late = new Market();
    late.apply({ entity: 'bid', op: 'upsert', value: bidOf(1) });
    late.apply({ entity: 'target', op: 'upsert', value: withSkill(4) });
    for (const market of [early, late]) {
      const levels = market.bookOf('campaign')?.targets.levelsOf('Spanish');
      expect(levels?.[market.ordinals.target.of('target-1')]).toBe(4);
    }
  });

  test('are known of each of many targets', () => {
    const market = new Market();
    const count = 200;
    for (let n = 0; n < count; n++) {
      const value = target({
        id: `target-${n}`,
        buyerId: `buyer-${n}`,
        skills: { spanish: (n % 9) + 1 },
        costPerMinute: n,
        pausedUntil: NOON + n,
      });
      market.apply({ entity: 'target', op: 'upsert', value });
      market.apply({ entity: 'bid', op: 'upsert', value: bidOf(n) });
    }
    const targets = market.bookOf('campaign')?.targets;
    for (let n = 0; n < count; n++) {
      const ordinal = market.ordinals.target.of(`target-${n}`);
      const said = [targets?.levelsOf('spanish'), targets?.costPerMinute, targets?.pausedUntil];
      expect(said.map((column) => column?.[ordinal])).toEqual([(n % 9) + 1, n, NOON + n]);
    }
  });

  test('do not pass on to a target that takes the place of another', () => {
    const market = new Market();
    market.apply({
      entity: 'target',
      op: 'upsert',
      value: withSkill(4, { pausedUntil: NOON, costPerMinute: 9 }),
    });
    market.apply({ entity: 'bid', op: 'upsert', value: bidOf(1) });
    const before = market.ordinals.target.of('target-1');
    market.apply({ entity: 'bid', op: 'remove', id: 'bid-1' });
    market.apply({ entity: 'bid', op: 'upsert', value: bidOf(2) });
    expect(market.ordinals.target.of('target-2')).toBe(before);
    const targets = market.bookOf('campaign')?.targets;
    expect(targets?.levelsOf('spanish')).toBeUndefined();
    expect([targets?.costPerMinute[before], targets?.pausedUntil[before], targets?.anyPaused]).toEqual([
      0,
      0,
      false,
    ]);
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
    expect(market.lists.rows.sourcesOf(entry(1).number, NOON - 1)).toBe(9);
    expect(market.lists.rows.sourcesOf(entry(1).number, NOON)).toBe(8);
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
        for (const [key, lists] of model) expect(market.lists.rows.sourcesOf(key, NOON)).toBe(lists);
        expect(market.lists.rows.sourcesOf(CALLER, NOON)).toBe(0);
      }),
      { numRuns: 20 },
    );
  });
});

test('a load replaces what was there', () => {
  const market = marketOf([bidOf(1)]);
  market.load({ ...EMPTY_MARKET, campaigns: [campaign()], buyers: [buyer()], targets: [target()] });
  expect([
    market.bidCount,
    market.numberByE164(DID),
    market.buyer('buyer-1'),
    market.buyer('buyer')?.id,
  ]).toEqual([0, undefined, undefined, 'buyer']);
});

import * as fc from 'fast-check';
import type { AttemptEvent, CallAttempt, E164, EndedEvent, FraudPrior } from '../../../src/domain';
import { zoneOf } from '../../../src/domain';
import type { FraudContext, FraudStateLimits, SignalName } from '../../../src/fraud';
import {
  FraudState,
  NO_PRIORS,
  RecordedSignals,
  SIGNALS,
  signalRecord,
  signalsFrom,
} from '../../../src/fraud';
import { attempt } from '../market/fixtures';
import { DID, START, attemptEvent, endedEvent, numberOf, randomFrom } from './support';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const CALLER = '+12123334567' as E164;
const SMALL: FraudStateLimits = { callers: 1_024, dids: 64, sellers: 32, trunks: 32 };
const CONTEXT: FraudContext = {
  sellerId: 'seller',
  number: 'geographic',
  placeContradicted: false,
  zone: zoneOf('America/New_York'),
  forwardedByUs: false,
  priors: NO_PRIORS,
};

/** A node's memory, with words for what happens to it. */
class Scene {
  readonly state = new FraudState(SMALL);

  call(over: Partial<AttemptEvent> = {}): this {
    this.state.recordAttempt(attemptEvent(over));
    return this;
  }

  end(over: Partial<EndedEvent> = {}): this {
    this.state.recordEnd(endedEvent(over));
    return this;
  }

  /** The signals of a call that comes now; 0 where nothing is to be said. */
  signals(
    now: number,
    over: Partial<CallAttempt> = {},
    context: Partial<FraudContext> = {},
  ): Record<SignalName, number> {
    const vector = this.state.read(attempt({ to: DID, ...over }), { ...CONTEXT, ...context }, now);
    return Object.fromEntries(SIGNALS.map((name, i) => [name, vector[i]])) as Record<SignalName, number>;
  }
}

test('of a call out of nowhere only what it says itself is known', () => {
  const { prior_seller, prior_number, prior_trunk, prior_prefix, ...rest } = new Scene().signals(START);
  const said = Object.entries(rest).filter(([, value]) => value !== 0);
  expect(Object.fromEntries(said)).toEqual({
    caller_new: 1,
    caller_since: 86_400,
    npa_rarity: 9.6439,
    attestation_a: 1,
    toll_free_dialled: 1,
  });
  for (const prior of [prior_seller, prior_number, prior_trunk, prior_prefix]) expect(prior).toBe(0.02);
});

test.each<[SignalName, Partial<CallAttempt>, Partial<FraudContext>, number]>([
  ['caller_withheld', { from: undefined }, { number: 'withheld' }, 1],
  ['caller_impossible', { from: '+12121114567' as E164 }, { number: 'impossible' }, 1],
  ['caller_unassigned', { from: '+12223334567' as E164 }, { number: 'unassigned' }, 1],
  ['caller_non_geographic', { from: '+18882224567' as E164 }, { number: 'non_geographic' }, 1],
  ['caller_foreign', { from: '+447700900123' as E164 }, { number: 'foreign' }, 1],
  ['caller_is_called', { from: DID }, {}, 1],
  ['prefix_premium', { from: '+19005551234' as E164 }, {}, 1],
  ['prefix_premium', { from: '+12129761234' as E164 }, {}, 1],
  ['prefix_irsf', { from: '+2341234567890' as E164 }, { number: 'foreign' }, 1],
  ['prefix_wangiri', { from: '+18765551234' as E164 }, {}, 1],
  ['neighbour', { from: '+12125550001' as E164, to: '+12125550002' as E164 }, {}, 1],
  ['neighbour', { from: '+12125550001' as E164, to: '+12125560002' as E164 }, {}, 0],
  ['shared_digits', { from: '+12125550001' as E164, to: '+12125550092' as E164 }, {}, 8],
  ['shared_digits', { from: '+12125550001' as E164, to: '+13125550001' as E164 }, {}, 0],
  ['attestation_c', { attestation: 'C' }, {}, 1],
  ['attestation_none', { attestation: undefined }, {}, 1],
  ['verstat_failed', { verstat: 'failed' }, {}, 1],
  ['verstat_stale', { verstat: 'stale' }, {}, 1],
  ['verstat_replayed', { verstat: 'replayed' }, {}, 1],
  ['verstat_wrong_number', { verstat: 'wrong_number' }, {}, 1],
  ['place_contradicted', {}, { placeContradicted: true }, 1],
  ['forwards', { forwardedBy: ['+12125550001' as E164, '+12125550002' as E164] }, {}, 2],
  ['forwarded_by_us', {}, { forwardedByUs: true }, 1],
])('%s of %j %j', (name, over, context, value) => {
  expect(new Scene().signals(START, over, context)[name]).toBe(value);
});

test('off hours are those of the place where the caller is', () => {
  // 15:00 UTC is 10:00 in New York, 05:00 in Honolulu.
  const scene = new Scene();
  expect(scene.signals(START).off_hours).toBe(0);
  expect(scene.signals(START, {}, { zone: zoneOf('Pacific/Honolulu') }).off_hours).toBe(1);
  expect(scene.signals(START, {}, { zone: undefined }).off_hours).toBe(0);
});

test('velocity of caller, number, seller and trunk over a minute, an hour and a day', () => {
  const scene = new Scene();
  for (const ago of [20 * HOUR, 5 * HOUR, 50 * MINUTE, 30 * MINUTE, 30_000, 10_000])
    scene.call({ at: START - ago });
  const now = scene.signals(START);
  expect([now.caller_1m, now.caller_1h, now.caller_24h]).toEqual([2, 4, 6]);
  expect([now.did_1m, now.did_1h, now.did_24h]).toEqual([2, 4, 6]);
  expect([now.seller_1m, now.seller_1h, now.seller_24h]).toEqual([2, 4, 6]);
  expect([now.trunk_1m, now.trunk_1h]).toEqual([2, 4]);
  expect(now).toMatchObject({ caller_new: 0, caller_same_did: 1, caller_since: 10 });
  const other = scene.signals(START, { from: '+13105550100' as E164, to: '+18005550101' as E164 });
  expect([other.caller_24h, other.did_24h, other.caller_new, other.seller_24h]).toEqual([0, 0, 1, 6]);
  const later = scene.signals(START + 2 * DAY);
  expect([later.caller_24h, later.seller_24h, later.caller_new]).toEqual([0, 0, 1]);
});

test('a caller that lost its place among thousands is still counted, and never too low', () => {
  const scene = new Scene();
  for (let n = 0; n < 7; n++) scene.call({ at: START + n * 1_000 });
  for (let n = 0; n < 20_000; n++) {
    scene.call({ at: START + 10_000 + n, caller: numberOf(310, 2_000_000 + n) });
  }
  const now = scene.signals(START + MINUTE);
  expect(now.caller_1h).toBeGreaterThanOrEqual(7);
  expect(now.caller_1h).toBeLessThanOrEqual(9);
  expect(now.caller_since).toBe(86_400);
  // It calls again: its new row does not know of the calls before, the sketch does.
  scene.call({ at: START + MINUTE });
  expect(scene.signals(START + MINUTE).caller_1h).toBeGreaterThanOrEqual(8);
});

test('counts of callers agree with a plain list, and are never too low', () => {
  const step = fc.record({ caller: fc.nat(40), gap: fc.integer({ min: 0, max: 20 * MINUTE }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const scene = new Scene();
      const calls: { caller: number; at: number }[] = [];
      let now = START;
      for (const { caller, gap } of steps) {
        now += gap;
        scene.call({ at: now, caller: numberOf(212, 3_000_000 + caller) });
        calls.push({ caller, at: now });
      }
      for (const caller of [0, 1, 2]) {
        const told = scene.signals(now, { from: numberOf(212, 3_000_000 + caller) });
        const since = (start: number): number =>
          calls.filter((call) => call.caller === caller && call.at >= start).length;
        expect(told.caller_1h).toBe(since(Math.floor(now / MINUTE - 59) * MINUTE));
        expect(told.caller_24h).toBe(since(Math.floor(now / HOUR - 23) * HOUR));
      }
    }),
    { numRuns: 40 },
  );
});

test('numbers rotated within a block stand out, a repeated caller of it does not', () => {
  const scene = new Scene();
  const random = randomFrom(3);
  for (let n = 0; n < 200; n++) {
    const rotated = n % 5 === 0;
    const caller = rotated
      ? numberOf(702, 5_551_000 + n)
      : numberOf(201 + Math.floor(random() * 700), 2_000_000 + Math.floor(random() * 7_000_000));
    scene.call({ at: START + n * 1_000, caller });
  }
  for (let n = 0; n < 30; n++) scene.call({ at: START + n * 1_000, caller: numberOf(415, 5_552_000) });
  const now = START + 300_000;
  const fresh = scene.signals(now, { from: numberOf(702, 5_551_999) });
  expect(fresh.seller_block_callers).toBeGreaterThanOrEqual(30);
  expect(fresh.seller_block_share).toBeGreaterThan(0.1);
  expect(fresh.block_callers).toBeGreaterThanOrEqual(30);
  const repeated = scene.signals(now, { from: numberOf(415, 5_552_001) });
  expect(repeated.seller_block_callers).toBeLessThanOrEqual(1);
  expect(scene.signals(now, { from: numberOf(702, 5_552_000) }).seller_block_callers).toBe(0);
  // Another seller has nothing to do with it, and the block is known all the same.
  const elsewhere = scene.signals(now, { from: numberOf(702, 5_551_999) }, { sellerId: 'other' });
  expect([elsewhere.seller_block_callers, elsewhere.block_callers]).toEqual([0, fresh.block_callers]);
});

test('a caller that several sellers bring, and the sellers that share callers', () => {
  const scene = new Scene();
  for (let n = 0; n < 40; n++) {
    const caller = numberOf(212, 3_000_000 + n);
    scene.call({ at: START + n * 1_000, caller, sellerId: 'a' });
    scene.call({ at: START + n * 1_000 + 500, caller, sellerId: 'b' });
    scene.call({ at: START + n * 1_000 + 700, caller: numberOf(310, 3_000_000 + n), sellerId: 'honest' });
  }
  const now = START + MINUTE;
  const ring = scene.signals(now, { from: numberOf(212, 3_000_005) }, { sellerId: 'a' });
  expect(ring.caller_sellers).toBe(1);
  expect(scene.signals(now, { from: numberOf(212, 3_000_005) }, { sellerId: 'c' }).caller_sellers).toBe(2);
  expect(ring.seller_partners).toBe(1);
  expect(ring.seller_partner_share).toBeGreaterThan(0.5);
  expect(scene.signals(now, {}, { sellerId: 'b' }).seller_shared).toBeGreaterThan(0.7);
  const honest = scene.signals(now, { from: numberOf(310, 3_000_005) }, { sellerId: 'honest' });
  expect([honest.caller_sellers, honest.seller_partners, honest.seller_partner_share]).toEqual([0, 0, 0]);
});

test('what ended calls were like: short, hung up at once, ended as soon as paid for', () => {
  const scene = new Scene();
  for (let n = 0; n < 60; n++) {
    const at = START + n * 10_000;
    scene.call({ at }).end({ at, connectedMs: 4_000 });
    scene.end({ at, sellerId: 'watcher', caller: CALLER, connectedMs: 62_000 });
    scene.end({ at, sellerId: 'lure', answered: false, connectedMs: 0, ringMs: 900, endedBy: 'caller' });
    scene.end({ at, sellerId: 'good', caller: '+13105550100' as E164 });
    // The exchange refused it: that says nothing of how its calls end.
    scene.end({ at, sellerId: 'good', answered: false, connectedMs: 0, ringMs: undefined });
  }
  const now = START + HOUR;
  const of = (sellerId: string): Record<SignalName, number> => scene.signals(now, {}, { sellerId });
  expect(of('seller').seller_short).toBeGreaterThan(0.8);
  expect(of('seller').seller_short_risen).toBeGreaterThan(5);
  expect(of('seller').seller_duration_fallen).toBeGreaterThan(1);
  expect(of('watcher').seller_pile).toBeGreaterThan(0.8);
  expect(of('watcher').seller_pile_risen).toBeGreaterThan(5);
  expect(of('lure').seller_quick_cancels).toBeGreaterThan(0.8);
  expect(of('lure').seller_answered_fallen).toBeGreaterThan(5);
  const good = of('good');
  expect(good.seller_answered).toBeGreaterThan(0.9);
  expect(good.seller_short).toBeLessThan(0.05);
  expect(good.seller_pile).toBeLessThan(0.05);
  expect(scene.signals(now).caller_piles).toBeGreaterThan(0.2);
  expect(scene.signals(now, { from: '+13105550100' as E164 }).caller_short).toBe(0);
});

test.each<[number, Partial<EndedEvent>]>([
  [1, { connectedMs: 60_000 }],
  [1, { connectedMs: 64_999 }],
  [0, { connectedMs: 65_000 }],
  [0, { connectedMs: 59_999 }],
  [0, { connectedMs: 61_000, endedBy: 'buyer' }],
  [0, { connectedMs: 61_000, payoutAfterMs: undefined }],
])('a pile is a call that ends within five seconds of being paid for: %d for %j', (pile, over) => {
  const scene = new Scene().call().end(over);
  expect(scene.signals(START).caller_piles > 0).toBe(pile === 1);
});

test('a burst from zero, calls by the clock, and a spread too narrow for its seller', () => {
  const scene = new Scene();
  for (let n = 0; n < 300; n++) {
    const at = START + n * 300_000;
    const caller = numberOf(205 + ((n * 37) % 600), 2_000_000 + n * 1_117);
    scene.call({ at, caller, sellerId: 'steady', did: '+18005550111' as E164 });
  }
  const since = START + 300 * 300_000;
  for (let n = 0; n < 60; n++) {
    const caller = numberOf(212, 2_000_000 + n);
    scene.call({ at: since + n * 20_000, caller, sellerId: 'sudden', did: '+18005550122' as E164 });
  }
  const now = since + 60 * 20_000;
  const sudden = scene.signals(now, { to: '+18005550122' as E164 }, { sellerId: 'sudden' });
  const steady = scene.signals(now, { to: '+18005550111' as E164 }, { sellerId: 'steady' });
  expect(sudden.seller_burst).toBeGreaterThan(4);
  expect(steady.seller_burst).toBeLessThan(0.5);
  expect(sudden.did_regularity).toBeGreaterThan(0.8);
  expect(sudden.seller_npa_evenness).toBeLessThan(0.5);
  expect(sudden.seller_npa_gap).toBeLessThan(-0.2);
  expect(steady.seller_npa_evenness).toBeGreaterThan(0.9);
  expect(sudden.seller_distinct).toBeGreaterThan(0.9);
});

test('neighbours, contradicted places and foreign callers of a seller', () => {
  const scene = new Scene();
  for (let n = 0; n < 200; n++) {
    const at = START + n * 1_000;
    scene.call({ at, caller: numberOf(646, 2_000_000 + n * 7_919), sellerId: 'plain' });
    const caller = numberOf(212, 5_550_000 + n);
    scene.call({ at, caller, did: '+12125559999' as E164, sellerId: 'near', placeContradicted: true });
    scene.call({ at, caller: `+4477009${10_000 + n}` as E164, sellerId: 'far', misidentified: true });
  }
  const now = START + 300_000;
  const near = scene.signals(now, {}, { sellerId: 'near' });
  expect(near.seller_neighbour).toBeGreaterThan(0.9);
  expect(near.seller_neighbour_lift).toBeGreaterThan(2);
  expect(near.seller_contradicted_risen).toBeGreaterThan(5);
  const far = scene.signals(now, { from: '+447700900123' as E164 }, { sellerId: 'far' });
  expect([far.seller_foreign > 0.9, far.seller_misidentified > 0.9]).toEqual([true, true]);
  expect(far.seller_foreign_lift).toBeLessThan(1);
  const plain = scene.signals(now, { from: '+447700900123' as E164 }, { sellerId: 'plain' });
  expect(plain.seller_foreign_lift).toBeGreaterThan(6);
  expect(plain.seller_neighbour_lift).toBeLessThan(0);
  expect(plain.seller_contradicted).toBeLessThan(0.05);
});

test('priors are shrunk to the mean of all, the more the less is known', () => {
  const prior = (id: string, over: Partial<FraudPrior>): [string, FraudPrior] => [
    id,
    { id, calls: 0, bad: 0, shortCalls: 0, answered: 0, confirmed: 0, cleared: 0, ...over },
  ];
  const priors = new Map([
    prior('all', { calls: 100_000, bad: 3_000 }),
    prior('seller:bad', { calls: 5_000, bad: 2_500 }),
    prior('seller:new', { calls: 4, bad: 4 }),
    prior('seller:cleared', { calls: 500, bad: 250, cleared: 300 }),
    prior('number:+18005550199', { calls: 1_000, bad: 100 }),
    prior('trunk:trunk', { calls: 50_000, bad: 1_000 }),
    prior('prefix:2123334', { calls: 20, bad: 0, confirmed: 10 }),
  ]);
  const scene = new Scene();
  const of = (sellerId: string): Record<SignalName, number> =>
    scene.signals(START, {}, { sellerId, priors: { prior: (id) => priors.get(id) } });
  expect(of('bad').prior_seller).toBeCloseTo(0.49, 2);
  expect(of('new').prior_seller).toBeCloseTo(0.067, 2);
  expect(of('cleared').prior_seller).toBeLessThan(0.08);
  expect(of('unheard of').prior_seller).toBeCloseTo(0.03, 3);
  expect(of('bad')).toMatchObject({ prior_number: 0.0936 });
  expect(of('bad').prior_trunk).toBeCloseTo(0.02, 3);
  expect(of('bad').prior_prefix).toBeGreaterThan(0.4);
});

test('a record of the signals gives the same vector again, bit for bit', () => {
  const scene = new Scene();
  const random = randomFrom(9);
  for (let n = 0; n < 500; n++) {
    const caller = numberOf(212 + Math.floor(random() * 9), 3_000_000 + Math.floor(random() * 300));
    const at = START + n * 777;
    scene.call({ at, caller, sellerId: `seller-${n % 7}` });
    if (n % 3 === 0) scene.end({ at, caller, sellerId: `seller-${n % 7}`, connectedMs: random() * 90_000 });
    const call = attempt({ from: caller, to: DID });
    const vector = scene.state.read(call, { ...CONTEXT, sellerId: `seller-${n % 7}` }, at + 5);
    const record = JSON.parse(JSON.stringify(signalRecord(vector))) as Record<string, number>;
    expect(signalsFrom(record)).toEqual(vector);
    expect(new RecordedSignals(record).read()).toEqual(vector);
    expect(Object.values(record)).not.toContain(0);
  }
  expect(signalsFrom({ of_another_version: 5 })).toEqual(new Float64Array(SIGNALS.length));
});

test('whatever comes, signals are finite numbers and reading changes nothing', () => {
  const number = fc.constantFrom(undefined, CALLER, DID, '+1' as E164, '+447700900123', '+12125550001');
  const event = fc.record({
    at: fc.integer({ min: -HOUR, max: DAY }),
    caller: number as fc.Arbitrary<E164 | undefined>,
    seller: fc.constantFrom(undefined, 'a', 'b'),
    ended: fc.boolean(),
    ms: fc.nat(400_000),
    ring: fc.option(fc.nat(40_000), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const scene = new Scene();
      for (const { at, caller, seller: sellerId, ended, ms, ring } of events) {
        const of = { at: START + at, caller, sellerId };
        if (ended) scene.end({ ...of, answered: ms > 200_000, connectedMs: ms, ringMs: ring });
        else scene.call(of);
        const call = attempt({ from: caller, to: DID });
        const once = scene.state.read(call, { ...CONTEXT, sellerId }, START + at).slice();
        expect(once.every(Number.isFinite)).toBe(true);
        expect(scene.state.read(call, { ...CONTEXT, sellerId }, START + at)).toEqual(once);
      }
    }),
    { numRuns: 60 },
  );
});

/**
 * How long one whole decision takes (number, compliance, fraud, eligibility, auction, ring plan,
 * trace) on one core: with 10 and 100 eligible buyers, and with 1,000 among 100,000 standing bids of
 * one campaign. Prints a table, and as its last line one JSON object. Nothing here is a pass or fail.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decide } from '../../src/decision';
import type { Bid, CallAttempt, Campaign, E164, Micros } from '../../src/domain';
import { Activity, Market } from '../../src/market';

const START = Date.UTC(2026, 10, 20, 16);
const WARM_UP = 20_000;
const DECISIONS = 100_000;
/** Three area codes each of twenty states, all of one zone or another. */
const PLACES: readonly (readonly [state: string, npas: readonly string[]])[] = [
  ['AL', ['205', '251', '334']],
  ['CA', ['213', '310', '415']],
  ['CO', ['303', '719', '970']],
  ['FL', ['305', '407', '813']],
  ['GA', ['404', '706', '912']],
  ['IL', ['217', '312', '847']],
  ['IN', ['219', '317', '812']],
  ['LA', ['225', '318', '504']],
  ['MA', ['413', '508', '617']],
  ['MI', ['231', '313', '616']],
  ['MN', ['218', '507', '612']],
  ['MO', ['314', '417', '816']],
  ['NC', ['252', '704', '919']],
  ['NJ', ['201', '609', '973']],
  ['NY', ['212', '315', '716']],
  ['OH', ['216', '419', '614']],
  ['PA', ['215', '412', '717']],
  ['TX', ['210', '512', '713']],
  ['VA', ['276', '703', '804']],
  ['WA', ['206', '360', '509']],
];

interface Case {
  readonly eligible: number;
  readonly standing: number;
}

interface Result extends Case {
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  readonly perSecond: number;
  /** Bytes that stay on the heap for each million decisions. */
  readonly heapPerMillion: number;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function campaign(): Campaign {
  return {
    id: 'campaign',
    name: 'Benchmark',
    status: 'active',
    currency: 'USD',
    auctionType: 'second_price',
    reservePrice: 1_000_000 as Micros,
    routing: 'auction',
    ringTimeoutMs: 20_000,
    maxAttempts: 5,
    maxDurationMs: 3_600_000,
    payout: { kind: 'per_call', amount: 5_000_000 as Micros, afterMs: 30_000 },
    duplicateWindowMs: 86_400_000,
    velocityPerHour: 100,
    enforceHoursInbound: false,
    ringback: 'local',
  };
}

/** Four states, a quarter of the list apart. */
function statesFrom(n: number): string[] {
  return [0, 5, 10, 15].map((step) => (PLACES[(n + step) % PLACES.length] as (typeof PLACES)[number])[0]);
}

/**
 * Bids such that every caller finds just `eligible` of them: each wants four of twenty states, and of
 * those for a state most ask for an area code, a schedule, a tag or a price that no call meets.
 */
function bidsFor({ eligible, standing }: Case): Bid[] {
  return Array.from({ length: standing }, (_, n): Bid => {
    const nth = Math.floor(n / PLACES.length);
    const taken = standing === eligible || nth < eligible / 4;
    const buyer = n % 5_000;
    const flaw = taken ? -1 : nth % 4;
    const price = (flaw === 3 ? 500_000 : 2_000_000 + ((n * 7_919) % 30_000) * 1_000) as Micros;
    return {
      id: `bid-${n}`,
      campaignId: 'campaign',
      buyerId: `buyer-${buyer}`,
      targetId: `target-${buyer}`,
      status: 'active',
      plan: { kind: 'per_call', amount: price, afterMs: 0 },
      price,
      priority: 1 + (n % 3),
      weight: 100,
      targeting: {
        ...(standing === eligible ? {} : { states: statesFrom(n) }),
        ...(flaw === 0 ? { npas: ['907'] } : {}),
        ...(flaw === 1 ? { tags: { vertical: 'roofing' } } : {}),
        schedule: {
          timezone: 'America/New_York',
          windows: [{ days: flaw === 2 ? [] : [0, 1, 2, 3, 4, 5, 6], startMinute: 0, endMinute: 1440 }],
        },
      },
      caps: { hourly: 50, daily: 500, concurrent: 20 },
      expiresAt: undefined,
    };
  });
}

function marketFor(shape: Case): Market {
  const bids = bidsFor(shape);
  const ids = [...new Set(bids.map(({ buyerId }) => buyerId.slice('buyer-'.length)))];
  const market = new Market();
  market.load({
    accounts: ids.map((n) => ({
      id: `account-${n}`,
      name: `Buyer ${n}`,
      type: 'buyer',
      status: 'active',
      currency: 'USD',
      timezone: 'America/Chicago',
    })),
    trunks: [],
    numbers: [
      {
        id: 'number',
        number: '+18005550199' as E164,
        campaignId: 'campaign',
        sellerId: 'seller',
        status: 'active',
      },
    ],
    campaigns: [campaign()],
    buyers: ids.map((n) => ({
      id: `buyer-${n}`,
      accountId: `account-${n}`,
      name: `Buyer ${n}`,
      status: 'active',
      maxConcurrent: 50,
    })),
    targets: ids.map((n) => ({
      id: `target-${n}`,
      buyerId: `buyer-${n}`,
      name: `Target ${n}`,
      status: 'active',
      kind: 'sip',
      uri: `sip:agent@buyer-${n}.example`,
      maxConcurrent: 10,
      ringTimeoutMs: undefined,
    })),
    bids,
    dnc: [],
  });
  return market;
}

function attempts(count: number): CallAttempt[] {
  return Array.from({ length: count }, (_, n) => {
    const [, npas] = PLACES[n % PLACES.length] as (typeof PLACES)[number];
    const npa = npas[Math.floor(n / PLACES.length) % npas.length] as string;
    return {
      callId: `call-${n}`,
      receivedAt: START,
      from: `+1${npa}${2_340_000 + (n % 90_000)}` as E164,
      to: '+18005550199' as E164,
      trunkId: 'trunk',
      origin: 'inbound_consumer',
      attestation: 'A',
      tags: { vertical: 'solar' },
    };
  });
}

function measure(shape: Case): Result {
  const market = marketFor(shape);
  const activity = new Activity(market);
  const calls = attempts(10_000);
  const times = new Float64Array(DECISIONS);
  let sold = 0;
  const one = (n: number): void => {
    const attempt = calls[n % calls.length] as CallAttempt;
    // A thousand calls a second: the minute turns, and what is cached by the minute is made again.
    const now = START + n;
    const decision = decide(attempt, market, activity, now, n);
    if (decision.ok && decision.plan.length === 5) sold++;
    activity.recordDecision(decision);
  };
  for (let n = 0; n < WARM_UP; n++) one(n);
  const first = decide(calls[0] as CallAttempt, market, activity, START, 0).trace.bids;
  const found = (first.counts.over_max_attempts ?? 0) + (first.counts.same_target ?? 0) + 5;
  if (found !== shape.eligible || first.total !== shape.standing) {
    throw new Error(
      `${found} of ${first.total} bids are eligible, not ${shape.eligible} of ${shape.standing}`,
    );
  }
  collect();
  const heapBefore = process.memoryUsage().heapUsed;
  sold = 0;
  const began = performance.now();
  for (let n = 0; n < DECISIONS; n++) {
    const start = performance.now();
    one(WARM_UP + n);
    times[n] = performance.now() - start;
  }
  const seconds = (performance.now() - began) / 1_000;
  if (sold !== DECISIONS) throw new Error(`${sold} of ${DECISIONS} calls were sold`);
  collect();
  const growth = process.memoryUsage().heapUsed - heapBefore;
  times.sort();
  const at = (share: number): number => (times[Math.floor(share * (DECISIONS - 1))] as number) * 1_000;
  return {
    ...shape,
    p50Us: at(0.5),
    p99Us: at(0.99),
    maxUs: at(1),
    perSecond: DECISIONS / seconds,
    heapPerMillion: Math.round((growth * 1_000_000) / DECISIONS),
  };
}

/** Bids changed a second: each arrives as a fresh value, as from a feed; one in eight asks for other calls. */
function measureUpdates(shape: Case): number {
  const market = marketFor(shape);
  const bids = bidsFor(shape);
  const fresh = Array.from({ length: 50_000 }, (_, n): Bid => {
    const bid = structuredClone(bids[(n * 7_919) % bids.length] as Bid);
    const targeting = n % 8 === 0 ? { ...bid.targeting, npas: ['212', '310'] } : bid.targeting;
    return { ...bid, targeting };
  });
  const updates = 200_000;
  const began = performance.now();
  for (let n = 0; n < updates; n++) {
    const bid = fresh[n % fresh.length] as Bid;
    market.apply({ entity: 'bid', op: 'upsert', value: { ...bid, price: (bid.price + n) as Micros } });
  }
  return updates / ((performance.now() - began) / 1_000);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const CASES: readonly Case[] = [
  { eligible: 10, standing: 10 },
  { eligible: 100, standing: 100 },
  { eligible: 1_000, standing: 100_000 },
];
const results = CASES.map(measure);
const bidUpdatesPerSecond = Math.round(measureUpdates({ eligible: 1_000, standing: 100_000 }));

print('eligible  standing   p50 µs   p99 µs   max µs  decisions/s  heap bytes per 1,000,000');
for (const r of results) {
  const cells = [
    String(r.eligible).padStart(8),
    String(r.standing).padStart(8),
    r.p50Us.toFixed(1).padStart(7),
    r.p99Us.toFixed(1).padStart(7),
    r.maxUs.toFixed(0).padStart(7),
    r.perSecond.toFixed(0).padStart(11),
    String(r.heapPerMillion).padStart(14),
  ];
  print(cells.join('  '));
}
print(`bid updates a second among 100,000 standing bids: ${bidUpdatesPerSecond}`);

const [ten, hundred, thousand] = results as [Result, Result, Result];
const round = (value: number): number => Math.round(value * 10) / 10;
print(
  JSON.stringify({
    p50Us: round(thousand.p50Us),
    p99Us: round(thousand.p99Us),
    decisionsPerSecond: Math.round(thousand.perSecond),
    p50Us10: round(ten.p50Us),
    p99Us10: round(ten.p99Us),
    p50Us100: round(hundred.p50Us),
    p99Us100: round(hundred.p99Us),
    maxUs: Math.round(thousand.maxUs),
    heapBytesPerMillion: thousand.heapPerMillion,
    // Standing bids settled, one way or the other, most of them thirty-two at a time.
    bidsPerSecond: Math.round(thousand.perSecond * thousand.standing),
    bidUpdatesPerSecond,
  }),
);

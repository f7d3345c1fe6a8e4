import type {
  Account,
  Bid,
  BidQuality,
  Buyer,
  CapReason,
  CapSubject,
  IneligibleReason,
  Target,
  TagRule,
} from '../../../src/domain';
import type { Campaign, WeeklySchedule } from '../../../src/domain';
import { zoneOf } from '../../../src/domain';
import type { BidQuery } from '../../../src/market';
import { hashId, milesBetween, mix32, zipCentre } from '../../../src/market';

/**
 * The rules of selling a call once more, said in the most obvious way: loops over bids, no columns,
 * no bits, nothing kept. What the market, the auction and the routing make of a call must be this.
 */
export interface World {
  readonly campaign: Campaign;
  readonly bids: readonly Bid[];
  readonly buyers: readonly Buyer[];
  readonly targets: readonly Target[];
  readonly accounts: readonly Account[];
  readonly qualities: readonly BidQuality[];
  readonly blocked: readonly Block[];
}

/** A cap seen exhausted. */
export interface Block {
  readonly kind: Exclude<CapSubject, 'seller'>;
  readonly id: string;
  readonly reason: CapReason;
  readonly until: number;
}

/** A call, as the bids are asked about it; duplicates by their ids. */
export interface Call extends Omit<BidQuery, 'duplicates'> {
  readonly seed: number;
  readonly cursor: number;
  readonly lastBuyer: string | undefined;
  readonly recentBuyers: readonly string[];
  readonly recentTargets: readonly string[];
}

export interface Sold {
  readonly bidId: string;
  readonly price: number;
}

export interface Outcome {
  readonly plan: readonly Sold[];
  readonly why: ReadonlyMap<string, IneligibleReason | 'rung'>;
}

interface Entrant {
  readonly bid: Bid;
  readonly offer: number;
}

export function sellPlainly(world: World, call: Call): Outcome {
  const why = new Map<string, IneligibleReason | 'rung'>();
  const eligible: Entrant[] = [];
  for (const bid of world.bids) {
    const verdict = consider(bid, world, call);
    if (typeof verdict === 'number') eligible.push({ bid, offer: verdict });
    else why.set(bid.id, verdict);
  }
  const plan: Sold[] = [];
  const rung = new Set<string>();
  const places = world.campaign.maxAttempts;
  for (const fallback of [false, true]) {
    const group = eligible.filter(({ bid }) => bid.fallback === fallback);
    const natural = bestOfEachTarget(group.sort((a, b) => compare(a, b, world, call)));
    const sticky = fallback ? undefined : natural.find(({ bid }) => bid.buyerId === call.lastBuyer);
    const order = sticky ? [sticky, ...natural.filter((each) => each !== sticky)] : natural;
    for (const entrant of order) {
      if (plan.length >= places || rung.has(entrant.bid.targetId)) continue;
      plan.push({ bidId: entrant.bid.id, price: priceOf(entrant, natural, world, call) });
      why.set(entrant.bid.id, 'rung');
      rung.add(entrant.bid.targetId);
    }
  }
  for (const { bid } of eligible) {
    if (!why.has(bid.id)) why.set(bid.id, rung.has(bid.targetId) ? 'same_target' : 'over_max_attempts');
  }
  return { plan, why };
}

/** What a bid offers for a call, or why it may not have it. */
function consider(bid: Bid, world: World, call: Call): IneligibleReason | number {
  const buyer = world.buyers.find(({ id }) => id === bid.buyerId);
  const target = world.targets.find(({ id }) => id === bid.targetId);
  if (bid.status !== 'active') return 'bid_paused';
  if (buyer?.status !== 'active') return 'buyer_paused';
  if (target?.status !== 'active' || target.buyerId !== bid.buyerId) return 'target_paused';
  const payer = world.accounts.find(({ id }) => id === buyer.accountId);
  if (payer?.status !== 'active') return 'account_suspended';
  if (payer.funds === 'stopped') return 'funds';
  const { targeting } = bid;
  if (targeting.states && !targeting.states.includes(call.state ?? 'nowhere')) return 'state';
  if (targeting.npas && !targeting.npas.includes(call.npa ?? 'none')) return 'npa';
  if (targeting.zips && !targeting.zips.includes(call.zip ?? 'none')) return 'zip';
  if (targeting.attestation && !targeting.attestation.includes(call.attestation ?? null))
    return 'attestation';
  if (targeting.lineTypes && !targeting.lineTypes.includes(call.lineType)) return 'line_type';
  if (targeting.languages && !targeting.languages.includes(call.language)) return 'language';
  if (targeting.excludedSellers?.includes(call.sellerId)) return 'seller_excluded';
  if (targeting.schedule && !isOpen(targeting.schedule, call.now)) return 'schedule';
  if (!meetsTags(targeting.tags, call)) return 'tags';
  if (targeting.near) {
    const centre = zipCentre(targeting.near.zip);
    if (!centre || !call.place || milesBetween(centre, call.place) > targeting.near.miles) return 'distance';
  }
  if (bid.expiresAt !== undefined && bid.expiresAt <= call.now) return 'bid_expired';
  const standing = bid.ping ? undefined : modified(bid, call);
  if (standing !== undefined && standing < call.reserve) return 'below_reserve';
  if (standing !== undefined && standing < call.marginFloor) return 'margin';
  if (target.pausedUntil !== undefined && target.pausedUntil > call.now) return 'target_disciplined';
  const { scope } = world.campaign.duplicates;
  if (scope === 'campaign' && call.recentBuyers.length > 0) return 'duplicate';
  if (scope === 'buyer' && call.recentBuyers.includes(bid.buyerId)) return 'duplicate';
  if (scope === 'target' && call.recentTargets.includes(bid.targetId)) return 'duplicate';
  for (const [kind, id] of [
    ['bid', bid.id],
    ['target', bid.targetId],
    ['buyer', bid.buyerId],
  ] as const) {
    const block = world.blocked.find((each) => each.kind === kind && each.id === id && each.until > call.now);
    if (block) return block.reason;
  }
  if (!call.skills.every((skill) => (target.skills?.[skill] ?? 0) > 0)) return 'skill';
  if (standing !== undefined) return standing;
  const live = call.liveBids.find(({ bidId }) => bidId === bid.id);
  if (!live) return 'rtb_not_asked';
  if (!live.ok) return live.why;
  if (live.expiresAt <= call.now) return 'bid_expired';
  if (live.price > bid.price) return 'rtb_invalid';
  if (live.price < call.reserve) return 'below_reserve';
  if (live.price < call.marginFloor) return 'margin';
  return live.price;
}

function modified(bid: Bid, call: Call): number {
  let price = bid.price as number;
  for (const { factorBp, states, npas, sellers, tags, schedule } of bid.modifiers) {
    if (states && !states.includes(call.state ?? 'nowhere')) continue;
    if (npas && !npas.includes(call.npa ?? 'none')) continue;
    if (sellers && !sellers.includes(call.sellerId)) continue;
    if (!meetsTags(tags, call) || (schedule && !isOpen(schedule, call.now))) continue;
    if (factorBp === 0) return -1;
    price = Math.floor((price * factorBp) / 10_000);
  }
  return price;
}

function meetsTags(rules: Readonly<Record<string, TagRule>> | undefined, call: Call): boolean {
  return Object.entries(rules ?? {}).every(([key, rule]) => {
    const value = call.tags[key];
    return (
      value !== undefined && (rule === '*' || rule === value || (Array.isArray(rule) && rule.includes(value)))
    );
  });
}

function isOpen({ timezone, windows }: WeeklySchedule, now: number): boolean {
  const minute = zoneOf(timezone).minuteOfWeek(now);
  return windows.some(({ days, startMinute, endMinute }) =>
    days.some((day) => {
      const length = endMinute > startMinute ? endMinute - startMinute : endMinute + 1440 - startMinute;
      return (minute - (day * 1440 + startMinute) + 10_080) % 10_080 < length;
    }),
  );
}

/** Negative when `a` goes before `b`. */
function compare(a: Entrant, b: Entrant, world: World, call: Call): number {
  const keys = (entrant: Entrant): readonly number[] => keysOf(entrant, world, call);
  const [one, two] = [keys(a), keys(b)];
  for (const [n, key] of one.entries()) if (key !== two[n]) return key - (two[n] as number);
  return a.bid.id < b.bid.id ? -1 : 1;
}

function keysOf({ bid, offer }: Entrant, world: World, call: Call): readonly number[] {
  const hash = hashId(bid.id);
  const chance = mix32(call.seed, hash);
  const share = -Math.log((chance + 0.5) / 2 ** 32) / bid.weight;
  const target = world.targets.find(({ id }) => id === bid.targetId);
  switch (world.campaign.routing) {
    case 'auction':
      return [-offer * factorOf(bid, world), chance];
    case 'priority':
      return [bid.priority, share];
    case 'weighted':
      return [share];
    case 'round_robin':
      return [(hash - call.cursor - 1 + 2 ** 33) % 2 ** 32];
    case 'skill':
      return [-call.skills.reduce((sum, skill) => sum + (target?.skills?.[skill] ?? 0), 0), -offer, chance];
    case 'least_cost':
      return [target?.costPerMinute ?? 0, -offer, chance];
    case 'performance':
      return [-revenueOf(bid, world), -offer, chance];
  }
}

function bestOfEachTarget(sorted: readonly Entrant[]): Entrant[] {
  return sorted.filter(
    ({ bid }, at) => !sorted.slice(0, at).some((better) => better.bid.targetId === bid.targetId),
  );
}

function priceOf(entrant: Entrant, natural: readonly Entrant[], world: World, call: Call): number {
  const { routing, auctionType } = world.campaign;
  if (routing !== 'auction' || auctionType === 'first_price') return entrant.offer;
  const floor = Math.max(call.reserve, call.marginFloor);
  const behind = natural.slice(natural.indexOf(entrant) + 1);
  const rival = behind.find(({ bid }) => bid.buyerId !== entrant.bid.buyerId);
  if (!rival) return floor;
  const worth = BigInt(rival.offer) * BigInt(factorOf(rival.bid, world));
  const factor = BigInt(factorOf(entrant.bid, world));
  const lowest = Number((worth + factor - 1n) / factor);
  return Math.max(floor, lowest);
}

interface Sums {
  readonly rings: number;
  readonly answers: number;
  readonly conversions: number;
  readonly revenue: number;
}

/** Records of the bids that are in the market, summed; counts in thousandths, so that no order of adding shows. */
function recordsOf(world: World): Sums {
  const sum = { rings: 0, answers: 0, conversions: 0, revenue: 0 };
  for (const quality of world.qualities) {
    if (!world.bids.some(({ id }) => id === quality.id)) continue;
    sum.rings += Math.round(quality.rings * 1_000);
    sum.answers += Math.round(quality.answers * 1_000);
    sum.conversions += Math.round(quality.conversions * 1_000);
    sum.revenue += Math.round(quality.revenue);
  }
  return sum;
}

/** A mean in steps of a thirty-second of its power of two. */
function stepped(mean: number): number {
  if (mean <= 0) return 0;
  let power = 1;
  while (power * 2 <= mean) power *= 2;
  while (power > mean) power /= 2;
  return (Math.round((mean / power) * 32) / 32) * power;
}

function factorOf(bid: Bid, world: World): number {
  const own = world.qualities.find(({ id }) => id === bid.id);
  const weight = world.campaign.qualityWeight;
  const even = 2 ** 20;
  if (!own || weight === 0) return even;
  const all = recordsOf(world);
  const answer = all.rings > 0 ? stepped(all.answers / all.rings) : 0;
  const conversion = all.answers > 0 ? stepped(all.conversions / all.answers) : 0;
  const answers = answer > 0 ? (own.answers + 20 * answer) / (own.rings + 20) / answer : 1;
  const conversions =
    conversion > 0 ? (own.conversions + 10 * conversion) / (own.answers + 10) / conversion : 1;
  return Math.min(2 ** 30, Math.max(1, Math.round((answers * conversions) ** weight * even)));
}

function revenueOf(bid: Bid, world: World): number {
  const own = world.qualities.find(({ id }) => id === bid.id);
  const all = recordsOf(world);
  const mean = all.rings > 0 ? stepped((all.revenue / all.rings) * 1_000) : 0;
  return Math.round(own ? (own.revenue + 20 * mean) / (own.rings + 20) : mean);
}

import type { AttemptEvent, CallAttempt, EndedEvent, Zone } from '../domain';
import { endSigns } from '../domain';
import { CallerMemory } from './caller-memory';
import { prefixRiskOf } from './prefix-risk';
import type { PriorSource } from './priors';
import { ALL_PRIOR, expectedBad, meanOf } from './priors';
import { SellerMemory } from './seller-memory';
import type { SignalVector } from './signals';
import { roundSignals, SIGNAL, signalVector } from './signals';
import { SourceMemory } from './source-memory';
import { blockOfKey, exchangeOfKey, idKey, isNanpKey, npaOfKey, numberKey } from './structures/keys';
import { SpaceSaving } from './structures/space-saving';

/** What the other rooms found out about a call. */
export interface FraudContext {
  readonly sellerId: string | undefined;
  /** What the caller's digits say; `withheld` when there are none. */
  readonly number: 'geographic' | 'non_geographic' | 'unassigned' | 'impossible' | 'foreign' | 'withheld';
  /** The place claimed for the caller is none its number may be of. */
  readonly placeContradicted: boolean;
  /** Clock of the place where the caller is; undefined when nobody knows. */
  readonly zone: Zone | undefined;
  /** One of the numbers that forwarded the call is a number of the exchange. */
  readonly forwardedByUs: boolean;
  readonly priors: PriorSource;
}

/** Where the decision reads its signals: live, or as a trace remembers them. */
export interface FraudView {
  /**
   * The signals of a call that is not recorded yet.
   *
   * @param now - UTC epoch milliseconds
   * @returns a vector that the next reading overwrites
   */
  read(attempt: CallAttempt, context: FraudContext, now: number): SignalVector;
}

/** Bounds of what is remembered. */
export interface FraudStateLimits {
  /** Callers counted exactly, 350 bytes each; sketches hold the others. */
  readonly callers: number;
  /** Dialled numbers, 600 bytes each. */
  readonly dids: number;
  /** Sellers, 12 kB each. */
  readonly sellers: number;
  readonly trunks: number;
}

const DEFAULT_LIMITS: FraudStateLimits = { callers: 65_536, dids: 16_384, sellers: 1_024, trunks: 1_024 };
const HOUR_MS = 3_600_000;
/** Longest time since a call that is told apart. */
const MAX_SINCE_S = 86_400;
/** Blocks of numbers watched over all sellers. */
const BLOCKS = 512;
const BLOCKS_HALVE_MS = HOUR_MS;
const NIGHT_FROM_HOUR = 22;
const NIGHT_TO_HOUR = 7;
const TOLL_FREE_NPAS: ReadonlySet<number> = new Set([800, 833, 844, 855, 866, 877, 888]);

/**
 * What has been seen of callers, dialled numbers, sellers and trunks lately: bounded, in memory,
 * without IO. Every attempt and every end is recorded here, those of other nodes as well; events may
 * come late and a little out of order.
 */
export class FraudState implements FraudView {
  readonly #callers: CallerMemory;
  readonly #dids: SourceMemory;
  readonly #sellers: SellerMemory;
  readonly #trunks: SourceMemory;
  readonly #blocks = new SpaceSaving(1, BLOCKS);
  #blocksHalvedAt = 0;
  readonly #vector = signalVector();

  constructor(limits: Partial<FraudStateLimits> = {}) {
    const { callers, dids, sellers, trunks } = { ...DEFAULT_LIMITS, ...limits };
    this.#callers = new CallerMemory(callers);
    this.#dids = new SourceMemory(dids);
    this.#sellers = new SellerMemory(sellers);
    this.#trunks = new SourceMemory(trunks);
  }

  /** A call came in: it counts from the next one on. */
  recordAttempt(event: AttemptEvent): void {
    const { at } = event;
    const did = numberKey(event.did);
    const caller = event.caller === undefined ? 0 : numberKey(event.caller);
    let newCaller = false;
    let row = -1;
    if (caller > 0) {
      const known = this.#callers.table.find(caller);
      newCaller = this.#callers.inDay(known, caller, at) === 0;
      row = this.#callers.record(caller, at);
      this.#callers.gaps.observe(row, at);
      this.#callers.lastDid[row] = did;
      if (newCaller && isNanpKey(caller)) this.#recordBlock(caller, at);
    }
    this.#dids.recordAttempt(rowOf(this.#dids.claim(did, at)), event, newCaller);
    const trunk = this.#trunks.claim(idKey(event.trunkId), at);
    this.#trunks.recordAttempt(rowOf(trunk), event, newCaller);
    if (event.sellerId === undefined) return;
    const seller = idKey(event.sellerId);
    const sellerRow = this.#sellers.claim(seller, at);
    this.#sellers.recordAttempt(sellerRow, seller, event, caller, did, this.#callers, row, newCaller);
  }

  /** A call is over: what it was like speaks of those it came from. */
  recordEnd(event: EndedEvent): void {
    const { at } = event;
    const signs = endSigns(event);
    if (event.caller !== undefined && event.ringMs !== undefined) {
      const row = this.#callers.rowFor(numberKey(event.caller), at);
      this.#callers.short.observe(row, signs.short ? 1 : 0);
      this.#callers.quickCancels.observe(row, signs.quickCancel ? 1 : 0);
      this.#callers.piles.observe(row, signs.pile ? 1 : 0);
    }
    this.#dids.recordEnd(rowOf(this.#dids.claim(numberKey(event.did), at)), event, signs);
    this.#trunks.recordEnd(rowOf(this.#trunks.claim(idKey(event.trunkId), at)), event, signs);
    if (event.sellerId === undefined) return;
    this.#sellers.sources.recordEnd(this.#sellers.claim(idKey(event.sellerId), at), event, signs);
  }

  read(attempt: CallAttempt, context: FraudContext, now: number): SignalVector {
    const v = this.#vector;
    v.fill(0);
    const did = numberKey(attempt.to);
    const caller = attempt.from === undefined ? 0 : numberKey(attempt.from);
    readAttempt(v, attempt, context, caller, did, now);
    if (caller > 0) this.#readCaller(v, context, caller, did, now);
    this.#readDid(v, did, now);
    this.#readTrunk(v, attempt.trunkId, now);
    if (context.sellerId !== undefined) this.#readSeller(v, context.sellerId, caller, now);
    readPriors(v, attempt, context, caller);
    roundSignals(v);
    return v;
  }

  #recordBlock(caller: number, at: number): void {
    if (at - this.#blocksHalvedAt >= BLOCKS_HALVE_MS) {
      this.#blocks.halve(0);
      this.#blocksHalvedAt = at;
    }
    this.#blocks.observe(0, blockOfKey(caller) + 1);
  }

  #readCaller(v: SignalVector, { sellerId }: FraudContext, caller: number, did: number, now: number): void {
    const callers = this.#callers;
    const row = callers.table.find(caller);
    const inDay = callers.inDay(row, caller, now);
    v[SIGNAL.caller_new] = inDay === 0 ? 1 : 0;
    v[SIGNAL.caller_1m] = callers.inMinute(row, now);
    v[SIGNAL.caller_1h] = callers.inHour(row, caller, now);
    v[SIGNAL.caller_24h] = inDay;
    v[SIGNAL.caller_since] = MAX_SINCE_S;
    if (isNanpKey(caller)) {
      v[SIGNAL.block_callers] = this.#blocks.least(0, blockOfKey(caller) + 1);
      v[SIGNAL.npa_rarity] = this.#sellers.rarityOf(caller);
    }
    if (row < 0) return;
    v[SIGNAL.caller_since] = Math.min(MAX_SINCE_S, Math.floor(callers.gaps.since(row, now) / 1_000));
    v[SIGNAL.caller_same_did] = callers.lastDid[row] === did ? 1 : 0;
    v[SIGNAL.caller_regularity] = callers.gaps.regularity(row);
    const seller = sellerId === undefined ? 0 : idKey(sellerId);
    v[SIGNAL.caller_sellers] = callers.links.others(row, seller, now);
    v[SIGNAL.caller_short] = callers.short.recent(row);
    v[SIGNAL.caller_quick_cancels] = callers.quickCancels.recent(row);
    v[SIGNAL.caller_piles] = callers.piles.recent(row);
  }

  #readDid(v: SignalVector, did: number, now: number): void {
    const row = this.#dids.find(did);
    if (row < 0) return;
    const dids = this.#dids;
    v[SIGNAL.did_1m] = dids.minute.read(row, now);
    v[SIGNAL.did_1h] = dids.hour.read(row, now);
    v[SIGNAL.did_24h] = dids.day.read(row, now);
    v[SIGNAL.did_burst] = dids.burst(row, now);
    v[SIGNAL.did_surge] = dids.surge(row, now);
    v[SIGNAL.did_regularity] = dids.gaps.regularity(row);
    v[SIGNAL.did_short] = dids.short.recent(row);
    v[SIGNAL.did_short_risen] = dids.short.risen(row);
    v[SIGNAL.did_answered] = dids.answered.recent(row);
    v[SIGNAL.did_new_callers] = dids.newCallers.recent(row);
    v[SIGNAL.did_pile] = dids.piles.recent(row);
  }

  #readTrunk(v: SignalVector, trunkId: string, now: number): void {
    const row = this.#trunks.find(idKey(trunkId));
    if (row < 0) return;
    const trunks = this.#trunks;
    v[SIGNAL.trunk_1m] = trunks.minute.read(row, now);
    v[SIGNAL.trunk_1h] = trunks.hour.read(row, now);
    v[SIGNAL.trunk_burst] = trunks.burst(row, now);
    v[SIGNAL.trunk_short] = trunks.short.recent(row);
    v[SIGNAL.trunk_answered_fallen] = trunks.answered.fallen(row);
    v[SIGNAL.trunk_misidentified] = trunks.misidentified.recent(row);
  }

  #readSeller(v: SignalVector, sellerId: string, caller: number, now: number): void {
    const sellers = this.#sellers;
    const row = sellers.find(idKey(sellerId));
    if (row < 0) return;
    const { sources } = sellers;
    v[SIGNAL.seller_1m] = sources.minute.read(row, now);
    v[SIGNAL.seller_1h] = sources.hour.read(row, now);
    v[SIGNAL.seller_24h] = sources.day.read(row, now);
    v[SIGNAL.seller_burst] = sources.burst(row, now);
    v[SIGNAL.seller_surge] = sources.surge(row, now);
    v[SIGNAL.seller_distinct] = sellers.distinctShare(row, now);
    v[SIGNAL.seller_new_callers] = sources.newCallers.recent(row);
    v[SIGNAL.seller_new_callers_risen] = sources.newCallers.risen(row);
    v[SIGNAL.seller_signed] = sellers.signed.recent(row);
    v[SIGNAL.seller_signed_fallen] = sellers.signed.fallen(row);
    v[SIGNAL.seller_npa_rarity] = sellers.rarity.recent(row);
    v[SIGNAL.seller_npa_rarity_risen] = sellers.rarity.risen(row);
    v[SIGNAL.seller_npa_surprise_risen] = sellers.surprise.risen(row);
    v[SIGNAL.seller_npa_evenness] = sellers.npas.evenness(row);
    v[SIGNAL.seller_npa_gap] = sellers.evennessGap(row);
    v[SIGNAL.seller_hour_evenness] = sellers.hours.evenness(row);
    v[SIGNAL.seller_neighbour] = sellers.neighbours.recent(row);
    v[SIGNAL.seller_neighbour_lift] = sellers.neighbourLift(row);
    v[SIGNAL.seller_contradicted] = sellers.contradicted.recent(row);
    v[SIGNAL.seller_contradicted_risen] = sellers.contradicted.risen(row);
    v[SIGNAL.seller_misidentified] = sources.misidentified.recent(row);
    v[SIGNAL.seller_foreign] = sellers.foreign.recent(row);
    v[SIGNAL.seller_shared] = sellers.shared.recent(row);
    v[SIGNAL.seller_partner_share] = sellers.partnerShare(row);
    v[SIGNAL.seller_partners] = sellers.partnersOf(row);
    v[SIGNAL.seller_short] = sources.short.recent(row);
    v[SIGNAL.seller_short_risen] = sources.short.risen(row);
    v[SIGNAL.seller_answered] = sources.answered.recent(row);
    v[SIGNAL.seller_answered_fallen] = sources.answered.fallen(row);
    v[SIGNAL.seller_duration] = sources.duration.recent(row);
    v[SIGNAL.seller_duration_fallen] = sources.duration.fallen(row);
    v[SIGNAL.seller_duration_risen] = sources.duration.risen(row);
    v[SIGNAL.seller_quick_cancels] = sources.quickCancels.recent(row);
    v[SIGNAL.seller_pile] = sources.piles.recent(row);
    v[SIGNAL.seller_pile_risen] = sources.piles.risen(row);
    if (caller === 0) return;
    if (!isNanpKey(caller)) {
      v[SIGNAL.seller_foreign_lift] = -Math.log2(sellers.foreign.usual(row) + 0.001);
      return;
    }
    v[SIGNAL.npa_surprise] = sellers.surpriseOf(row, caller) - sellers.surprise.usual(row);
    const block = blockOfKey(caller);
    v[SIGNAL.seller_block_callers] = sellers.blockCallers(row, block);
    v[SIGNAL.seller_block_share] = sellers.blockShare(row, block);
  }
}

function rowOf(claimed: number): number {
  return claimed < 0 ? ~claimed : claimed;
}

function readAttempt(
  v: SignalVector,
  attempt: CallAttempt,
  context: FraudContext,
  caller: number,
  did: number,
  now: number,
): void {
  const { number, zone } = context;
  if (caller === 0) v[SIGNAL.caller_withheld] = 1;
  else {
    if (number === 'impossible') v[SIGNAL.caller_impossible] = 1;
    else if (number === 'unassigned') v[SIGNAL.caller_unassigned] = 1;
    else if (number === 'non_geographic') v[SIGNAL.caller_non_geographic] = 1;
    else if (number === 'foreign') v[SIGNAL.caller_foreign] = 1;
    readNumbers(v, caller, did);
  }
  if (isNanpKey(did) && TOLL_FREE_NPAS.has(npaOfKey(did))) v[SIGNAL.toll_free_dialled] = 1;
  if (attempt.attestation === 'A') v[SIGNAL.attestation_a] = 1;
  else if (attempt.attestation === 'C') v[SIGNAL.attestation_c] = 1;
  else if (attempt.attestation === undefined) v[SIGNAL.attestation_none] = 1;
  if (attempt.verstat === 'failed') v[SIGNAL.verstat_failed] = 1;
  else if (attempt.verstat === 'stale') v[SIGNAL.verstat_stale] = 1;
  else if (attempt.verstat === 'replayed') v[SIGNAL.verstat_replayed] = 1;
  else if (attempt.verstat === 'wrong_number') v[SIGNAL.verstat_wrong_number] = 1;
  if (context.placeContradicted) v[SIGNAL.place_contradicted] = 1;
  v[SIGNAL.forwards] = attempt.forwardedBy.length;
  if (context.forwardedByUs) v[SIGNAL.forwarded_by_us] = 1;
  if (zone) {
    const hour = Math.floor((zone.minuteOfWeek(now) % 1_440) / 60);
    if (hour >= NIGHT_FROM_HOUR || hour < NIGHT_TO_HOUR) v[SIGNAL.off_hours] = 1;
  }
}

function readNumbers(v: SignalVector, caller: number, did: number): void {
  if (caller === did) v[SIGNAL.caller_is_called] = 1;
  const risk = prefixRiskOf(caller);
  if (risk === 'premium') v[SIGNAL.prefix_premium] = 1;
  else if (risk === 'irsf') v[SIGNAL.prefix_irsf] = 1;
  else if (risk === 'wangiri_lure') v[SIGNAL.prefix_wangiri] = 1;
  if (!isNanpKey(caller) || !isNanpKey(did)) return;
  if (caller !== did && exchangeOfKey(caller) === exchangeOfKey(did)) v[SIGNAL.neighbour] = 1;
  let shared = 10;
  for (let a = caller, b = did; a !== b; a = Math.floor(a / 10), b = Math.floor(b / 10)) shared--;
  v[SIGNAL.shared_digits] = Math.max(0, shared);
}

function readPriors(v: SignalVector, attempt: CallAttempt, context: FraudContext, caller: number): void {
  const { priors, sellerId } = context;
  const mean = meanOf(priors.prior(ALL_PRIOR));
  v[SIGNAL.prior_seller] =
    sellerId === undefined ? mean : expectedBad(priors.prior(`seller:${sellerId}`), mean);
  v[SIGNAL.prior_number] = expectedBad(priors.prior(`number:${attempt.to}`), mean);
  v[SIGNAL.prior_trunk] = expectedBad(priors.prior(`trunk:${attempt.trunkId}`), mean);
  v[SIGNAL.prior_prefix] = isNanpKey(caller)
    ? expectedBad(priors.prior(`prefix:${blockOfKey(caller)}`), mean)
    : mean;
}

import type { FraudPrior } from '../domain';
import { endSigns, isNanp } from '../domain';
import type { E164, EndReason } from '../domain';

/** A call that ended, as far as priors and cases speak of it. */
export interface FraudCall {
  readonly id: string;
  readonly caller: E164 | null;
  readonly dialled: string;
  readonly trunkId: string;
  readonly campaignId: string | null;
  readonly sellerId: string | null;
  /** UTC epoch milliseconds. */
  readonly receivedAt: number;
  readonly firstRingAt: number | null;
  readonly answeredAt: number | null;
  readonly endedAt: number;
  readonly endReason: EndReason;
  readonly connectedMs: number;
  /** Connected milliseconds from which the seller is paid; null when nobody took it. */
  readonly payoutAfterMs: number | null;
}

/** Running sums of a source, as of an instant (UTC epoch milliseconds). */
export interface FraudSums {
  readonly asOf: number;
  readonly calls: number;
  readonly bad: number;
  readonly shortCalls: number;
  readonly answered: number;
}

/** What a call that is so old counts: half of a fresh one. */
const HALF_LIFE_MS = 30 * 86_400_000;
/** The market is told of a share of bad calls that moved by so much, or of calls that grew by so many in one. */
const MOVED = 0.01;
const GREW = 0.25;
/** Calls that a source's share is drawn to the mean with: what it moves by counts as the readers will see it. */
const STRENGTH = 100;

/** The prior of all calls together. */
const ALL_CALLS = 'all';

/** Priors that a call counts for. */
export function sourcesOf({
  caller,
  dialled,
  trunkId,
  sellerId,
}: Pick<FraudCall, 'caller' | 'dialled' | 'trunkId' | 'sellerId'>): string[] {
  const sources = [ALL_CALLS, `number:${dialled}`, `trunk:${trunkId}`];
  if (sellerId !== null) sources.push(`seller:${sellerId}`);
  // A block of a thousand numbers says nothing of a person.
  if (caller !== null && isNanp(caller)) sources.push(`prefix:${caller.slice(2, 9)}`);
  return sources;
}

/**
 * Sums of what ended, by source. What nobody was rung for is not counted: what the exchange refused
 * says what the exchange thought, and must not become its own proof. A block of numbers is counted from
 * its first bad call on, else there would be as many as there are callers.
 *
 * @param known - blocks that are counted already
 */
export function sumsOf(calls: readonly FraudCall[], known: ReadonlySet<string>): Map<string, FraudSums> {
  const sums = new Map<string, FraudSums>();
  for (const call of calls) {
    if (call.firstRingAt === null) continue;
    const signs = endSigns({
      answered: call.answeredAt !== null,
      connectedMs: call.connectedMs,
      ringMs: Math.max(0, (call.answeredAt ?? call.endedAt) - call.firstRingAt),
      endedBy: endedBy(call.endReason),
      payoutAfterMs: call.payoutAfterMs ?? undefined,
    });
    const bad = signs.short || signs.quickCancel || signs.pile;
    const one: FraudSums = {
      asOf: call.endedAt,
      calls: 1,
      bad: bad ? 1 : 0,
      shortCalls: signs.short ? 1 : 0,
      answered: call.answeredAt === null ? 0 : 1,
    };
    for (const source of sourcesOf(call)) {
      const before = sums.get(source);
      if (source.startsWith('prefix:') && !bad && !before && !known.has(source)) continue;
      sums.set(source, before ? together(before, one) : one);
    }
  }
  return sums;
}

/** Two sums together, as of the later instant. */
export function together(one: FraudSums, two: FraudSums): FraudSums {
  const asOf = Math.max(one.asOf, two.asOf);
  const [a, b] = [2 ** ((one.asOf - asOf) / HALF_LIFE_MS), 2 ** ((two.asOf - asOf) / HALF_LIFE_MS)];
  return {
    asOf,
    calls: one.calls * a + two.calls * b,
    bad: one.bad * a + two.bad * b,
    shortCalls: one.shortCalls * a + two.shortCalls * b,
    answered: one.answered * a + two.answered * b,
  };
}

/** True when the market should know. */
export function isMaterial(known: Pick<FraudPrior, 'calls' | 'bad'> | undefined, sums: FraudSums): boolean {
  if (!known) return true;
  if (sums.calls > known.calls * (1 + GREW) + 10 || sums.calls < known.calls / 2) return true;
  const mean = 0.02;
  const shareOf = ({ calls, bad }: Pick<FraudPrior, 'calls' | 'bad'>): number =>
    (bad + STRENGTH * mean) / (calls + STRENGTH);
  return Math.abs(shareOf(sums) - shareOf(known)) > MOVED;
}

function endedBy(reason: EndReason): 'caller' | 'buyer' | 'exchange' {
  if (reason === 'caller_hangup' || reason === 'caller_cancel') return 'caller';
  return reason === 'buyer_hangup' ? 'buyer' : 'exchange';
}

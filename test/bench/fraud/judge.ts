import { assessFraud, NO_MODELS } from '../../../src/fraud';
import type { FraudModels, SignalVector } from '../../../src/fraud';
import { signalVector } from '../../../src/fraud/signals';
import { prAuc, recallAt, rocAuc, thresholdAt } from '../../../src/fraud/train';
import { vectorAt } from '../../../src/fraud/train/dataset';
import type { Judged } from './collect';
import { PATTERNS } from './world';

/** What a campaign leaves as it is. */
export const POLICY = { flag: 0.3, challenge: 0.6, block: 0.8 } as const;
const CAMPAIGN = { velocityPerHour: 100, fraud: POLICY } as const;
const MINUTE_MS = 60_000;

/** Scores as the product gives them: with the hard rules, rounded. */
export function scoresOf({ data }: Judged, models: FraudModels = NO_MODELS): Float64Array {
  const signals: SignalVector = signalVector();
  return Float64Array.from(
    { length: data.rows },
    (_, row) => assessFraud({ signals: vectorAt(data, row, signals), campaign: CAMPAIGN, models }).score,
  );
}

export interface Figures {
  readonly rocAuc: number;
  readonly prAuc: number;
  readonly recallAtFpr1: number;
  readonly recallAtFpr01: number;
  /** By pattern: recall at 1 % and 0.1 % false positives of all. */
  readonly patterns: readonly { readonly at1: number; readonly at01: number; readonly calls: number }[];
}

export function judge(scores: Float64Array, { data, calls }: Judged): Figures {
  const { labels } = data;
  const [at1, at01] = [thresholdAt(scores, labels, 0.01), thresholdAt(scores, labels, 0.001)];
  return {
    rocAuc: rocAuc(scores, labels),
    prAuc: prAuc(scores, labels),
    recallAtFpr1: recallAt(scores, labels, 0.01),
    recallAtFpr01: recallAt(scores, labels, 0.001),
    patterns: PATTERNS.map((_, pattern) => {
      let [found1, found01, all] = [0, 0, 0];
      for (const [row, call] of calls.entries()) {
        if (call.pattern !== pattern) continue;
        const score = scores[row] as number;
        all++;
        if (score >= at1) found1++;
        if (score >= at01) found01++;
      }
      return { at1: found1 / all, at01: found01 / all, calls: all };
    }),
  };
}

/** What a threshold does to the calls of people, to fraud, and to the money. */
export interface Effect {
  /** Share of honest calls, and of frauds, with this score or more. */
  readonly honest: number;
  readonly fraud: number;
  /** Dollars: payouts for fraud that were not made, of all; margins of honest calls that were lost, of all. */
  readonly saved: number;
  readonly atStake: number;
  readonly lost: number;
  readonly earned: number;
}

export function effectOf(scores: Float64Array, { calls }: Judged, threshold: number): Effect {
  const sum = { honest: 0, fraud: 0, honestHit: 0, fraudHit: 0, saved: 0, atStake: 0, lost: 0, earned: 0 };
  for (const [row, call] of calls.entries()) {
    const hit = (scores[row] as number) >= threshold;
    const paid = call.answered && call.connectedMs >= call.payoutAfterMs;
    if (call.pattern >= 0) {
      sum.fraud++;
      if (hit) sum.fraudHit++;
      // A buyer who was sold a fraud wants its money back, and the seller keeps its own.
      if (paid) sum.atStake += call.payout;
      if (paid && hit) sum.saved += call.payout;
    } else {
      sum.honest++;
      if (hit) sum.honestHit++;
      if (paid) sum.earned += call.margin;
      if (paid && hit) sum.lost += call.margin;
    }
  }
  const { saved, atStake, lost, earned } = sum;
  const [honest, fraud] = [sum.honestHit / sum.honest, sum.fraudHit / sum.fraud];
  return { honest, fraud, saved, atStake, lost, earned };
}

/** How soon attacks are seen: share of them that ever are, and the median of those. */
export interface Detection {
  readonly pattern: number;
  readonly attacks: number;
  readonly seen: number;
  readonly medianCalls: number;
  readonly medianMinutes: number;
}

export function detectionOf(scores: Float64Array, { calls }: Judged, threshold: number): Detection[] {
  const attacks = new Map<
    number,
    { pattern: number; from: number; calls: number; seenAfter?: number; ms?: number }
  >();
  for (const [row, call] of calls.entries()) {
    if (call.attack < 0) continue;
    const attack = attacks.get(call.attack) ?? { pattern: call.pattern, from: call.at, calls: 0 };
    attacks.set(call.attack, attack);
    attack.calls++;
    if (attack.seenAfter !== undefined || (scores[row] as number) < threshold) continue;
    attack.seenAfter = attack.calls;
    attack.ms = call.at - attack.from;
  }
  return PATTERNS.map((_, pattern) => {
    const own = [...attacks.values()].filter((attack) => attack.pattern === pattern);
    const seen = own.filter((attack) => attack.seenAfter !== undefined);
    return {
      pattern,
      attacks: own.length,
      seen: seen.length / own.length,
      medianCalls: median(seen.map((attack) => attack.seenAfter as number)),
      medianMinutes: median(seen.map((attack) => (attack.ms as number) / MINUTE_MS)),
    };
  });
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

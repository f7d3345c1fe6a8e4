import { assessFraud, FraudState, ModelShelf, NO_PRIORS } from '../../../src/fraud';
import { SHIPPED_MODELS } from '../../../src/fraud/shipped-models';
import { POLICY } from './judge';
import { makeWorld } from './make-world';
import { attemptOf, contextOf, eventOf } from './run-world';
import type { MadeCall } from './world';
import { HELD_OUT } from './worlds';

const CAMPAIGN = { velocityPerHour: 100, fraud: POLICY } as const;

/**
 * How long it takes to read the signals of a call and to score it, with one shipped model that counts
 * and one in its shadow, in a state that has seen a day of calls.
 */
export function measureFraudScore(): { readonly p50Us: number; readonly p99Us: number } {
  const calls = makeWorld({ ...HELD_OUT, days: 1 });
  const [active, shadow] = SHIPPED_MODELS;
  const rows = [
    { id: 'active', status: 'active', model: active },
    { id: 'shadow', status: 'shadow', model: shadow },
  ] as const;
  const models = new ModelShelf().of(new Map(rows.map((row) => [row.id, row])));
  const state = new FraudState();
  for (const call of calls) state.recordAttempt(eventOf(call));
  const now = (calls.at(-1) as MadeCall).at;
  const times = new Float64Array(calls.length);
  for (let round = 0; round < 2; round++) {
    for (const [n, call] of calls.entries()) {
      const attempt = attemptOf(call);
      const context = contextOf(call, NO_PRIORS);
      const begun = performance.now();
      assessFraud({ signals: state.read(attempt, context, now), campaign: CAMPAIGN, models });
      times[n] = performance.now() - begun;
    }
  }
  times.sort();
  const at = (share: number): number => (times[Math.floor(share * (times.length - 1))] as number) * 1_000;
  return { p50Us: at(0.5), p99Us: at(0.99) };
}

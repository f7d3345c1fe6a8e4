import type { CallAttempt, E164 } from '../../../src/domain';
import { LiveSources } from '../../../src/decision/sources';
import { FraudState } from '../../../src/fraud';
import { Activity, Market } from '../../../src/market';

const PERSON = '+12125550123' as E164;
const hash = (number: E164): { high: number; low: number } => ({ high: 1, low: Number(number.slice(-4)) });

function listsOf(market: Market, from: E164, now: number): readonly string[] {
  const sources = new LiveSources(market, new Activity(market), new FraudState());
  return sources.complianceOf({ from } as CallAttempt, now).hits.map(({ list }) => list);
}

test('who had everything erased and must not be called is on the internal list, once', () => {
  const market = new Market();
  market.suppressions.hashBy(hash);
  expect(listsOf(market, PERSON, 0)).toEqual([]);
  market.suppressions.add(hash(PERSON), 1_000);
  expect(listsOf(market, PERSON, 999)).toEqual(['internal']);
  expect(listsOf(market, PERSON, 1_000)).toEqual([]);
  expect(listsOf(market, '+12125550124' as E164, 0)).toEqual([]);
  const value = { number: PERSON, source: 'internal', expiresAt: undefined } as const;
  market.apply({ entity: 'dnc', op: 'upsert', value });
  expect(listsOf(market, PERSON, 0)).toEqual(['internal']);
});

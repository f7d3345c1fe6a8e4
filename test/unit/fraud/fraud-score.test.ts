import * as fc from 'fast-check';
import type { CallAttempt, Campaign, E164 } from '../../../src/domain';
import type { CallerFacts, FraudVerdict } from '../../../src/fraud/fraud-score';
import { FRAUD_THRESHOLDS, levelOf, scoreFraud } from '../../../src/fraud/fraud-score';
import { DID, attempt, campaign } from '../market/fixtures';

const GOOD: CallerFacts = { number: 'geographic', placeContradicted: false, attemptsInLastHour: 0 };

function score(
  over: Partial<CallAttempt> = {},
  facts: Partial<CallerFacts> = {},
  terms: Partial<Campaign> = {},
): FraudVerdict {
  return scoreFraud(attempt(over), campaign(terms), { ...GOOD, ...facts });
}

test('an ordinary call is clean', () => {
  expect(score()).toEqual({ score: 0, level: 'allow', reasons: [] });
});

test.each<[string, Partial<CallAttempt>, Partial<CallerFacts>, FraudVerdict['level']]>([
  ['velocity_exceeded', {}, { attemptsInLastHour: 100 }, 'block'],
  ['velocity_high', {}, { attemptsInLastHour: 60 }, 'flag'],
  ['caller_is_called', { from: DID }, {}, 'block'],
  ['caller_impossible', { from: '+12121114567' as E164 }, { number: 'impossible' }, 'block'],
  ['caller_unassigned', { from: '+12223334567' as E164 }, { number: 'unassigned' }, 'flag'],
  ['caller_withheld', { from: undefined }, { number: 'withheld' }, 'allow'],
  ['non_geographic_caller', {}, { number: 'non_geographic' }, 'allow'],
  ['premium_caller', { from: '+19005551234' as E164 }, {}, 'challenge'],
  ['premium_caller', { from: '+12129761234' as E164 }, {}, 'challenge'],
  ['irsf_prefix', { from: '+2341234567890' as E164 }, { number: 'foreign' }, 'flag'],
  ['wangiri_prefix', { from: '+18765551234' as E164 }, {}, 'flag'],
  ['neighbour_spoofing', { from: '+12125550001' as E164, to: '+12125550002' as E164 }, {}, 'allow'],
  ['place_contradicted', {}, { placeContradicted: true }, 'allow'],
  ['attestation_c', { attestation: 'C' }, {}, 'allow'],
  ['attestation_none', { attestation: undefined }, {}, 'allow'],
])('%s', (reason, over, facts, level) => {
  const verdict = score(over, facts);
  expect(verdict.reasons[0]?.split(':')[0]).toBe(reason);
  expect(verdict.level).toBe(level);
});

test('the n calls an hour that are allowed pass, the next does not', () => {
  const terms = { velocityPerHour: 3 };
  expect(score({}, { attemptsInLastHour: 2 }, terms).level).not.toBe('block');
  expect(score({}, { attemptsInLastHour: 3 }, terms)).toMatchObject({
    level: 'block',
    reasons: ['velocity_exceeded:4/h'],
  });
});

test('a velocity of 0 is no limit, and the first call of an hour is never conspicuous', () => {
  expect(score({}, { attemptsInLastHour: 60_000 }, { velocityPerHour: 0 }).score).toBe(0);
  expect(score({}, { attemptsInLastHour: 0 }, { velocityPerHour: 1 }).score).toBe(0);
});

test('a missing or low attestation alone never stops a call', () => {
  for (const attestation of ['A', 'B', 'C', undefined] as const)
    expect(score({ attestation }).level).toBe('allow');
});

test('levels begin at their thresholds', () => {
  const { flag, challenge, block } = FRAUD_THRESHOLDS;
  const levels = [0, flag - 0.001, flag, challenge - 0.001, challenge, block - 0.001, block, 1].map(levelOf);
  expect(levels).toEqual(['allow', 'allow', 'flag', 'flag', 'challenge', 'challenge', 'block', 'block']);
});

test('a score is between 0 and 1, has a reason for each sign, and more signs never lower it', () => {
  const facts = fc.record({
    number: fc.constantFrom('geographic' as const, 'unassigned' as const, 'non_geographic' as const),
    placeContradicted: fc.boolean(),
    attemptsInLastHour: fc.nat(150),
  });
  fc.assert(
    fc.property(facts, fc.constantFrom('A' as const, 'C' as const, undefined), (some, attestation) => {
      const verdict = score({ attestation }, some);
      expect(verdict.score).toBeGreaterThanOrEqual(0);
      expect(verdict.score).toBeLessThanOrEqual(1);
      expect(verdict.score > 0).toBe(verdict.reasons.length > 0);
      expect(score({ attestation }, { ...some, placeContradicted: true }).score).toBeGreaterThanOrEqual(
        verdict.score,
      );
      expect(score({ attestation }, { ...some, attemptsInLastHour: 100 }).score).toBeGreaterThanOrEqual(
        score({ attestation }, { ...some, attemptsInLastHour: 0 }).score,
      );
    }),
  );
});

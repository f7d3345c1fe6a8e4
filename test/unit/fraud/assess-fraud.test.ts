import * as fc from 'fast-check';
import type { FraudModelRow, FraudTrace } from '../../../src/domain';
import type { FraudModelFile, SignalName } from '../../../src/fraud';
import { assessFraud, levelOf, ModelShelf, NO_MODELS, SIGNALS, signalsFrom } from '../../../src/fraud';
import { RULE_CODES } from '../../../src/fraud/rules';
import { campaign } from '../market/fixtures';

type Signals = Partial<Record<SignalName, number>>;

const POLICY = { flag: 0.3, challenge: 0.6, block: 0.8 };
/** A model that sees only calls of the hour: log-odds are their number less five. */
const BY_CALLS: FraudModelFile = {
  version: 1,
  id: 'by-calls',
  kind: 'logistic',
  trainedOn: 'nothing',
  metrics: {},
  signals: ['caller_24h', 'caller_1h'],
  calibration: { margins: [], scores: [] },
  logistic: { intercept: -5, weights: [0, 4], means: [0, 0], scales: [1, 1] },
};
const row = (model: FraudModelFile, status: FraudModelRow['status']): [string, FraudModelRow] => [
  model.id,
  { id: model.id, status, model },
];
const ACTIVE = new ModelShelf().of(new Map([row(BY_CALLS, 'active')]));
const SHADOW = new ModelShelf().of(new Map([row(BY_CALLS, 'shadow')]));

function assess(signals: Signals, models = NO_MODELS, velocityPerHour = 100): FraudTrace {
  return assessFraud({
    signals: signalsFrom(signals as Record<string, number>),
    campaign: campaign({ velocityPerHour, fraud: POLICY }),
    models,
  });
}

test('an ordinary call is clean', () => {
  const verdict = { score: 0, level: 'allow', reasons: [], model: 'rules' };
  expect(assess({ attestation_a: 1, caller_new: 1, caller_since: 86_400, seller_npa_evenness: 0.9 })).toEqual(
    verdict,
  );
});

test.each<[string, Signals, FraudTrace['level']]>([
  ['velocity_exceeded:101/h', { caller_1h: 100 }, 'block'],
  ['caller_is_called', { caller_is_called: 1 }, 'block'],
  ['caller_impossible', { caller_impossible: 1 }, 'block'],
  ['call_loop', { forwarded_by_us: 1 }, 'block'],
  ['premium_caller', { prefix_premium: 1 }, 'challenge'],
  ['rotated_numbers:9', { seller_block_callers: 9, seller_block_share: 0.2 }, 'flag'],
  ['hangs_up_at_once:40%', { caller_quick_cancels: 0.4 }, 'flag'],
  ['verstat_replayed', { verstat_replayed: 1 }, 'flag'],
  ['verstat_wrong_number', { verstat_wrong_number: 1 }, 'flag'],
  ['verstat_failed', { verstat_failed: 1 }, 'flag'],
  ['verstat_stale', { verstat_stale: 1 }, 'allow'],
  ['ends_when_paid:50%', { seller_pile: 0.5 }, 'flag'],
  ['calls_by_the_clock', { caller_regularity: 0.7, caller_24h: 10 }, 'flag'],
  ['calls_by_the_clock', { did_regularity: 0.7, did_1h: 30 }, 'flag'],
  ['ring_of_sellers:30%', { caller_sellers: 1, seller_partner_share: 0.3 }, 'flag'],
  ['caller_of_sellers', { caller_sellers: 3 }, 'flag'],
  ['neighbours_of_seller:20%', { neighbour: 1, seller_neighbour_lift: 3, seller_neighbour: 0.2 }, 'flag'],
  ['neighbour_spoofing', { neighbour: 1 }, 'allow'],
  ['places_contradicted:60%', { place_contradicted: 1, seller_contradicted: 0.6 }, 'flag'],
  ['place_contradicted', { place_contradicted: 1 }, 'allow'],
  ['repeats:9/h', { caller_1h: 8 }, 'flag'],
  ['prior_seller', { prior_seller: 0.5 }, 'flag'],
  ['prior_prefix', { prior_prefix: 0.5 }, 'flag'],
  ['prior_number', { prior_number: 0.5 }, 'allow'],
  ['prior_trunk', { prior_trunk: 0.5 }, 'allow'],
  ['caller_unassigned', { caller_unassigned: 1 }, 'flag'],
  ['irsf_prefix', { prefix_irsf: 1 }, 'flag'],
  ['wangiri_prefix', { prefix_wangiri: 1 }, 'flag'],
  ['seller_burst', { seller_burst: 4, seller_1h: 50 }, 'allow'],
  ['seller_short_calls:50%', { seller_short: 0.5 }, 'allow'],
  ['seller_answer_fell', { seller_answered_fallen: 8 }, 'allow'],
  ['foreign_at_night', { caller_foreign: 1, seller_foreign_lift: 8 }, 'allow'],
  ['foreign_caller', { caller_foreign: 1 }, 'allow'],
  ['caller_withheld', { caller_withheld: 1 }, 'allow'],
  ['non_geographic_caller', { caller_non_geographic: 1 }, 'allow'],
  ['attestation_c', { attestation_c: 1 }, 'allow'],
  ['attestation_none', { attestation_none: 1 }, 'allow'],
])('%s', (reason, signals, level) => {
  const verdict = assess(signals);
  expect(verdict.reasons[0]).toBe(reason);
  expect(verdict.level).toBe(level);
});

test('every rule has a case above but the one told beside velocity', () => {
  expect(new Set(RULE_CODES).size).toBe(RULE_CODES.length);
  expect(assess({ caller_1h: 60 }).reasons).toEqual(['velocity_high:61/h', 'repeats:61/h']);
});

test('the n calls an hour that are allowed pass, the next does not; 0 is no limit', () => {
  expect(assess({ caller_1h: 2 }, NO_MODELS, 3).level).not.toBe('block');
  expect(assess({ caller_1h: 3 }, NO_MODELS, 3)).toMatchObject({
    level: 'block',
    reasons: ['velocity_exceeded:4/h'],
  });
  expect(assess({ caller_1h: 6 }, NO_MODELS, 0).score).toBe(0);
  expect(assess({ caller_1h: 0 }, NO_MODELS, 1).score).toBe(0);
});

test('a missing or low attestation, a claim or a withheld number alone never stops a call', () => {
  for (const name of ['attestation_c', 'attestation_none', 'place_contradicted', 'caller_withheld'] as const)
    expect(assess({ [name]: 1 }).level).toBe('allow');
});

test('levels begin at the thresholds of the campaign', () => {
  const scores = [0, 0.299, 0.3, 0.599, 0.6, 0.799, 0.8, 1];
  expect(scores.map((score) => levelOf(score, POLICY))).toEqual([
    'allow',
    'allow',
    'flag',
    'flag',
    'challenge',
    'challenge',
    'block',
    'block',
  ]);
  expect(levelOf(0.5, { flag: 0.1, challenge: 0.2, block: 0.5 })).toBe('block');
});

test('an active model scores, and says why', () => {
  expect(assess({ caller_1h: 12 }, ACTIVE)).toEqual({
    score: 0.9948,
    level: 'block',
    reasons: ['model:caller_1h'],
    model: 'by-calls',
  });
  // Soft rules are not asked any more: the model knows their signals.
  expect(assess({ verstat_failed: 1 }, ACTIVE)).toMatchObject({ level: 'allow', reasons: [] });
});

test('a hard rule stands whatever the model says, and is told first', () => {
  expect(assess({ caller_impossible: 1 }, ACTIVE)).toEqual({
    score: 0.85,
    level: 'block',
    reasons: ['caller_impossible'],
    model: 'by-calls',
  });
  expect(assess({ caller_is_called: 1, caller_1h: 4 }, ACTIVE).reasons).toEqual([
    'caller_is_called',
    'model:caller_1h',
  ]);
});

test('a shadow model changes nothing and is noted beside', () => {
  const without = assess({ caller_1h: 12, neighbour: 1 });
  const { shadow, ...rest } = assess({ caller_1h: 12, neighbour: 1 }, SHADOW);
  expect(rest).toEqual(without);
  expect(shadow).toEqual({ model: 'by-calls', score: 0.9948 });
});

test('any signals give a score between 0 and 1 that has reasons, and hard signs never lower it', () => {
  const signals = fc.dictionary(
    fc.constantFrom(...SIGNALS),
    fc.oneof(fc.constant(1), fc.double({ min: -25, max: 90_000, noNaN: true })),
  ) as fc.Arbitrary<Signals>;
  fc.assert(
    fc.property(signals, fc.boolean(), (some, trained) => {
      const models = trained ? ACTIVE : NO_MODELS;
      const verdict = assess(some, models);
      expect(verdict.score).toBeGreaterThanOrEqual(0);
      expect(verdict.score).toBeLessThanOrEqual(1);
      if (!trained) expect(verdict.score > 0).toBe(verdict.reasons.length > 0);
      if (verdict.score >= 0.3) expect(verdict.reasons.length).toBeGreaterThan(0);
      for (const hard of ['caller_impossible', 'caller_is_called', 'forwarded_by_us'] as const) {
        const worse = assess({ ...some, [hard]: 1 }, models);
        expect(worse.score).toBeGreaterThanOrEqual(Math.max(verdict.score - 1e-9, 0.85));
      }
    }),
  );
});

describe('models of the market', () => {
  const other = { ...BY_CALLS, id: 'other' };

  test('one that counts, one that is tried, and none that is retired', () => {
    const shelf = new ModelShelf();
    expect(shelf.of(new Map())).toBe(NO_MODELS);
    expect(shelf.of(new Map([row(BY_CALLS, 'retired')]))).toBe(NO_MODELS);
    const both = shelf.of(new Map([row(BY_CALLS, 'active'), row(other, 'shadow')]));
    expect([both.active?.id, both.shadow?.id]).toEqual(['by-calls', 'other']);
    const newest = shelf.of(new Map([row(other, 'active'), row(BY_CALLS, 'active')]));
    expect([newest.active?.id, newest.shadow]).toEqual(['other', undefined]);
  });

  test('a row is compiled once; one that cannot be is told of once, and the rules score', () => {
    const unfit: string[] = [];
    const shelf = new ModelShelf((id, reason) => unfit.push(`${id}: ${reason}`));
    const rows = new Map<string, FraudModelRow>([
      ['bad', { id: 'bad', status: 'active', model: { version: 2 } }],
    ]);
    for (let n = 0; n < 3; n++) expect(shelf.of(rows).active).toBeUndefined();
    expect(unfit).toEqual(['bad: format 2 is not known']);
    expect(assess({ caller_is_called: 1 }, shelf.of(rows)).model).toBe('rules');
    const good = new Map([row(BY_CALLS, 'active')]);
    expect(shelf.of(good).active).toBe(shelf.of(good).active);
  });
});

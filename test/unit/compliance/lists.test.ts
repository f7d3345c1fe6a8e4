import { STATE_LISTS } from '../../../src/compliance/data/state-lists';
import { MAX_LIST_AGE_MS } from '../../../src/compliance/lists';
import type { E164, ListHit, LookupFact, LookupKind } from '../../../src/domain';
import { CALL_ORIGINS, LOOKUP_KINDS } from '../../../src/domain';
import { CALLER } from '../market/fixtures';
import { DAY, NOON, SOLICITING, consent, find, list, screen } from './fixtures';
import type { Screening } from './fixtures';

const MAINE = '+12075551212' as E164;
const hit = (on: ListHit['list'], over: Partial<ListHit> = {}): ListHit => ({ list: on, ...over });
const lookup = (over: Partial<LookupFact> = {}): LookupFact => ({
  kind: 'dnc',
  provider: 'provider',
  answer: 'clear',
  at: NOON,
  cached: false,
  latencyMs: 20,
  ...over,
});
const bare = { certificate: undefined } as const;

describe('a number that a list names', () => {
  test.each(['internal', 'national', 'state', 'litigator'] as const)(
    'by the %s list is not to be called',
    (on) => {
      for (const origin of SOLICITING) {
        const { blocked } = screen({ origin, facts: { hits: [hit(on)], consents: [consent(bare)] } });
        expect(blocked?.rule).toBe(on === 'litigator' ? 'policy.litigator' : `dnc.${on}`);
        expect(blocked?.detail).not.toContain(CALLER);
        expect(blocked?.detail).toContain('+1212*****67');
      }
    },
  );

  test('calls all the same: flagged on our own list and as a litigator, told on the others', () => {
    const hits = (['internal', 'litigator', 'national', 'state', 'reassigned'] as const).map((on) => hit(on));
    const verdict = screen({ facts: { hits } });
    expect(verdict.blocked).toBeUndefined();
    const outcomes = verdict.findings
      .filter(({ rule }) => rule.startsWith('dnc.') || rule === 'policy.litigator')
      .map(({ rule, outcome }) => `${rule} ${outcome}`);
    expect(outcomes).toEqual([
      'dnc.internal flag',
      'policy.litigator flag',
      'dnc.national not_applicable',
      'dnc.state not_applicable',
      'dnc.reassigned not_applicable',
    ]);
  });

  test.each(['internal', 'litigator'] as const)(
    'by the %s list is refused when the campaign says so',
    (on) => {
      const policy = { refuseListed: [on] };
      expect(screen({ policy, facts: { hits: [hit(on)] } }).blocked).toBeDefined();
      expect(screen({ policy, facts: { hits: [hit('national')] } }).blocked).toBeUndefined();
    },
  );

  test('by the national list may be called with a consent that has its certificate, which is flagged', () => {
    const verdict = screen({ origin: 'outbound_transfer', facts: { hits: [hit('national')] } });
    expect(verdict.blocked).toBeUndefined();
    expect(find(verdict, 'dnc.national')).toMatchObject({
      outcome: 'flag',
      citation: '47 CFR 64.1200(c)(2)(ii)',
    });
  });

  test("by a state's list is told with that state's law", () => {
    const { blocked } = screen({ origin: 'callback', facts: { hits: [hit('state', { state: 'IN' })] } });
    expect(blocked).toMatchObject({ rule: 'dnc.state', citation: STATE_LISTS['IN'] });
  });

  test('by none is told so', () => {
    for (const origin of CALL_ORIGINS)
      expect(find(screen({ origin }), 'dnc.lists')?.detail).toBe('on no list');
  });
});

describe('a number that was given to somebody else', () => {
  const since = NOON - 60 * DAY;
  const screening = (given: number | undefined, reassigned: Partial<ListHit>): Screening => ({
    origin: 'outbound_transfer',
    policy: { consentFor: [] },
    facts: {
      hits: [hit('reassigned', reassigned)],
      consents: given === undefined ? [] : [consent({ givenAt: given })],
    },
  });

  test.each<[string, number | undefined, Partial<ListHit>, boolean]>([
    ['after the consent', since - DAY, { since }, true],
    ['on the day of the consent', since, { since }, false],
    ['before the consent', since + DAY, { since }, false],
    ['at an unknown date', since + DAY, {}, true],
    ['and there is no consent', undefined, { since }, true],
  ])('%s: blocked %#', (_name, given, reassigned, blocked) => {
    const verdict = screen(screening(given, reassigned));
    expect(verdict.blocked?.rule).toBe(blocked ? 'dnc.reassigned' : undefined);
    expect(find(verdict, 'dnc.reassigned')?.outcome).toBe(blocked ? 'block' : 'pass');
  });

  test('as a provider tells, with its date or without', () => {
    const asked = (value?: string): string | undefined =>
      screen({
        origin: 'outbound_transfer',
        facts: {
          lookups: [
            lookup({ kind: 'reassigned', answer: 'listed', ...(value === undefined ? {} : { value }) }),
          ],
          consents: [consent({ givenAt: Date.UTC(2026, 5, 1) })],
        },
      }).blocked?.rule;
    expect([asked('2026-05-31'), asked('2026-06-02'), asked('2026-05-31T10:00:00Z'), asked()]).toEqual([
      undefined,
      'dnc.reassigned',
      undefined,
      'dnc.reassigned',
    ]);
  });

  describe('in Maine', () => {
    const maine = (over: Screening['facts'], now = NOON) =>
      screen({ origin: 'outbound_transfer', call: { from: MAINE }, facts: over ?? {}, now });
    const national = list();

    test('must be looked up before the call', () => {
      expect(maine({ lists: [national] }).blocked).toMatchObject({
        rule: 'dnc.reassigned',
        citation: '32 M.R.S. §14716',
      });
      expect(maine({ lists: [national, list({ list: 'reassigned' })] }).blocked).toBeUndefined();
      const old = list({ list: 'reassigned', asOf: NOON - MAX_LIST_AGE_MS - 1 });
      expect(maine({ lists: [national, old] }).blocked?.rule).toBe('dnc.reassigned');
    });

    test.each([
      ['clear', undefined],
      ['no_data', undefined],
      ['unavailable', 'dnc.reassigned'],
    ] as const)('may have been looked up with a provider: %s', (answer, rule) => {
      const asked = maine({ lists: [national], lookups: [lookup({ kind: 'reassigned', answer })] });
      expect(asked.blocked?.rule).toBe(rule);
    });

    test('had not to be before 2024-07-16', () => {
      const now = Date.UTC(2024, 6, 15, 16);
      const lists = [list({ asOf: now - DAY })];
      expect(
        maine({ lists, consents: [consent({ number: MAINE, givenAt: 0 })] }, now).blocked,
      ).toBeUndefined();
    });
  });
});

describe('the age of the national list', () => {
  test.each<[string, number, boolean]>([
    ['of today', 0, true],
    ['of 31 days', MAX_LIST_AGE_MS, true],
    ['a millisecond older', MAX_LIST_AGE_MS + 1, false],
    ['of a year', 365 * DAY, false],
  ])('%s', (_name, age, good) => {
    for (const origin of SOLICITING) {
      const { blocked } = screen({ origin, facts: { lists: [list({ asOf: NOON - age })] } });
      expect(blocked?.rule).toBe(good ? undefined : 'dnc.list_age');
      if (blocked) expect(blocked.citation).toBe('47 CFR 64.1200(c)(2)(i)(D)');
    }
  });

  test('that is not there blocks, since there is no safe harbour without one', () => {
    expect(screen({ origin: 'unknown', facts: { lists: [] } }).blocked?.detail).toBe(
      'no national list is loaded',
    );
    expect(screen({ facts: { lists: [] } }).blocked).toBeUndefined();
  });

  test('is that of the newest version', () => {
    const lists = [list({ asOf: 0 }), list({ asOf: NOON - DAY }), list({ asOf: NOON - 90 * DAY })];
    expect(find(screen({ origin: 'unknown', facts: { lists } }), 'dnc.list_age')?.detail).toContain(
      '1 days old',
    );
  });

  test.each<[string, number, boolean]>([
    ['within 31 days before the dial', 30 * DAY, true],
    ['longer ago', 32 * DAY, false],
    ['in the future', -DAY, false],
  ])("may be made good by the sender's own look, %s", (_name, ago, good) => {
    const tags = { 'scrubbed-at': new Date(NOON - ago).toISOString() };
    const verdict = screen({ origin: 'outbound_transfer', call: { tags }, facts: { lists: [] } });
    expect(verdict.blocked === undefined).toBe(good);
    if (good) expect(find(verdict, 'dnc.national')?.outcome).toBe('flag');
  });

  test("of Canada's own is flagged, since there is none", () => {
    const verdict = screen({
      origin: 'callback',
      call: { from: '+14165551212' as E164 },
      facts: { lists: [] },
    });
    expect([verdict.blocked, find(verdict, 'dnc.national')?.outcome]).toEqual([undefined, 'flag']);
  });
});

test('a state that keeps a list of its own is flagged until that list is there', () => {
  const indiana = { origin: 'callback', call: { from: '+13175551212' as E164 } } as const;
  expect(find(screen(indiana), 'dnc.state')).toMatchObject({ outcome: 'flag', citation: STATE_LISTS['IN'] });
  const lists = [list(), list({ list: 'state', state: 'IN' })];
  expect(find(screen({ ...indiana, facts: { lists } }), 'dnc.state')).toBeUndefined();
});

describe('a provider', () => {
  test.each(LOOKUP_KINDS)(
    'that does not answer on %s lets consumers through, flagged, and others not',
    (kind) => {
      const lookups = [lookup({ kind, answer: 'unavailable' })];
      const inbound = screen({ facts: { lookups } });
      expect([inbound.blocked, find(inbound, 'lookup.unavailable')?.outcome]).toEqual([undefined, 'flag']);
      for (const origin of SOLICITING) {
        expect(screen({ origin, facts: { lookups } }).blocked?.rule).toBe('lookup.unavailable');
      }
    },
  );

  test('that does not answer does as the campaign says', () => {
    const lookups = [lookup({ answer: 'unavailable' })];
    expect(screen({ policy: { onLookupFailure: 'block' }, facts: { lookups } }).blocked).toBeDefined();
    const flag = { origin: 'callback', policy: { onLookupFailure: 'flag' }, facts: { lookups } } as const;
    expect(screen(flag).blocked).toBeUndefined();
  });

  test('that was not asked counts as one that does not answer', () => {
    const policy = { lookups: ['litigator'] as LookupKind[] };
    expect(screen({ origin: 'callback', policy }).blocked?.rule).toBe('lookup.unavailable');
    expect(find(screen({ policy }), 'lookup.unavailable')?.outcome).toBe('flag');
    const asked = [lookup({ kind: 'litigator' })];
    expect(screen({ origin: 'callback', policy, facts: { lookups: asked } }).blocked).toBeUndefined();
  });

  test('that does not answer does no harm when another does', () => {
    const lookups = [lookup({ answer: 'unavailable' }), lookup({ provider: 'other' })];
    expect(screen({ origin: 'callback', facts: { lookups } }).blocked).toBeUndefined();
  });

  test.each([
    ['dnc', 'dnc.national'],
    ['litigator', 'policy.litigator'],
  ] as const)('that names the number on %s counts as a list', (kind, rule) => {
    const lookups = [lookup({ kind, answer: 'listed' })];
    const over = { lookups, consents: [consent(bare)] };
    expect(screen({ origin: 'callback', facts: over }).blocked?.rule).toBe(rule);
    expect(screen({ facts: over }).blocked).toBeUndefined();
  });

  test('that has no data is flagged, and one that tells the kind of line is told', () => {
    const lookups = [
      lookup({ kind: 'reassigned', answer: 'no_data' }),
      lookup({ kind: 'line_type', answer: 'listed', value: 'mobile' }),
    ];
    const verdict = screen({ facts: { lookups } });
    expect(find(verdict, 'lookup.reassigned')?.outcome).toBe('flag');
    expect(find(verdict, 'lookup.line_type')).toMatchObject({
      outcome: 'pass',
      detail: 'provider on line_type: mobile',
    });
  });
});

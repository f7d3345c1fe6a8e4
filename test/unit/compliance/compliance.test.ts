import * as fc from 'fast-check';
import { screenCompliance } from '../../../src/compliance';
import type { ComplianceVerdict } from '../../../src/compliance';
import { geographicNpas } from '../../../src/compliance/numbering';
import type { CallAttempt, Campaign, DncEntry, E164, Finding } from '../../../src/domain';
import { CALL_ORIGINS, zoneOf } from '../../../src/domain';
import { Market } from '../../../src/market';
import { CALLER, attempt, campaign } from '../market/fixtures';

/** Monday 2026-08-03 in New York. */
const at = (hour: number, minute = 0): number => Date.UTC(2026, 7, 3, hour + 4, minute);
const BINDING = CALL_ORIGINS.filter((origin) => origin !== 'inbound_consumer');

function screen(
  over: Partial<CallAttempt>,
  now: number,
  lists: readonly DncEntry['source'][] = [],
  campaignOver: Partial<Campaign> = {},
): ComplianceVerdict {
  const market = new Market();
  for (const source of lists) {
    market.apply({ entity: 'dnc', op: 'upsert', value: { number: CALLER, source, expiresAt: undefined } });
  }
  return screenCompliance(attempt(over), campaign(campaignOver), market, now);
}

const find = (verdict: ComplianceVerdict, rule: string): Finding | undefined =>
  verdict.findings.find((finding) => finding.rule === rule);

describe('calling hours', () => {
  test.each(BINDING)('bind a call of origin %s', (origin) => {
    expect(screen({ origin }, at(21)).blocked).toMatchObject({
      rule: 'tcpa.calling_hours',
      citation: '47 CFR 64.1200(c)(1)',
      detail: '21:00 in America/New_York: outside the hours of US',
    });
    expect(screen({ origin }, at(20, 59)).blocked).toBeUndefined();
  });

  test('do not bind a consumer who calls', () => {
    const verdict = screen({}, at(3));
    expect(verdict.blocked).toBeUndefined();
    expect(find(verdict, 'tcpa.calling_hours')?.outcome).toBe('not_applicable');
  });

  test('bind it after all when the campaign says so', () => {
    expect(screen({}, at(3), [], { enforceHoursInbound: true }).blocked?.rule).toBe('tcpa.calling_hours');
  });

  test('of a stricter state apply beside the federal ones', () => {
    const origin = 'outbound_transfer';
    const florida = { origin, from: '+13053334567' as E164 } as const;
    expect(screen(florida, at(20, 30)).blocked).toMatchObject({
      rule: 'state.calling_hours',
      citation: 'Fla. Stat. §501.616(6)',
    });
    expect(screen(florida, at(19, 59)).blocked).toBeUndefined();
  });

  test('of a claimed state are added to those of the number, never put in their place', () => {
    const origin = 'callback';
    const claimed = { origin, tags: { state: 'fl' } } as const;
    expect(screen(claimed, at(20, 30)).blocked?.rule).toBe('state.calling_hours');
    const westCoast = { origin, tags: { state: 'CA' } } as const;
    // 8:30 in New York is 5:30 in Los Angeles; 21:30 there is 18:30.
    expect(screen(westCoast, at(8, 30)).blocked?.rule).toBe('tcpa.calling_hours');
    expect(screen(westCoast, at(21, 30)).blocked?.rule).toBe('tcpa.calling_hours');
    expect(screen(westCoast, at(12)).blocked).toBeUndefined();
  });

  test('Canada has its own', () => {
    const toronto = { origin: 'callback', from: '+14163334567' as E164 } as const;
    expect(screen(toronto, at(8, 30)).blocked?.rule).toBe('tcpa.calling_hours');
    expect(screen(toronto, at(21, 29)).blocked).toBeUndefined();
  });

  test('of both countries apply to a Canadian number that claims to be American', () => {
    const call = { origin: 'callback', from: '+14163334567' as E164, tags: { state: 'NY' } } as const;
    expect(screen(call, at(8, 30)).blocked?.detail).toContain('hours of CA');
    expect(screen(call, at(21, 10)).blocked?.detail).toContain('hours of US');
  });

  test.each([
    ['a toll-free number', '+18883334567'],
    ['an area code not in the table', '+12223334567'],
  ])('of every state apply to %s', (_name, from) => {
    const call = { origin: 'unknown', from: from as E164 } as const;
    expect(screen(call, at(12)).blocked?.rule).toBe('tcpa.calling_hours');
    // 15:00 in New York is 9:00 in Honolulu and 10:00 in Adak … yet Kentucky opens at 10 on every clock.
    expect(screen(call, at(15)).blocked?.rule).toBe('state.calling_hours');
    expect(screen(call, at(16, 30)).blocked).toBeUndefined();
  });

  test.each([
    ['abroad', '+442071234567'],
    ['in Jamaica', '+18763334567'],
  ])('are unknown for a number %s, so the call is not made', (_name, from) => {
    expect(screen({ origin: 'callback', from: from as E164 }, at(12)).blocked?.rule).toBe(
      'tcpa.calling_hours',
    );
    expect(screen({ from: from as E164 }, at(12)).blocked).toBeUndefined();
  });

  test('never allow what one of the clocks of an area code forbids, in any area code at any instant', () => {
    const minuteIn = (name: string, now: number): number => zoneOf(name).minuteOfWeek(now) % 1440;
    fc.assert(
      fc.property(
        fc.constantFrom(...geographicNpas()),
        fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2031, 0, 1) }),
        (npa, now) => {
          const verdict = screen({ origin: 'outbound_transfer', from: `+1${npa}3334567` as E164 }, now);
          if (verdict.blocked) return;
          const american = verdict.place.countries.includes('US');
          expect(verdict.place.countries).toEqual([american ? 'US' : 'CA']);
          const [opens, closes] = american ? [480, 1260] : [540, 1290];
          for (const { name } of verdict.place.zones) {
            expect(minuteIn(name, now)).toBeGreaterThanOrEqual(opens);
            expect(minuteIn(name, now)).toBeLessThan(closes);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

describe('lists', () => {
  test('a consumer on the internal list who calls is flagged, never dropped', () => {
    const verdict = screen({}, at(12), ['internal', 'national', 'state']);
    expect(verdict.blocked).toBeUndefined();
    expect(find(verdict, 'dnc.internal')?.outcome).toBe('flag');
    expect(find(verdict, 'dnc.national')?.outcome).toBe('not_applicable');
  });

  test.each(['internal', 'national', 'state'] as const)(
    'a number on the %s list is not to be called',
    (source) => {
      for (const origin of BINDING)
        expect(screen({ origin }, at(12), [source]).blocked?.rule).toBe(`dnc.${source}`);
    },
  );

  test('a litigator is refused whoever called, and the whole number is not written down', () => {
    for (const origin of CALL_ORIGINS) {
      const { blocked } = screen({ origin }, at(12), ['litigator']);
      expect(blocked?.rule).toBe('policy.litigator');
      expect(blocked?.detail).not.toContain(CALLER);
    }
  });
});

describe('the number', () => {
  test.each([
    ['withheld', undefined],
    ['impossible', '+12121114567'],
  ])('that is %s shows no place: blocked where rules bind, flagged where not', (_name, from) => {
    expect(screen({ origin: 'callback', from: from as E164 | undefined }, at(12)).blocked?.rule).toBe(
      'numbering.caller',
    );
    const inbound = screen({ from: from as E164 | undefined }, at(12));
    expect([inbound.blocked, find(inbound, 'numbering.caller')?.outcome]).toEqual([undefined, 'flag']);
  });

  test('kept for fiction is flagged only', () => {
    const verdict = screen({ from: '+12125550123' as E164 }, at(12));
    expect([verdict.blocked, find(verdict, 'numbering.caller')?.outcome]).toEqual([undefined, 'flag']);
  });
});

test('a claim against the number is told, and moves the state that bids target', () => {
  expect(screen({}, at(12)).place).toMatchObject({ state: 'NY', contradicted: false });
  expect(screen({ tags: { state: 'CA' } }, at(12)).place).toMatchObject({ state: 'CA', contradicted: true });
  expect(screen({ tags: { state: 'NY' } }, at(12)).place).toMatchObject({ state: 'NY', contradicted: false });
  expect(screen({ tags: { state: 'ZZ' } }, at(12)).place).toMatchObject({ state: 'NY', contradicted: false });
  expect(screen({ from: undefined, tags: { state: 'TX' } }, at(12)).place).toMatchObject({
    state: 'TX',
    contradicted: false,
  });
});

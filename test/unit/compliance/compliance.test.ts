import * as fc from 'fast-check';
import {
  classifyNumber,
  nextAllowed,
  placeOf,
  resolveOrigin,
  screenCompliance,
} from '../../../src/compliance';
import type { ComplianceVerdict } from '../../../src/compliance';
import { geographicNpas } from '../../../src/compliance/numbering';
import type { E164, HoursOverride } from '../../../src/domain';
import { CALL_ORIGINS } from '../../../src/domain';
import { allZips } from '../../../src/market';
import { CALLER, attempt, campaign } from '../market/fixtures';
import { DAY, HOUR, NOON, SOLICITING, at, consent, facts, find, list, screen } from './fixtures';
import { allAllow, HOLIDAY_STATES } from './oracle';

const e164 = (text: string): E164 => text as E164;
/** A call that somebody made to the person, by hand; all but its hours is in order. */
const calledOut = (
  from: string | undefined,
  now: number,
  tags: Record<string, string> = {},
): ComplianceVerdict => {
  const number = (from ?? CALLER) as E164;
  const asOf = now - DAY;
  return screen({
    origin: 'outbound_transfer',
    call: { from: from as E164 | undefined, tags },
    facts: {
      consents: [consent({ number, givenAt: 0 })],
      lists: [list({ asOf }), list({ list: 'reassigned', asOf })],
    },
    now,
  });
};

describe('calling hours', () => {
  test.each(SOLICITING)('bind a call of origin %s', (origin) => {
    expect(screen({ origin, now: at(21) }).blocked).toMatchObject({
      rule: 'tcpa.calling_hours',
      citation: '47 CFR 64.1200(c)(1)',
      detail: '21:00 in America/New_York: outside the hours of US',
    });
    expect(screen({ origin, now: at(20, 59) }).blocked).toBeUndefined();
  });

  test('do not bind a consumer who calls', () => {
    const verdict = screen({ now: at(3) });
    expect(verdict.blocked).toBeUndefined();
    expect(find(verdict, 'tcpa.calling_hours')?.outcome).toBe('not_applicable');
  });

  test('bind it after all when the campaign says so', () => {
    const policy = { enforceHoursInbound: true };
    expect(screen({ policy, now: at(3) }).blocked?.rule).toBe('tcpa.calling_hours');
    expect(screen({ policy, now: at(12) }).blocked).toBeUndefined();
  });

  test('refuse no consumer of whose place there is no table, even then', () => {
    const policy = { enforceHoursInbound: true };
    const verdict = screen({ policy, call: { from: e164('+442071234567') }, now: at(3) });
    expect([verdict.blocked, find(verdict, 'tcpa.calling_hours')?.outcome]).toEqual([undefined, 'flag']);
  });

  test('of a stricter state apply beside the federal ones', () => {
    expect(calledOut('+13055551212', at(20, 30)).blocked).toMatchObject({
      rule: 'state.calling_hours',
      citation: 'Fla. Stat. §501.616(6)(a)',
    });
    expect(calledOut('+13055551212', at(19, 59)).blocked).toBeUndefined();
  });

  test('of a claimed state are added to those of the number, never put in their place', () => {
    expect(calledOut(CALLER, at(20, 30), { state: 'fl' }).blocked?.rule).toBe('state.calling_hours');
    // 8:30 in New York is 5:30 in Los Angeles; 21:30 there is 18:30.
    expect(calledOut(CALLER, at(8, 30), { state: 'CA' }).blocked?.rule).toBe('tcpa.calling_hours');
    expect(calledOut(CALLER, at(21, 30), { zip: '90001' }).blocked?.rule).toBe('tcpa.calling_hours');
    expect(calledOut(CALLER, at(12), { zip: '90001-1234' }).blocked).toBeUndefined();
  });

  test('are those of the clock that a ZIP code tells of a straddling area code', () => {
    // 20:30 in New York is 19:30 in Chicago; Florida closes at 20.
    expect(calledOut('+18505551212', at(20, 30)).blocked?.rule).toBe('state.calling_hours');
    expect(calledOut('+18505551212', at(20, 30), { zip: '32501' }).blocked).toBeUndefined();
    expect(calledOut('+18505551212', at(8, 30), { zip: '32501' }).blocked?.rule).toBe('tcpa.calling_hours');
  });

  test('Canada has its own', () => {
    expect(calledOut('+14163334567', at(8, 30)).blocked?.rule).toBe('tcpa.calling_hours');
    expect(calledOut('+14163334567', at(21, 29)).blocked).toBeUndefined();
  });

  test('of both countries apply to a Canadian number that claims to be American', () => {
    expect(calledOut('+14163334567', at(8, 30), { state: 'NY' }).blocked?.detail).toContain('hours of CA');
    expect(calledOut('+14163334567', at(21, 10), { state: 'NY' }).blocked?.detail).toContain('hours of US');
  });

  test('of machines bind a call of which nobody says that a person dialled it', () => {
    const maine = { 'dial-mode': 'autodialed' };
    const { blocked } = calledOut('+12075551212', at(17), maine);
    expect(blocked).toMatchObject({
      rule: 'state.calling_hours',
      citation: '10 M.R.S. §1498(3)',
      detail: '17:00 in America/New_York: outside the automated-call hours of ME',
    });
    expect(calledOut('+12075551212', at(17)).blocked).toBeUndefined();
  });

  test.each([
    ['a toll-free number', '+18885551212'],
    ['an area code not in the table', '+12223334567'],
  ])('of every state apply to %s', (_name, from) => {
    expect(calledOut(from, at(12)).blocked?.rule).toBe('tcpa.calling_hours');
    // 15:00 in New York is 9:00 in Honolulu and 10:00 in Adak … yet Kentucky opens at 10 on every clock.
    expect(calledOut(from, at(15)).blocked?.rule).toBe('state.calling_hours');
    expect(calledOut(from, at(16, 30)).blocked).toBeUndefined();
  });

  test.each([
    ['abroad', '+442071234567'],
    ['in Jamaica', '+18763334567'],
  ])('are unknown for a number %s, so the call is not made', (_name, from) => {
    expect(calledOut(from, at(12)).blocked?.rule).toBe('tcpa.calling_hours');
    expect(screen({ call: { from: e164(from) } }).blocked).toBeUndefined();
  });

  test('say which holiday closes a state', () => {
    const thanksgiving = Date.UTC(2026, 10, 26, 17);
    expect(calledOut('+12155551212', thanksgiving).blocked).toMatchObject({
      detail: '12:00 in America/New_York: Thanksgiving Day, a day without calls in PA',
    });
  });

  test('give way to an emergency, by whose order they are told', () => {
    const emergency: HoursOverride = {
      id: '1',
      place: 'NY',
      effect: 'forbid',
      startsAt: NOON - HOUR,
      endsAt: NOON + 1,
      citation: 'Executive Order 7',
    };
    const overrides = [emergency];
    const during = (now: number) => screen({ origin: 'callback', overrides, now }).blocked;
    expect(during(NOON)).toMatchObject({ rule: 'override.calling_hours', citation: 'Executive Order 7' });
    // It ends within the minute: what is kept for a minute does not outlive it.
    expect(during(NOON + 1)).toBeUndefined();
    expect(during(NOON)).toBeDefined();
    expect(screen({ overrides }).blocked).toBeUndefined();
  });

  test('are told anew in each minute', () => {
    for (const [minute, rule] of [
      [59, undefined],
      [60, 'tcpa.calling_hours'],
      [59, undefined],
    ] as const) {
      expect(screen({ origin: 'callback', now: at(20, minute) }).blocked?.rule).toBe(rule);
    }
  });
});

const npas = geographicNpas();
const zips = [...allZips()].filter((zip) => !zip.startsWith('969'));
const anyInstant = fc.integer({ min: Date.UTC(2026, 0, 2), max: Date.UTC(2031, 0, 1) });

/** What the platform's calendar says of the place that was found; undefined where holidays have a say. */
function oracle({ place, findings }: ComplianceVerdict, now: number): boolean | undefined {
  const holiday = findings.some(
    ({ rule, detail }) => rule === 'state.calling_hours' && detail.includes('without calls'),
  );
  return holiday && place.states.some((state) => HOLIDAY_STATES.includes(state))
    ? undefined
    : allAllow(place, false, now);
}

test('a call is allowed just when every clock and state that its number may mean allows it', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...npas),
      fc.integer({ min: 200, max: 999 }).filter((nxx) => nxx % 100 !== 11),
      fc.option(fc.constantFrom(...zips), { nil: undefined }),
      anyInstant,
      (npa, nxx, zip, now) => {
        const verdict = calledOut(`+1${npa}${nxx}1212`, now, zip === undefined ? {} : { zip });
        const known = verdict.place.countries.every((country) => country === 'US' || country === 'CA');
        if (!known) expect(verdict.blocked?.rule).toBe('tcpa.calling_hours');
        else {
          const expected = oracle(verdict, now);
          if (expected === undefined) expect(verdict.blocked).toBeDefined();
          else expect(verdict.blocked === undefined).toBe(expected);
        }
      },
    ),
    { numRuns: 3_000 },
  );
});

test('no area code is ever called in a forbidden hour, tried every 45 minutes of two days', () => {
  // A Saturday of 24 hours and a Sunday of 25: the clocks go back on 2026-11-01.
  const start = Date.UTC(2026, 9, 31, 4);
  let made = 0;
  for (const npa of npas) {
    const from = `+1${npa}5551212`;
    for (let now = start; now < start + 2 * DAY + HOUR; now += 45 * 60_000) {
      const verdict = calledOut(from, now);
      if (verdict.blocked) continue;
      made++;
      if (!allAllow(verdict.place, false, now)) throw new Error(`${npa} at ${new Date(now).toISOString()}`);
    }
  }
  expect(made).toBeGreaterThan(10_000);
});

describe.each(['2026-03-07T05:00:00Z', '2026-10-31T04:00:00Z'])('of every ZIP3, from %s', (day) => {
  test('a person is called in its hours alone', () => {
    const start = Date.parse(day);
    const byZip3 = new Map(zips.map((zip) => [zip.slice(0, 3), zip]));
    expect(byZip3.size).toBeGreaterThan(880);
    for (const zip of byZip3.values()) {
      for (let now = start; now < start + 2 * DAY; now += 3.25 * HOUR) {
        const verdict = calledOut('+18005551212', now, { zip });
        if ((verdict.blocked === undefined) !== allAllow(verdict.place, false, now)) {
          throw new Error(`${zip} at ${new Date(now).toISOString()}: ${verdict.blocked?.detail}`);
        }
      }
    }
  });
});

describe('the next instant at which a person may be called', () => {
  const place = placeOf(classifyNumber(CALLER), undefined, undefined);

  test('is that at which the screening lets the call through, and it lets none through before', () => {
    const evening = at(21, 30);
    const next = nextAllowed(place, evening) as number;
    expect(next).toBe(at(8) + DAY);
    const rule = (now: number): string | undefined => screen({ origin: 'callback', now }).blocked?.rule;
    expect(rule(next)).toBeUndefined();
    for (let now = evening; now < next; now += 60_000) expect(rule(now)).toBe('tcpa.calling_hours');
  });

  test('heeds orders and machines', () => {
    const overrides = [
      { id: '1', place: 'NY', effect: 'forbid', startsAt: 0, endsAt: NOON + HOUR, citation: 'an order' },
    ] as const;
    expect(nextAllowed(place, NOON, { overrides })).toBe(NOON + HOUR);
    const maine = placeOf(classifyNumber(e164('+12075551212')), undefined, undefined);
    expect(nextAllowed(maine, at(18))).toBe(at(18));
    expect(nextAllowed(maine, at(18), { automated: true })).toBe(at(9) + DAY);
  });

  test.each([
    ['a withheld number', undefined],
    ['a number abroad', '+442071234567'],
    ['an island', '+18763334567'],
  ])('is unknown of %s', (_name, from) => {
    const caller = from === undefined ? undefined : classifyNumber(e164(from));
    expect(nextAllowed(placeOf(caller, undefined, undefined), NOON)).toBeUndefined();
  });
});

test("a consent to the seller covers a call whose seller has no contract, by the dialled number's seller", () => {
  const call = attempt({ origin: 'callback', receivedAt: NOON });
  const verdictFor = (sellerId: string | undefined): ComplianceVerdict =>
    screenCompliance({
      attempt: call,
      origin: resolveOrigin({
        trunkOrigin: 'callback',
        sellerOrigin: undefined,
        sellerClaims: [],
        claimed: undefined,
      }),
      sellerId,
      campaign: campaign(),
      overrides: [],
      facts: facts({ consents: [consent({ sellerId: 'seller-account' })] }),
      now: NOON,
    });
  expect(verdictFor('seller-account').blocked).toBeUndefined();
  expect(verdictFor('other').blocked?.rule).toBe('consent.prior');
  expect(verdictFor(undefined).blocked?.rule).toBe('consent.prior');
});

describe('the number', () => {
  test.each([
    ['withheld', undefined],
    ['impossible', '+12121114567'],
  ])('that is %s shows no place: blocked where rules bind, flagged where not', (_name, from) => {
    expect(calledOut(from, at(12)).blocked?.rule).toBe('numbering.caller');
    const inbound = screen({ call: { from: from as E164 | undefined } });
    expect([inbound.blocked, find(inbound, 'numbering.caller')?.outcome]).toEqual([undefined, 'flag']);
  });

  test('kept for fiction is flagged only', () => {
    const verdict = screen({ call: { from: e164('+12125550123') } });
    expect([verdict.blocked, find(verdict, 'numbering.caller')?.outcome]).toEqual([undefined, 'flag']);
  });
});

test('a claim against the number is told, and moves the state that bids target', () => {
  const placed = (from: string | undefined, state: string) => {
    const verdict = screen({ call: { from: from as E164 | undefined, tags: { state } } });
    return [verdict.place.state, verdict.place.contradicted, find(verdict, 'place.person')?.outcome];
  };
  expect(placed(CALLER, 'CA')).toEqual(['CA', true, 'flag']);
  expect(placed(CALLER, 'NY')).toEqual(['NY', false, 'pass']);
  expect(placed(CALLER, 'ZZ')).toEqual(['NY', false, 'pass']);
  expect(placed(undefined, 'TX')).toEqual(['TX', false, 'pass']);
});

describe('the trace', () => {
  test('says which facts decided the place', () => {
    const said = (from: string, tags = {}): string | undefined =>
      find(screen({ call: { from: e164(from), tags } }), 'place.person')?.detail;
    expect(said('+18502342345')).toBe('FL; America/Chicago: by exchange');
    expect(said('+18505551212')).toBe('FL; America/New_York, America/Chicago: by area code');
    expect(said('+18505551212', { zip: '32501' })).toBe(
      'FL; America/Chicago: by area code and ZIP code claimed',
    );
    expect(said('+12125551212', { state: 'CA' })).toBe(
      'NY, CA; America/New_York, America/Los_Angeles: by area code and state claimed, which do not agree',
    );
  });

  test('of any call holds a finding of each kind, cites what it rests on, and hides the number', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CALL_ORIGINS),
        fc.constantFrom(...npas),
        anyInstant,
        fc.nat(5),
        (origin, npa, now, contactsInLast24h) => {
          const from = e164(`+1${npa}2341212`);
          const hits = [{ list: 'internal' as const }, { list: 'reassigned' as const }];
          const verdict = screen({ origin, call: { from }, facts: { contactsInLast24h, hits }, now });
          const rules = new Set(verdict.findings.map(({ rule }) => rule));
          for (const rule of [
            'origin.contract',
            'numbering.caller',
            'place.person',
            'identity.attestation',
            'consent.prior',
            'contacts.frequency',
          ]) {
            expect(rules).toContain(rule);
          }
          expect([...rules].some((rule) => rule.endsWith('calling_hours'))).toBe(true);
          expect(verdict.origin).toBe(origin);
          const blocks = verdict.findings.filter(({ outcome }) => outcome === 'block');
          expect(verdict.blocked).toBe(blocks[0]);
          if (origin === 'inbound_consumer') expect(blocks).toEqual([]);
          for (const { citation, detail } of verdict.findings) {
            expect(citation).toBeTruthy();
            expect(detail).not.toContain(from);
            expect(detail).not.toContain(from.slice(2));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('is the same for the same call, facts and instant', () => {
    const once = { origin: 'unknown', now: at(21, 30), facts: { contactsInLast24h: 3 } } as const;
    expect(screen(once)).toEqual(screen(once));
  });
});

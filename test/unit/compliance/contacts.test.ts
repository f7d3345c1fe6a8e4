import { CONTACT_LIMITS } from '../../../src/compliance/data/contact-limits';
import type { CompliancePolicy, E164, Finding } from '../../../src/domain';
import { HOUR, NOON, SOLICITING, at, find, screen } from './fixtures';

/** A number of each place that limits calls, on an exchange that exists. */
const NUMBERS: Readonly<Record<string, string>> = {
  FL: '+13055551212',
  MD: '+14105551212',
  OK: '+14055551212',
  OR: '+15035551212',
  ME: '+12075551212',
  NY: '+12125551212',
};

function contacts(
  place: string,
  made: number,
  policy: CompliancePolicy = {},
  mode = 'manual',
): Finding | undefined {
  const verdict = screen({
    origin: 'outbound_transfer',
    call: { from: NUMBERS[place] as E164, tags: { 'dial-mode': mode } },
    policy,
    facts: { contactsInLast24h: made },
    now: at(14),
  });
  return find(verdict, 'contacts.frequency');
}

test('the table has the states of the research, with their citations', () => {
  expect(CONTACT_LIMITS.map(({ place, calls, hours }) => `${place} ${calls}/${hours}`)).toEqual([
    'FL 3/24',
    'MD 3/24',
    'ME 1/8',
    'OK 3/24',
    'OR 3/24',
  ]);
});

test.each([
  ['FL', 'Fla. Stat. §501.616(6)(b)'],
  ['MD', 'Md. Code, Com. Law §14-4502'],
  ['OK', 'Okla. Stat. tit. 15 §775C.4'],
  ['OR', 'Oregon HB 3865 (2025)'],
])('the fourth call in 24 hours to %s is against %s, whatever the campaign says', (place, citation) => {
  for (const policy of [{}, { contactsPerDay: 10 }]) {
    expect(contacts(place, 3, policy)).toMatchObject({ outcome: 'block', citation });
    expect(contacts(place, 2, policy)?.outcome).toBe('pass');
  }
});

test('elsewhere three is the policy of the exchange, and the campaign may say otherwise', () => {
  expect(contacts('NY', 2)?.outcome).toBe('pass');
  expect(contacts('NY', 3)).toMatchObject({ outcome: 'block', citation: 'policy of the exchange' });
  expect(contacts('NY', 9, { contactsPerDay: 10 })?.outcome).toBe('pass');
  expect(contacts('NY', 1, { contactsPerDay: 1 })?.outcome).toBe('block');
  expect(contacts('FL', 1, { contactsPerDay: 1 })).toMatchObject({
    outcome: 'block',
    citation: 'policy of the exchange',
  });
});

test('a machine calls a person in Maine once in eight hours', () => {
  expect(contacts('ME', 1, {}, 'autodialed')).toMatchObject({
    outcome: 'block',
    citation: '10 M.R.S. §1498(3)',
  });
  expect(contacts('ME', 0, {}, 'autodialed')?.outcome).toBe('pass');
  expect(contacts('ME', 1, {}, 'manual')?.outcome).toBe('pass');
  // Who does not say how it dialled is taken for a machine.
  expect(contacts('ME', 1, {}, 'otherwise')?.outcome).toBe('block');
  const apart = screen({
    origin: 'outbound_transfer',
    call: { from: NUMBERS['ME'] as E164, tags: { 'dial-mode': 'prerecorded' } },
    facts: { contactsInLast24h: 2, contactsInLast8h: 0 },
    now: at(14),
  });
  expect(find(apart, 'contacts.frequency')?.outcome).toBe('pass');
});

test('a limit is law from its first day on', () => {
  const before = screen({
    origin: 'callback',
    call: { from: NUMBERS['OR'] as E164 },
    policy: { contactsPerDay: 10 },
    facts: { contactsInLast24h: 3 },
    now: Date.UTC(2025, 11, 30, 20),
  });
  expect(find(before, 'contacts.frequency')?.outcome).toBe('pass');
});

test('calls that consumers make are not counted against them', () => {
  const verdict = screen({ facts: { contactsInLast24h: 50 } });
  expect([verdict.blocked, find(verdict, 'contacts.frequency')?.outcome]).toEqual([
    undefined,
    'not_applicable',
  ]);
  for (const origin of SOLICITING) {
    expect(screen({ origin, facts: { contactsInLast24h: 50 }, now: NOON + HOUR }).blocked?.rule).toBe(
      'contacts.frequency',
    );
  }
});

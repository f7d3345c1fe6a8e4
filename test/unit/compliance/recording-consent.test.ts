import * as fc from 'fast-check';
import { recordingConsent } from '../../../src/compliance';
import { RECORDING_RULES } from '../../../src/compliance/data/recording-consent';

const ALL_PARTY = 'CA CT DE FL IL MD MA MT NH NV PA WA MI OR'.split(' ');
const STATES =
  'AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY'.split(
    ' ',
  );

test('every state of the Union and its capital has a row with a citation', () => {
  expect(RECORDING_RULES.map(({ place }) => place).sort()).toEqual([...STATES].sort());
  for (const { citation } of RECORDING_RULES) expect(citation).toMatch(/\d/);
});

test.each(STATES)('a recording in %s needs whose consent the table says', (state) => {
  expect(recordingConsent([state]).consent).toBe(ALL_PARTY.includes(state) ? 'all_party' : 'one_party');
});

test('where sources differ the stricter reading stands, and the row says so', () => {
  const disputed = RECORDING_RULES.filter((row) => row.disputed);
  expect(disputed.map(({ place }) => place).sort()).toEqual(['CT', 'DE', 'MI', 'NV', 'OR']);
  for (const { consent } of disputed) expect(consent).toBe('all_party');
});

test.each<[string, string[], string]>([
  ['nothing is known', [], 'all_party'],
  ['a province of Canada', ['ON'], 'all_party'],
  ['a territory, under federal law', ['PR'], 'one_party'],
])('of %s', (_name, states, consent) => {
  expect(recordingConsent(states).consent).toBe(consent);
});

test('of several states the strictest holds, and its rule is told', () => {
  fc.assert(
    fc.property(fc.subarray(STATES, { minLength: 1 }), (states) => {
      const { consent, rule } = recordingConsent(states);
      expect(consent).toBe(states.some((state) => ALL_PARTY.includes(state)) ? 'all_party' : 'one_party');
      expect(states).toContain(rule.place);
    }),
  );
});

import fc from 'fast-check';
import type { E164 } from '../../../src/domain';
import { NumberPattern } from '../../../src/storage/privacy/number-pattern';
import { names, scrub } from '../../../src/storage/privacy/scrub';

const NANP = new NumberPattern('+12125550123' as E164);
const BRITISH = new NumberPattern('+442079460958' as E164);

test.each([
  '+12125550123',
  '12125550123',
  '2125550123',
  '0012125550123',
  '01112125550123',
  '212-555-0123',
  '(212) 555-0123',
  '+1 (212) 555-0123',
  '1.212.555.0123',
  '212\u00a0555\u00a00123',
  'tel:+1-212-555-0123',
  '<sip:+12125550123@192.0.2.9>;tag=1',
  'phone=%2B12125550123&x=1',
  'a2125550123b',
  '+12125550123/internal',
])('%j is the number', (text) => {
  expect(NANP.test(text)).toBe(true);
  const clean = NANP.replace(text, 'anon');
  expect(clean).toContain('anon');
  expect(clean.replace(/[^0-9]/g, '')).not.toContain('5550123');
});

test.each([
  '+12125550124',
  '912125550123',
  '21255501234',
  '442125550123',
  '212 555 0 1234',
  '2,125,550,123',
  '[2,1,2,5,5,5,0,1,2,3]',
  '212 and 555-0123',
  '',
])('%j is not', (text) => {
  expect(NANP.test(text)).toBe(false);
  expect(NANP.replace(text, 'anon')).toBe(text);
});

test('a number of another plan is found with its country code', () => {
  for (const text of ['+442079460958', '442079460958', '00442079460958', '+44 20 7946 0958']) {
    expect(BRITISH.replace(text, 'anon')).toBe('anon');
  }
  expect(BRITISH.test('2079460958')).toBe(false);
});

test('texts and names of fields are cleaned, amounts are not', () => {
  const value = {
    from: '+12125550123',
    amount: 2_125_550_123,
    tags: { phone: '(212) 555-0123', '2125550123': [true, null, 'x 212-555-0123 y'] },
  };
  expect(scrub(value, [{ pattern: NANP, by: 'anon' }])).toEqual({
    from: 'anon',
    amount: 2_125_550_123,
    tags: { phone: 'anon', anon: [true, null, 'x anon y'] },
  });
  expect(names(value, NANP)).toBe(true);
  expect(names({ amount: value.amount }, NANP)).toBe(false);
});

test('law: what is cleaned names nobody, and what named nobody is left as it is', () => {
  const written = fc.constantFrom('+12125550123', '2125550123', '1-212-555-0123', '+12125550199', '17');
  const text = fc.tuple(fc.string(), written, fc.string()).map((parts) => parts.join(' '));
  const tree = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.integer(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(text, tie('value'), { maxKeys: 3 }),
    ),
  }));
  fc.assert(
    fc.property(tree.value, (value) => {
      const clean = scrub(value, [{ pattern: NANP, by: 'anon' }]);
      expect(names(clean, NANP)).toBe(false);
      expect(clean === value).toBe(!names(value, NANP));
    }),
  );
});

import type { ProviderSettings } from '../../../src/lookups';
import { checkReading, readAnswer } from '../../../src/lookups/read-answer';

const base = {
  name: 'one',
  url: 'https://example.com/{number}',
  method: 'GET',
  timeoutMs: 150,
  maxConcurrent: 4,
} as const;
const dnc: ProviderSettings = {
  ...base,
  kind: 'dnc',
  answer: {
    pointer: '/result/0/listed',
    listed: ['true', 'yes', '1'],
    clear: ['false', 'no', '0'],
    noData: ['null', 'unknown'],
  },
  value: { pointer: '/result/0/list' },
};
const lineType: ProviderSettings = {
  ...base,
  kind: 'line_type',
  value: { pointer: '/carrier/type', values: { wireless: 'mobile', landline: 'landline', voip: 'voip' } },
};
const said = (listed: unknown): string => JSON.stringify({ result: [{ listed, list: 'national' }] });

test.each([
  [true, 'listed'],
  ['yes', 'listed'],
  [1, 'listed'],
  [false, 'clear'],
  ['no', 'clear'],
  ['unknown', 'no_data'],
  [null, 'no_data'],
])('%j means %s', (value, answer) => {
  expect(readAnswer(dnc, said(value))).toEqual({ ok: true, answer, value: 'national' });
});

test.each([
  ['a word that was not foreseen', said('maybe')],
  ['words in other letters', said('YES')],
  ['a whole object', said({})],
  ['nothing there', '{}'],
  ['an empty array', '{"result":[]}'],
])('%s is no answer', (_what, text) => {
  expect(readAnswer(dnc, text)).toEqual({ ok: false, why: 'not_understood' });
});

test('what is no JSON is no answer', () => {
  for (const text of ['', '<html>', '{"result":', 'listed']) {
    expect(readAnswer(dnc, text)).toEqual({ ok: false, why: 'not_json' });
  }
});

test('a type of line is a value of the table, or nobody knows', () => {
  const typed = (type: unknown): unknown => readAnswer(lineType, JSON.stringify({ carrier: { type } }));
  expect(typed('wireless')).toEqual({ ok: true, answer: 'clear', value: 'mobile' });
  for (const type of ['satellite', '', null, undefined, {}, 'toString', '__proto__']) {
    expect(typed(type)).toEqual({ ok: true, answer: 'no_data', value: undefined });
  }
  const plain = { ...lineType, value: { pointer: '/carrier/type' } };
  expect(readAnswer(plain, JSON.stringify({ carrier: { type: 'x'.repeat(1_000) } }))).toMatchObject({
    value: 'x'.repeat(64),
  });
});

test('a reading that can never find anything is refused', () => {
  checkReading(dnc);
  checkReading(lineType);
  const { answer: _answer, ...blind } = dnc;
  const { value: _value, ...typeless } = lineType;
  const twice: ProviderSettings = { ...dnc, answer: { pointer: '/a', listed: ['1'], clear: ['1'] } };
  const astray: ProviderSettings = { ...dnc, answer: { pointer: 'a', listed: ['1'], clear: ['0'] } };
  for (const wrong of [blind, typeless, twice, astray]) expect(() => checkReading(wrong)).toThrow(RangeError);
});

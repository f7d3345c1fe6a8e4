import fc from 'fast-check';
import {
  days,
  integer,
  json,
  money,
  percent,
  score,
  seconds,
  words,
} from '../../../../src/web/console/core/codec';

const MOST = 1_000_000_000_000;

describe('money', () => {
  it('is read as it is shown, to the last micro-unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MOST }), (micros) => {
        expect(money.read(money.show(micros))).toEqual({ ok: true, value: micros });
      }),
    );
  });

  it.each([
    ['20', 20_000_000],
    ['20.5', 20_500_000],
    ['.25', 250_000],
    ['7.', 7_000_000],
    ['1,234.56', 1_234_560_000],
    [' 0.000001 ', 1],
  ])('takes %s', (typed, value) => {
    expect(money.read(typed)).toEqual({ ok: true, value });
  });

  it.each(['', 'ten', '1.2345678', '-1', '1e3', '1000001', '.', '$5'])('does not take %p', (typed) => {
    expect(money.read(typed).ok).toBe(false);
  });
});

describe('other numbers', () => {
  it('keep their units', () => {
    expect(seconds().read('1.5')).toEqual({ ok: true, value: 1_500 });
    expect(percent.read('12.5')).toEqual({ ok: true, value: 1_250 });
    expect(days(365).read('0.5')).toEqual({ ok: true, value: 43_200_000 });
    expect(integer({ max: 50 }).read('5')).toEqual({ ok: true, value: 5 });
    expect(score.read('0.35')).toEqual({ ok: true, value: 0.35 });
  });

  it('say which limit they break', () => {
    expect(integer({ min: 1, max: 50 }).read('51')).toEqual({ ok: false, message: 'must be at most 50' });
    expect(seconds({ min: 1_000 }).read('0.5')).toEqual({ ok: false, message: 'must be at least 1' });
    expect(percent.read('101')).toEqual({ ok: false, message: 'must be at most 100' });
    expect(score.read('1.1').ok).toBe(false);
    expect(days(30).read('31').ok).toBe(false);
  });
});

it('words are taken once each, however they are separated', () => {
  expect(words.read(' a, b\nc,,a ')).toEqual({ ok: true, value: ['a', 'b', 'c'] });
  expect(words.show(['a', 'b'])).toBe('a, b');
});

it('JSON is taken as it is, or not at all', () => {
  expect(json.read('[1, {"a": null}]')).toEqual({ ok: true, value: [1, { a: null }] });
  expect(json.read('{').ok).toBe(false);
  expect(json.show(undefined)).toBe('');
});

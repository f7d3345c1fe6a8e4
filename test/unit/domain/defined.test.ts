import { defined } from '../../../src/domain';

test('what is undefined is left out, and nothing else is', () => {
  const fields = defined({ a: undefined, b: null, c: 0, d: '', e: false, f: 'said' });
  expect(Object.entries(fields)).toEqual([
    ['b', null],
    ['c', 0],
    ['d', ''],
    ['e', false],
    ['f', 'said'],
  ]);
});

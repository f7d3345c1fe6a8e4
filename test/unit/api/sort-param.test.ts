import { sortParam } from '../../../src/api/lists/list-order';

test('a list that nothing orders is refused when it is made, not when it is asked for', () => {
  expect(() => sortParam({})).toThrow('a list needs a field that it can be ordered by');
});

test('up to three fields order a list, each once', () => {
  const param = sortParam({ name: 'text', createdAt: 'instant' });
  expect(param.parse('-createdAt,name')).toEqual([
    { field: 'createdAt', kind: 'instant', descending: true },
    { field: 'name', kind: 'text', descending: false },
  ]);
  for (const wrong of ['', '-', 'name,', 'price', 'name,-name', 'name,createdAt,name,name']) {
    expect(param.safeParse(wrong).success).toBe(false);
  }
});

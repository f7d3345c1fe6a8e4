import { groupBy } from '../../../src/domain';

describe('grouping by a key', () => {
  const legs = [
    { call: 'b', to: 1 },
    { call: 'a', to: 2 },
    { call: 'b', to: 3 },
  ];

  it('keeps keys and items in the order in which they come', () => {
    expect([...groupBy(legs, (leg) => leg.call)]).toEqual([
      ['b', [legs[0], legs[2]]],
      ['a', [legs[1]]],
    ]);
  });

  it('keeps what is made of each item', () => {
    const groups = groupBy(
      legs,
      (leg) => leg.call,
      (leg) => leg.to,
    );
    expect([...groups]).toEqual([
      ['b', [1, 3]],
      ['a', [2]],
    ]);
  });

  it('has no keys when there is nothing', () => {
    expect(groupBy([], String).size).toBe(0);
  });
});

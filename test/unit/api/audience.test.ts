import { Audience } from '../../../src/api/realtime/audience';

test('news reach those that they are for, and who left hears nothing', () => {
  const audience = new Audience<{ name: string }>();
  const of = (who: Iterable<{ name: string }>): string[] => [...who].map(({ name }) => name).sort();
  const [ann, again, ben, zoe, key] = ['ann', 'again', 'ben', 'zoe', 'key'].map((name) => ({ name })) as [
    { name: string },
    { name: string },
    { name: string },
    { name: string },
    { name: string },
  ];
  audience.add(ann, { agentId: 'ann', buyerId: 'one' });
  audience.add(again, { agentId: 'ann', buyerId: 'one' });
  audience.add(ben, { agentId: 'ben', buyerId: 'one' });
  audience.add(zoe, { agentId: 'zoe', buyerId: 'two' });
  audience.add(key, undefined);
  expect(of(audience.agent('ann'))).toEqual(['again', 'ann']);
  expect(of(audience.of('one'))).toEqual(['again', 'ann', 'ben', 'key']);
  expect(of(audience.of(undefined))).toEqual(['key']);
  audience.delete(ann);
  audience.delete(key);
  audience.delete(key);
  expect(of(audience.agent('ann'))).toEqual(['again']);
  expect(of(audience.of('two'))).toEqual(['zoe']);
  expect([audience.size, of(audience.all())]).toEqual([3, ['again', 'ben', 'zoe']]);
});

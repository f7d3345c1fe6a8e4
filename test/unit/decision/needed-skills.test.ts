import type { Target } from '../../../src/domain';
import { bid, marketOf, target } from '../market/fixtures';
import { decideIn } from './support';

function skillsOf(tags: Record<string, string>, over: Partial<Target>): unknown {
  const market = marketOf([bid()], { skillTag: 'needs' });
  market.apply({ entity: 'target', op: 'upsert', value: target({ id: bid().targetId, ...over }) });
  const decision = decideIn(market, { tags });
  return decision.ok ? decision.plan[0]?.skills : decision.detail;
}

test.each([
  [{ needs: 'Spanish, medicare' }, ['spanish', 'medicare']],
  [{ needs: '' }, undefined],
  [{}, undefined],
])('people are asked for what the call needs, also where skills do not route it: %p', (tags, skills) => {
  expect(skillsOf(tags as Record<string, string>, { kind: 'softphone', uri: 'team:sales' })).toEqual(skills);
});

test('of other targets nobody is chosen', () => {
  expect(skillsOf({ needs: 'spanish' }, { kind: 'sip' })).toBeUndefined();
});

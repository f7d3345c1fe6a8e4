import { RecentBindings } from '../../../src/presence/recent-bindings';
import type { Binding } from '../../../src/signaling';
import { LocalBindings } from '../../../src/signaling';
import { bindingOf } from './agents';

let store: LocalBindings;
let asked: string[];
let recent: RecentBindings;

beforeEach(() => {
  jest.useFakeTimers();
  asked = [];
  store = new LocalBindings({ now: Date.now });
  const of = store.of.bind(store);
  store.of = (agentId, now): Promise<readonly Binding[]> => {
    asked.push(agentId);
    return of(agentId, now);
  };
  recent = new RecentBindings(store, Date.now);
});
afterEach(() => {
  store.close();
  jest.useRealTimers();
});

const put = (binding: Binding): Promise<boolean> =>
  store.apply(binding.agentId, [], { put: [binding], remove: [] }, Date.now());

test('who asks at the same time gets one answer, and later another', async () => {
  await put(bindingOf('ann', 'here'));
  const all = await Promise.all([recent.ofAll(['ann', 'bob']), recent.ofAll(['bob', 'ann'])]);
  for (const found of all) expect([...found.keys()]).toEqual(['ann']);
  expect(asked).toEqual(['ann', 'bob']);
  jest.advanceTimersByTime(1_000);
  await recent.ofAll(['ann']);
  expect(asked).toEqual(['ann', 'bob', 'ann']);
});

test('a change that is told of counts at once', async () => {
  expect((await recent.ofAll(['ann'])).size).toBe(0);
  await put(bindingOf('ann', 'here'));
  expect((await recent.ofAll(['ann'])).size).toBe(1);
});

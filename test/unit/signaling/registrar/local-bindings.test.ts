import * as fc from 'fast-check';
import { LocalBindings } from '../../../../src/signaling';
import { bindingOf } from './bindings';

const FLOW = { transport: 'wss', address: '192.0.2.1', port: 40_000 } as const;
let now: number;
let store: LocalBindings;
let changes: string[];
beforeEach(() => {
  now = 1_000;
  changes = [];
  store = new LocalBindings({ now: () => now });
  store.onChange((agentId) => changes.push(agentId));
});
afterEach(() => store.close());

const put = (...put: ReturnType<typeof bindingOf>[]): { put: typeof put; remove: string[] } => ({
  put,
  remove: [],
});

it('keeps what is put, the oldest first, and tells of it', async () => {
  const [early, late] = [bindingOf({ key: 'b' }), bindingOf({ key: 'a', registeredAt: 1_001 })];
  expect(await store.apply('anna', [], put(late, early), now)).toBe(true);
  expect(await store.of('anna', now)).toEqual([early, late]);
  expect(await store.ofAll(['anna', 'bert'], now)).toEqual(new Map([['anna', [early, late]]]));
  expect(changes).toEqual(['anna']);
});

it('refuses what was planned on what is no longer so', async () => {
  await store.apply('anna', [], put(bindingOf()), now);
  expect(await store.apply('anna', [], put(bindingOf({ key: 'b' })), now)).toBe(false);
  expect(await store.apply('anna', [bindingOf({ cseq: 9 })], put(), now)).toBe(false);
  expect(await store.apply('anna', [bindingOf()], { put: [], remove: [bindingOf().key] }, now)).toBe(true);
  expect(await store.of('anna', now)).toEqual([]);
});

it('lets go what is over, tells of it, and of nothing twice', async () => {
  await store.apply(
    'anna',
    [],
    put(bindingOf({ expiresAt: 5_000 }), bindingOf({ key: 'b', expiresAt: 9_000 })),
    now,
  );
  await store.apply('bert', [], put(bindingOf({ agentId: 'bert', expiresAt: 9_000 })), now);
  changes = [];
  now = 4_999;
  store.sweep();
  expect(changes).toEqual([]);
  now = 5_000;
  expect(await store.of('anna', now)).toMatchObject([{ key: 'b' }]);
  store.sweep();
  store.sweep();
  expect(changes).toEqual(['anna']);
  now = 9_000;
  store.sweep();
  expect(changes).toEqual(['anna', 'anna', 'bert']);
  expect(store.agents).toBe(0);
});

it('drops a phone that cannot be reached, unless it registered again', async () => {
  await store.apply('anna', [], put(bindingOf()), now);
  await store.drop(bindingOf({ cseq: 0 }));
  expect(await store.of('anna', now)).toHaveLength(1);
  changes = [];
  await store.drop(bindingOf());
  expect(await store.of('anna', now)).toEqual([]);
  expect(changes).toEqual(['anna']);
});

it('knows whose phone is on a connection, while the registration lasts', async () => {
  await store.apply('anna', [], put(bindingOf()), now);
  expect(store.agentOfFlow(FLOW, now)).toBe('anna');
  expect(store.agentOfFlow({ ...FLOW, port: 1 }, now)).toBeUndefined();
  expect(store.agentOfFlow({ ...FLOW, transport: 'ws' }, now)).toBeUndefined();
  expect(store.agentOfFlow(FLOW, 601_000)).toBeUndefined();
});

it('takes who registered on a connection last for its holder', async () => {
  await store.apply('anna', [], put(bindingOf()), now);
  await store.apply('bert', [], put(bindingOf({ agentId: 'bert', registeredAt: 1_001 })), now);
  expect(store.agentOfFlow(FLOW, now)).toBe('bert');
  await store.apply('anna', [bindingOf()], { put: [], remove: [bindingOf().key] }, now);
  expect(store.agentOfFlow(FLOW, now)).toBe('bert');
});

it('knows no one of a connection but who registered on it last, whatever was put and removed', async () => {
  const step = fc.record({
    agentId: fc.constantFrom('anna', 'bert'),
    key: fc.constantFrom('a', 'b', 'c'),
    port: fc.integer({ min: 1, max: 3 }),
    remove: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { size: 'max', maxLength: 20 }), async (steps) => {
      const bindings = new LocalBindings({ now: () => now });
      try {
        for (const [at, { agentId, key, port, remove }] of steps.entries()) {
          const current = await bindings.of(agentId, now);
          const binding = bindingOf({ agentId, key, flow: { ...FLOW, port }, registeredAt: at });
          await bindings.apply(agentId, current, remove ? { put: [], remove: [key] } : put(binding), now);
          if (!remove) expect(bindings.agentOfFlow(binding.flow, now)).toBe(agentId);
          const all = [...(await bindings.of('anna', now)), ...(await bindings.of('bert', now))];
          for (const flow of [1, 2, 3].map((each) => ({ ...FLOW, port: each }))) {
            const there = all.filter((other) => other.flow.port === flow.port);
            const last = there.sort((a, b) => a.registeredAt - b.registeredAt).at(-1);
            expect(bindings.agentOfFlow(flow, now)).toBe(last?.agentId);
          }
        }
      } finally {
        bindings.close();
      }
    }),
  );
});

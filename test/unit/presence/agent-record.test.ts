import fc from 'fast-check';
import type { AgentEvent, AgentRecord } from '../../../src/presence/agent-record';
import {
  change,
  isHeldBy,
  merge,
  nextLapse,
  presenceOf,
  settle,
  UNKNOWN_AGENT,
} from '../../../src/presence/agent-record';
import { decodeRecord, encodeRecord } from '../../../src/presence/record-codec';

const T = 1_000_000;
const LEASE = 15_000;

const reach = (until = T * 10): AgentEvent => ({ kind: 'reach', until });
const claim = (callId: string, until = T + LEASE): AgentEvent => ({
  kind: 'claim',
  callId,
  node: 'a',
  until,
  reachableUntil: T * 10,
});
const answer = (callId: string, until = T + LEASE): AgentEvent => ({
  kind: 'hold',
  task: 'on_call',
  callId,
  node: 'a',
  until,
});
const end = (callId: string, wrapUpMs: number): AgentEvent => ({ kind: 'end', callId, wrapUpMs });
const choose = (status: 'available' | 'away'): AgentEvent => ({ kind: 'choose', status });
const release = (callId: string, why: Extract<AgentEvent, { kind: 'release' }>['why']): AgentEvent => ({
  kind: 'release',
  callId,
  why,
  missedBeforeAway: 3,
});

function after(events: readonly AgentEvent[], at = T, from: AgentRecord = UNKNOWN_AGENT): AgentRecord {
  return events.reduce((record, event) => change(record, event, at), from);
}

describe('the states of a call', () => {
  test('nobody known is offline; who registers is available', () => {
    expect(presenceOf(UNKNOWN_AGENT)).toBe('offline');
    expect(after([reach()])).toMatchObject({ since: T, idleSince: T, version: 1 });
    expect(presenceOf(after([reach()]))).toBe('available');
  });

  test.each<[string, AgentEvent[], string]>([
    ['ringing', [claim('c')], 'ringing'],
    ['answered', [claim('c'), answer('c')], 'on_call'],
    ['over, without wrap-up', [claim('c'), answer('c'), end('c', 0)], 'available'],
    ['over, with wrap-up', [claim('c'), answer('c'), end('c', 5_000)], 'wrap_up'],
    ['wrap-up ended early', [claim('c'), answer('c'), end('c', 5_000), choose('available')], 'available'],
    ['away instead of wrap-up', [claim('c'), answer('c'), end('c', 5_000), choose('away')], 'away'],
    ['away chosen on a call', [claim('c'), answer('c'), choose('away')], 'on_call'],
    [
      'away chosen on a call that is over',
      [claim('c'), answer('c'), choose('away'), end('c', 5_000)],
      'away',
    ],
    ['away chosen while it rings, declined', [claim('c'), choose('away'), release('c', 'declined')], 'away'],
    ['the phone gone in a call', [claim('c'), answer('c'), reach(0)], 'on_call'],
    ['the phone gone, the call over', [claim('c'), answer('c'), reach(0), end('c', 5_000)], 'offline'],
    ['another call ends', [claim('c'), answer('c'), end('d', 0)], 'on_call'],
    ['another call answers', [claim('c'), answer('d')], 'ringing'],
    ['answered, which had been forgotten', [answer('c')], 'on_call'],
    ['not rung while away', [choose('away'), claim('c')], 'away'],
    ['not rung in wrap-up', [answer('c'), end('c', 5_000), claim('d')], 'wrap_up'],
  ])('%s', (_, events, state) => {
    expect(presenceOf(after([reach(), ...events]))).toBe(state);
  });

  test('wrap-up ends by itself, and who wrapped up has waited since then', () => {
    const wrapping = after([reach(), claim('c'), answer('c'), end('c', 5_000)]);
    expect(nextLapse(wrapping)).toBe(T + 5_000);
    expect(settle(wrapping, T + 4_999)).toBe(wrapping);
    const done = settle(wrapping, T + 9_000);
    expect(presenceOf(done)).toBe('available');
    expect(done).toMatchObject({ idleSince: T + 5_000, since: T + 5_000 });
  });

  test('what nobody says again lapses', () => {
    const ringing = after([reach(), claim('c')]);
    expect(presenceOf(settle(ringing, T + LEASE))).toBe('available');
    const held = change(
      ringing,
      { kind: 'hold', task: 'ringing', callId: 'c', node: 'a', until: T + 20_000 },
      T + 5_000,
    );
    expect(presenceOf(settle(held, T + LEASE))).toBe('ringing');
    expect(held.since).toBe(ringing.since);
  });

  test('a registration that was renewed did not lapse, though that is learnt late', () => {
    const idle = after([reach(T + 60_000)]);
    const late = change(idle, reach(T + 120_000), T + 61_000);
    expect(late).toMatchObject({ since: T, idleSince: T, reachableUntil: T + 120_000 });
    expect(late.version).toBeGreaterThan(idle.version);
    expect(presenceOf(settle(idle, T + 61_000))).toBe('offline');
    const claimed = change(
      idle,
      { kind: 'claim', callId: 'c', node: 'a', until: T + 80_000, reachableUntil: T + 120_000 },
      T + 61_000,
    );
    expect(isHeldBy(claimed, 'c')).toBe(true);
  });
});

describe('calls that come to nothing', () => {
  const rings = (why: Parameters<typeof release>[1], times: number): AgentRecord => {
    let record = after([reach()]);
    for (let n = 1; n <= times; n++) {
      const at = T + n * 1_000;
      record = change(change(record, claim(`c${n}`, at + LEASE), at), release(`c${n}`, why), at);
    }
    return record;
  };

  test.each([
    ['declined', 'available', T + 1_000],
    ['no_answer', 'available', T + 1_000],
    ['unreachable', 'available', T + 1_000],
    ['failed', 'available', T + 1_000],
    ['answered_elsewhere', 'available', T],
    ['caller_gone', 'available', T],
  ] as const)('%s: %s, waiting since %d', (why, state, idleSince) => {
    expect(presenceOf(rings(why, 1))).toBe(state);
    expect(rings(why, 1).idleSince).toBe(idleSince);
  });

  test('whose phone rings in vain three times in a row is away, until the agent says otherwise', () => {
    expect(presenceOf(rings('no_answer', 2))).toBe('available');
    const away = rings('no_answer', 3);
    expect(presenceOf(away)).toBe('away');
    const back = change(away, choose('available'), T + 9_000);
    expect(presenceOf(back)).toBe('available');
    expect(back.missed).toBe(0);
  });

  test.each(['declined', 'unreachable', 'failed', 'answered_elsewhere', 'caller_gone'] as const)(
    '%s makes nobody away',
    (why) => expect(presenceOf(rings(why, 10))).toBe('available'),
  );

  test('a declined or answered call shows that somebody is there', () => {
    for (const shown of [
      [claim('d'), release('d', 'declined')],
      [claim('d'), answer('d'), end('d', 0)],
    ]) {
      const record = after(
        [...shown, claim('e'), release('e', 'no_answer')],
        T + 9_000,
        rings('no_answer', 2),
      );
      expect(presenceOf(record)).toBe('available');
    }
  });
});

const callId = fc.constantFrom('c', 'd', 'e');
const node = fc.constantFrom('a', 'b');
const delay = fc.integer({ min: 1, max: 30_000 });
type Relative = (now: number) => AgentEvent;
const event: fc.Arbitrary<Relative> = fc.oneof(
  fc.tuple(callId, node, delay, delay).map(([call, by, ms, reachMs]): Relative => (now) => ({
    kind: 'claim',
    callId: call,
    node: by,
    until: now + ms,
    reachableUntil: now + reachMs,
  })),
  fc
    .tuple(fc.constantFrom('ringing' as const, 'on_call' as const), callId, node, delay)
    .map(([task, call, by, ms]): Relative => (now) => ({
      kind: 'hold',
      task,
      callId: call,
      node: by,
      until: now + ms,
    })),
  fc.tuple(callId, fc.constantFrom(0, 5_000)).map(
    ([call, wrapUpMs]): Relative =>
      () =>
        end(call, wrapUpMs),
  ),
  fc
    .tuple(
      callId,
      fc.constantFrom(
        'answered_elsewhere',
        'declined',
        'no_answer',
        'unreachable',
        'caller_gone',
        'failed' as const,
      ),
    )
    .map(
      ([call, why]): Relative =>
        () =>
          release(call, why),
    ),
  fc.constantFrom('available' as const, 'away' as const).map(
    (status): Relative =>
      () =>
        choose(status),
  ),
  fc.option(delay, { nil: undefined }).map(
    (ms): Relative =>
      (now) =>
        reach(ms === undefined ? 0 : now + ms),
  ),
);
const history = fc.array(fc.tuple(event, fc.nat(12_000)), { size: 'max', maxLength: 40 });

/** Every record on the way, with what led to it. */
function* walk(
  steps: readonly (readonly [Relative, number])[],
): Generator<{ before: AgentRecord; event: AgentEvent; now: number; after: AgentRecord }> {
  let now = T;
  let before = UNKNOWN_AGENT;
  for (const [relative, passes] of steps) {
    now += passes;
    const happened = relative(now);
    const next = change(before, happened, now);
    yield { before, event: happened, now, after: next };
    before = next;
  }
}

describe('laws', () => {
  test('a call takes only who is free, and keeps the agent from all others', () => {
    fc.assert(
      fc.property(history, (steps) => {
        for (const { before, event: happened, now, after: next } of walk(steps)) {
          const { task } = settle(before, now);
          const held = task && task.kind !== 'wrap_up' ? task.callId : undefined;
          const holds = next.task && next.task.kind !== 'wrap_up' ? next.task.callId : undefined;
          if (held !== undefined) expect([held, undefined]).toContain(holds);
          if (happened.kind === 'claim' && held === undefined && holds !== undefined) {
            const seen = change(before, { kind: 'reach', until: happened.reachableUntil }, now);
            expect(presenceOf(seen)).toBe('available');
          }
        }
      }),
    );
  });

  test('nothing lapsed is left, and letting lapse again changes nothing', () => {
    fc.assert(
      fc.property(history, (steps) => {
        for (const { now, after: next } of walk(steps)) {
          expect(nextLapse(next) === 0 || nextLapse(next) > now).toBe(true);
          expect(settle(next, now)).toBe(next);
        }
      }),
    );
  });

  test('versions tell changes, and "since" tells when what shows began', () => {
    fc.assert(
      fc.property(history, (steps) => {
        for (const { before, now, after: next } of walk(steps)) {
          if (next === before) continue;
          expect(next.version).toBeGreaterThan(before.version);
          expect(next.since).toBeLessThanOrEqual(now);
          if (next.since === before.since && next.since < now)
            expect(presenceOf(next)).toBe(presenceOf(before));
        }
      }),
    );
  });

  test('an agent is as written', () => {
    fc.assert(
      fc.property(history, (steps) => {
        for (const { after: next } of walk(steps)) expect(decodeRecord(encodeRecord(next))).toEqual(next);
      }),
    );
  });

  test('a call that another node has survives what this node did meanwhile', () => {
    fc.assert(
      fc.property(history, history, (there, here) => {
        const shared = [...walk(there)].at(-1)?.after ?? UNKNOWN_AGENT;
        const own = [...walk(here)].at(-1)?.after ?? UNKNOWN_AGENT;
        const now = T;
        const merged = merge(shared, own, 'a', now);
        expect(merged.version).toBeGreaterThan(Math.max(shared.version, own.version));
        expect(merged.chosen).toBe(own.chosen);
        const { task } = settle(shared, now);
        if (task && task.kind !== 'wrap_up' && task.node === 'b') expect(merged.task).toEqual(task);
        else expect(merged.task).toEqual(own.task);
      }),
    );
  });
});

test.each(['', 'x', '{}', '[]', '[1,2,3]', '[1,0,0,0,0,0,9,1]', '[1,0,0,0,0,0,0,"x"]', '[1,0,null,0,"y",0]'])(
  'what is no state is said not to be one: %s',
  (text) => expect(() => decodeRecord(text)).toThrow(),
);

import fc from 'fast-check';
import { ServerBench, T1, T4 } from './fixtures';

type Event = 180 | 200 | 486 | 'again' | 'ack' | 'timer';

const INTO: Readonly<Record<string, (bench: ServerBench, method: string) => void>> = {
  fresh: () => undefined,
  proceeding: (bench) => void bench.respond(100),
  completed: (bench, method) => void bench.respond(method === 'INVITE' ? 486 : 200),
  accepted: (bench) => void bench.respond(200),
  confirmed: (bench) => {
    bench.respond(486);
    bench.transaction.acknowledge();
  },
};

function inState(method: string, state: string): ServerBench {
  const bench = new ServerBench(method, 'udp');
  INTO[state]?.(bench, method);
  expect(bench.transaction.state).toBe(state === 'fresh' ? 'proceeding' : state);
  bench.flow.sent.length = 0;
  return bench;
}

function happens(bench: ServerBench, event: Event): void {
  if (event === 'again') bench.transaction.retransmitted();
  else if (event === 'ack') bench.transaction.acknowledge();
  else if (event === 'timer') bench.time.advance(64 * T1);
  else bench.respond(event);
}

describe('server transaction: state and event', () => {
  test.each<[string, string, Event, string, string[]]>([
    // method, state, event, next state, statuses sent (with 'timer': at least once, then again)
    ['INVITE', 'fresh', 'again', 'proceeding', []],
    ['INVITE', 'fresh', 'timer', 'proceeding', []],
    ['INVITE', 'fresh', 180, 'proceeding', ['180']],
    ['INVITE', 'proceeding', 'again', 'proceeding', ['100']],
    ['INVITE', 'proceeding', 'ack', 'proceeding', []],
    ['INVITE', 'proceeding', 180, 'proceeding', ['180']],
    ['INVITE', 'proceeding', 200, 'accepted', ['200']],
    ['INVITE', 'proceeding', 486, 'completed', ['486']],
    ['INVITE', 'accepted', 'again', 'accepted', []],
    ['INVITE', 'accepted', 'ack', 'accepted', []],
    ['INVITE', 'accepted', 486, 'accepted', []],
    ['INVITE', 'accepted', 'timer', 'terminated', []],
    ['INVITE', 'completed', 'again', 'completed', ['486']],
    ['INVITE', 'completed', 200, 'completed', []],
    ['INVITE', 'completed', 'ack', 'confirmed', []],
    ['INVITE', 'confirmed', 'again', 'confirmed', []],
    ['INVITE', 'confirmed', 'ack', 'confirmed', []],
    ['INVITE', 'confirmed', 486, 'confirmed', []],
    ['INVITE', 'confirmed', 'timer', 'terminated', []],
    ['BYE', 'fresh', 'again', 'proceeding', []],
    ['BYE', 'proceeding', 'again', 'proceeding', ['100']],
    ['BYE', 'proceeding', 200, 'completed', ['200']],
    ['BYE', 'proceeding', 486, 'completed', ['486']],
    ['BYE', 'completed', 'again', 'completed', ['200']],
    ['BYE', 'completed', 'ack', 'completed', []],
    ['BYE', 'completed', 486, 'completed', []],
    ['BYE', 'completed', 'timer', 'terminated', []],
  ])('%s %s, %s: %s', (method, state, event, next, sent) => {
    const bench = inState(method, state);
    happens(bench, event);
    expect(bench.transaction.state).toBe(next);
    expect(bench.flow.sent.map(({ text }) => text.slice(8, 11))).toEqual(sent);
  });
});

describe('server transaction: timers', () => {
  test('G doubles up to T2, H gives up at 64 T1', () => {
    const bench = new ServerBench('INVITE', 'udp');
    bench.respond(486);
    bench.time.advance(64 * T1);
    const times = [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    expect(bench.flow.times('SIP/2.0 486')).toEqual(times);
    expect(bench.retransmissions).toBe(times.length - 1);
    expect(bench.heard).toEqual(['terminated', 'no ack']);
    expect(bench.time.running).toBe(0);
  });

  test('over TCP nothing is repeated, and H still gives up', () => {
    const bench = new ServerBench('INVITE', 'tcp');
    bench.respond(486);
    bench.time.advance(64 * T1);
    expect(bench.flow.sent).toHaveLength(1);
    expect(bench.heard).toEqual(['terminated', 'no ack']);
  });

  test.each([
    // method, protocol, status, acknowledged, how long it lingers: L, I, J
    ['INVITE', 'udp', 200, false, 64 * T1],
    ['INVITE', 'tcp', 200, false, 64 * T1],
    ['INVITE', 'udp', 486, true, T4],
    ['INVITE', 'tcp', 486, true, 0],
    ['BYE', 'udp', 200, false, 64 * T1],
    ['BYE', 'tcp', 200, false, 0],
  ] as const)('%s over %s, %d, acknowledged %s: lingers %d ms', (method, protocol, status, ack, linger) => {
    const bench = new ServerBench(method, protocol);
    bench.time.advance(100);
    bench.respond(status);
    if (ack) bench.transaction.acknowledge();
    bench.time.advance(200_000);
    expect(bench.flow.sent).toHaveLength(1);
    expect(bench.heard).toEqual(['terminated']);
    expect(bench.endedAt).toBe(100 + linger);
    expect(bench.time.running).toBe(0);
  });

  test('an ACK ends the repetitions', () => {
    const bench = new ServerBench('INVITE', 'udp');
    bench.respond(486);
    bench.time.advance(2 * T1);
    const before = bench.flow.sent.length;
    bench.transaction.acknowledge();
    bench.time.advance(64 * T1);
    expect(bench.flow.sent).toHaveLength(before);
    expect(bench.heard).toEqual(['terminated']);
  });

  test('a flow that is gone is told to who responds', () => {
    const bench = new ServerBench('BYE', 'tcp');
    bench.flow.broken = true;
    expect(bench.respond(200)).toBe(false);
    bench.time.advance(0);
    expect(bench.heard).toEqual(['terminated']);
  });
});

describe('server transaction: laws', () => {
  const event = fc.oneof(
    fc.record({ wait: fc.nat({ max: 40_000 }) }),
    fc.record({ status: fc.constantFrom(100, 180, 200, 302, 486, 503, 603) }),
    fc.record({ act: fc.constantFrom('retransmitted' as const, 'acknowledge' as const, 'destroy' as const) }),
  );

  test('whatever happens: one final response, one end, no timer and no word after it', () => {
    const method = fc.constantFrom('INVITE', 'OPTIONS');
    const protocol = fc.constantFrom('udp' as const, 'tcp' as const);
    fc.assert(
      fc.property(method, protocol, fc.array(event, { maxLength: 15 }), (name, over, events) => {
        const bench = new ServerBench(name, over);
        for (const step of events) {
          if ('wait' in step) bench.time.advance(step.wait);
          else if ('status' in step) bench.respond(step.status);
          else bench.transaction[step.act]();
        }
        bench.respond(500);
        bench.time.advance(64 * T1);
        expect(bench.transaction.state).toBe('terminated');
        expect(bench.time.running).toBe(0);
        expect(bench.heard.filter((what) => what === 'terminated')).toHaveLength(1);
        const finals = new Set(
          bench.flow.sent.map(({ text }) => text.slice(8, 11)).filter((status) => status >= '200'),
        );
        expect(finals.size).toBeLessThanOrEqual(1);
        const sent = bench.flow.sent.length;
        bench.transaction.retransmitted();
        bench.transaction.acknowledge();
        expect(bench.respond(200)).toBe(false);
        bench.time.advance(64 * T1);
        expect(bench.flow.sent).toHaveLength(sent);
        expect(bench.heard.filter((what) => what === 'terminated')).toHaveLength(1);
      }),
      { numRuns: 400 },
    );
  });
});

import fc from 'fast-check';
import { ClientBench, T1, T2, T4 } from './fixtures';

type Event = 100 | 200 | 486 | 'timer' | 'transport';

/** What brings a transaction into a state; for a fresh one. */
const INTO: Readonly<Record<string, (bench: ClientBench) => void>> = {
  calling: () => undefined,
  proceeding: (bench) => bench.receive(100),
  completed: (bench) => bench.receive(bench.method === 'INVITE' ? 486 : 200),
  accepted: (bench) => bench.receive(200),
};

function inState(method: string, state: string): ClientBench {
  const bench = new ClientBench(method, 'udp').start();
  INTO[state]?.(bench);
  expect(bench.transaction.state).toBe(state);
  bench.heard.length = 0;
  bench.flow.sent.length = 0;
  return bench;
}

function happens(bench: ClientBench, event: Event): void {
  if (event === 'timer') bench.time.advance(64 * T1 + 10 * 60_000);
  else if (event === 'transport') bench.transaction.fail('transport');
  else bench.receive(event);
}

describe('client transaction: state and event', () => {
  test.each<[string, string, Event, string, unknown[], string[]]>([
    // method, state, event, next state, what the user hears, start of what is sent
    ['INVITE', 'calling', 100, 'proceeding', [100], []],
    ['INVITE', 'calling', 200, 'accepted', [200], []],
    ['INVITE', 'calling', 486, 'completed', [486], ['ACK']],
    ['INVITE', 'calling', 'transport', 'terminated', ['terminated', 'transport'], []],
    ['INVITE', 'proceeding', 100, 'proceeding', [100], []],
    ['INVITE', 'proceeding', 200, 'accepted', [200], []],
    ['INVITE', 'proceeding', 486, 'completed', [486], ['ACK']],
    ['INVITE', 'proceeding', 'timer', 'terminated', ['terminated', 'timeout'], []],
    ['INVITE', 'completed', 100, 'completed', [], []],
    ['INVITE', 'completed', 200, 'completed', [], []],
    ['INVITE', 'completed', 486, 'completed', [], ['ACK']],
    ['INVITE', 'completed', 'timer', 'terminated', ['terminated'], []],
    ['INVITE', 'completed', 'transport', 'completed', [], []],
    ['INVITE', 'accepted', 100, 'accepted', [], []],
    ['INVITE', 'accepted', 200, 'accepted', [200], []],
    ['INVITE', 'accepted', 486, 'accepted', [], []],
    ['INVITE', 'accepted', 'timer', 'terminated', ['terminated'], []],
    ['BYE', 'calling', 100, 'proceeding', [100], []],
    ['BYE', 'calling', 200, 'completed', [200], []],
    ['BYE', 'calling', 486, 'completed', [486], []],
    ['BYE', 'calling', 'transport', 'terminated', ['terminated', 'transport'], []],
    ['BYE', 'proceeding', 100, 'proceeding', [100], []],
    ['BYE', 'proceeding', 200, 'completed', [200], []],
    ['BYE', 'proceeding', 486, 'completed', [486], []],
    ['BYE', 'completed', 100, 'completed', [], []],
    ['BYE', 'completed', 200, 'completed', [], []],
    ['BYE', 'completed', 486, 'completed', [], []],
    ['BYE', 'completed', 'timer', 'terminated', ['terminated'], []],
  ])('%s %s, %s: %s', (method, state, event, next, heard, sent) => {
    const bench = inState(method, state);
    happens(bench, event);
    expect(bench.transaction.state).toBe(next);
    expect(bench.heard).toEqual(heard);
    expect(bench.flow.sent.map(({ text }) => text.split(' ', 1)[0])).toEqual(sent);
  });
});

describe('client transaction: timers', () => {
  test('A doubles from T1 without a cap, B ends it at 64 T1', () => {
    const bench = new ClientBench('INVITE', 'udp').start();
    bench.time.advance(64 * T1 - 1);
    expect(bench.flow.times('INVITE')).toEqual([0, 1, 3, 7, 15, 31, 63].map((n) => n * T1));
    expect(bench.retransmissions).toBe(6);
    expect(bench.heard).toEqual([]);
    bench.time.advance(1);
    expect(bench.heard).toEqual(['terminated', 'timeout']);
  });

  test('E doubles up to T2, F ends it at 64 T1', () => {
    const bench = new ClientBench('OPTIONS', 'udp').start();
    bench.time.advance(64 * T1);
    const times = [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    expect(bench.flow.times('OPTIONS')).toEqual(times);
    expect(bench.heard).toEqual(['terminated', 'timeout']);
  });

  test('once a provisional came, E goes on every T2 and F still ends it', () => {
    const bench = new ClientBench('OPTIONS', 'udp').start();
    bench.time.advance(T1);
    bench.receive(100);
    bench.time.advance(64 * T1);
    const after = bench.flow.times('OPTIONS').filter((at) => at > 2 * T1);
    expect(after.slice(1).every((at, i) => at - (after[i] ?? 0) === T2)).toBe(true);
    expect(bench.heard).toEqual([100, 'terminated', 'timeout']);
    expect(bench.endedAt).toBe(64 * T1);
  });

  test('a provisional stops A and B: a call may ring long', () => {
    const bench = new ClientBench('INVITE', 'udp').start();
    bench.receive(180);
    bench.time.advance(5 * 60_000);
    expect(bench.flow.times('INVITE')).toEqual([0]);
    expect(bench.transaction.state).toBe('proceeding');
  });

  test('a cancelled INVITE that gets no final response ends after 64 T1', () => {
    const bench = new ClientBench('INVITE', 'udp').start();
    bench.receive(180);
    bench.time.advance(10_000);
    bench.transaction.expectEnd();
    bench.time.advance(64 * T1 - 1);
    expect(bench.heard).toEqual([180]);
    bench.time.advance(1);
    expect(bench.heard).toEqual([180, 'terminated', 'timeout']);
  });

  test.each([
    // method, protocol, final status, how long it lingers: D, M, K
    ['INVITE', 'udp', 486, 64 * T1],
    ['INVITE', 'udp', 200, 64 * T1],
    ['INVITE', 'tcp', 486, 0],
    ['INVITE', 'tcp', 200, 64 * T1],
    ['BYE', 'udp', 200, T4],
    ['BYE', 'tcp', 200, 0],
  ] as const)('%s over %s, %d: lingers %d ms', (method, protocol, status, linger) => {
    const bench = new ClientBench(method, protocol).start();
    bench.time.advance(100);
    bench.receive(status);
    bench.time.advance(200_000);
    expect(bench.endedAt).toBe(100 + linger);
    expect(bench.time.running).toBe(0);
  });

  test.each(['INVITE', 'OPTIONS'])('%s over TCP is sent once, and still times out', (method) => {
    const bench = new ClientBench(method, 'tcp').start();
    bench.time.advance(64 * T1);
    expect(bench.flow.sent).toHaveLength(1);
    expect(bench.heard).toEqual(['terminated', 'timeout']);
  });

  test('a flow that takes nothing is told at once, but not before start returns', () => {
    const bench = new ClientBench('INVITE', 'udp');
    bench.flow.broken = true;
    bench.start();
    expect(bench.heard).toEqual([]);
    bench.time.advance(0);
    expect(bench.heard).toEqual(['terminated', 'transport']);
    expect(bench.time.running).toBe(0);
  });

  test('the ACK to a failure has branch, Route and CSeq number of the INVITE, and To of the response', () => {
    const bench = new ClientBench('INVITE', 'udp').start();
    bench.receive(486);
    expect(bench.flow.sent[1]?.text).toBe(
      'ACK sip:bob@b.com SIP/2.0\r\nVia: SIP/2.0/UDP a.com;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n' +
        'Route: <sip:p1;lr>\r\nRoute: <sip:p2;lr>\r\nFrom: <sip:a@a.com>;tag=a\r\nCall-ID: c1\r\nCSeq: 7 ACK\r\n' +
        'To: <sip:bob@b.com>;tag=b486\r\nContent-Length: 0\r\n\r\n',
    );
  });
});

describe('client transaction: laws', () => {
  const event = fc.oneof(
    fc.record({ wait: fc.nat({ max: 70_000 }) }),
    fc.record({ status: fc.constantFrom(100, 180, 183, 200, 202, 302, 404, 486, 503, 603) }),
    fc.record({ act: fc.constantFrom('fail' as const, 'expectEnd' as const, 'destroy' as const) }),
  );

  test('whatever happens: one end, no timer after it, nothing heard or sent after it', () => {
    const method = fc.constantFrom('INVITE', 'OPTIONS');
    const protocol = fc.constantFrom('udp' as const, 'tcp' as const);
    fc.assert(
      fc.property(method, protocol, fc.array(event, { maxLength: 15 }), (name, over, events) => {
        const bench = new ClientBench(name, over).start();
        for (const step of events) {
          if ('wait' in step) bench.time.advance(step.wait);
          else if ('status' in step) bench.receive(step.status);
          else if (step.act === 'fail') bench.transaction.fail('transport');
          else bench.transaction[step.act]();
        }
        bench.time.advance(11 * 60_000);
        expect(bench.transaction.state).toBe('terminated');
        expect(bench.time.running).toBe(0);
        expect(bench.heard.filter((what) => what === 'terminated')).toHaveLength(1);
        const heard = bench.heard.length;
        const sent = bench.flow.sent.length;
        bench.receive(200);
        bench.receive(486);
        bench.transaction.fail('transport');
        bench.transaction.expectEnd();
        bench.transaction.destroy();
        bench.time.advance(11 * 60_000);
        expect(bench.heard).toHaveLength(heard);
        expect(bench.flow.sent).toHaveLength(sent);
        // One word about the end at most: a failure response or a failure, never both, never twice.
        const failures = bench.heard.filter(
          (what) => what === 'timeout' || what === 'transport' || Number(what) >= 300,
        );
        expect(failures.length).toBeLessThanOrEqual(1);
        if (over === 'tcp') expect(bench.flow.times(name)).toHaveLength(1);
      }),
      { numRuns: 400 },
    );
  });
});

import { BoardStore, topicsOf } from '../../../../src/web/console/live/board-store';
import { MOST_CALLS } from '../../../../src/web/console/live/board';
import type { FeedSocket } from '../../../../src/web/console/live/feed';

const AT = 1_700_000_000_000;
const ADMIN = { role: 'admin', scopes: ['*'] } as const;

/** A store whose timers, connection and API are the test's. */
function bench(user: Parameters<typeof topicsOf>[0] = ADMIN) {
  const timers = new Map<number, { work: () => void; ms: number }>();
  const sockets: FeedSocket[] = [];
  const sent: string[] = [];
  const asked: string[] = [];
  const answers: Record<string, unknown> = {};
  let last = 0;
  const store = new BoardStore(
    {
      get: <T>(path: string) => {
        asked.push(path);
        return path in answers ? Promise.resolve(answers[path] as T) : Promise.reject(new Error('not now'));
      },
    },
    user,
    {
      open: () => {
        const socket: FeedSocket = {
          ...{ onmessage: null, onclose: null },
          send: (text) => void sent.push(text),
          close: () => undefined,
        };
        sockets.push(socket);
        return socket;
      },
      setTimer: (work, ms) => {
        timers.set(++last, { work, ms });
        return last;
      },
      clearTimer: (timer) => void timers.delete(timer),
      random: () => 0.5,
    },
  );
  let told = 0;
  store.watch(() => void told++);
  const says = (text: string): void => sockets.at(-1)?.onmessage?.({ data: text });
  const event = (type: string, n: number, data: object = {}): void =>
    says(
      `42${JSON.stringify(['event', { id: `${AT + n}-0`, type, at: AT + n, subject: { kind: 'call', id: `c${n}` }, data }])}`,
    );
  /** Runs what is due within so long. */
  const pass = (ms: number): void => {
    for (const [timer, { work, ms: due }] of [...timers]) {
      if (due > ms || !timers.delete(timer)) continue;
      work();
    }
  };
  const connect = (): void => {
    says('0{"pingInterval":20000,"pingTimeout":15000}');
    says('40{"sid":"x"}');
    says(`43${/^42(\d+)/.exec(sent.at(-1) ?? '')?.[1] ?? ''}[{"ok":true,"position":"${AT}-0"}]`);
  };
  return { store, says, event, pass, connect, sent, asked, answers, timers, tolds: () => told };
}

test('thousands of events are drawn a few times, and no more calls are kept than can be shown', () => {
  const { store, event, pass, connect, timers, tolds } = bench();
  connect();
  pass(300);
  const before = tolds();
  const events = 20_000;
  for (let n = 0; n < events; n++) event('call.received', n, { from: '+12125550123', to: '+18005550100' });
  pass(300);
  expect(store.state.board.calls.size).toBe(MOST_CALLS);
  expect(store.state.board.calls.has(`c${events - 1}`)).toBe(true);
  expect(tolds() - before).toBeLessThanOrEqual(events / 2_000 + 1);
  store.close();
  expect(timers.size).toBe(0);
});

test('who comes back after a gap finds what is up, with what is on record of it', async () => {
  const { store, answers, pass, connect, asked } = bench();
  answers['/calls/live'] = {
    items: [
      { callId: 'c1', state: 'answered' },
      { callId: 'c2', state: 'ringing' },
    ],
  };
  answers['/calls'] = {
    items: [{ id: 'c1', campaignId: 'auto', receivedAt: AT, answeredAt: AT + 9, from: '+12125550123' }],
  };
  answers['/auctions'] = {
    items: [
      {
        ...{
          id: 'c1',
          receivedAt: AT,
          campaignId: 'auto',
          currency: 'USD',
          bids: 4,
          ranked: 2,
          price: 20,
        },
        winner: { bidId: 'b', buyerId: 'acme', targetId: 't' },
      },
      'nonsense',
    ],
  };
  connect();
  expect(asked).toEqual(['/calls/live', '/calls', '/analytics/live', '/auctions']);
  await new Promise(setImmediate);
  pass(300);
  const { board } = store.state;
  expect(board.calls.get('c1')).toMatchObject({ campaignId: 'auto', from: '+12125550123', since: AT + 9 });
  expect(board.calls.get('c2')).toMatchObject({ state: 'ringing', campaignId: undefined });
  expect(board.auctions).toMatchObject([
    { id: 'c1', bids: [{ buyerId: 'acme', priceMicros: 20 }], total: 4 },
  ]);
  store.close();
});

test('nobody asks for topics that are not theirs: one of those spoils the subscription', () => {
  expect(topicsOf(ADMIN)).toEqual(['calls', 'auctions', 'alerts', 'board']);
  expect(topicsOf({ role: 'carrier', scopes: ['*'] })).toEqual(['calls', 'board']);
  expect(topicsOf({ role: 'seller', scopes: ['calls:read'] })).toEqual(['calls', 'auctions']);
  const { connect, sent, store } = bench({ role: 'carrier', scopes: ['*'] });
  connect();
  expect(sent.at(-1)).toContain('"topics":["calls","board"]');
  store.close();
});

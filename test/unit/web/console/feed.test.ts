import type { FeedState } from '../../../../src/web/console/live/feed';
import { LiveFeed } from '../../../../src/web/console/live/feed';

/** A connection whose other end is the test. */
class FakeSocket {
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  readonly sent: string[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.closed = true;
  }
  says(text: string): void {
    this.onmessage?.({ data: text });
  }
  /** As far as the server has joined it to the namespace. */
  connects(): void {
    this.says('0{"pingInterval":20000,"pingTimeout":15000}');
    this.says('40{"sid":"x"}');
  }
  acknowledges(data: unknown): void {
    const [, id] = /^42(\d+)/.exec(this.sent.at(-1) ?? '') ?? [];
    this.says(`43${id}${JSON.stringify([data])}`);
  }
}

function bench() {
  const sockets: FakeSocket[] = [];
  const timers = new Map<number, () => void>();
  const told: string[] = [];
  let last = 0;
  const feed = new LiveFeed(
    {
      open: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      setTimer: (work) => {
        timers.set(++last, work);
        return last;
      },
      clearTimer: (timer) => void timers.delete(timer),
      random: () => 0.5,
    },
    ['calls', 'board'],
    {
      onState: (state: FeedState) => void told.push(state),
      onSubscribed: (fresh) => void told.push(fresh ? 'fresh' : 'resumed'),
      onEvent: (event) => void told.push(`event ${(event as { id: string }).id}`),
      onBoard: () => void told.push('board'),
      onGap: () => void told.push('gap'),
      onStatus: (degraded) => void told.push(`degraded ${degraded}`),
    },
  );
  const socket = (): FakeSocket => sockets.at(-1) as FakeSocket;
  const runTimers = (): void => {
    for (const [timer, work] of [...timers]) {
      timers.delete(timer);
      work();
    }
  };
  return { feed, socket, sockets, timers, told, runTimers };
}

it('subscribes, tells what comes, and answers pings', () => {
  const { feed, socket, told } = bench();
  feed.start();
  socket().connects();
  expect(socket().sent).toEqual(['40{}', '421["subscribe",{"topics":["calls","board"]}]']);
  socket().acknowledges({ ok: true, topics: ['calls', 'board'], position: '5-0' });
  socket().says('42["event",{"id":"6-0"}]');
  socket().says('42["board",{}]');
  socket().says('42["status",{"degraded":true}]');
  socket().says('2');
  expect(socket().sent.at(-1)).toBe('3');
  expect(told).toEqual(['connecting', 'live', 'fresh', 'event 6-0', 'board', 'degraded true']);
});

it('goes on behind the last event that it saw after a loss', () => {
  const { feed, socket, told, runTimers } = bench();
  feed.start();
  socket().connects();
  socket().acknowledges({ ok: true, position: '5-0' });
  socket().says('42["event",{"id":"6-0"}]');
  socket().onclose?.();
  expect(told.at(-1)).toBe('lost');
  runTimers();
  socket().connects();
  expect(socket().sent.at(-1)).toContain('"after":"6-0"');
  socket().acknowledges({ ok: true, position: '6-0' });
  expect(told.at(-1)).toBe('resumed');
});

it('goes on from where nothing had happened yet, too', () => {
  const { feed, socket, runTimers } = bench();
  feed.start();
  socket().connects();
  socket().acknowledges({ ok: true, position: '5-0' });
  socket().onclose?.();
  runTimers();
  socket().connects();
  expect(socket().sent.at(-1)).toContain('"after":"5-0"');
});

it('tells of a gap, and goes on behind it', () => {
  const { feed, socket, told, runTimers } = bench();
  feed.start();
  socket().connects();
  socket().acknowledges({ ok: true, position: '5-0' });
  socket().says('42["gap",{"from":"5-0","to":"9-0"}]');
  expect(told.at(-1)).toBe('gap');
  socket().onclose?.();
  runTimers();
  socket().connects();
  expect(socket().sent.at(-1)).toContain('"after":"9-0"');
});

it('begins anew where its position is not known any more', () => {
  const { feed, socket, told, runTimers } = bench();
  feed.start();
  socket().connects();
  socket().acknowledges({ ok: true, position: '5-0' });
  socket().onclose?.();
  runTimers();
  socket().connects();
  socket().acknowledges({ ok: false, code: 'unknown_position' });
  expect(told.at(-1)).toBe('gap');
  expect(socket().sent.at(-1)).not.toContain('after');
  socket().acknowledges({ ok: true, position: '20-0' });
  expect(told.slice(-2)).toEqual(['live', 'fresh']);
});

it.each([
  ['a refusal', '44{"message":"unauthorized"}'],
  ['a close', '41'],
])('tries again after %s', (_what, frame) => {
  const { feed, socket, sockets, runTimers } = bench();
  feed.start();
  socket().says('0{}');
  const first = socket();
  first.says(frame);
  expect(first.closed).toBe(true);
  runTimers();
  expect(sockets).toHaveLength(2);
});

it('takes silence for a loss', () => {
  const { feed, socket, sockets, told, runTimers } = bench();
  feed.start();
  socket().connects();
  runTimers();
  expect(told.at(-1)).toBe('lost');
  runTimers();
  expect(sockets).toHaveLength(2);
});

it('leaves nothing behind when it is stopped', () => {
  const { feed, socket, sockets, timers } = bench();
  feed.start();
  socket().connects();
  feed.stop();
  feed.kick();
  socket().onclose?.();
  expect([socket().closed, timers.size, sockets.length]).toEqual([true, 0, 1]);
});

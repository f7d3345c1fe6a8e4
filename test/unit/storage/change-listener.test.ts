import type { Database } from '../../../src/storage';
import { ChangeListener } from '../../../src/storage';
import type { Session } from '../../../src/storage/database';

interface Connection {
  notify(): void;
  lose(): void;
}

/** Connections in the order they were made; none is made while it is away. */
class FakeDatabase {
  readonly connections: Connection[] = [];
  away = false;
  attempts = 0;

  session(): Promise<Session> {
    this.attempts += 1;
    if (this.away) return Promise.reject(new Error('away'));
    const told: (() => void)[] = [];
    const lost: ((error: Error) => void)[] = [];
    this.connections.push({
      notify: () => told.forEach((listener) => listener()),
      lose: () => lost.forEach((listener) => listener(new Error('cut'))),
    });
    return Promise.resolve({
      query: () => Promise.resolve({ rows: [] }),
      onNotification: (listener: () => void) => told.push(listener),
      onLost: (listener: (error: Error) => void) => lost.push(listener),
      release: () => undefined,
    } as unknown as Session);
  }
}

let database: FakeDatabase;
let listener: ChangeListener;
let news: string[];

beforeEach(() => {
  jest.useFakeTimers();
  database = new FakeDatabase();
  news = [];
});
afterEach(async () => {
  await listener.close();
  jest.useRealTimers();
});

async function listening(options: { readAtPulse?: boolean; maxRetryMs?: number }): Promise<void> {
  listener = new ChangeListener(
    database as unknown as Database,
    {
      read: (anew) => {
        news.push(anew ? 'all' : 'more');
        return Promise.resolve();
      },
      onFresh: () => news.push('fresh'),
      onStale: () => news.push('stale'),
    },
    { channel: 'changes', pulseMs: 1_000, ...options },
  );
  await listener.start();
}

test('the first reading of each connection is of everything, the others of what was told', async () => {
  await listening({});
  database.connections[0]?.notify();
  database.connections[0]?.notify();
  await jest.advanceTimersByTimeAsync(10);
  expect(news).toEqual(['all', 'fresh', 'more']);
  database.connections[0]?.lose();
  await jest.advanceTimersByTimeAsync(200);
  expect(news.slice(3)).toEqual(['stale', 'all', 'fresh']);
});

test('what nobody told of is read at each pulse if so asked, else not', async () => {
  await listening({});
  await jest.advanceTimersByTimeAsync(2_500);
  expect(news).toEqual(['all', 'fresh']);
  await listener.close();
  news = [];
  await listening({ readAtPulse: true });
  await jest.advanceTimersByTimeAsync(2_500);
  expect(news).toEqual(['all', 'fresh', 'more', 'more']);
});

test.each([
  [undefined, 5_000],
  [30_000, 30_000],
])('with a longest wait of %s ms, a database that stays away is tried every %d ms', async (given, every) => {
  await listening(given === undefined ? {} : { maxRetryMs: given });
  database.away = true;
  database.connections[0]?.lose();
  await jest.advanceTimersByTimeAsync(120_000);
  const before = database.attempts;
  await jest.advanceTimersByTimeAsync(every * 4);
  expect(database.attempts - before).toBe(4);
  database.away = false;
  await jest.advanceTimersByTimeAsync(every);
  expect(listener.fresh).toBe(true);
});

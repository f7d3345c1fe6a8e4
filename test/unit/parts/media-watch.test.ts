import fc from 'fast-check';
import type { MediaEngine, MediaServerFigures, ServerState } from '../../../src/media';
import type { MediaAlert } from '../../../src/parts/media-watch';
import { mediaHealth, MediaWatch, takesCalls } from '../../../src/parts/media-watch';
import type { Logger } from '../../../src/telemetry';

const LOG = { error: () => undefined, info: () => undefined } as unknown as Logger;
const STEADY_MS = 10_000;
const [A, B] = ['192.0.2.1:8021', '192.0.2.2:8021'];

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

function watching(servers: readonly string[] = [A, B]) {
  const told: string[] = [];
  const details: string[] = [];
  const watch = new MediaWatch({ servers, log: LOG });
  const tell = (sign: string) => (alert: MediaAlert) => {
    told.push(`${sign}${alert.code}${alert.server === undefined ? '' : ` ${alert.server}`}`);
    details.push(alert.detail);
  };
  const start = (): void => watch.start({ onAlert: tell('+'), onCleared: tell('-') });
  const are = (...states: ServerState[]): void =>
    states.forEach((state, index) => watch.onServer(servers[index] ?? '', state, `it is ${state}`));
  return { watch, told, details, start, are };
}

test('one that is away is told, and when it is back to stay', () => {
  const { told, details, start, are } = watching();
  start();
  are('up', 'up');
  are('down');
  jest.advanceTimersByTime(60_000);
  are('up');
  jest.advanceTimersByTime(STEADY_MS - 1);
  expect(told).toEqual([`+media.server_away ${A}`]);
  jest.advanceTimersByTime(1);
  expect(told).toEqual([`+media.server_away ${A}`, `-media.server_away ${A}`]);
  expect(details).toEqual([`media server ${A} is away: it is down`, `media server ${A} is back`]);
  expect(jest.getTimerCount()).toBe(0);
});

test('one that comes and goes is told once', () => {
  const { told, start, are } = watching();
  start();
  are('up', 'up');
  for (let round = 0; round < 20; round++) {
    are('down');
    jest.advanceTimersByTime(500);
    are('up');
    jest.advanceTimersByTime(STEADY_MS / 2);
  }
  expect(told).toEqual([`+media.server_away ${A}`]);
});

test('that none takes calls is told by itself, also when they are only paused', () => {
  const { told, details, start, are } = watching();
  start();
  are('draining');
  expect(told).toEqual([]);
  are('draining', 'draining');
  expect(told).toEqual(['+media.servers_away']);
  expect(details).toEqual(['no media server takes calls: it is draining']);
  are('up');
  jest.advanceTimersByTime(STEADY_MS);
  expect(told).toEqual(['+media.servers_away', '-media.servers_away']);
});

test('of an only one there is one alert', () => {
  const { told, start, are } = watching([A]);
  start();
  are('down');
  expect(told).toEqual(['+media.servers_away']);
});

test('what was so before anybody could be told is told then', () => {
  const { told, start, are } = watching();
  are('down', 'up');
  expect(told).toEqual([]);
  start();
  expect(told).toEqual([`+media.server_away ${A}`]);
});

test('nothing is told after the end', () => {
  const { watch, told, start, are } = watching();
  start();
  are('down', 'up');
  are('up');
  watch.close();
  expect(jest.getTimerCount()).toBe(0);
  are('down', 'down');
  expect(told).toHaveLength(1);
});

test('each alert is raised and cleared in turn; in the end those stand that are true', () => {
  const steps = fc.array(
    fc.record({
      server: fc.constantFrom(0, 1),
      state: fc.constantFrom<ServerState[]>('up', 'draining', 'down'),
      ms: fc.integer({ min: 0, max: 2 * STEADY_MS }),
    }),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (changes) => {
      const { watch, told, start } = watching();
      start();
      const states: (ServerState | undefined)[] = [undefined, undefined];
      for (const { server, state, ms } of changes) {
        states[server] = state;
        watch.onServer([A, B][server] ?? '', state, 'so');
        jest.advanceTimersByTime(ms);
      }
      jest.advanceTimersByTime(STEADY_MS);
      const standing = new Set<string>();
      for (const each of told) {
        const subject = each.slice(1);
        expect(standing.has(subject)).toBe(each.startsWith('-'));
        if (each.startsWith('+')) standing.add(subject);
        else standing.delete(subject);
      }
      const away = [A, B].filter((_, at) => states[at] === 'down').map((name) => `media.server_away ${name}`);
      const none = states.every((state) => state === 'draining' || state === 'down');
      expect([...standing].sort()).toEqual([...away, ...(none ? ['media.servers_away'] : [])].sort());
      expect(jest.getTimerCount()).toBe(0);
    }),
  );
});

const engine = (name: MediaEngine['name']): MediaEngine =>
  ({ name, stats: () => ({ sessions: 1, legs: 2, ports: 2 }) }) as unknown as MediaEngine;
const servers = (...states: ServerState[]): MediaServerFigures[] =>
  states.map((state, index) => ({
    ...{ name: `${index}`, state, legs: 0, maxLegs: 1 },
    ...{ reconnects: 0, timeouts: 0, failovers: 0 },
  }));

test.each<[MediaEngine['name'], ServerState[], string, string]>([
  ['mediasoup', [], 'ok', 'mediasoup, 2 legs'],
  ['freeswitch', ['up', 'up'], 'ok', 'freeswitch, 2 legs; 2 of 2 media servers take calls'],
  ['freeswitch', ['up', 'draining'], 'ok', 'freeswitch, 2 legs; 1 of 2 media servers take calls'],
  ['freeswitch', ['up', 'down'], 'degraded', 'freeswitch, 2 legs; 1 of 2 media servers take calls'],
  ['freeswitch', ['draining', 'down'], 'down', 'freeswitch, 2 legs; 0 of 2 media servers take calls'],
  ['mediasoup', ['down'], 'degraded', 'mediasoup, 2 legs; 0 of 1 media servers take calls'],
])('the health of %s with servers %j is %s', (name, states, status, detail) => {
  expect(mediaHealth(engine(name), servers(...states))).toEqual({ status, detail });
  expect(takesCalls(servers(...states))).toBe(states.includes('up'));
});

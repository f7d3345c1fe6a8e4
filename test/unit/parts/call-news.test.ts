import { CallNewsHub } from '../../../src/parts/call-news';
import type { CallEvent } from '../../../src/signaling';

const EVENT = { type: 'call.refused', reason: 'overload' } as unknown as CallEvent;

test('calls are watched while somebody subscribes; parts that listen always are no watchers', () => {
  const hub = new CallNewsHub(() => undefined);
  const told: string[] = [];
  hub.attend(() => told.push('part'));
  expect(hub.watched).toBe(false);
  const stop = hub.subscribe(() => told.push('watcher'));
  expect(hub.watched).toBe(true);
  hub.onCall(EVENT);
  stop();
  expect(hub.watched).toBe(false);
  hub.onCall(EVENT);
  expect(told).toEqual(['part', 'watcher', 'part']);
});

test('whoever fails is let go, and the others hear all the same', () => {
  const hub = new CallNewsHub(() => undefined);
  let heard = 0;
  hub.subscribe(() => {
    throw new Error('broken');
  });
  hub.subscribe(() => heard++);
  hub.onCall(EVENT);
  hub.onCall(EVENT);
  expect(heard).toBe(2);
});

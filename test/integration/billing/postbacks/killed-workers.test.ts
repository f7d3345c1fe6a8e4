import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { BILLING_ROOMS, CompiledSources } from '../../../support/compiled-sources';
import { until } from '../../../support/until';
import { PostbackRoom } from './support/postback-room';
import { Receiver } from './support/receiver';

const EVENTS = 150;
const KILLS = 4;
/** That of the vault of tests. */
const KEY = 'a key that is only good for tests';

let room: PostbackRoom;
let receiver: Receiver;
let sources: CompiledSources;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  sources = new CompiledSources([
    ...BILLING_ROOMS,
    'test/integration/billing/postbacks/support/dispatcher-process.ts',
  ]);
  room = await PostbackRoom.open();
  receiver = await Receiver.start();
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await receiver.close();
  await room.close();
  sources.remove();
});

function startWorker(): ChildProcess {
  const script = sources.path('test/integration/billing/postbacks/support/dispatcher-process.ts');
  const child = spawn(process.execPath, [script, room.own.url, KEY], { env: sources.env, stdio: 'ignore' });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

test('workers are killed again and again: every event arrives, doubles are known by their ids, calls keep their order', async () => {
  receiver.behave = () => (_request, response) => {
    setTimeout(() => response.end('ok'), 15);
  };
  await room.hook({ url: receiver.url });
  for (let n = 0; n < EVENTS / 3; n++) {
    await room.settled(`killed-${n}`);
    for (const seq of [1, 2]) {
      await room.event('call.rerated', `killed-${n}:${seq}`, {
        callId: `killed-${n}`,
        n: seq,
        currency: 'USD',
      });
    }
  }
  for (let kills = 0; kills < KILLS; kills++) {
    const workers = [startWorker(), startWorker()];
    const before = receiver.received.length;
    await until('some more were told', () => receiver.received.length >= Math.min(before + 20, EVENTS));
    await Promise.all(workers.map(kill));
  }
  startWorker();
  await until('everything is told', async () => {
    const rows = await room.deliveries();
    return rows.length === EVENTS && rows.every(({ state }) => state === 'delivered');
  });

  const rows = await room.deliveries();
  expect(new Set(rows.map(({ event_id }) => event_id)).size).toBe(EVENTS);
  expect(await room.undone()).toEqual([]);
  // At least once each, never under another id.
  const known = new Set(rows.map(({ event_id }) => event_id));
  expect(new Set(receiver.eventIds())).toEqual(known);
  const firsts = new Map<string, number[]>();
  const seen = new Set<string>();
  for (const { headers, body } of receiver.received) {
    const id = headers['dce-event-id'] ?? '';
    if (seen.has(id)) continue;
    seen.add(id);
    const { data } = JSON.parse(body) as { data: { callId: string } };
    firsts.set(data.callId, [...(firsts.get(data.callId) ?? []), Number(id)]);
  }
  expect(firsts.size).toBe(EVENTS / 3);
  for (const ids of firsts.values()) expect(ids).toEqual([...ids].sort((a, b) => a - b));
});

import type { Database } from '../../../src/storage';
import { getCall, NodeAddresses, NodeHeartbeat } from '../../../src/storage';
import { storeEntries } from '../../../src/storage/call-entries';
import { endedRecord } from '../../support/call-records';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';

const DEAD_AFTER_MS = 30_000;

let own: TestDatabase;
let db: Database;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});
afterEach(async () => {
  await own.empty('calls, nodes');
});

test('nodes find each other, and hear who came, moved and died', async () => {
  const addresses = new NodeAddresses(db, { nodeId: 'a', deadAfterMs: DEAD_AFTER_MS, everyMs: 20 });
  let changes = 0;
  addresses.onChange(() => changes++);
  const beats = [new NodeHeartbeat(db, 'a', 'boot'), new NodeHeartbeat(db, 'b', 'boot')] as const;
  addresses.start();
  try {
    await beats[0].announce('sip:192.0.2.1:5060;transport=tcp');
    await beats[1].start();
    await beats[1].announce('sip:[2001:db8::2]:5060;transport=udp');
    await until('b is known', () => addresses.of('b') === 'sip:[2001:db8::2]:5060;transport=udp');
    expect(addresses.hosts()).toEqual(['2001:db8::2']);
    // Oneself is nobody else.
    expect(addresses.of('a')).toBeUndefined();
    expect(changes).toBe(1);
    await beats[1].announce('sip:192.0.2.2:5060;transport=tcp');
    await until('b has moved', () => addresses.of('b') === 'sip:192.0.2.2:5060;transport=tcp');
    expect(addresses.hosts()).toEqual(['192.0.2.2']);
    beats[1].stop();
    await own.query(`update nodes set heartbeat_at = now() - interval '1 minute' where id = 'b'`);
    await until('b is gone', () => addresses.of('b') === undefined);
    expect(changes).toBe(3);
  } finally {
    beats[1].stop();
    await addresses.close();
  }
});

test.each(['sip:a b:5060;transport=tcp', 'http://192.0.2.1', 'sip:192.0.2.1:5060'])(
  '%s is no address of a node',
  async (address) => {
    await expect(new NodeHeartbeat(db, 'a', 'boot').announce(address)).rejects.toThrow('sip_address');
  },
);

test('the CDR tells to whom a call was handed on', async () => {
  const transfers = [
    {
      at: 5_000,
      how: 'blind' as const,
      fromAgentId: 'ann',
      toAgentId: 'bob',
      outcome: 'answered' as const,
    },
  ];
  const boot = { nodeId: 'a', bootId: 'boot' };
  await storeEntries(db, [
    { kind: 'ended', boot, record: { ...endedRecord('handed-on'), transfers } },
    { kind: 'ended', boot, record: endedRecord('kept') },
  ]);
  expect((await getCall(db, 'handed-on'))?.transfers).toEqual(transfers);
  expect((await getCall(db, 'kept'))?.transfers).toBeNull();
});

import { OutboxRelay, settleCall } from '../../../src/billing';
import type { CarriedLeg } from '../../../src/domain';
import type { Database } from '../../../src/storage';
import { NodeHeartbeat, openRedis, OrphanCloser } from '../../../src/storage';
import type { CallEntry } from '../../../src/storage/call-entries';
import { storeEntries } from '../../../src/storage/call-entries';
import { answeredRecord, decidedRecord, endedRecord, insertParties, NOON } from '../../support/call-records';
import { openDatabase } from '../../support/open-database';
import { TcpProxy } from '../../support/tcp-proxy';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';

const DEAD_AFTER_MS = 30_000;

let own: TestDatabase;
let db: Database;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url, { poolSize: 10 });
  await insertParties(db);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});
afterEach(async () => {
  await own.empty('calls, nodes, outbox, settlements');
});

/** A node's last sign of life. */
async function beat(id: string, bootId: string, secondsAgo = 0): Promise<void> {
  await own.query(
    `insert into nodes (id, boot_id, heartbeat_at) values ($1, $2, now() - $3 * interval '1 second')
     on conflict (id) do update set boot_id = excluded.boot_id, heartbeat_at = excluded.heartbeat_at`,
    [id, bootId, secondsAgo],
  );
}

/** Calls of a node: one that rings, and one that is answered and has a checkpoint. */
async function callsOf(nodeId: string, bootId: string, connectedMs = 42_000): Promise<void> {
  const boot = { nodeId, bootId };
  const [ringing, answered] = [`${nodeId}-ringing`, `${nodeId}-answered`];
  await storeEntries(db, [
    { kind: 'decided', boot, record: decidedRecord(ringing) },
    { kind: 'decided', boot, record: decidedRecord(answered) },
    { kind: 'answered', boot, record: answeredRecord(answered) },
    { kind: 'checkpoint', record: { at: NOON + connectedMs, calls: [{ callId: answered, connectedMs }] } },
  ]);
}

/** Calls that the exchange answered: one with its plan, one handed on by it, and one whose node went at once. */
async function attendedCalls(nodeId: string, bootId: string): Promise<void> {
  const boot = { nodeId, bootId };
  const attended = (callId: string): CallEntry => {
    const { sale: _sale, answeredAt: _answeredAt, ...basics } = answeredRecord(callId);
    const carried = [legOf('inbound', 0)];
    return { kind: 'attended', boot, record: { ...basics, attendedAt: NOON + 5_000, carried } };
  };
  await storeEntries(db, [
    attended('with its plan'),
    attended('handed on'),
    attended('at once'),
    checkpointAt(10_000, { 'with its plan': [10_000], 'handed on': [10_000] }),
    checkpointAt(30_000, { 'with its plan': [30_000], 'handed on': [30_000, 12_000] }),
    // From a journal that is replayed late.
    checkpointAt(20_000, { 'with its plan': [20_000], 'handed on': [20_000, 2_000] }),
  ]);
}

const legOf = (direction: CarriedLeg['direction'], durationMs: number): CarriedLeg => ({
  ...{ direction, trunkId: direction === 'inbound' ? 'trunk-1' : 'out', number: '+18005550100' },
  ...{ answeredAt: NOON + 5_000, durationMs },
});
/** What is noted of calls so long after the answer: how long the caller's leg lasted, and the one outward. */
const checkpointAt = (afterMs: number, calls: Readonly<Record<string, readonly number[]>>): CallEntry => ({
  kind: 'checkpoint',
  record: {
    at: NOON + 5_000 + afterMs,
    calls: Object.entries(calls).map(([callId, durations]) => ({
      ...{ callId, connectedMs: 0 },
      carried: durations.map((durationMs, n) => legOf(n === 0 ? 'inbound' : 'outbound', durationMs)),
    })),
  },
});

/** A closer that has watched for long enough to trust what it sees. */
async function watcher(): Promise<OrphanCloser> {
  let clock = 0;
  const closer = new OrphanCloser(db, DEAD_AFTER_MS, undefined, () => clock);
  await closer.closeOrphans();
  clock = DEAD_AFTER_MS;
  return closer;
}

const stateOf = async (id: string): Promise<string> =>
  (await own.query<{ state: string }>('select state from calls where id = $1', [id]))[0]?.state ?? 'none';

test('calls of an earlier boot are closed at once, from their last checkpoint', async () => {
  await callsOf('n1', 'boot-1');
  await beat('n1', 'boot-2');
  await callsOf('n2', 'boot-1');
  await beat('n2', 'boot-1');
  const told: unknown[] = [];
  const closer = new OrphanCloser(db, DEAD_AFTER_MS, (count, calls) => {
    const brief = calls.map(({ callId, connectedMs, sale }) => [callId, connectedMs, sale?.target.bidId]);
    told.push([count, brief.sort()]);
  });
  expect(await closer.closeOrphans()).toBe(2);
  expect(await closer.closeOrphans()).toBe(0);
  expect(told).toEqual([
    [
      2,
      [
        ['n1-answered', 42_000, 'bid-1'],
        ['n1-ringing', 0, undefined],
      ],
    ],
  ]);
  expect(
    await own.query(
      `select id, state, end_reason, sip_status, ended_at, connected_ms from calls where node_id = 'n1' order by id`,
    ),
  ).toEqual([
    {
      id: 'n1-answered',
      state: 'completed',
      end_reason: 'node_lost',
      sip_status: 200,
      ended_at: String(NOON + 5_000 + 42_000),
      connected_ms: '42000',
    },
    {
      id: 'n1-ringing',
      state: 'failed',
      end_reason: 'node_lost',
      sip_status: 503,
      ended_at: String(NOON),
      connected_ms: '0',
    },
  ]);
  expect(await own.query('select subject, payload from outbox order by subject')).toEqual([
    { subject: 'n1-answered', payload: { callId: 'n1-answered', connectedMs: 42_000, sold: true } },
    { subject: 'n1-ringing', payload: { callId: 'n1-ringing', connectedMs: 0, sold: false } },
  ]);
  expect(await stateOf('n2-answered')).toBe('answered');
  expect(await stateOf('n2-ringing')).toBe('ringing');
});

test('a caller whom the exchange itself had answered was answered, and nobody is billed', async () => {
  const boot = { nodeId: 'n1', bootId: 'boot-1' };
  const { attempt } = decidedRecord('n1-attended');
  const basics = { ...attempt, sipCallId: 'sip', campaignId: 'campaign-1', sellerId: 'seller-account' };
  await storeEntries(db, [{ kind: 'attended', boot, record: { ...basics, attendedAt: NOON + 300 } }]);
  await beat('n1', 'boot-2');
  expect(await new OrphanCloser(db, DEAD_AFTER_MS).closeOrphans()).toBe(1);
  expect(
    await own.query('select state, sip_status, attended_at, ended_at, campaign_id, connected_ms from calls'),
  ).toEqual([
    {
      state: 'completed',
      sip_status: 200,
      attended_at: String(NOON + 300),
      ended_at: String(NOON + 300),
      campaign_id: 'campaign-1',
      connected_ms: '0',
    },
  ]);
});

test('calls of a node that was never heard of are closed', async () => {
  await callsOf('unknown', 'boot-1');
  expect(await new OrphanCloser(db, DEAD_AFTER_MS).closeOrphans()).toBe(2);
  expect(await stateOf('unknown-answered')).toBe('completed');
});

test('a node that fell silent is dead, one that beats is not', async () => {
  const closer = await watcher();
  await callsOf('silent', 'b');
  await beat('silent', 'b', 31);
  await callsOf('beating', 'b');
  await beat('beating', 'b', 29);
  expect(await closer.closeOrphans()).toBe(2);
  expect(await stateOf('silent-answered')).toBe('completed');
  expect(await stateOf('beating-answered')).toBe('answered');
});

test('while the database was away nobody could beat: nobody is dead for that', async () => {
  const proxy = await TcpProxy.open(own.url);
  const far = openDatabase(proxy.url, { connectTimeoutMs: 500 });
  let clock = 0;
  const closer = new OrphanCloser(far, DEAD_AFTER_MS, undefined, () => clock);
  await callsOf('living', 'b');
  await beat('living', 'b', 60);
  // It has only just begun to look.
  expect(await closer.closeOrphans()).toBe(0);
  clock = DEAD_AFTER_MS - 1;
  expect(await closer.closeOrphans()).toBe(0);
  proxy.cut();
  await expect(closer.closeOrphans()).rejects.toThrow();
  proxy.mend();
  clock += 10_000;
  expect(await closer.closeOrphans()).toBe(0);
  clock += DEAD_AFTER_MS - 1;
  expect(await closer.closeOrphans()).toBe(0);
  clock += 1;
  expect(await closer.closeOrphans()).toBe(2);
  await far.close();
  await proxy.close();
});

test('ten closers at once close each of 1,300 calls once', async () => {
  const boot = { nodeId: 'n1', bootId: 'old' };
  const entries = Array.from({ length: 1_300 }, (_, n): CallEntry[] => [
    { kind: 'decided', boot, record: decidedRecord(`crowd-${n}`) },
    { kind: 'answered', boot, record: answeredRecord(`crowd-${n}`) },
  ]).flat();
  await storeEntries(db, entries);
  await beat('n1', 'new');
  const counts = await Promise.all(
    Array.from({ length: 10 }, () => new OrphanCloser(db, DEAD_AFTER_MS).closeOrphans()),
  );
  // Who meets only calls that others hold leaves them to those.
  const rest = await new OrphanCloser(db, DEAD_AFTER_MS).closeOrphans();
  expect(counts.reduce((sum, count) => sum + count, rest)).toBe(1_300);
  expect(await own.query(`select state, count(*)::int as n from calls group by 1`)).toEqual([
    { state: 'completed', n: 1_300 },
  ]);
  expect(await own.query('select count(*)::int as n from outbox')).toEqual([{ n: 1_300 }]);
});

test('an end that comes after the closing is kept for reconciliation, and billed no second time', async () => {
  await callsOf('n1', 'old');
  await beat('n1', 'new');
  await new OrphanCloser(db, DEAD_AFTER_MS).closeOrphans();
  const late: CallEntry = {
    kind: 'ended',
    boot: { nodeId: 'n1', bootId: 'old' },
    record: endedRecord('n1-answered', { connectedMs: 50_000 }),
  };
  await storeEntries(db, [late]);
  await storeEntries(db, [late]);
  expect(
    await own.query(`select connected_ms, end_reason, state from calls where id = 'n1-answered'`),
  ).toEqual([{ connected_ms: '42000', end_reason: 'node_lost', state: 'completed' }]);
  expect(await own.query(`select call_id, record ->> 'connected_ms' as ms from call_late_ends`)).toEqual([
    { call_id: 'n1-answered', ms: '50000' },
  ]);
  expect(await own.query(`select type from outbox where subject = 'n1-answered' order by type`)).toEqual([
    { type: 'call.ended' },
    { type: 'call.ended_late' },
  ]);

  const redisOfTest = await testRedis();
  const redis = openRedis(redisOfTest.url, true);
  const errors: Error[] = [];
  const relay = new OutboxRelay(db, redis, (error) => errors.push(error));
  relay.start();
  await until(
    'the relay',
    async () =>
      (await own.query(`select 1 from outbox where type = 'call.ended' and dispatched_at is null`)).length ===
      0,
  );
  await until('one job', async () => (await redis.keys('bull:settlement:n1-*')).length > 0);
  expect(await redis.keys('bull:settlement:n1-*')).toEqual(['bull:settlement:n1-answered']);
  await relay.close();
  redis.disconnect();
  await redisOfTest.drop();
  expect(await settleCall(db, 'n1-answered')).toBe('settled');
  expect(await settleCall(db, 'n1-answered')).toBe('already_settled');
  expect(await own.query('select call_id, connected_ms from settlements')).toEqual([
    { call_id: 'n1-answered', connected_ms: '42000' },
  ]);
  expect(errors).toEqual([]);
});

test('the end that comes first is the end, whoever brings it', async () => {
  const boot = { nodeId: 'n1', bootId: 'old' };
  await beat('n1', 'new');
  const ids = Array.from({ length: 200 }, (_, n) => `race-${n}`);
  await storeEntries(
    db,
    ids.flatMap((id): CallEntry[] => [
      { kind: 'decided', boot, record: decidedRecord(id) },
      { kind: 'answered', boot, record: answeredRecord(id) },
    ]),
  );
  const ends = ids.map((id) => storeEntries(db, [{ kind: 'ended', boot, record: endedRecord(id) }]));
  await Promise.all([
    ...ends,
    new OrphanCloser(db, DEAD_AFTER_MS).closeOrphans(),
    new OrphanCloser(db, DEAD_AFTER_MS).closeOrphans(),
  ]);
  await new OrphanCloser(db, DEAD_AFTER_MS).closeOrphans();
  const [sums] = await own.query(
    `select count(*)::int as calls, count(*) filter (where state = 'completed')::int as over,
       count(*) filter (where end_reason = 'node_lost')::int as lost,
       (select count(*)::int from outbox where type = 'call.ended') as events,
       (select count(*)::int from outbox where type = 'call.ended_late') as "lateEvents",
       (select count(*)::int from call_late_ends) as late from calls`,
  );
  const lost = (sums as { lost: number }).lost;
  expect(sums).toEqual({ calls: 200, over: 200, lost, events: 200, lateEvents: lost, late: lost });
});

test('a node tells that it lives, and which start this is', async () => {
  const heartbeat = new NodeHeartbeat(db, 'n1', 'boot-1');
  await heartbeat.start();
  await callsOf('n1', 'boot-1');
  const closer = await watcher();
  expect(await closer.closeOrphans()).toBe(0);
  heartbeat.stop();
  const next = new NodeHeartbeat(db, 'n1', 'boot-2');
  await next.start();
  next.stop();
  expect(await closer.closeOrphans()).toBe(2);
  const nowhere = openDatabase('postgresql://127.0.0.1:1/none');
  await expect(new NodeHeartbeat(nowhere, 'n1', 'boot-3').start()).rejects.toThrow('ECONNREFUSED');
  await nowhere.close();
});

test('calls that the exchange answered are closed with the legs that they had, and somebody looks at each', async () => {
  await beat('gone', 'b1', 60);
  await attendedCalls('gone', 'b1');
  await (await watcher()).closeOrphans();
  const rows = await own.query<{ id: string; lasted: string; carried: CarriedLeg[]; sold: boolean | null }>(
    `select c.id, c.ended_at - c.attended_at as lasted, c.carried, (o.payload ->> 'sold')::boolean as sold
     from calls c join outbox o on o.type = 'call.ended' and o.subject = c.id order by c.id`,
  );
  expect(
    rows.map(({ id, lasted, carried, sold }) => [
      ...[id, Number(lasted), carried.map(({ durationMs }) => durationMs), sold],
    ]),
  ).toEqual([
    ['at once', 0, [0], null],
    ['handed on', 30_000, [30_000, 12_000], null],
    ['with its plan', 30_000, [30_000], null],
  ]);
});

import type { ActivityEvent, E164 } from '../../../src/domain';
import type { Database } from '../../../src/storage';
import { tellPastActivity } from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';

const NOW = Date.UTC(2026, 10, 21, 15);
const HOUR = 3_600_000;
const CALLER = '+12125550123' as E164;

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
  await own.empty('calls, settlements');
});

interface StoredCall {
  readonly id: string;
  readonly hoursAgo: number;
  readonly origin?: string;
  readonly caller?: string | null;
  readonly answered?: boolean;
  readonly revenue?: number;
}

async function store({ id, hoursAgo, origin, caller, answered, revenue }: StoredCall): Promise<void> {
  const at = NOW - hoursAgo * HOUR;
  await own.query(
    `insert into calls (id, node_id, boot_id, sip_call_id, state, trunk_id, caller, dialled, origin, campaign_id,
       buyer_id, target_id, received_at, answered_at, ended_at)
     values ($1, 'n', 'b', 's', 'completed', 'trunk', $2, '+18005550100', $3, 'campaign', $4, $5, $6, $7, $8)`,
    [
      id,
      caller === undefined ? CALLER : caller,
      origin ?? 'inbound_consumer',
      answered ? 'buyer' : null,
      answered ? 'target' : null,
      at,
      answered ? at + 1_000 : null,
      at + 61_000,
    ],
  );
  if (revenue === undefined) return;
  await own.query(
    `insert into settlements (call_id, connected_ms, revenue, payout, currency) values ($1, 60000, $2, 0, 'USD')`,
    [id, revenue],
  );
}

async function told(options: { connections?: number; attempts?: number } = {}): Promise<ActivityEvent[]> {
  const events: ActivityEvent[] = [];
  expect(await tellPastActivity(db, (event) => events.push(event), { now: NOW, ...options })).toBe(
    events.length,
  );
  return events;
}
const brief = (events: readonly ActivityEvent[]): string[] =>
  events.map(({ kind, at }) => `${kind} ${(NOW - at) / HOUR}`);

test('attempts of the last hour, and of the last day where somebody was called, oldest first', async () => {
  await store({ id: 'now', hoursAgo: 0.5 });
  await store({ id: 'earlier', hoursAgo: 2 });
  await store({ id: 'called', hoursAgo: 23, origin: 'outbound_transfer' });
  await store({ id: 'long-ago', hoursAgo: 25, origin: 'outbound_transfer' });
  await store({ id: 'nobody', hoursAgo: 0.1, caller: null });
  const events = await told();
  expect(brief(events)).toEqual(['attempt 23', 'attempt 0.5']);
  expect(events[0]).toMatchObject({ caller: CALLER, did: '+18005550100', origin: 'outbound_transfer' });
});

test('connections, however old, and what was owed for them', async () => {
  await store({ id: 'owed', hoursAgo: 24 * 60, answered: true, revenue: 5_000_000 });
  await store({ id: 'free', hoursAgo: 48, answered: true, revenue: 0 });
  await store({ id: 'open', hoursAgo: 30, answered: true });
  const events = await told();
  expect(events.map(({ kind }) => kind)).toEqual(['connected', 'ended', 'connected', 'connected']);
  expect(events[0]).toMatchObject({ buyerId: 'buyer', targetId: 'target', campaignId: 'campaign' });
  expect(events[1]).toMatchObject({ converted: true, revenue: 5_000_000, at: NOW - 24 * 60 * HOUR + 61_000 });
});

test('the latest, where there are more than are to be told', async () => {
  await own.query(
    `insert into calls (id, node_id, boot_id, sip_call_id, state, trunk_id, caller, dialled, origin, buyer_id, target_id,
       received_at, answered_at, ended_at)
     select 'call-' || n, 'n', 'b', 's', 'completed', 'trunk', '+12125550123', '+18005550100', 'callback', 'b', 't',
       $1::bigint - n / 3 * 1000, $1::bigint - n / 3 * 1000, $1::bigint from generate_series(0, 11999) as n`,
    [NOW],
  );
  const all = await told();
  expect(all.filter(({ kind }) => kind === 'attempt')).toHaveLength(12_000);
  expect(all.filter(({ kind }) => kind === 'connected')).toHaveLength(12_000);
  const ats = all.filter(({ kind }) => kind === 'connected').map(({ at }) => at);
  expect(ats).toEqual([...ats].sort((a, b) => a - b));
  const few = await told({ connections: 7_000, attempts: 10 });
  expect(few).toHaveLength(7_010);
  expect(Math.min(...few.map(({ at }) => at))).toBe(NOW - Math.floor(6_999 / 3) * 1_000);
});

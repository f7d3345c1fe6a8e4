import fc from 'fast-check';
import {
  listDeliveries,
  listDifferences,
  listDisputes,
  listDocuments,
  listPayoutBatches,
  listPayoutItems,
  listSettlements,
  PortPolicy,
  PostbackStore,
} from '../../../src/billing';
import { AddressPolicy } from '../../../src/domain';
import type { ListQuery, Queryable, SortKind } from '../../../src/storage';
import {
  DialplanStore,
  listApiKeys,
  listFraudCases,
  listOAuthClients,
  listUsers,
} from '../../../src/storage';
import { TEST_VAULT } from '../../support/consents';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';
import { testAccess } from './support/test-access';

const ROWS = 9;
const BORN = `timestamptz '2026-01-01Z' + (n / 2) * interval '1 millisecond'`;
const FROM = `from generate_series(1, ${ROWS}) n`;

/** Rows of which some are equal in every order. */
const FILL = [
  `insert into settlements (call_id, connected_ms, revenue, payout, currency, settled_at)
   select 'call-' || n, 60000, n % 3, 1, 'USD', ${BORN} ${FROM}`,
  `insert into disputes (id, call_id, side, account_id, reason, currency, claimed, text, opened_key, opened_by, opened_at)
   select 'dispute-' || n, 'call-' || n, 'exchange', 'operator', 'other', 'USD', 1 + n % 3, '=1+1', 'key', 'operator', ${BORN}
   ${FROM}`,
  `insert into settlement_differences (call_id, kind, currency, was, would_be, changes, revisions, opened_at)
   select 'call-' || n, 'late_end', 'USD', o, o, '[]', 0, ${BORN}
   from generate_series(1, ${ROWS}) n,
     (select '{"connectedMs":0,"revenue":0,"payout":0,"fees":0,"taxes":0,"carrierCost":0,"lines":[],"priced":null}'::jsonb) w(o)`,
  `insert into billing_documents (kind, number, issuer_id, year, sequence, account_id, currency, position, period_from, period_to,
     issued_at, due_at, opening, movements, closing, charged, credits, transactions, content, content_sha256, file_sha256)
   select 'invoice', 'INV-' || n, 'operator', 2026, n, 'operator', 'USD', n, '2026-01-01Z', '2026-02-01Z', ${BORN}, '2026-03-01Z',
     0, n % 3, n % 3, n % 4, 0, 0, '{}', sha256('a'), sha256('b') ${FROM}`,
  `insert into calls (id, node_id, boot_id, sip_call_id, state, trunk_id, dialled, origin, received_at, attempts)
   select 'call-' || n, 'node', 'boot', 'sip-' || n, 'completed', 'trunk', '+18005550100', 'unknown', n / 2, '[]' ${FROM}`,
  `insert into fraud_cases (call_id, score, level, model, dialled, trunk_id, received_at, opened_at)
   select 'call-' || n, (n % 3) / 7.0, 'flag', 'rules', '+18005550100', 'trunk', n / 2,
     -- Within one millisecond.
     timestamptz '2026-01-01Z' + (n / 2) * interval '1 microsecond' ${FROM}`,
  `insert into payout_batches (id, currency, up_to, prepared_key, prepared_by, prepared_at)
   select 'batch-' || n, 'USD', ${BORN}, 'key', 'operator', ${BORN} ${FROM}`,
  `insert into payout_items (id, batch_id, account_id, currency, amount, method)
   select 'item-' || n, 'batch-' || n, 'operator', 'USD', 1 + n % 3, 'bank' ${FROM}`,
  `insert into postbacks (id, account_id, name, events, method, url, host, body_type, sealed_secret, created_at)
   select 'hook-' || n, 'operator', 'Hook ' || n % 3, '{call.settled}', 'POST', 'https://hook.example', 'hook.example:443',
     'json', 'x', ${BORN} ${FROM}`,
  `insert into postback_deliveries (postback_id, event_id, event, subject, happened_at, listener, fields, give_up_at, created_at)
   select 'hook-1', 'event-' || n, 'call.settled', 'call-' || n, now(), 'operator', '{}', now(), ${BORN} ${FROM}`,
  `insert into users (id, account_id, account_type, email, name, role, created_at)
   select 'user-' || n, 'operator', 'operator', 'user-' || n || '@x.example', 'Name ' || n % 3, 'admin', ${BORN} ${FROM}`,
  `insert into api_keys (id, account_id, name, key_hash, scopes, created_at)
   select 'key-' || n, 'operator', 'Name ' || n % 3, sha256(('key' || n)::bytea), '{calls:read}', ${BORN} ${FROM}`,
  `insert into oauth_clients (id, account_id, account_type, name, role, scopes, secret_hash, created_at)
   select 'client-' || n, 'operator', 'operator', 'Name ' || n % 3, 'admin', '{calls:read}', sha256('x'), ${BORN} ${FROM}`,
  `with plans as (insert into dialplans (id, name, created_at) select 'plan-' || n, 'plan-' || n, ${BORN} ${FROM} returning id)
   insert into dialplan_versions (dialplan_id, number, yaml, problems, author) select id, 1, 'x', '[]', 'key' from plans`,
];

type List = (db: Queryable, query: ListQuery) => Promise<unknown>;
interface Case {
  readonly key: string;
  readonly sorts: Readonly<Record<string, SortKind>>;
  readonly list: List;
}

const LISTS: Readonly<Record<string, Case>> = {
  disputes: { key: 'id', sorts: { openedAt: 'instant', claimed: 'number' }, list: listDisputes },
  invoices: {
    key: 'number',
    sorts: { issuedAt: 'instant', chargedMicros: 'number', closingMicros: 'number' },
    list: (db, query) => listDocuments(db, query, 0),
  },
  settlements: { key: 'callId', sorts: { settledAt: 'instant' }, list: listSettlements },
  'settlements/differences': { key: 'callId', sorts: { openedAt: 'instant' }, list: listDifferences },
  'fraud/cases': {
    key: 'callId',
    sorts: { openedAt: 'instant', receivedAt: 'number', score: 'real' },
    list: listFraudCases,
  },
  'publisher-payouts': {
    key: 'id',
    sorts: { upTo: 'instant', preparedAt: 'instant' },
    list: listPayoutBatches,
  },
  'payout-items': { key: 'id', sorts: { amountMicros: 'number' }, list: listPayoutItems },
  webhooks: {
    key: 'id',
    sorts: { name: 'text', createdAt: 'instant' },
    list: (db, query) =>
      new PostbackStore(db, TEST_VAULT, {
        addresses: new AddressPolicy(),
        ports: new PortPolicy(),
        allowHttp: [],
      }).list(query),
  },
  dialplans: {
    key: 'id',
    sorts: { createdAt: 'instant' },
    list: (db, query) => new DialplanStore(db).list(query),
  },
  'webhook-deliveries': { key: 'id', sorts: { createdAt: 'instant' }, list: listDeliveries },
  users: { key: 'id', sorts: { email: 'text', name: 'text', createdAt: 'instant' }, list: listUsers },
  keys: { key: 'id', sorts: { name: 'text', createdAt: 'instant' }, list: listApiKeys },
  'oauth-clients': { key: 'id', sorts: { name: 'text', createdAt: 'instant' }, list: listOAuthClients },
};
const SORTED = Object.entries(LISTS).flatMap(([path, { sorts }]) =>
  Object.keys(sorts).map((field) => [path, field] as const),
);

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({}, testAccess);
  // Nothing that stands behind them is there.
  for (const statement of FILL) await api.database.force(statement);
});
afterAll(() => api.close());

type Item = Readonly<Record<string, unknown>>;

async function walk(path: string, query: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let cursor = ''; ;) {
    const { status, body, text } = await api.ask('GET', `/api/v1/${path}?${query}${cursor}`);
    if (status !== 200) throw new Error(text);
    items.push(...(body['items'] as Item[]));
    if (body['nextCursor'] === null) return items;
    cursor = `&cursor=${String(body['nextCursor'])}`;
  }
}

test('in any order and by pages of any size, each row is seen once and where it belongs', async () => {
  const orders = fc.constantFrom(...Object.entries(LISTS)).chain(([path, { sorts }]) =>
    fc.tuple(
      fc.constant(path),
      fc.uniqueArray(fc.tuple(fc.constantFrom(...Object.keys(sorts)), fc.boolean()), {
        maxLength: 3,
        selector: ([field]) => field,
      }),
    ),
  );
  await fc.assert(
    fc.asyncProperty(orders, fc.integer({ min: 1, max: ROWS + 1 }), async ([path, keys], limit) => {
      const sort = keys.map(([field, descending]) => `${descending ? '-' : ''}${field}`).join();
      const order = sort === '' ? '' : `&sort=${sort}`;
      const { key } = LISTS[path] as Case;
      const whole = await walk(path, `limit=200${order}`);
      expect(new Set(whole.map((item) => item[key])).size).toBe(whole.length);
      expect(whole.length).toBeGreaterThanOrEqual(ROWS);
      expect(await walk(path, `limit=${limit}${order}`)).toEqual(whole);
      const [first] = keys;
      if (!first) return;
      const values = whole.map((item) => item[first[0]] as number | string);
      const sorted = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      expect(values).toEqual(first[1] ? sorted.reverse() : sorted);
    }),
    { numRuns: 40 },
  );
});

/** How PostgreSQL would answer, if rows were many. */
async function planOf(list: List, query: ListQuery): Promise<string> {
  const plans: string[] = [];
  await api.pool.transaction(async (tx) => {
    for (const way of ['seqscan', 'bitmapscan', 'sort']) await tx.query(`set local enable_${way} = off`);
    const explaining = {
      query: async (text: string, values: unknown[]) => {
        const { rows } = await tx.query<Record<string, unknown>>(`explain (format json) ${text}`, values);
        plans.push(JSON.stringify(rows));
        return { rows: [] };
      },
    } as unknown as Queryable;
    await list(explaining, query);
  });
  return plans.join();
}

describe.each(SORTED)('%s by %s', (path, field) => {
  const { list, sorts } = LISTS[path] as Case;
  const kind = sorts[field] as SortKind;
  test.each([false, true])(
    'an index has that order (backwards: %s), also behind a place',
    async (descending) => {
      const order = [{ field, kind, descending }];
      // What decides between equals is a number of some lists, and a text of others.
      const [row] = (await list(api.pool, { order, limit: 1 })) as readonly {
        position: (string | number)[];
      }[];
      for (const query of [
        { order, limit: 5 },
        { order, limit: 5, after: row?.position ?? [] },
      ]) {
        const plan = await planOf(list, query);
        expect(plan).toMatch(/"Index( Only)? Scan"/);
        // Of invoices a page that was read is put in order once more.
        const sorted = plan.match(/"Node Type":\s*"Sort"/g) ?? [];
        expect(sorted.length).toBeLessThanOrEqual(path === 'invoices' ? 1 : 0);
      }
    },
  );
});

test.each([
  ['disputes?openedFrom=1767225600001&openedTo=1767225600002', 2],
  ['disputes?claimedFrom=2&claimedTo=3', 3],
  ['disputes?accountId=nobody', 0],
  ['invoices?issuedFrom=1767225600004', 2],
  ['invoices?chargedMicrosTo=1', 2],
  ['invoices?currency=EUR', 0],
  ['settlements?revenueFrom=2', 3],
  ['settlements?settledTo=1767225600000', 0],
  ['settlements?priced=plan&earned=never', 0],
  ['fraud/cases?scoreFrom=0.2', 3],
  ['fraud/cases?receivedFrom=4', 2],
  ['fraud/cases?level=block', 0],
  ['payout-items?batchId=batch-1', 1],
  ['webhook-deliveries?webhookId=hook-1&subject=call-1', 1],
  ['webhook-deliveries?createdFrom=1767225600004&state=waiting', 2],
  ['keys?createdTo=1767225600001', 1],
])('%s finds %i', async (query, count) => {
  expect(await walk(query.split('?')[0] as string, query.split('?')[1] as string)).toHaveLength(count);
});

test.each([
  ['disputes?sort=text', '/sort'],
  ['invoices?sort=number', '/sort'],
  ['settlements?sort=revenue', '/sort'],
  ['fraud/cases?scoreFrom=much', '/scoreFrom'],
  ['users?sort=scopes', '/sort'],
  ['keys?fields=key', '/fields'],
  ['disputes?cursor=WyJvcGVuZWRBdCIsMSwxXQ', '/cursor'],
  ['ledger/entries?accountId=operator&sort=amountMicros', '/sort'],
])('%s is 400 for %s', async (query, pointer) => {
  const answer = await api.ask('GET', `/api/v1/${query}`);
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ in: 'query', pointer }] } });
  expect(api.switch.bugs).toEqual([]);
});

test.each(['disputes', 'invoices', 'settlements'])('all of %s comes as one file', async (path) => {
  const { status, text } = await api.ask('GET', `/api/v1/${path}/export?fields=${LISTS[path]?.key ?? ''}`);
  expect(status).toBe(200);
  expect(text.trim().split('\r\n').length).toBe(ROWS + 1);
});

test('what a spreadsheet would carry out is plain in a file', async () => {
  const { text } = await api.ask('GET', '/api/v1/disputes/export?fields=text');
  expect(text.split('\r\n')[1]).toMatch(/,'=1\+1$/);
});

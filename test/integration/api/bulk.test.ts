import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { until } from '../../support/until';
import { bodyOf, MARKET_RESOURCES, openMarket } from './support/market-bodies';
import { storeSettledCall } from './support/stored-calls';
import type { Answer, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await openMarket(api);
});
afterAll(() => api.close());

const CSV = { 'Content-Type': 'text/csv' };
const importCsv = (path: string, raw: string, query = ''): Promise<Answer> =>
  api.ask('POST', `/api/v1/${path}/import${query}`, { raw, headers: CSV });
const importRows = (path: string, rows: readonly (readonly string[])[], query = ''): Promise<Answer> =>
  importCsv(path, stringify(rows as string[][]), query);
const exported = async (path: string, query = ''): Promise<string> => {
  const answer = await api.ask('GET', `/api/v1/${path}/export${query}`);
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.text;
};
const rowsOf = (csv: string): Record<string, string>[] => parse(csv, { columns: true });
const count = async (table: string): Promise<number> =>
  (await api.database.query<{ n: number }>(`select count(*)::integer as n from ${table}`))[0]?.n ?? 0;

test.each(MARKET_RESOURCES)('$path: what was exported and comes back changes nothing', async ({ path }) => {
  for (const n of [51, 52]) await api.ask('POST', `/api/v1/${path}`, { body: await bodyOf(api, path, n) });
  const csv = await exported(path);
  const rows = rowsOf(csv);
  expect(rows.length).toBeGreaterThanOrEqual(2);
  const back = await importCsv(path, csv, '?mode=upsert');
  expect(back).toMatchObject({
    status: 200,
    body: { rows: rows.length, created: 0, updated: 0, unchanged: rows.length },
  });
  expect(await exported(path)).toBe(csv);
  expect(csv).not.toContain('a-secret-of-two-parties');
});

test.each(MARKET_RESOURCES)(
  '$path: what was removed comes back from its file',
  async ({ path, archived }) => {
    if (archived !== undefined) return;
    const csv = await exported(path);
    const ids = rowsOf(csv).map(({ id = '' }) => id.replace(/^'/, ''));
    for (const id of ids) await api.ask('DELETE', `/api/v1/${path}/${encodeURIComponent(id)}`);
    const rows = rowsOf(csv);
    expect((await importCsv(path, csv)).body).toMatchObject({ created: rows.length });
    const again = rowsOf(await exported(path));
    const plain = (row: Record<string, string>): unknown => ({
      ...row,
      version: '',
      createdAt: '',
      updatedAt: '',
    });
    expect(again.map(plain)).toEqual(rows.map(plain));
  },
);

test('names of any letters go out and come back', async () => {
  const name = fc
    .oneof(fc.stringMatching(/^'{0,2}[=+@-][!-~]{2,20}$/), fc.stringMatching(/^[A-Z",;' ]{1,20}[!-~]$/))
    .filter((text) => text.trim() === text && text.length >= 2);
  let n = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(name, { minLength: 1, maxLength: 5 }), async (names) => {
      const run = `named-${n++}`;
      const rows = names.map((text, index) => [
        `${run}-${index}`,
        text.replace(/^(?='*[=+\-@])/, "'"),
        'buyer',
      ]);
      const taken = await importRows('accounts', [['id', 'name', 'type'], ...rows]);
      expect(taken.body).toMatchObject({ created: names.length });
      const { body } = await api.ask('GET', `/api/v1/accounts/${run}-0`);
      const plain = /^'*[+-]\d+(\.\d+)?$/.test(names[0] ?? '');
      if (!plain) expect(body['name']).toBe(names[0]);
      const back = await importCsv(
        'accounts',
        await exported('accounts', `?fields=name&sort=name`),
        '?mode=upsert',
      );
      expect(back.body).toMatchObject({ created: 0, updated: 0 });
    }),
    { numRuns: 8 },
  );
});

describe('an import', () => {
  const HEAD = ['id', 'name', 'type'];

  test('is all of it or nothing, and says of every line what is wrong', async () => {
    const before = await count('accounts');
    const answer = await importRows('accounts', [
      [...HEAD, 'timezone'],
      ['good', 'A good one', 'buyer', ''],
      ['bad id', 'Nobody', 'buyer', ''],
      ['typed', 'Typed', 'alien', 'Mars/Olympus'],
      ['good', 'Twice', 'buyer', ''],
      ['', 'Nameless', 'buyer', ''],
    ]);
    expect(answer).toMatchObject({ status: 422, body: { code: 'import_refused' } });
    const errors = answer.body['errors'] as { pointer: string }[];
    expect(errors.map(({ pointer }) => pointer)).toEqual([
      '/lines/3/id',
      '/lines/4/type',
      '/lines/4/timezone',
      '/lines/5/id',
      '/lines/6/id',
    ]);
    expect(await count('accounts')).toBe(before);
  });

  test('finds every row that storage or a check refuses', async () => {
    const before = await count('did_numbers');
    const ids = ['id', 'number', 'campaignId', 'sellerId'];
    const answer = await importRows('numbers', [
      ids,
      ['n-1', '+12125557701', 'campaign', 'seller-account'],
      ['n-2', '+12125557702', 'nobody', 'seller-account'],
      ['n-3', '212-555-7703', 'campaign', 'seller-account'],
      ['n-4', '+12125557701', 'campaign', 'seller-account'],
    ]);
    expect((answer.body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer)).toEqual([
      '/lines/3/campaignId',
      '/lines/5/number',
    ]);
    expect(await count('did_numbers')).toBe(before);
    const campaign = await importCsv(
      'campaigns',
      'id,name,reservePrice,payout,fraud\nx,A,1,"{""kind"":""per_call"",""amount"":1,""afterMs"":0}","{""flag"":0.9,""challenge"":0.4,""block"":0.5}"\n',
    );
    expect(campaign.body['errors']).toMatchObject([{ pointer: '/lines/2/fraud' }]);
  });

  test('tells beforehand what would become of it', async () => {
    const before = await count('accounts');
    const rows = [HEAD, ['dry-1', 'Dry', 'buyer'], ['buyer-account', 'A buyer', 'buyer']];
    const dry = await importRows('accounts', rows, '?mode=upsert&dryRun=true');
    expect(dry.body).toEqual({ mode: 'upsert', dryRun: true, rows: 2, created: 1, updated: 0, unchanged: 1 });
    expect(await count('accounts')).toBe(before);
    const refused = await importRows('accounts', rows, '?dryRun=true');
    expect(refused.body['errors']).toMatchObject([
      { pointer: '/lines/3/id', message: expect.stringMatching(/taken/) },
    ]);
  });

  test('writes the columns that are there, and leaves the others as they are', async () => {
    const body = await bodyOf(api, 'campaigns', 60);
    await api.ask('POST', '/api/v1/campaigns', { body: { ...body, id: 'bulk-1', shortCallMs: 5_000 } });
    const { body: before } = await api.ask('GET', '/api/v1/campaigns/bulk-1');
    const changed = await importRows(
      'campaigns',
      [
        ['id', 'status', 'shortCallMs', 'maxAttempts'],
        ['bulk-1', 'paused', '', ''],
      ],
      '?mode=upsert',
    );
    expect(changed.body).toMatchObject({ updated: 1 });
    const { body: after } = await api.ask('GET', '/api/v1/campaigns/bulk-1');
    const { shortCallMs: _gone, updatedAt: _then, ...rest } = before;
    expect(after).toEqual({ ...rest, status: 'paused', version: 2, updatedAt: expect.any(String) });
  });

  test('with the version of a row changes it only as it was exported', async () => {
    await importRows('accounts', [HEAD, ['versioned', 'First', 'buyer']]);
    await api.ask('PATCH', '/api/v1/accounts/versioned', { body: { name: 'Second' } });
    const late = await importRows(
      'accounts',
      [
        ['id', 'version', 'name'],
        ['versioned', '1', 'Third'],
      ],
      '?mode=upsert',
    );
    expect(late.body['errors']).toMatchObject([{ pointer: '/lines/2/version' }]);
    const now = await importRows(
      'accounts',
      [
        ['id', 'version', 'name'],
        ['versioned', '2', 'Third'],
      ],
      '?mode=upsert',
    );
    expect(now.body).toMatchObject({ updated: 1 });
  });

  test('that disables an agent signs it out', async () => {
    await api.ask('POST', '/api/v1/agents', {
      body: { ...(await bodyOf(api, 'agents', 61)), id: 'leaving' },
    });
    await importRows(
      'agents',
      [
        ['id', 'status'],
        ['leaving', 'disabled'],
      ],
      '?mode=upsert',
    );
    const { body } = await api.ask('GET', '/api/v1/agents/leaving');
    expect(body).toMatchObject({ status: 'disabled', signedOutAt: expect.any(Number) });
    const moved = await importRows(
      'agents',
      [
        ['id', 'username'],
        ['leaving', 'other-name'],
      ],
      '?mode=upsert',
    );
    expect(moved.body['errors']).toMatchObject([{ pointer: '/lines/2/username' }]);
  });

  test.each([
    ['', '/lines/1'],
    ['id,name,type\n', '/lines/1'],
    ['id,name,colour\nx,Xx,red\n', '/lines/1/colour'],
    ['id,name,name\nx,Xx,Xx\n', '/lines/1/name'],
    ['name,type\nXx,buyer\n', '/lines/1/id'],
    ['id,name,type\nx,"Xx,buyer\n', '/lines/2'],
    ['id,name,type\nx,Xx,buyer,more\n', '/lines/2'],
    ['id,name\nx,Xx\n', '/lines/2/type'],
    ['id,__proto__,type\nx,Xx,buyer\n', '/lines/1/__proto__'],
    ['id,name,type\nx,a\0b,buyer\n', '/lines/2/name'],
  ])('of %j is refused for %s', async (csv, pointer) => {
    const answer = await importCsv('accounts', csv);
    expect(answer).toMatchObject({ status: 422, body: { code: 'import_refused' } });
    expect((answer.body['errors'] as { pointer: string }[])[0]?.pointer).toBe(pointer);
  });

  test('names fifty mistakes at most, and takes so many rows and bytes', async () => {
    const rows = Array.from({ length: 10_001 }, (_, n) => [`many-${n}`, `Many ${n}`, 'buyer']);
    const many = await importRows('accounts', [HEAD, ...rows]);
    expect(many.body['errors']).toMatchObject([{ pointer: '/lines/10002' }]);
    const wrong = await importRows('accounts', [
      HEAD,
      ...rows.slice(0, 100).map(([id]) => [id ?? '', 'x', 'alien']),
    ]);
    expect(wrong.body['errors']).toHaveLength(50);
    const large = await importCsv('accounts', `id,name,type\n${'x'.repeat(300_000)}`);
    expect(large.body['errors']).toMatchObject([{ pointer: '/lines/2' }]);
    const told = await api.ask('POST', '/api/v1/accounts/import', {
      raw: 'x'.repeat(16_777_217),
      headers: CSV,
    });
    expect(told.status).toBe(413);
  });

  test('leaves nothing behind for a sender that goes away', async () => {
    const held = await api.pool.session();
    const gone = new AbortController();
    const of = (state: string): Promise<number> =>
      count(
        `pg_stat_activity where datname = current_database() and query like '%dnc_entries%' and ${state}`,
      );
    try {
      await held.query('begin');
      await held.query('lock table dnc_entries in exclusive mode');
      const asked = fetch(`${api.url}/api/v1/dnc/import`, {
        method: 'POST',
        headers: { ...CSV, 'X-API-Key': api.admin },
        body: 'number,source\n+12125558801,internal\n',
        signal: gone.signal,
      });
      await until('the import to wait', async () => (await of(`wait_event_type = 'Lock'`)) > 0);
      const told = api.switch.reports.length;
      gone.abort();
      await expect(asked).rejects.toThrow();
      await until('the API to notice', () => api.switch.reports.length > told);
      await held.query('commit');
    } finally {
      held.release();
    }
    await until(
      'the import to end',
      async () => (await of(`state <> 'idle' and pid <> pg_backend_pid()`)) === 0,
    );
    expect(await count(`dnc_entries where number = '+12125558801'`)).toBe(0);
  });

  test('takes CSV alone', async () => {
    expect((await api.ask('POST', '/api/v1/accounts/import', { body: {} })).status).toBe(415);
  });
});

describe('an export', () => {
  test('is narrowed, ordered and picked as the list is', async () => {
    const csv = await exported('campaigns', '?q=A%20campaign&fields=name,status&sort=-name');
    expect(csv).toBe('id,name,status\r\ncampaign,A campaign,active\r\n');
    const answer = await api.ask('GET', '/api/v1/campaigns/export?sort=nonsense');
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/sort' }] } });
  });

  test('of nothing has its columns', async () => {
    expect(await exported('disputes')).toMatch(/^id,callId,[\w,]+\r\n$/);
  });

  test('makes no formulas', async () => {
    const name = `=HYPERLINK("http://evil.example","x")`;
    await api.ask('POST', '/api/v1/accounts', { body: { id: 'formula', name, type: 'buyer' } });
    const [row] = rowsOf(await exported('accounts', '?q=HYPERLINK'));
    expect(row?.['name']).toBe(`'${name}`);
  });

  test('is more than a page, each row once', async () => {
    await api.database.query(
      `insert into dnc_entries (id, number, source) select '+1' || n || '/national', '+1' || n, 'national'
       from generate_series(3125550000, 3125550450) n`,
    );
    const rows = rowsOf(await exported('dnc', '?source=national'));
    expect([rows.length, new Set(rows.map(({ id }) => id)).size]).toEqual([451, 451]);
  });

  test.each(['calls', 'disputes', 'invoices', 'ledger/entries'])(
    'of %s shows what the list does',
    async (path) => {
      await storeSettledCall(api, `export-${path.replace('/', '-')}`);
      const query = path === 'ledger/entries' ? '?accountId=operator' : '';
      const { body } = await api.ask('GET', `/api/v1/${path}${query}`);
      const rows = rowsOf(await exported(path, query));
      const items = body['items'] as Record<string, unknown>[];
      expect(rows.length).toBe(items.length);
      for (const [index, item] of items.entries()) {
        for (const [field, value] of Object.entries(item)) {
          if (typeof value === 'number') expect(rows[index]?.[field]).toBe(String(value));
        }
      }
    },
  );
});

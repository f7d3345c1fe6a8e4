import { Command } from 'commander';
import { addAuditCommands } from '../../../src/commands/audit-commands';
import { recordCommand } from '../../../src/commands/command-record';
import type { AuditAnchor, AuditEntry, AuditVerification } from '../../../src/storage';
import {
  AuditSealer,
  AuditTrail,
  createApiKey,
  recordAudit,
  sealAudit,
  verifyAudit,
} from '../../../src/storage';
import { until } from '../../support/until';
import { openMarket } from './support/market-bodies';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

interface Entry {
  readonly action: string;
  readonly status: number;
  readonly actor: Record<string, unknown>;
  readonly subject?: { readonly kind: string; readonly id?: string };
  readonly changes?: Record<string, unknown>;
  readonly [field: string]: unknown;
}

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  await openMarket(api);
});
afterAll(async () => {
  expect(api.switch.bugs).toEqual([]);
  await api.close();
});

const entries = async (query = ''): Promise<Entry[]> =>
  (await api.ask('GET', `/api/v1/audit?limit=200${query}`)).body['items'] as Entry[];
const buyer = { name: 'Audited', type: 'buyer' };
const create = (body: object = buyer, headers = {}) => api.ask('POST', '/api/v1/accounts', { body, headers });

describe('an entry', () => {
  test('says who did what to what, from where, and which fields it wrote', async () => {
    const answer = await create({ ...buyer, id: 'audited-1' }, { 'X-Forwarded-For': '198.51.100.7' });
    expect(answer.status).toBe(201);
    const [entry] = await entries('&subject=audited-1');
    expect(entry).toMatchObject({
      action: 'createAccount',
      status: 201,
      actor: { kind: 'key', accountId: 'operator', role: 'admin' },
      subject: { kind: 'accounts', id: 'audited-1' },
      requestId: answer.headers.get('x-request-id'),
      address: '198.51.100.7',
      changes: { name: { after: 'Audited' }, type: { after: 'buyer' } },
    });
    expect(Date.parse(String(entry?.['at']))).toBeGreaterThan(0);
  });

  test('of a change tells what it was before, of fields that differ', async () => {
    await create({ ...buyer, id: 'audited-4' });
    const body = { name: 'Renamed', currency: 'USD' };
    await api.ask('PATCH', '/api/v1/accounts/audited-4', { body });
    expect((await entries('&subject=audited-4'))[0]).toMatchObject({
      action: 'changeAccount',
      changes: { name: { before: 'Audited', after: 'Renamed' } },
    });
    expect((await entries('&subject=audited-4'))[0]?.changes).not.toHaveProperty('currency');
    expect(await api.ask('DELETE', '/api/v1/accounts/audited-4')).toMatchObject({ status: 204, text: '' });
    expect((await entries('&subject=audited-4'))[0]).toMatchObject({
      action: 'archiveAccount',
      changes: { status: { after: 'closed' } },
    });
  });

  test('stands or falls with what it tells of', async () => {
    await create({ ...buyer, id: 'audited-2' });
    expect((await create({ ...buyer, id: 'audited-2' })).status).toBe(409);
    expect((await create({ ...buyer, id: 'audited-2', name: '' })).status).toBe(400);
    expect(await entries('&subject=audited-2')).toHaveLength(1);
  });

  test('is written once for an Idempotency-Key, however often that is sent', async () => {
    const key = { 'Idempotency-Key': 'audited-3' };
    for (let n = 0; n < 3; n++) expect((await create({ ...buyer, id: 'audited-3' }, key)).status).toBe(201);
    expect(await entries('&subject=audited-3')).toHaveLength(1);
  });

  test('is there for a tenant too, who reads none', async () => {
    const key = await createApiKey(api.pool, 'buyer-account', 'own', ['*']);
    const body = { name: 'By the tenant' };
    const changed = await api.ask('PATCH', '/api/v1/buyers/buyer', { key, body });
    expect([changed.status, changed.text]).toEqual([200, expect.anything()]);
    expect((await entries('&action=changeBuyer'))[0]).toMatchObject({
      actor: { accountId: 'buyer-account', role: 'buyer' },
      changes: { name: { after: 'By the tenant' } },
    });
    expect((await api.ask('GET', '/api/v1/audit', { key })).status).toBe(403);
  });

  test('is written of what has no transaction: a call that was hung up', async () => {
    api.switch.calls.push({ callId: 'audited-call', state: 'answered' });
    expect((await api.ask('DELETE', '/api/v1/calls/audited-call')).status).toBe(204);
    await until('the entry', async () => (await entries('&subject=audited-call')).length === 1);
    expect((await entries('&subject=audited-call'))[0]).toMatchObject({ action: 'hangUpCall', status: 204 });
  });

  test('holds no secret, and of what is about persons no value', async () => {
    const webhook = { url: 'https://crm.example/hook', events: ['call.settled'], secret: 'x'.repeat(32) };
    await api.ask('POST', '/api/v1/webhooks', { body: webhook });
    const dnc = await api.ask('POST', '/api/v1/dnc', {
      body: { number: '+12125550177', source: 'internal' },
    });
    expect(dnc.status).toBe(201);
    const [entry] = await entries('&action=createDnc');
    expect(
      Object.values(entry?.changes ?? {}).every((change) => Object.keys(change as object).length === 0),
    ).toBe(true);
    const all = JSON.stringify((await entries()).map(({ changes }) => changes));
    expect(all).not.toContain('x'.repeat(32));
    expect(all).not.toContain('12125550177');
    expect(all).not.toContain(api.admin);
  });

  test('reading writes none', async () => {
    const before = (await entries()).length;
    await api.ask('GET', '/api/v1/accounts');
    expect((await entries()).length).toBe(before);
  });
});

describe('what is refused', () => {
  test('is written of operations that are audited, with who was refused if that is known', async () => {
    const reader = await api.keyWith('accounts:read');
    const body = { name: 'Refused' };
    expect((await api.ask('PATCH', '/api/v1/accounts/refused-1', { key: reader, body })).status).toBe(403);
    expect((await api.ask('PATCH', '/api/v1/accounts/refused-2', { key: null, body })).status).toBe(401);
    await until('the entries', async () => (await entries('&subject=refused-2')).length === 1);
    expect((await entries('&subject=refused-1'))[0]).toMatchObject({ status: 403, actor: { kind: 'key' } });
    expect((await entries('&subject=refused-2'))[0]).toMatchObject({
      status: 401,
      actor: { kind: 'nobody' },
    });
    expect(JSON.stringify(await entries('&subject=refused-1'))).not.toContain('"Refused"');
  });

  test('again and again is written now and again', async () => {
    const from = { 'X-Forwarded-For': '198.51.100.99' };
    for (let n = 0; n < 40; n++) {
      await api.ask('DELETE', '/api/v1/accounts/flooded', { key: null, headers: from });
    }
    await api.ask('PATCH', '/api/v1/accounts/flooded-last', { key: null, body: {} });
    await until('the last', async () => (await entries('&subject=flooded-last')).length === 1);
    expect((await entries('&subject=flooded')).length).toBeLessThanOrEqual(10);
  });

  test('beyond what is written one by one is counted: by caller, and of many callers together', async () => {
    const trail = new AuditTrail(api.pool, {
      now: () => 0,
      sumUpMs: 1,
      onLost: (_entry, error) => api.switch.bugs.push(error),
    });
    const nobody = { kind: 'nobody', id: '' } as const;
    const refused = (address: string, action: string): void =>
      trail.refused({ actor: nobody, action, address, status: 401 });
    for (let n = 0; n < 40; n++) refused('203.0.113.1', n % 4 === 0 ? 'guessedThis' : 'guessedThat');
    await until('the sum', async () => (await entries('&action=refusedMore')).length === 1);
    expect((await entries('&action=refusedMore'))[0]).toMatchObject({
      actor: nobody,
      address: '203.0.113.1',
      status: 401,
      changes: { guessedThis: { after: 7 }, guessedThat: { after: 23 } },
    });
    // From ever other addresses: a bounded number of entries all the same, and none is forgotten.
    for (let n = 0; n < 2_000; n++) refused(`198.18.${n >> 8}.${n & 255}`, 'guessedFromAfar');
    await trail.close();
    const told = await entries('&action=guessedFromAfar');
    const sums = (await entries('&action=refusedMore')).filter(({ changes }) => changes?.['guessedFromAfar']);
    expect(told.length).toBe(200);
    const { rows } = await api.pool.query<{ entries: number; summed: number }>(
      `select count(*) filter (where action = 'guessedFromAfar') as entries,
         coalesce(sum((changes->'guessedFromAfar'->>'after')::int) filter (where action = 'refusedMore'), 0) as summed
       from audit_entries`,
    );
    expect(Number(rows[0]?.entries) + Number(rows[0]?.summed)).toBe(2_000);
    expect(sums.length).toBeLessThanOrEqual(51);
  });

  test('while the database is away waits for it, in bounded memory', async () => {
    let away = true;
    const written: unknown[] = [];
    const lost: AuditEntry[] = [];
    const query = (statement: unknown): Promise<never> => {
      if (away) return Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
      written.push(statement);
      return Promise.resolve({ rows: [] } as never);
    };
    const trail = new AuditTrail({ query }, { now: () => 0, onLost: (entry) => lost.push(entry) });
    const entry = { actor: { kind: 'system', id: 'x' }, action: 'waits' } as const;
    for (let n = 0; n < 1_200; n++) trail.record(entry);
    expect([trail.waiting, lost.length]).toEqual([1_000, 200]);
    away = false;
    await trail.close();
    expect([trail.waiting, written.length, lost.length]).toEqual([0, 1_000, 200]);
  });
});

describe('the list', () => {
  test('is narrowed by who, what, to what, when and how it came out, page by page', async () => {
    const at = Date.now();
    await create({ ...buyer, id: 'listed-1' });
    expect(await entries(`&action=createAccount&subject=listed-1&from=${at - 60_000}`)).toHaveLength(1);
    expect(await entries(`&subject=listed-1&to=${at - 60_000}`)).toEqual([]);
    expect(await entries('&subject=listed-1&status=403')).toEqual([]);
    expect(await entries('&subject=listed-1&actor=nobody-else')).toEqual([]);
    const first = await api.ask('GET', '/api/v1/audit?limit=2');
    const next = await api.ask('GET', `/api/v1/audit?limit=2&cursor=${String(first.body['nextCursor'])}`);
    const ids = [first, next].flatMap(({ body }) => (body['items'] as { id: string }[]).map(({ id }) => +id));
    expect(ids).toEqual([...ids].sort((a, b) => b - a));
    expect(new Set(ids).size).toBe(4);
  });

  interface Page {
    readonly ids: string[];
    readonly next: string | undefined;
  }
  const pageOf = async (query: string, cursor?: string): Promise<Page> => {
    const more = cursor === undefined ? '' : `&cursor=${cursor}`;
    const { status, body } = await api.ask('GET', `/api/v1/audit?${query}${more}`);
    expect(status).toBe(200);
    const next = body['nextCursor'] as string | null;
    return { ids: (body['items'] as { id: string }[]).map(({ id }) => id), next: next ?? undefined };
  };
  const every = async (query: string): Promise<string[]> => {
    const ids: string[] = [];
    let page = await pageOf(query);
    for (ids.push(...page.ids); page.next !== undefined; ids.push(...page.ids)) {
      page = await pageOf(query, page.next);
    }
    return ids;
  };
  /** An entry whose transaction begins now; it is there once that is ended. */
  const begun = async (id: string): Promise<() => Promise<void>> => {
    const session = await api.pool.session();
    await session.query('begin');
    await recordAudit(session, { actor: { kind: 'system', id }, action: 'late' });
    return async () => {
      await session.query('commit');
      session.release();
    };
  };
  const early = (id: string): Promise<void> =>
    recordAudit(api.pool, { actor: { kind: 'system', id }, action: 'late' });
  const seal = async (): Promise<void> => {
    while ((await sealAudit(api.pool)) > 0);
  };

  test('goes page by page by time, however late an entry is committed', async () => {
    const commit = await begun('orderly');
    for (let n = 0; n < 4; n++) await early('orderly');
    const first = await pageOf('actor=orderly&limit=2');
    await commit();
    await early('orderly');
    const rest: string[] = [];
    for (let { next } = first; next !== undefined;) {
      const page = await pageOf('actor=orderly&limit=2', next);
      rest.push(...page.ids);
      ({ next } = page);
    }
    // What is new since does not move what follows; what was committed late is where its time puts it: last.
    const { rows } = await api.pool.query<{ id: string }>(
      `select id::text from audit_entries where actor_id = 'orderly' order by at desc, id desc`,
    );
    const ids = rows.map(({ id }) => id);
    expect([...first.ids, ...rest]).toEqual(ids.slice(1));
    expect(await every('actor=orderly&limit=1')).toEqual(ids);
    expect(await every('actor=orderly&action=late&status=200&limit=200')).toEqual(ids);
  });

  test('in the order of the chain is never added to but at its end', async () => {
    const followed: string[] = [];
    let cursor: string | undefined;
    const follow = async (): Promise<void> => {
      for (;;) {
        const { ids, next } = await pageOf('order=chain&action=late&limit=3', cursor);
        followed.push(...ids);
        cursor = next;
        if (ids.length === 0) return;
      }
    };
    await seal();
    await follow();
    const before = followed.length;
    const commits = [await begun('first'), await begun('second')];
    await early('third');
    await seal();
    await follow();
    await commits[1]?.();
    await early('fourth');
    await seal();
    await follow();
    await commits[0]?.();
    // What is sealed is listed, and nothing else.
    await follow();
    expect(followed).toHaveLength(before + 3);
    await seal();
    await follow();
    const { rows } = await api.pool.query<{ id: string; actor: string }>(
      `select id::text, actor_id as actor from audit_entries where action = 'late'`,
    );
    const actors = new Map(rows.map(({ id, actor }) => [id, actor]));
    expect(followed.slice(before).map((id) => actors.get(id))).toEqual([
      'third',
      'second',
      'fourth',
      'first',
    ]);
    expect([...followed].sort()).toEqual([...actors.keys()].sort());
    expect(new Set(followed).size).toBe(followed.length);
  });

  test('takes a cursor of its own order alone', async () => {
    const { next } = await pageOf('limit=1');
    const { status, body } = await api.ask('GET', `/api/v1/audit?order=chain&cursor=${next ?? ''}`);
    expect([status, body['code']]).toEqual([400, 'invalid_cursor']);
  });
});

describe('the chain', () => {
  const sealAll = async (): Promise<void> => {
    while ((await sealAudit(api.pool, 3)) > 0);
  };
  /** Does what only the owner of the tables can, with the guards off, and takes it back. */
  const tampered = (...statements: string[]) => tamperedBy([], ...statements);
  const tamperedBy = async (
    anchors: readonly AuditAnchor[],
    ...statements: string[]
  ): Promise<AuditVerification> => {
    const session = await api.pool.session();
    try {
      await session.query('begin');
      for (const table of ['audit_entries', 'audit_blocks']) {
        await session.query(`alter table ${table} disable trigger user`);
      }
      for (const statement of statements) await session.query(statement);
      return await verifyAudit(session, undefined, anchors);
    } finally {
      await session.query('rollback');
      session.release();
    }
  };
  const middle = '(select seq from audit_blocks order by seq offset 1 limit 1)';
  const entryOfIt = `(select entry_ids[1] from audit_blocks where seq = ${middle})`;
  const entryAfterIt = `(select entry_ids[1] from audit_blocks where seq = ${middle} + 1)`;

  test('holds what was written, whatever characters there are in it', async () => {
    const odd = 'quotes " \\ \u2028 \u007f é \u{1f600} \n\t\b\u0001</script>';
    await recordAudit(api.pool, {
      actor: { kind: 'cli', id: odd, accountId: odd, sessionId: odd },
      action: 'cli.odd',
      subject: { kind: odd, id: odd },
      changes: { [odd]: { before: odd, after: [odd, 1.5, null] } },
      reason: odd,
    });
    await recordAudit(api.pool, { actor: { kind: 'system', id: 'a\0b\ud800' }, action: 'system.odd' });
    await sealAll();
    expect(await verifyAudit(api.pool)).toMatchObject({ ok: true, findings: [], unsealed: 0 });
    expect((await verifyAudit(api.pool)).blocks).toBeGreaterThan(3);
    expect(await verifyAudit(api.pool, 2)).toMatchObject({ ok: true, blocks: 2 });
  });

  test.each([
    [
      'an entry that was changed',
      [`update audit_entries set actor_id = 'me' where id = ${entryOfIt}`],
      'block_changed',
    ],
    [
      'an entry at another time',
      [`update audit_entries set at = at + interval '1 microsecond' where id = ${entryOfIt}`],
      'block_changed',
    ],
    ['an entry that was removed', [`delete from audit_entries where id = ${entryOfIt}`], 'entry_missing'],
    ['a block that was removed', [`delete from audit_blocks where seq = ${middle}`], 'block_missing'],
    [
      'a block that was made anew',
      [`update audit_blocks set hash = sha256(hash) where seq = ${middle}`],
      'block_changed',
    ],
    [
      'an entry that was put beside the chain',
      [
        `insert into audit_entries (actor_kind, actor_id, action, status) values ('cli', 'me', 'beside', 200)`,
      ],
      'entry_loose',
    ],
    [
      'an entry that was put into a block',
      [
        `insert into audit_entries (actor_kind, actor_id, action, status) values ('cli', 'me', 'inside', 200)`,
        `update audit_blocks set entry_ids = entry_ids || (select max(id) from audit_entries) where seq = ${middle}`,
      ],
      'block_changed',
    ],
    [
      'two entries that were exchanged',
      [
        `update audit_entries e set action = o.action, actor_id = o.actor_id, at = o.at, subject_id = o.subject_id,
           subject_kind = o.subject_kind, reason = o.reason, changes = o.changes, request_id = o.request_id
         from audit_entries o where o.id in (${entryOfIt}, ${entryAfterIt}) and e.id in (${entryOfIt}, ${entryAfterIt})
           and e.id <> o.id`,
      ],
      'block_changed',
    ],
    [
      'two blocks that were exchanged',
      [
        `update audit_blocks b set entry_ids = o.entry_ids, hash = o.hash, prev_hash = o.prev_hash from audit_blocks o
         where b.seq in (${middle}, ${middle} + 1) and o.seq in (${middle}, ${middle} + 1) and o.seq <> b.seq`,
      ],
      'block_unlinked',
    ],
    [
      'an entry that was changed with the hash of its block',
      [
        `update audit_entries set actor_id = 'me' where id = ${entryOfIt}`,
        `update audit_blocks b set hash = sha256(b.prev_hash || convert_to(json_build_array(b.seq)::text || E'\n' ||
           (select string_agg(audit_line(e), E'\n' order by e.id) from audit_entries e where e.id = any(b.entry_ids)),
           'UTF8')) where b.seq = ${middle}`,
      ],
      'block_unlinked',
    ],
    ['a tail of blocks that was cut off', [`delete from audit_blocks where seq > ${middle}`], 'entry_loose'],
  ])('%s is found', async (_what, statements, problem) => {
    await sealAll();
    const { ok, findings } = await tampered(...statements);
    expect(ok).toBe(false);
    expect(findings.map((finding) => finding.problem)).toContain(problem);
  });

  test('a tail that was cut off with its entries, or made anew, is found by an anchor', async () => {
    await sealAll();
    const { headBlock, head } = await verifyAudit(api.pool);
    const anchors = [{ block: headBlock, hash: head }];
    expect(await verifyAudit(api.pool, undefined, anchors)).toMatchObject({ ok: true });
    const statements = [
      `delete from audit_entries where id in (select unnest(entry_ids) from audit_blocks where seq >= ${middle})`,
      `delete from audit_blocks where seq >= ${middle}`,
    ];
    expect(await tamperedBy([], ...statements)).toMatchObject({ ok: true });
    expect(await tamperedBy(anchors, ...statements)).toMatchObject({
      ok: false,
      findings: [{ problem: 'anchor_differs', block: headBlock }],
    });
    // Whoever seals anew what is left comes to other hashes.
    const anew = [
      ...statements,
      `delete from audit_blocks`,
      `insert into audit_unsealed select id from audit_entries`,
    ];
    const sealedAnew = await tamperedBy(anchors, ...anew, 'select seal_audit(100000)');
    expect(sealedAnew.findings.map(({ problem }) => problem)).toEqual(['anchor_differs']);
  });

  test('entries and blocks are changed by nobody, not even by mistake', async () => {
    for (const table of ['audit_entries', 'audit_blocks']) {
      for (const statement of [
        `delete from ${table}`,
        `truncate ${table}`,
        `update ${table} set ${table === 'audit_blocks' ? 'seq = 9' : 'status = 200'}`,
      ]) {
        await expect(api.pool.query(statement)).rejects.toThrow('append-only');
      }
    }
  });

  test('is made by one at a time', async () => {
    await create({ ...buyer, id: 'sealed-1' });
    await Promise.all(Array.from({ length: 6 }, () => sealAudit(api.pool)));
    await sealAll();
    expect((await verifyAudit(api.pool)).ok).toBe(true);
    expect((await entries('&subject=sealed-1'))[0]).toMatchObject({ isSealed: true });
  });

  test('is verified over the API, by auditors too, and at the terminal', async () => {
    const key = await api.keyWith('audit:read');
    const answer = await api.ask('POST', '/api/v1/audit/verify', { key, body: {} });
    expect([answer.status, answer.body['ok']]).toEqual([200, true]);

    await recordCommand(api.pool, 'root', 'rates import', { reason: 'new deck' });
    expect((await entries('&actor=root'))[0]).toMatchObject({
      action: 'cli.rates.import',
      actor: { kind: 'cli', id: 'root' },
      reason: 'new deck',
    });
    const lines: string[] = [];
    let code = 0;
    const program = new Command().exitOverride();
    addAuditCommands(program, {
      withDatabase: (work) => work(api.pool),
      say: (line) => lines.push(line),
      setExitCode: (exit) => void (code = exit),
    });
    await program.parseAsync(['node', 'dce', 'audit', 'verify']);
    expect([code, lines.at(-1)]).toEqual([0, 'all as it should be']);
    const { head, headBlock } = await verifyAudit(api.pool);
    expect(lines).toContain(`head ${headBlock}:${head}`);

    await program.parseAsync(['node', 'dce', 'audit', 'verify', '--anchor', `${headBlock}:${head}`]);
    expect([code, lines.at(-1)]).toEqual([0, 'all as it should be']);
    await program.parseAsync(['node', 'dce', 'audit', 'verify', '--anchor', `${headBlock + 1}:${head}`]);
    expect([code, lines.at(-1)]).toEqual([1, 'not as it should be']);
    const anchors = [{ block: headBlock, hash: '0'.repeat(64) }];
    expect((await api.ask('POST', '/api/v1/audit/verify', { body: { anchors } })).body).toMatchObject({
      ok: false,
      findings: [{ problem: 'anchor_differs', block: headBlock }],
    });
  });

  test('has a head that is told once an hour, to be kept elsewhere', async () => {
    const heads: AuditAnchor[] = [];
    let now = 0;
    const sealer = new AuditSealer(api.pool, {
      everyMs: 1,
      now: () => now,
      onHead: (head) => heads.push(head),
    });
    await create({ ...buyer, id: 'headed-1' });
    sealer.start();
    await until('a head', () => Promise.resolve(heads.length === 1));
    await create({ ...buyer, id: 'headed-2' });
    await until('a seal', async () => (await entries('&subject=headed-2'))[0]?.['isSealed'] === true);
    now = 3_600_000;
    await create({ ...buyer, id: 'headed-3' });
    await until('another head', () => Promise.resolve(heads.length === 2));
    await sealer.close();
    expect(await verifyAudit(api.pool, undefined, heads)).toMatchObject({ ok: true });
  });
});

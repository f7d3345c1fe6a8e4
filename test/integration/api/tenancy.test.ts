import { TenantDatabase } from '../../../src/storage';
import type { OpenApi, Operation } from './support/openapi-reader';
import { audienceOf, operationsOf, readDocument, undocumented } from './support/openapi-reader';
import { readMarketOf } from './support/phone-people';
import { askWith } from './support/test-access';
import type { Answer } from './support/test-api';
import type { Sent } from './support/tenant-cases';
import { CLOSED, EMPTY, ENDS, NEEDED, OPEN, WRITES } from './support/tenant-cases';
import type { Party } from './support/two-worlds';
import { bidOf, DRAFT_CAMPAIGN, EXCHANGE_MARK, OPEN_CAMPAIGN, openWorlds } from './support/two-worlds';
import type { WholeApi } from './support/whole-api';
import { startWholeApi } from './support/whole-api';

let api: WholeApi;
let document: OpenApi;
let parties: Party[];

beforeAll(async () => {
  api = await startWholeApi();
  parties = await openWorlds(api);
  await readMarketOf(api, api.phone.market);
  document = await readDocument(api);
});
afterAll(() => api.close());

/** Operations of accounts that roles decide about; the others are for agents, for users themselves, or open. */
const judged = (): Operation[] => operationsOf(document).filter((one) => audienceOf(one) === 'account');
const open = (party: Party, operation: Operation): boolean =>
  operation['x-dce-roles']?.includes(party.role) === true;
const nameOf = ({ method, path }: Operation): string => `${method} ${path}`;
const kindOf = ({ path }: Operation): string => path.split('/')[3] ?? '';
const firstWorld = (): Party[] => parties.filter(({ world }) => world === 1);

async function ask(party: Party, operation: Operation, { id, query = '', body }: Sent): Promise<Answer> {
  const path =
    operation.path.replace('{number}', '1').replace(/\{\w+\}/, encodeURIComponent(id ?? 'x')) + query;
  return api.ask(operation.method, path, { key: party.key, ...(body === undefined ? {} : { body }) });
}

/** Marks of others in an answer, besides what the request itself named. */
function leaks(party: Party, { text }: Answer, { id = '', query = '', body }: Sent): string[] {
  const named = [id, ...new URLSearchParams(query).values(), ...textsIn(body)].filter((one) => one !== '');
  const rest = named.reduce((left, one) => left.replaceAll(one, ''), text);
  const worlds = [1, 2].filter((world) => world !== party.world).map((world) => `zzworld${world}zz`);
  const marks = parties.filter((other) => other !== party).map(({ mark }) => mark);
  return [...marks, ...worlds, EXCHANGE_MARK].filter((mark) => rest.includes(mark));
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Does something with each operation that a party may call, and says what is wrong. */
async function each(
  who: readonly Party[],
  work: (party: Party, operation: Operation) => Promise<readonly string[]>,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const party of who) {
    for (const operation of judged()) {
      const why = await work(party, operation);
      wrong.push(...why.map((one) => `${party.role}: ${nameOf(operation)}: ${one}`));
    }
  }
  return wrong;
}

/** Refused, or a list or a table without rows. */
function isNothing({ status, body, text }: Answer): boolean {
  if ([400, 403, 404].includes(status)) return true;
  const rows = body?.['items'] ?? body?.['rows'];
  return Array.isArray(rows)
    ? rows.length === 0
    : body === undefined && text.trimEnd().split('\n').length <= 1;
}

/** Ids of others, of the kind that an operation is about. */
function othersOf(party: Party, operation: Operation): string[] {
  const kind = kindOf(operation);
  if (kind === 'campaigns') return [DRAFT_CAMPAIGN];
  const own = party.ids[kind];
  const ids = parties.flatMap((other) => other.ids[kind] ?? []);
  return [...new Set(ids)].filter((id) => id !== own);
}

/** Everything that is of the second world, whoever changed it. */
async function secondWorld(): Promise<unknown> {
  const tables = await api.database.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public'
       and tablename !~ '^(audit|api_idempotency|market_history|outbox|api_keys)' order by 1`,
  );
  const sums: Record<string, unknown> = {};
  for (const { name } of tables) {
    const [row] = await api.database.query<{ sum: string | null }>(
      `select md5(string_agg(t::text, ',' order by t::text)) as sum from "${name}" t where t::text like '%2zz%'`,
    );
    sums[name] = row?.sum;
  }
  return sums;
}

test('every operation is judged by role, is about the caller alone, or is open on purpose', () => {
  const all = operationsOf(document);
  const of = (audience: string): string[] =>
    all.filter((one) => audienceOf(one) === audience).map(({ operationId }) => operationId);
  expect(of('open').sort()).toEqual(OPEN);
  expect(of('account').length + of('user').length + of('agent').length + OPEN.length).toBe(all.length);
  expect(of('account').length).toBeGreaterThan(280);
  // What those do with ids of others is asked for below, one by one.
  const named = all.filter((one) => ['user', 'agent'].includes(audienceOf(one)) && one.path.includes('{'));
  expect(named.map(({ operationId }) => operationId).sort()).toEqual([
    'endOwnSession',
    'getPhoneCall',
    'getPhoneRecording',
    'pausePhoneRecording',
    'setCallDisposition',
  ]);
});

test('what users and agents see is their own, and what is another’s they do not find', async () => {
  const wrong: string[] = [];
  const personal = operationsOf(document).filter((one) => ['user', 'agent'].includes(audienceOf(one)));
  let looked = 0;
  for (const party of firstWorld()) {
    for (const operation of personal) {
      const token = party.tokens[audienceOf(operation) as 'user' | 'agent'];
      if (token === undefined) continue;
      const path = operation.path.replace('/api/v1', '');
      const report = (why: string | undefined): void => {
        looked++;
        if (why !== undefined) wrong.push(`${party.role}: ${nameOf(operation)}: ${why}`);
      };
      const ids = path.includes('{callId}') ? 'calls' : 'auth';
      if (path.includes('{')) {
        const said = operation.operationId === 'pausePhoneRecording' ? { action: 'pause' } : { code: 'sale' };
        const body = operation.requestBody ? said : undefined;
        for (const id of parties.filter((other) => other !== party).map((other) => other.ids[ids] ?? '')) {
          // The call of a world is one for all who have a part in it.
          if (id === party.ids[ids]) continue;
          const answer = await askWith(
            api,
            token,
            operation.method,
            path.replace('{number}', '1').replace(/\{\w+\}/, id),
            body,
          );
          report(answer.status === 404 ? undefined : `${id}: ${answer.status} ${answer.text}`);
          report(leaks(party, answer, { id })[0]);
        }
      }
      if (operation.method !== 'GET') continue;
      const own = path.replace('{number}', '1').replace(/\{\w+\}/, party.ids[ids] ?? '');
      const answer = await askWith(api, token, 'GET', own);
      report(answer.status === 200 ? undocumented(document, operation, answer) : answer.text);
      report(leaks(party, answer, {})[0]);
    }
  }
  expect(wrong).toEqual([]);
  expect(looked).toBeGreaterThan(40);
  // Nobody was signed out by somebody else.
  for (const { tokens } of parties) {
    expect((await askWith(api, tokens.user, 'GET', '/auth/me')).status).toBe(200);
    if (tokens.agent !== undefined)
      expect((await askWith(api, tokens.agent, 'GET', '/phone/me')).status).toBe(200);
  }
});

test('users of a tenant are judged as its keys are', async () => {
  const wrong: string[] = [];
  for (const party of firstWorld()) {
    for (const operation of judged()) {
      const path = operation.path.replace('/api/v1', '').replace(/\{\w+\}/, 'x');
      if (operation.method !== 'GET' || open(party, operation)) continue;
      const { status, text } = await askWith(api, party.tokens.user, 'GET', path);
      if (status !== 403) wrong.push(`${party.role}: ${nameOf(operation)}: ${status} ${text}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('who is of another role than those the document names is refused, whatever is asked for', async () => {
  const wrong = await each(firstWorld(), async (party, operation) => {
    if (open(party, operation)) return [];
    const sent = { id: party.ids[kindOf(operation)] ?? 'x' };
    const answer = await ask(party, operation, sent);
    const refused =
      answer.status === 403 && /^(operator_only|role_forbidden)$/.test(String(answer.body['code']));
    return [...(refused ? [] : [`${answer.status} ${answer.text}`]), ...leaks(party, answer, sent)];
  });
  expect(wrong).toEqual([]);
});

test('what is read of one’s own holds nothing of anybody else, and is as documented', async () => {
  const empty: string[] = [];
  const wrong = await each(firstWorld(), async (party, operation) => {
    if (operation.method !== 'GET' || !open(party, operation) || operation.operationId in WRITES) return [];
    const byId = operation.path.includes('{');
    const sent = {
      id: party.ids[kindOf(operation)] ?? 'x',
      query: NEEDED[operation.operationId]?.(party) ?? '',
    };
    if (byId && sent.id === 'x') return kindOf(operation) === 'invoices' ? [] : ['the party has none'];
    const answer = await ask(party, operation, sent);
    if (answer.status !== 200) return [`${answer.status} ${answer.text}`];
    const items = answer.body?.['items'];
    if (Array.isArray(items) && items.length === 0) empty.push(`${party.role} ${operation.operationId}`);
    const odd = undocumented(document, operation, answer);
    return [...(odd === undefined ? [] : [odd]), ...leaks(party, answer, { id: '', query: '' })];
  });
  expect(wrong).toEqual([]);
  expect([...new Set(empty)].sort()).toEqual(EMPTY);
});

test('what is another’s is not found, by its id and by filters', async () => {
  const FILTERS: Readonly<Record<string, string>> = {
    ...{
      accountId: 'accounts',
      buyerId: 'buyers',
      sellerId: 'sellers',
      trunkId: 'trunks',
      targetId: 'targets',
    },
    ...{ agentId: 'agents', callId: 'calls', webhookId: 'webhooks', chargeId: 'payments' },
  };
  let looked = 0;
  const wrong = await each(firstWorld(), async (party, operation) => {
    if (operation.method !== 'GET' || !open(party, operation)) return [];
    const why: string[] = [];
    const look = async (sent: Sent, fits: (answer: Answer) => boolean): Promise<void> => {
      const answer = await ask(party, operation, sent);
      looked++;
      if (!fits(answer)) why.push(`${sent.id ?? sent.query}: ${answer.status} ${answer.text}`);
      why.push(...leaks(party, answer, sent));
    };
    if (operation.path.includes('{')) {
      const query =
        NEEDED[operation.operationId]?.(party) ?? WRITES[operation.operationId]?.(party).query ?? '';
      for (const id of othersOf(party, operation)) await look({ id, query }, ({ status }) => status === 404);
      return why;
    }
    for (const { name } of operation.parameters) {
      const kind = FILTERS[name];
      if (kind === undefined) continue;
      const own = party.ids[kind];
      const ids = [...new Set(parties.flatMap((other) => other.ids[kind] ?? []))].filter((id) => id !== own);
      for (const id of ids) {
        await look({ query: `?${name}=${id}` }, isNothing);
      }
    }
    return why;
  });
  expect(wrong).toEqual([]);
  expect(looked).toBeGreaterThan(150);
});

test('nothing of another’s is changed, named or made', async () => {
  const before = await secondWorld();
  const missing: string[] = [];
  const wrong = await each(firstWorld(), async (party, operation) => {
    if (operation.method === 'GET' || !open(party, operation)) return [];
    const written = WRITES[operation.operationId]?.(party);
    if (!written) {
      missing.push(operation.operationId);
      return [];
    }
    const why: string[] = [];
    const look = async (sent: Sent): Promise<void> => {
      const answer = await ask(party, operation, sent);
      const named = answer.status === 400 && Array.isArray(answer.body['errors']);
      const refused = named || answer.status === 404 || answer.status === 422;
      if (!refused) why.push(`${JSON.stringify(sent)}: ${answer.status} ${answer.text}`);
      why.push(...leaks(party, answer, sent));
    };
    if (operation.path.includes('{') && operation.operationId !== 'cancelReservation') {
      for (const id of othersOf(party, operation)) await look({ ...written, id });
    }
    // Every id in the body, one after the other, as somebody else's.
    const own = Object.entries(party.ids);
    for (const [field, value] of Object.entries((written.body ?? {}) as Record<string, unknown>)) {
      const [first] = Array.isArray(value) ? (value as unknown[]) : [value];
      const [kind] = own.find(([, id]) => id === first) ?? [];
      const others = kind ? othersOf(party, { path: `/api/v1/${kind}` } as Operation) : [];
      const strange = first === OPEN_CAMPAIGN ? [DRAFT_CAMPAIGN] : others;
      for (const id of strange) {
        const body = { ...(written.body as object), [field]: Array.isArray(value) ? [id] : id };
        await look({ ...written, id: written.id ?? party.ids[kindOf(operation)] ?? 'x', body });
      }
    }
    return why;
  });
  expect(wrong).toEqual([]);
  expect(missing).toEqual([]);
  expect(await secondWorld()).toEqual(before);
});

test('fields of the exchange are not a tenant’s to write', async () => {
  const [buyer] = parties as [Party];
  const refused = async (method: string, path: string, body: object): Promise<void> => {
    const answer = await api.ask(method, `/api/v1/${path}`, { key: buyer.key, body });
    const seen = { status: answer.status, code: answer.body['code'] };
    expect(seen).toEqual({ status: 422, code: 'field_of_exchange' });
    expect(answer.body['errors']).not.toEqual([]);
  };
  const { ids } = buyer;
  const made = bidOf({ buyerId: ids['buyers'] ?? '', targetId: ids['targets'] ?? '', name: 'x' });
  await refused('PATCH', `buyers/${ids['buyers']}`, { accountId: 'operator' });
  await refused('PATCH', `buyers/${ids['buyers']}`, { status: 'archived' });
  await refused('PATCH', `targets/${ids['targets']}`, { costPerMinute: 1 });
  await refused('PATCH', `bids/${ids['bids']}`, { priority: 1 });
  await refused('POST', 'bids', { ...made, fallback: true });
  const number = { kind: 'pstn', name: 'x', uri: 'tel:+12125550100' };
  await refused('POST', 'targets', { buyerId: ids['buyers'], ...number, uri: 'sip:+12125550100@192.0.2.9' });
});

interface Relation {
  readonly name: string;
  readonly view: boolean;
  readonly walled: boolean;
  readonly policies: number;
  /** Columns that tenants may read; none: the table is closed to them. */
  readonly seen: readonly string[];
  readonly changed: readonly string[];
  readonly added: boolean;
  readonly removed: boolean;
}

/** Every table and view, with what the role of tenants was granted of it. */
function relations(): Promise<Relation[]> {
  return api.database.query<Relation>(
    `select c.relname as name, c.relkind = 'v' as view,
       c.relrowsecurity or c.reloptions && array['security_invoker=true', 'security_barrier=true'] as walled,
       (select count(*)::integer from pg_policies p where p.tablename = c.relname and 'dce_tenant' = any(p.roles)) as policies,
       (select coalesce(array_agg(a.attname::text), '{}') from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
          and not a.attisdropped and has_column_privilege('dce_tenant', c.oid, a.attnum, 'select')) as seen,
       (select coalesce(array_agg(a.attname::text), '{}') from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
          and not a.attisdropped and has_column_privilege('dce_tenant', c.oid, a.attnum, 'update')) as changed,
       has_any_column_privilege('dce_tenant', c.oid, 'insert') as added,
       has_table_privilege('dce_tenant', c.oid, 'delete') or has_table_privilege('dce_tenant', c.oid, 'truncate') as removed
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'public' and c.relkind in ('r', 'p', 'v', 'm') order by c.relname`,
  );
}

const isOpen = ({ seen, changed, added, removed }: Relation): boolean =>
  seen.length > 0 || changed.length > 0 || added || removed;

describe('the second wall', () => {
  test('every table is behind a policy, or closed on purpose', async () => {
    const all = await relations();
    expect(all.filter((one) => !isOpen(one)).map(({ name }) => name)).toEqual([...CLOSED].sort());
    const bare = all.filter(
      (one) => isOpen(one) && (one.walled !== true || (!one.view && one.policies === 0)),
    );
    expect(bare.map(({ name }) => name)).toEqual([]);
    expect(all.filter(({ removed }) => removed).map(({ name }) => name)).toEqual([]);
  });

  test('a statement that forgets whose things it asks for finds none of others', async () => {
    const wrong: string[] = [];
    let rows = 0;
    for (const { name, seen } of (await relations()).filter((one) => one.seen.length > 0)) {
      const columns = seen.map((column) => `t."${column}"`).join(', ');
      for (const party of firstWorld()) {
        const tenant = new TenantDatabase(api.pool, party.accountId);
        const found = await tenant.query<{ row: string }>(
          `select row(${columns})::text as row from "${name}" t limit 1000`,
        );
        rows += found.rows.length;
        // Of a call the parties of one world are told different fields: by the first wall.
        const others = ['calls', 'call_facts', 'recordings'].includes(name)
          ? []
          : parties.filter(({ world }) => world === 1);
        const marks = [...others, ...parties.filter(({ world }) => world === 2)]
          .filter((other) => other !== party)
          .map(({ mark }) => mark);
        const text = found.rows.map(({ row }) => row).join();
        const leaked = [...marks, 'zzworld2zz'].filter((mark) => text.includes(mark));
        if (leaked.length > 0) wrong.push(`${party.role} ${name}: ${leaked.join()}`);
      }
      const nobody = await new TenantDatabase(api.pool, '').query(`select 1 from "${name}" t limit 1`);
      if (nobody.rows.length > 0 && name !== 'rtb_bid_log') wrong.push(`nobody sees rows of ${name}`);
    }
    expect(wrong).toEqual([]);
    expect(rows).toBeGreaterThan(60);
  });

  test('what was not granted cannot be named', async () => {
    const tenant = new TenantDatabase(api.pool, 'acct-zzbuyer1zz');
    const wrong: string[] = [];
    for (const { name, seen, changed } of await relations()) {
      const tries = [`delete from "${name}"`];
      if (seen.length === 0) tries.push(`select from "${name}"`);
      if (changed.length === 0) tries.push(`update "${name}" set "${seen[0] ?? 'id'}" = default`);
      for (const statement of tries) {
        const said = await tenant.query(statement).then(
          () => 'was done',
          (error: Error) => error.message,
        );
        if (!/permission denied|cannot (delete|update)|does not exist/.test(said))
          wrong.push(`${statement}: ${said}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('rows of others are neither changed nor made', async () => {
    const before = await secondWorld();
    const tenant = new TenantDatabase(api.pool, 'acct-zzbuyer1zz');
    const wrong: string[] = [];
    for (const { name, changed, added } of await relations()) {
      const [column] = changed;
      if (column !== undefined)
        await tenant.query(`update "${name}" set "${column}" = "${column}"`).catch(String);
      if (!added) continue;
      const columns = await api.database.query<{ name: string }>(
        `select column_name as name from information_schema.columns where table_name = $1 and is_identity = 'NO'
           and is_generated = 'NEVER'`,
        [name],
      );
      const list = columns.map((one) => `"${one.name}"`).join(', ');
      // As the row of somebody else is, but for its name.
      const [theirs] = await api.database.query<{ row: object }>(
        `select to_jsonb(t) || case when jsonb_typeof(to_jsonb(t) -> 'id') = 'string' then '{"id": "forged"}' else '{}' end::jsonb as row from "${name}" t where t::text like '%zzbuyer2zz%' limit 1`,
      );
      if (!theirs) continue;
      const forged = tenant.query(
        `insert into "${name}" (${list}) select ${list} from jsonb_populate_record(null::"${name}", $1)`,
        [JSON.stringify(theirs.row)],
      );
      const said = await forged.then(
        () => 'was made',
        (error: Error) => error.message,
      );
      if (!/row-level security|permission denied/.test(said)) wrong.push(`${name}: ${said}`);
    }
    expect(wrong).toEqual([]);
    expect(await secondWorld()).toEqual(before);
  });
});

test('what is one’s own is changed, once for an Idempotency-Key', async () => {
  const tenants = judged().filter(({ method, operationId }) => method !== 'GET' || operationId in WRITES);
  const order = [...tenants].sort(
    (a, b) => Number(ENDS.test(a.operationId)) - Number(ENDS.test(b.operationId)),
  );
  const wrong: string[] = [];
  for (const party of firstWorld()) {
    for (const operation of order) {
      const written = open(party, operation) ? WRITES[operation.operationId]?.(party) : undefined;
      if (!written) continue;
      const id = written.id ?? party.ids[kindOf(operation)] ?? 'x';
      const path =
        operation.path.replace('{number}', '1').replace(/\{\w+\}/, encodeURIComponent(id)) +
        (written.query ?? '');
      const { body } = written;
      const keyed = operation.parameters.some(({ name }) => name === 'Idempotency-Key');
      const headers = keyed ? { 'Idempotency-Key': `own-${operation.operationId}` } : {};
      const once = { key: party.key, headers, ...(body === undefined ? {} : { body }) };
      const answer = await api.ask(operation.method, path, once);
      const fits = written.status === undefined ? answer.status < 300 : answer.status === written.status;
      if (!fits) wrong.push(`${party.role} ${nameOf(operation)}: ${answer.status} ${answer.text}`);
      wrong.push(...leaks(party, answer, written));
      if (!keyed || answer.status >= 300) continue;
      const again = await api.ask(operation.method, path, once);
      if (again.text !== answer.text) wrong.push(`${nameOf(operation)}: ${again.status} ${again.text}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(api.switch.bugs).toEqual([]);
});

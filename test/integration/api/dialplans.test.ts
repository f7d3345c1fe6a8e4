import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlanWorld } from '../../../src/dialplan';
import { PlanShelf } from '../../../src/parts/plan-shelf';
import type { Database } from '../../../src/storage';
import { createApiKey } from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import { until } from '../../support/until';
import { planText } from './support/dialplan-cases';
import type { Answer, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;
let folder: string;
let seller: string;
/** Two nodes, each with a pool of its own. */
let nodes: { readonly shelf: PlanShelf; readonly database: Database; readonly alerts: string[] }[];
const world: Pick<PlanWorld, 'prompts' | 'engines'> = {
  prompts: new Set(['hello']),
  engines: { mediasoup: ['play', 'gather'] },
};
let count = 0;
const newName = (): string => `plan-${count++}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dce-plans-'));
  await writeFile(join(folder, 'direct.yaml'), planText('direct', 'of the file'));
  const files = new PlanShelf({
    folder,
    world: () => world,
    onAlert: () => undefined,
    onCleared: () => undefined,
  });
  await files.start();
  api = await startTestApi({ dialplans: files });
  await files.close();
  for (const [id, type] of [
    ['party', 'seller'],
    ['other-party', 'seller'],
    ['nobody', 'carrier'],
  ])
    await api.ask('POST', '/api/v1/accounts', { body: { id, name: id, type } });
  seller = await createApiKey(api.pool, 'party', 'key', ['*']);
  const payout = { kind: 'per_call', amount: 1, afterMs: 0 };
  await api.ask('POST', '/api/v1/campaigns', {
    body: { id: 'campaign', name: 'C', reservePrice: 1, payout },
  });
  nodes = [];
  for (let n = 0; n < 2; n++) {
    const database = openDatabase(api.database.url);
    const alerts: string[] = [];
    const shelf = new PlanShelf({
      folder,
      database,
      world: () => world,
      onAlert: ({ kind, detail }) => alerts.push(`${kind} ${detail}`),
      onCleared: () => undefined,
      pulseMs: 60_000,
    });
    await shelf.start();
    nodes.push({ shelf, database, alerts });
  }
});
afterAll(async () => {
  for (const { shelf, database } of nodes) {
    await shelf.close();
    await database.close();
  }
  await api.close();
  await rm(folder, { recursive: true });
});

const ask = (method: string, path: string, body?: unknown, key?: string): Promise<Answer> =>
  api.ask(method, `/api/v1${path}`, {
    ...(body !== undefined && { body }),
    ...(key !== undefined && { key }),
  });
const draft = async (name: string, yaml: string, more: object = {}, key?: string): Promise<string> => {
  const { body, status, text } = await ask('POST', '/dialplans', { name, yaml, ...more }, key);
  if (status !== 201) throw new Error(text);
  return String(body['id']);
};
const publish = (id: string, version: number, key?: string): Promise<Answer> =>
  ask('POST', `/dialplans/${id}/publish`, { version }, key);
const detailOf = (node: number, name: string, account?: string): unknown => {
  const step = nodes[node]?.shelf.planFor(name, undefined, account)?.plan.steps['bye'];
  return step?.do === 'hangup' ? step.detail : undefined;
};
const bothHave = (what: unknown, name: string, account?: string): Promise<void> =>
  until(`both nodes take ${String(what)}`, () =>
    [0, 1].every((node) => detailOf(node, name, account) === what),
  );

test('every node takes what is published, in either direction, and what is archived no more', async () => {
  const name = newName();
  const id = await draft(name, planText(name, 'the first'));
  expect(detailOf(0, name)).toBeUndefined();
  expect(await publish(id, 1)).toMatchObject({ status: 200, body: { status: 'live', live: 1 } });
  await bothHave('the first', name);
  const { rows } = await api.pool.query(`select payload from outbox where type = 'dialplan.published'`);
  expect(rows).toEqual([{ payload: { dialplanId: id, accountId: null, name, number: 1 } }]);
  const call = nodes[1]?.shelf.planFor(name, undefined, undefined);
  expect(call).toMatchObject({ version: 1, plan: { name } });

  expect((await ask('PUT', `/dialplans/${id}`, { yaml: planText(name, 'the second') })).body).toMatchObject({
    ...{ latest: 2, live: 1, status: 'live' },
  });
  await publish(id, 2);
  await bothHave('the second', name);
  // Whoever calls already keeps the plan that was there.
  expect(call?.plan.steps['bye']).toMatchObject({ detail: 'the first' });
  await publish(id, 1);
  await bothHave('the first', name);

  expect((await ask('DELETE', `/dialplans/${id}`)).status).toBe(204);
  await bothHave(undefined, name);
  expect((await publish(id, 2)).body).toMatchObject({ status: 409, code: 'dialplan_archived' });
  // Its name may be given anew.
  await draft(name, planText(name));
});

test('a broken version is kept as a draft, and never published: with line, column and reason', async () => {
  const name = newName();
  const id = await draft(name, planText(name, 'good'));
  await publish(id, 1);
  await bothHave('good', name);
  const broken: [string, RegExp][] = [
    [planText(name).replace('refused: bye', 'refused: gone'), /^5:\d+: there is no step gone/],
    [
      planText(name).replace('refused: bye', 'refused: ask') +
        '  ask: { do: announce, play: [none], next: bye }\n',
      /^8:\d+: there is no prompt none/,
    ],
    [`engine: freeswitch\n${planText(name)}`, /^1:1: the engine freeswitch is not configured/],
    [planText(newName()), /^2:1: it is kept as plan-/],
    [
      planText(name).replace('exhausted: bye', 'exhausted: over') +
        '  over: { do: transfer, target: nobody, failed: bye }\n',
      /^8:\d+: calls cannot be transferred to nobody/,
    ],
    ['steps: [', /^\d+:\d+: not YAML/],
  ];
  for (const [yaml, reason] of broken) {
    const written = await ask('PUT', `/dialplans/${id}`, { yaml });
    expect(written).toMatchObject({ status: 200 });
    expect(written.body['problems']).not.toEqual([]);
    const refused = await publish(id, Number(written.body['latest']));
    expect(refused.body).toMatchObject({ status: 422, code: 'dialplan_refused' });
    expect(refused.body['errors']).toEqual(
      expect.arrayContaining([{ pointer: '/version', message: expect.stringMatching(reason) as string }]),
    );
    const checked = await ask('POST', '/dialplans/check', { yaml, name });
    expect(checked.body).toMatchObject({ ok: false, problems: written.body['problems'] });
  }
  expect((await ask('GET', `/dialplans/${id}`)).body).toMatchObject({ live: 1, latest: 7 });
  expect(detailOf(1, name)).toBe('good');
});

test('a version that a node cannot read falls back to what was live before, also after a restart', async () => {
  const name = newName();
  const id = await draft(name, planText(name, 'good'));
  await publish(id, 1);
  await bothHave('good', name);
  // As by an exchange that knew more than this one.
  await api.pool.query(
    `insert into dialplan_versions (dialplan_id, number, yaml, problems, author, published_at)
     values ($1, 2, 'dialplan: 2', '[]', 'somebody', now())`,
    [id],
  );
  await api.pool.query('update dialplans set latest = 2, live = 2 where id = $1', [id]);
  const refused = `refused ${name} version 2:1:1: `;
  await until('both nodes tell', () =>
    nodes.every(({ alerts }) => alerts.some((told) => told.startsWith(refused))),
  );
  expect(detailOf(0, name)).toBe('good');
  const again = new PlanShelf({
    folder,
    database: api.pool,
    world: () => world,
    onAlert: () => undefined,
    onCleared: () => undefined,
  });
  await again.start();
  expect(again.planFor(name, undefined, undefined)).toMatchObject({ version: 1 });
  await again.close();
});

test('sellers have plans of their own, for their numbers alone', async () => {
  const name = newName();
  const id = await draft(name, planText(name, 'of the seller'), {}, seller);
  await publish(id, 1, seller);
  await bothHave('of the seller', name, 'party');
  expect(detailOf(0, name, 'other-party')).toBeUndefined();
  expect(detailOf(0, name)).toBeUndefined();
  // One of the exchange of the same name is another plan.
  await publish(await draft(name, planText(name, 'of the exchange')), 1);
  await bothHave('of the exchange', name, 'other-party');
  expect(detailOf(0, name, 'party')).toBe('of the seller');

  // A target costs somebody: none is rung for nobody’s bid.
  const yaml = planText(name).replace('exhausted: bye', 'exhausted: over');
  const transfers = `${yaml}  over: { do: transfer, target: any, failed: bye }\n`;
  expect((await ask('POST', '/dialplans/check', { yaml: transfers }, seller)).body).toMatchObject({
    ok: false,
  });
  expect(await ask('PUT', `/dialplans/${id}`, { yaml: transfers }, seller)).toMatchObject({ status: 200 });
  expect((await publish(id, 2, seller)).body).toMatchObject({ code: 'dialplan_refused' });
  for (const accountId of ['operator', 'other-party'])
    expect(await ask('POST', '/dialplans', { name, yaml, accountId }, seller)).toMatchObject({ status: 422 });
  expect((await ask('POST', '/dialplans', { name, yaml, accountId: 'nobody' })).body).toMatchObject({
    ...{ status: 422, errors: [{ pointer: '/accountId' }] },
  });
});

test('numbers and campaigns name plans that there are, and those stay while they do', async () => {
  const [name, own] = [newName(), newName()];
  const id = await draft(name, planText(name));
  const ownId = await draft(own, planText(own), {}, seller);
  const number = { campaignId: 'campaign', number: '+18005550177', sellerId: 'party' };
  const made = (dialplan: string): Promise<Answer> =>
    ask('POST', '/numbers', { ...number, id: 'did', dialplan });
  expect((await made(name)).body).toMatchObject({
    ...{ status: 422, code: 'reference_not_found', errors: [{ pointer: '/dialplan' }] },
  });
  await publish(id, 1);
  await publish(ownId, 1, seller);
  expect((await made(own)).body).toMatchObject({ dialplan: own });
  expect((await ask('PATCH', '/campaigns/campaign', { dialplan: own })).status).toBe(422);
  expect((await ask('PATCH', '/campaigns/campaign', { dialplan: name })).body).toMatchObject({
    dialplan: name,
  });
  expect((await ask('GET', '/numbers/did', undefined, seller)).body).toMatchObject({ dialplan: own });
  for (const [wanted, key] of [[id], [ownId, seller]] as const)
    expect((await ask('DELETE', `/dialplans/${wanted}`, undefined, key)).body).toMatchObject({
      code: 'dialplan_in_use',
    });
  // A file is there for all, and nothing else of the campaign is held up by its plan.
  expect((await ask('PATCH', '/campaigns/campaign', { dialplan: 'direct' })).body).toMatchObject({
    dialplan: 'direct',
  });
  expect((await ask('PATCH', '/numbers/did', { dialplan: null })).body).not.toHaveProperty('dialplan');
  for (const [wanted, key] of [[id], [ownId, seller]] as const)
    expect((await ask('DELETE', `/dialplans/${wanted}`, undefined, key)).status).toBe(204);
  expect((await ask('PATCH', '/campaigns/campaign', { name: 'Renamed' })).status).toBe(200);
});

test('campaigns announce recordings by prompts that there are; one that is gone holds up nothing else', async () => {
  const recording = { mode: 'always', announce: 'hello/again' };
  const refused = {
    ...{ status: 422, code: 'reference_not_found' },
    errors: [{ pointer: '/recording/announce', message: 'names no prompt that there is' }],
  };
  const payout = { kind: 'per_call', amount: 1, afterMs: 0 };
  const made = { id: 'announced', name: 'A', reservePrice: 1, payout };
  expect((await ask('POST', '/campaigns', { ...made, recording })).body).toMatchObject(refused);
  expect((await ask('PATCH', '/campaigns/campaign', { recording })).body).toMatchObject(refused);
  const good = { mode: 'always', announce: 'hello' };
  expect((await ask('POST', '/campaigns', { ...made, recording: good })).status).toBe(201);
  await api.pool.query(
    `update campaigns set recording = recording || '{"announce": "gone"}' where id = 'announced'`,
  );
  expect((await ask('PATCH', '/campaigns/announced', { name: 'Renamed' })).status).toBe(200);
  expect((await ask('PATCH', '/campaigns/announced', { recording })).body).toMatchObject(refused);
  expect((await ask('PATCH', '/campaigns/announced', { recording: good })).status).toBe(200);
});

test('what a plan would do is told turn by turn, and whatever calls may do in it', async () => {
  const name = newName();
  const yaml = planText(name).replace(
    'refused: bye }',
    'refused: ask }\n  ask: { do: menu, play: [hello], keys: { 1: bye }, tries: 2, otherwise: bye }',
  );
  const id = await draft(name, yaml);
  const { body } = await ask('POST', `/dialplans/${id}/simulate`, {
    answers: ['refused', 'keys:9'],
    usual: false,
  });
  expect(body).toMatchObject({
    turns: [
      { answer: null, entered: ['sell'], did: [], waitsFor: 'auction', answers: ['sold', 'refused'] },
      { answer: 'refused', entered: ['ask'], did: ['answer'], answers: ['keys:', 'keys:1', 'failed'] },
      { answer: 'keys:9', entered: [], text: 'play hello, take up to 1 keys' },
    ],
    misfit: null,
    explored: { entered: expect.arrayContaining(['sell', 'ask', 'ring', 'bye']) as string[], whole: true },
  });
  const misfit = await ask('POST', '/dialplans/simulate', { yaml, answers: ['keys:1'] });
  expect(misfit.body).toMatchObject({ misfit: { answer: 0, instead: ['sold', 'refused'] } });
  const whole = await ask('POST', '/dialplans/simulate', { yaml });
  expect((whole.body['turns'] as { waitsFor: string }[]).at(-1)).toMatchObject({ waitsFor: 'hangup' });
  expect((await ask('POST', '/dialplans/simulate', { yaml: 'steps: [' })).body).toMatchObject({
    ...{ status: 422, errors: [{ pointer: '/yaml' }] },
  });
});

test('versions are listed and read, changes are conditional, and files are shown', async () => {
  const name = newName();
  const id = await draft(name, planText(name, 'one'));
  const { headers } = await ask('GET', `/dialplans/${id}`);
  const etag = headers.get('ETag') ?? '';
  const put = (): Promise<Answer> =>
    api.ask('PUT', `/api/v1/dialplans/${id}`, {
      body: { yaml: planText(name, 'two') },
      headers: { 'If-Match': etag },
    });
  expect((await put()).status).toBe(200);
  expect((await put()).status).toBe(412);
  expect((await ask('GET', `/dialplans/${id}/versions`)).body['items']).toMatchObject([
    { number: 2, problems: [], publishedAt: null },
    { number: 1 },
  ]);
  const oldest = await ask('GET', `/dialplans/${id}/versions?sort=number&limit=1`);
  expect(oldest.body['items']).toMatchObject([{ number: 1 }]);
  const next = `?sort=number&limit=1&cursor=${String(oldest.body['nextCursor'])}`;
  expect((await ask('GET', `/dialplans/${id}/versions${next}`)).body['items']).toMatchObject([{ number: 2 }]);
  expect((await ask('GET', `/dialplans/${id}/versions/1`)).body).toMatchObject({
    yaml: planText(name, 'one'),
  });
  expect((await ask('GET', `/dialplans/${id}/versions/3`)).body).toMatchObject({
    code: 'dialplan_version_not_found',
  });
  expect((await ask('GET', `/dialplans?status=draft&name=${name}&limit=200`)).body['items']).toMatchObject([
    { id },
  ]);
  expect((await ask('GET', `/dialplans?status=live&name=${name}`)).body['items']).toEqual([]);
  expect((await ask('GET', '/dialplans/shipped')).body['items']).toMatchObject([
    { name: 'direct', yaml: planText('direct', 'of the file'), problems: [] },
  ]);
});

import { listSignals } from '../../../src/billing';
import type { CallTransfer } from '../../../src/domain';
import { agentDay, getAgentCall, listAgentCalls, noteTransfer } from '../../../src/storage';
import { NOON } from '../../support/call-records';
import { TEST_VAULT } from '../../support/consents';
import type { OpenApi } from './support/openapi-reader';
import { operationsOf, readDocument, undocumented } from './support/openapi-reader';
import {
  askAs,
  openPeople,
  PASSWORD,
  readMarketOf,
  setPassword,
  signIn,
  storeCallOf,
  tokenOf,
} from './support/phone-people';
import type { Answer, Ask, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';
import type { TestPhone } from './support/test-phone';
import { DOMAIN, testPhone } from './support/test-phone';

/** Of every call that is stored here. */
const ANSWERED_AT = NOON + 5_000;

let api: TestApi;
let phone: TestPhone;
let document: OpenApi;
let ann: string;
let zoe: string;

beforeAll(async () => {
  phone = testPhone();
  api = await startTestApi({ phone: phone.services, persons: { vault: TEST_VAULT, now: () => NOON } });
  await openPeople(api, phone.market);
  document = await readDocument(api);
  ann = await tokenOf(api, 'ann');
  zoe = await tokenOf(api, 'zoe');
});
afterAll(async () => {
  expect(api.switch.bugs).toEqual([]);
  await api.close();
});

/** Asks, and looks that the answer is as documented. */
async function ask(token: string, method: string, path: string, more: Ask = {}): Promise<Answer> {
  const answer = await askAs(api, token, method, path, more);
  const operation = operationsOf(document).find(
    (one) =>
      one.method === method &&
      new RegExp(`^${one.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(`/api/v1/phone${path}`),
  );
  expect(operation && undocumented(document, operation, answer)).toBeUndefined();
  return answer;
}

describe('signing in', () => {
  test('gives a token, told once, that says who asks', async () => {
    const { status, body, headers } = await signIn(api, ' ANN ');
    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      token: expect.stringMatching(/^dcep_[\w-]{43}$/) as unknown,
      expiresAt: expect.any(Number) as unknown,
      agent: { id: 'ann', name: 'Ann', username: 'ann', buyerId: 'buyer-1' },
    });
    const rows = await api.database.query<{ row: string }>(
      'select phone_sessions::text as row from phone_sessions',
    );
    expect(rows.filter(({ row }) => row.includes(String(body['token'])))).toEqual([]);
    expect((await ask(String(body['token']), 'GET', '/me')).body['agent']).toMatchObject({ id: 'ann' });
  });

  test('says the same of a wrong password, of nobody, and of an agent without a password', async () => {
    await api.ask('POST', '/api/v1/agents', { body: { buyerId: 'buyer-1', name: 'New', username: 'new' } });
    const answers = await Promise.all([
      signIn(api, 'ann', 'wrong horse battery'),
      signIn(api, 'nobody'),
      signIn(api, 'new'),
    ]);
    const told = answers.map(({ status, body: { requestId: _, ...body } }) => [status, body]);
    expect(told[0]).toEqual([401, expect.objectContaining({ code: 'wrong_credentials' })]);
    expect(told[1]).toEqual(told[0]);
    expect(told[2]).toEqual(told[0]);
  });

  test('waits when it failed too often, even with the right password', async () => {
    phone.waitMs = 7_200;
    const { status, headers, body } = await signIn(api, 'ann').finally(() => (phone.waitMs = 0));
    expect([status, headers.get('retry-after'), body['code']]).toEqual([429, '8', 'too_many_attempts']);
  });

  test('a try is of the client, whatever proxies of ours are between', async () => {
    phone.tries.length = 0;
    await signIn(api, 'ann', PASSWORD, { 'X-Forwarded-For': 'spoofed, 2001:db8:1:2::7, 10.1.1.1' });
    await signIn(api, 'ann', PASSWORD, { 'X-Forwarded-For': '198.51.100.9' });
    await signIn(api, 'ann', 'wrong horse battery');
    expect(phone.tries).toEqual([
      ['2001:db8:1:2', 'right'],
      ['198.51.100.9', 'right'],
    ]);
  });

  test('a try whose password could not be looked at is given back', async () => {
    phone.tries.length = 0;
    await api.database.query('alter table agent_secrets rename to agent_secrets_away');
    const { status } = await signIn(api, 'ann').finally(() =>
      api.database.query('alter table agent_secrets_away rename to agent_secrets'),
    );
    expect(status).toBe(500);
    expect(phone.tries).toEqual([['127.0.0.1', 'back']]);
    expect(api.switch.bugs.splice(0)).toHaveLength(1);
  });

  test('signing out is the end of the token, and of no other', async () => {
    const token = await tokenOf(api, 'ann');
    expect((await ask(token, 'DELETE', '/sessions/current')).status).toBe(204);
    expect((await ask(token, 'GET', '/me')).status).toBe(401);
    expect((await ask(ann, 'GET', '/me')).status).toBe(200);
  });

  test('a session that is over is none', async () => {
    const token = await tokenOf(api, 'ann');
    await api.database.query(
      `update phone_sessions set expires_at = now() - interval '1 second' where id = (select max(id) from phone_sessions)`,
    );
    expect((await ask(token, 'GET', '/me')).status).toBe(401);
  });

  test.each(['dcep_short', `dcep_${'x'.repeat(43)}`, ''])('the token %p is no one', async (token) => {
    expect((await ask(token, 'GET', '/me')).status).toBe(401);
  });

  test('an API key opens nothing here, and a session nothing there', async () => {
    expect((await ask(api.admin, 'GET', '/me')).status).toBe(401);
    expect((await api.ask('GET', '/api/v1/calls', { key: ann })).status).toBe(401);
  });
});

describe('an agent', () => {
  test('has a password of some length, kept as hashes of which none is shown', async () => {
    const short = await api.ask('PUT', '/api/v1/agents/ann/password', { body: { password: 'too short' } });
    expect([short.status, short.body['errors']]).toMatchObject([400, [{ pointer: '/password' }]]);
    const { text } = await api.ask('GET', '/api/v1/agents/ann');
    expect(text).not.toContain('argon2');
    const [secret] = await api.database.query<Record<string, string>>(
      `select * from agent_secrets where agent_id = 'ann'`,
    );
    expect(secret).toMatchObject({
      realm: DOMAIN,
      ha1_md5: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown,
    });
    const history = await api.database.query<{ value: string }>('select value::text from market_history');
    expect(history.filter(({ value }) => value?.includes(secret?.['ha1_md5'] ?? ''))).toEqual([]);
  });

  test('who gets a new password is signed out everywhere, and its phones are let go', async () => {
    await api.ask('POST', '/api/v1/agents', {
      body: { id: 'cas', buyerId: 'buyer-1', name: 'C', username: 'cas' },
    });
    await setPassword(api, 'cas');
    const token = await tokenOf(api, 'cas');
    phone.signedOut.length = 0;
    phone.forgotten.length = 0;
    await setPassword(api, 'cas', 'another long password');
    expect(phone.forgotten).toEqual(['cas']);
    expect((await api.ask('GET', '/api/v1/agents/cas')).body['signedOutAt']).toBe(NOON);
    expect((await ask(token, 'GET', '/me')).status).toBe(401);
    expect((await signIn(api, 'cas')).status).toBe(401);
    expect((await signIn(api, 'cas', 'another long password')).status).toBe(201);
    expect(phone.signedOut).toEqual(['cas']);
  });

  test('who is disabled is signed out, and is not in again by being enabled', async () => {
    const token = String((await signIn(api, 'cas', 'another long password')).body['token']);
    await api.database.query(`update agents set signed_out_at = null where id = 'cas'`);
    phone.signedOut.length = 0;
    await api.ask('PATCH', '/api/v1/agents/cas', { body: { status: 'disabled' } });
    expect((await ask(token, 'GET', '/me')).status).toBe(401);
    expect((await signIn(api, 'cas', 'another long password')).status).toBe(401);
    expect(phone.signedOut).toEqual(['cas']);
    expect((await api.ask('GET', '/api/v1/agents/cas')).body['signedOutAt']).toBe(NOON);
    await api.ask('PATCH', '/api/v1/agents/cas', { body: { status: 'active' } });
    expect((await ask(token, 'GET', '/me')).status).toBe(401);
  });

  test.each([
    [{ username: 'ann' }, 409, '/username'],
    [{ username: 'Ann' }, 400, '/username'],
    [{ username: 'ann.1999999999' }, 400, '/username'],
    [{ id: 'a/b' }, 400, '/id'],
    [{ buyerId: 'nobody' }, 422, '/buyerId'],
  ])('is refused with %p', async (field, status, pointer) => {
    const body = { buyerId: 'buyer-1', name: 'N', username: 'n1', ...field };
    const answer = await api.ask('POST', '/api/v1/agents', { body });
    expect([answer.status, answer.body['errors']]).toMatchObject([status, [{ pointer }]]);
  });

  test.each([{ username: 'other' }, { buyerId: 'buyer-2' }])('keeps what others go by: %p', async (body) => {
    const answer = await api.ask('PATCH', '/api/v1/agents/ann', { body });
    expect([answer.status, answer.body['errors']]).toMatchObject([
      400,
      [{ pointer: `/${Object.keys(body)[0] ?? ''}` }],
    ]);
  });

  test('is in teams of its own buyer alone', async () => {
    const body = { buyerId: 'buyer-1', name: 'Mixed', agentIds: ['ann', 'zoe'] };
    const answer = await api.ask('POST', '/api/v1/teams', { body });
    expect([answer.status, answer.body['errors']]).toMatchObject([400, [{ pointer: '/agentIds/1' }]]);
  });

  test.each([
    ['softphone', 'sip:a@192.0.2.1'],
    ['softphone', 'agent:zoe'],
    ['softphone', 'agent:nobody'],
    ['softphone', 'team:nobody'],
    ['sip', 'agent:ann'],
  ])('a target of kind %s does not ring %s', async (kind, uri) => {
    const answer = await api.ask('POST', '/api/v1/targets', {
      body: { buyerId: 'buyer-1', name: 'T', kind, uri },
    });
    expect([answer.status, answer.body['errors']]).toMatchObject([400, [{ pointer: '/uri' }]]);
  });
});

describe('the page', () => {
  test('knows who is signed in, in which teams, and what may be said of calls', async () => {
    phone.states.set('ann', { state: 'wrap_up', since: 5 });
    expect((await ask(ann, 'GET', '/me')).body).toMatchObject({
      agent: { id: 'ann', skills: { spanish: 8 }, wrapUpMs: 0 },
      teams: [{ id: 'sales', name: 'Sales' }],
      presence: { state: 'wrap_up', since: 5 },
      dispositions: [{ code: 'sale', label: 'Sale' }, { code: 'call_back' }],
    });
  });

  test('sets what the agent wants to be', async () => {
    const { status, body } = await ask(ann, 'PUT', '/status', { body: { status: 'away' } });
    expect([status, body]).toEqual([200, { state: 'away', since: 1_000 }]);
    expect((await ask(ann, 'PUT', '/status', { body: { status: 'on_call' } })).status).toBe(400);
  });

  test('gets credentials for where it was loaded from', async () => {
    const { status, body } = await ask(ann, 'POST', '/credentials');
    expect([status, body['sip']]).toMatchObject([
      200,
      { uri: `sip:ann@${DOMAIN}`, username: 'ann.1', websocketUrls: ['ws://127.0.0.1:8088'] },
    ]);
  });

  test('gets credentials that are good after it was signed out, whatever this node knows', async () => {
    await api.database.query(`update agents set signed_out_at = 7 where id = 'ann'`);
    expect((await ask(ann, 'POST', '/credentials')).body['sip']).toMatchObject({ expiresAt: 1_007 });
  });

  test('shows who else is there, of the buyer alone', async () => {
    phone.states.set('ben', { state: 'available', since: 7 });
    const { body } = await ask(ann, 'GET', '/colleagues');
    expect(body['data']).toEqual([
      {
        kind: 'agent',
        id: 'ben',
        name: 'Ben',
        sipUri: `sip:ben@${DOMAIN}`,
        presence: { state: 'available', since: 7 },
      },
      { kind: 'target', id: 'desk', name: 'Desk', sipUri: `sip:target~desk@${DOMAIN}` },
      { kind: 'team', id: 'sales', name: 'Sales', sipUri: `sip:team~sales@${DOMAIN}` },
    ]);
    expect((await ask(zoe, 'GET', '/colleagues')).body['data']).toMatchObject([{ id: 'other' }]);
  });

  test.each([
    ['GET', '/sessions', 405],
    ['DELETE', '/me', 405],
    ['GET', '/nothing', 404],
  ])('%s %s is %i', async (method, path, status) => {
    expect((await askAs(api, ann, method, path)).status).toBe(status);
  });
});

/** A transfer, so many milliseconds after the answer; taken where that is said. */
function transfer(
  after: number,
  fromAgentId: string | undefined,
  toAgentId: string | undefined,
  { takenAfter, how = 'blind' }: { takenAfter?: number; how?: CallTransfer['how'] } = {},
): CallTransfer {
  const call = { at: ANSWERED_AT + after, how, fromAgentId, toAgentId };
  return takenAfter === undefined
    ? { ...call, outcome: 'no_answer' }
    : { ...call, outcome: 'answered', takenAt: ANSWERED_AT + takenAfter };
}

describe('calls of an agent', () => {
  const now = NOON - 3_600_000;

  beforeAll(async () => {
    await storeCallOf(api, 'taken', 'ann', { at: now });
    await storeCallOf(api, 'missed', 'ann', { at: now - 1, answered: false });
    await storeCallOf(api, 'long-ago', 'ann', { at: now - 3 * 86_400_000 });
  });

  test('are those of today, newest first, with as much of the number as may be known', async () => {
    const { body } = await ask(ann, 'GET', '/calls');
    expect(body['data']).toEqual([
      {
        callId: 'taken',
        at: now,
        outcome: 'answered',
        talkMs: 60_000,
        campaign: 'of bid-1',
        number: '+12125550123',
      },
      { callId: 'missed', at: now - 1, outcome: 'missed', talkMs: 0, campaign: 'of bid-1' },
    ]);
    expect((await ask(ann, 'GET', '/me')).body['today']).toEqual({ answered: 1, missed: 1, talkMs: 60_000 });
  });

  test('have a card, for who was rung', async () => {
    expect((await ask(ann, 'GET', '/calls/taken')).body).toEqual({
      callId: 'taken',
      campaign: 'of bid-1',
      number: '+12125550123',
    });
    expect((await ask(ann, 'GET', '/calls/missed')).body).toEqual({ callId: 'missed', campaign: 'of bid-1' });
  });

  test('are nothing to others, not even of the same buyer', async () => {
    const ben = await tokenOf(api, 'ben');
    for (const token of [ben, zoe]) {
      expect((await ask(token, 'GET', '/calls')).body['data']).toEqual([]);
      expect((await ask(token, 'GET', '/calls/taken')).status).toBe(404);
      const said = await ask(token, 'PUT', '/calls/taken/disposition', { body: { code: 'sale' } });
      expect(said.status).toBe(404);
    }
    expect(await listSignals(api.pool, 'taken')).toEqual([]);
  });

  test('are said something of by who took them, which is a signal for billing', async () => {
    const say = (callId: string, body: object) => ask(ann, 'PUT', `/calls/${callId}/disposition`, { body });
    expect((await say('taken', { code: 'sale', note: 'calls again' })).status).toBe(204);
    expect((await say('taken', { code: 'sale' })).status).toBe(204);
    expect(await listSignals(api.pool, 'taken')).toMatchObject([
      { kind: 'disposition', value: 'sale', source: 'agent:ann' },
    ]);
    expect((await ask(ann, 'GET', '/calls')).body['data']).toMatchObject([{ disposition: 'sale' }, {}]);
    const other = await say('taken', { code: 'call_back' });
    expect([other.status, other.body['code']]).toEqual([422, 'disposition_told']);
    expect(await listSignals(api.pool, 'taken')).toHaveLength(1);
    const unknown = await say('taken', { code: 'bingo' });
    expect([unknown.status, unknown.body['errors']]).toMatchObject([400, [{ pointer: '/code' }]]);
    expect((await say('missed', { code: 'sale' })).status).toBe(404);
    expect((await say('nothing', { code: 'sale' })).status).toBe(404);
  });

  test('are missed by everybody who was rung', async () => {
    const rung = ['ann', 'zoe'];
    await storeCallOf(api, 'all-rang', 'ann', { at: now - 2, answered: false, rung });
    expect((await ask(zoe, 'GET', '/calls')).body['data']).toEqual([
      { callId: 'all-rang', at: now - 2, outcome: 'missed', talkMs: 0, campaign: 'of bid-1' },
    ]);
    expect((await ask(ann, 'GET', '/calls/all-rang')).body).toMatchObject({ campaign: 'of bid-1' });
  });

  test('are of whom they were handed to as well', async () => {
    const call = transfer(10_000, 'ann', 'ben', { takenAfter: 15_000 });
    await storeCallOf(api, 'handed-on', 'ann', { at: now - 3, transfers: [call] });
    const ben = await tokenOf(api, 'ben');
    for (const token of [ann, ben]) {
      expect((await ask(token, 'GET', '/calls/handed-on')).body).toMatchObject({ number: '+12125550123' });
      const said = await ask(token, 'PUT', '/calls/handed-on/disposition', { body: { code: 'sale' } });
      expect(said.status).toBe(204);
    }
    expect((await ask(ben, 'GET', '/calls')).body['data']).toMatchObject([{ outcome: 'answered' }]);
  });

  test('are of whom they are handed to while they are up', async () => {
    await api.database.query(
      `insert into calls (id, node_id, boot_id, sip_call_id, trunk_id, caller, dialled, origin, received_at, state)
       select 'is-up', node_id, boot_id, sip_call_id, trunk_id, caller, dialled, origin, $1, 'answered'
       from calls where id = 'taken'`,
      [now - 4],
    );
    const ben = await tokenOf(api, 'ben');
    const asked = ask(ben, 'GET', '/calls/is-up');
    await noteTransfer(api.pool, 'is-up', transfer(1_000, 'ann', 'ben', { takenAfter: 2_000 }));
    expect((await asked).body).toMatchObject({ callId: 'is-up', number: '+12125550123' });
  });

  /** Of a minute's call that ann answered first, who talked how long. */
  const talk = async (callId: string): Promise<Record<string, unknown>> => {
    const found: Record<string, unknown> = {};
    for (const agentId of ['ann', 'ben', 'zoe']) {
      found[agentId] = (await getAgentCall(api.pool, agentId, callId))?.talkMs;
    }
    return found;
  };

  test.each([
    ['nobody else', [], { ann: 60_000 }],
    ['a colleague', [transfer(10_000, 'ann', 'ben', { takenAfter: 15_000 })], { ann: 15_000, ben: 45_000 }],
    [
      'a colleague, and is handed it back',
      [
        transfer(10_000, 'ann', 'ben', { takenAfter: 15_000 }),
        transfer(20_000, 'ben', 'ann', { takenAfter: 21_000, how: 'attended' }),
      ],
      { ann: 54_000, ben: 6_000 },
    ],
    ['a colleague who does not answer', [transfer(10_000, 'ann', 'ben')], { ann: 60_000, ben: 0 }],
    [
      'one who does not answer, then another one',
      [transfer(5_000, 'ann', 'ben'), transfer(30_000, 'ann', 'zoe', { takenAfter: 40_000 })],
      { ann: 40_000, ben: 0, zoe: 20_000 },
    ],
    [
      'a number elsewhere, which hands it to a colleague',
      [
        transfer(10_000, 'ann', undefined, { takenAfter: 12_000 }),
        transfer(30_000, undefined, 'ben', { takenAfter: 50_000 }),
      ],
      { ann: 12_000, ben: 10_000 },
    ],
    // Media went away a minute after the answer, which was found out later.
    [
      'a colleague after the last that was heard',
      [transfer(58_000, 'ann', 'ben', { takenAfter: 61_000 })],
      { ann: 60_000, ben: 0 },
    ],
  ])('are as long as each agent had them, handed to %s', async (who, transfers, expected) => {
    const callId = who.replace(/\W/g, '-');
    const before = await agentDay(api.pool, 'ann', NOON - 86_400_000);
    await storeCallOf(api, callId, 'ann', { at: now - 5 * 60_000, transfers });
    expect(await talk(callId)).toEqual({ ben: undefined, zoe: undefined, ...expected });
    const after = await agentDay(api.pool, 'ann', NOON - 86_400_000);
    expect(after.talkMs - before.talkMs).toBe(expected.ann);
    const listed = await listAgentCalls(api.pool, 'ann', NOON - 86_400_000, 200);
    expect(listed.find((one) => one.callId === callId)?.talkMs).toBe(expected.ann);
  });

  test('are as long while they are up as they were at the last checkpoint', async () => {
    const answeredAt = now;
    await api.database.query(
      `insert into calls (id, node_id, boot_id, sip_call_id, trunk_id, caller, dialled, origin, received_at, state,
         agent_id, answered_at, connected_ms)
       select 'goes-on', node_id, boot_id, sip_call_id, trunk_id, caller, dialled, origin, $1, 'answered', 'ann', $2, 30_000
       from calls where id = 'taken'`,
      [now - 10 * 60_000, answeredAt],
    );
    expect(await talk('goes-on')).toMatchObject({ ann: 30_000, ben: undefined });
    const handed = (to: string | undefined, takenAt: number) =>
      noteTransfer(api.pool, 'goes-on', { ...transfer(0, 'ann', to), outcome: 'answered', takenAt });
    await handed('ben', answeredAt + 10_000);
    await handed(undefined, answeredAt + 25_000);
    expect(await talk('goes-on')).toEqual({ ann: 10_000, ben: 15_000, zoe: undefined });
    await api.database.query(`update calls set ended_at = $1, state = 'completed' where id = 'goes-on'`, [
      NOON,
    ]);
    await handed('zoe', answeredAt + 28_000);
    expect(await talk('goes-on')).toEqual({ ann: 10_000, ben: 15_000, zoe: undefined });
  });

  test('get no note any more once they lost their person', async () => {
    await storeCallOf(api, 'erased', 'ann', { at: now - 2 * 86_400_000 });
    await api.database.query(`update calls set anonymised_at = now() where id = 'erased'`);
    const body = { code: 'sale', note: 'lives at 7 Elm Street' };
    expect((await ask(ann, 'PUT', '/calls/erased/disposition', { body })).status).toBe(204);
    const rows = await api.database.query(
      `select code, note from call_dispositions where call_id = 'erased'`,
    );
    expect(rows).toEqual([{ code: 'sale', note: null }]);
  });

  test('are shown with who took them to holders of API keys', async () => {
    const { body } = await api.ask('GET', '/api/v1/calls?agentId=ann&limit=1');
    expect(body['items']).toMatchObject([{ id: 'taken', agentId: 'ann' }]);
  });

  test('begin anew with the day of the account', async () => {
    await api.ask('PATCH', '/api/v1/accounts/buyer-account', { body: { timezone: 'Pacific/Kiritimati' } });
    await readMarketOf(api, phone.market);
    const offset = 14 * 3_600_000;
    const midnight = Math.floor((NOON + offset) / 86_400_000) * 86_400_000 - offset;
    await storeCallOf(api, 'yesterday', 'ann', { at: midnight - 1 });
    await storeCallOf(api, 'first', 'ann', { at: midnight });
    const { body } = await ask(ann, 'GET', '/calls');
    const ids = (body['data'] as { callId: string }[]).map(({ callId }) => callId);
    expect(ids).toContain('first');
    expect(ids).not.toContain('yesterday');
  });
});

describe('the audit log', () => {
  interface Entry {
    readonly id: string;
    readonly changes: Record<string, unknown>;
  }
  const agent = { kind: 'agent', id: 'ann', accountId: 'buyer-account' };
  let since = '0';
  /** Of an operation, since the test began, the oldest first. */
  const entries = async (query = ''): Promise<Entry[]> => {
    const { body } = await api.ask('GET', `/api/v1/audit?limit=200${query}`);
    return (body['items'] as Entry[]).filter(({ id }) => BigInt(id) > BigInt(since)).reverse();
  };

  beforeEach(async () => {
    since = ((await entries()).at(-1) ?? { id: since }).id;
  });

  test('has whose phones were given credentials, and nothing that would do in their place', async () => {
    const { body } = await ask(ann, 'POST', '/credentials');
    const { username, password, expiresAt } = body['sip'] as Record<string, unknown>;
    const told = await entries('&action=createPhoneCredentials');
    expect(told).toMatchObject([
      {
        actor: agent,
        subject: { kind: 'agents', id: 'ann' },
        status: 200,
        changes: { username: { after: username }, expiresAt: { after: expiresAt } },
      },
    ]);
    expect(Object.keys(told[0]?.changes ?? {})).toEqual(['username', 'expiresAt']);
    expect(password).toEqual(expect.any(String));
    expect(JSON.stringify(told)).not.toContain(`"${String(password)}"`);
  });

  test('has no credentials that nobody was given', async () => {
    await api.database.query('alter table audit_entries rename to audit_entries_away');
    const { status, body } = await ask(ann, 'POST', '/credentials').finally(() =>
      api.database.query('alter table audit_entries_away rename to audit_entries'),
    );
    expect([status, body['sip']]).toEqual([500, undefined]);
    api.switch.bugs.length = 0;
    expect(await entries('&action=createPhoneCredentials')).toEqual([]);
  });

  test('has new passwords, and agents who were disabled: what takes credentials back', async () => {
    await setPassword(api, 'ben', 'a third long password');
    await api.ask('PATCH', '/api/v1/agents/ben', { body: { status: 'disabled' } });
    const told = await entries('&subject=ben');
    expect(told).toMatchObject([
      { action: 'setAgentPassword', changes: { password: { after: '[hidden]' } } },
      { action: 'changeAgent', changes: { status: { before: 'active', after: 'disabled' } } },
    ]);
    expect(JSON.stringify(told)).not.toContain('third long');
  });

  test('has what was said of a call, once it stands, without the note', async () => {
    await storeCallOf(api, 'said-of', 'ann', { at: NOON - 3_600_000 });
    const say = (body: object) => ask(ann, 'PUT', '/calls/said-of/disposition', { body });
    expect((await say({ code: 'sale', note: 'lives at 7 Elm Street' })).status).toBe(204);
    expect((await say({ code: 'sale' })).status).toBe(204);
    expect((await say({ code: 'call_back' })).status).toBe(422);
    const told = await entries('&subject=said-of');
    expect(told).toMatchObject([
      {
        ...{ action: 'setCallDisposition', actor: agent, subject: { kind: 'calls', id: 'said-of' } },
        changes: { disposition: { after: 'sale' }, hasNote: { after: true } },
      },
      { action: 'setCallDisposition', changes: { hasNote: { after: false } } },
    ]);
    expect(told).toHaveLength(2);
    expect(JSON.stringify(told)).not.toContain('Elm');
  });

  test('has what was told of a call over the API, but for what its caller keyed in', async () => {
    await storeCallOf(api, 'told-of', 'ann', { at: NOON - 3_600_000 });
    for (const body of [
      { kind: 'disposition', value: 'sale' },
      { kind: 'keypress', value: '4242' },
    ]) {
      const { status } = await api.ask('POST', '/api/v1/calls/told-of/signals', { body });
      expect(status).toBe(200);
    }
    const told = await entries('&action=addCallSignal');
    expect(told).toMatchObject([
      {
        actor: { kind: 'key', accountId: 'operator' },
        subject: { kind: 'calls', id: 'told-of' },
        changes: { kind: { after: 'disposition' }, value: { after: 'sale' }, isNew: { after: true } },
      },
      { changes: { kind: { after: 'keypress' } } },
    ]);
    expect(JSON.stringify(told)).not.toContain('4242');
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Baresip } from '../support/baresip';
import { Exchange } from '../support/exchange';
import { holdsSound } from '../support/find-sound';
import { addBuyer, moveTarget, NUMBER, openMarket, PAYOUT, REVENUE } from '../support/market';
import { until } from '../support/processes';
import { toneShare } from '../support/wav';
import { MACHINE, person, prompt } from './support/greetings';
import { layPlans, takePlan, writePlan } from './support/plans';
import { readStereo } from './support/stereo';

jest.setTimeout(120_000);

const CALLER_HZ = 440;
const FIRST_HZ = 1_000;
const SECOND_HZ = 1_300;
const SUPERVISOR_HZ = 1_700;
const RINGBACK_HZ = [440, 480];
/** Less than the first buyer pays, who is therefore rung first. */
const SECOND_REVENUE = 15_000_000;
/** Of a tone among others, or under a prompt. */
const SOME = 0.15;

let exchange: Exchange;
let plans: string;
const phones: Baresip[] = [];

beforeAll(async () => {
  plans = layPlans();
  exchange = await Exchange.start({ env: { DCE_DIALPLANS_DIR: plans } });
  await openMarket(exchange);
  const nowhere = 'sip:nobody@127.0.0.1:9';
  await addBuyer(exchange, { id: 'home', uri: nowhere, price: 2 * REVENUE });
  await addBuyer(exchange, { id: 'first', uri: nowhere, price: REVENUE });
  await addBuyer(exchange, { id: 'second', uri: nowhere, price: SECOND_REVENUE });
  await exchange.change('bids/home-bid', { targeting: { tags: { line: 'home' } } });
  for (const id of ['first', 'second']) {
    await exchange.change(`bids/${id}-bid`, { targeting: { tags: { line: 'auto' } } });
  }
});
afterEach(async () => {
  for (const phone of phones.splice(0)) await phone.stop();
  await exchange.isClean();
});
afterAll(() => exchange?.stop());

/** A buyer's phone behind a target. */
async function buyer(id: string, says: number | Int16Array): Promise<Baresip> {
  const phone = await Baresip.start({ user: 'buyer', says, answer: 'auto' });
  phones.push(phone);
  await moveTarget(exchange, id, phone.uri);
  return phone;
}

async function caller(): Promise<Baresip> {
  const phone = await Baresip.start({
    user: '12123452671',
    says: CALLER_HZ,
    answer: 'manual',
    command: `/dial sip:${NUMBER}@${exchange.sip}`,
  });
  phones.push(phone);
  return phone;
}

/** Whether some part of what was heard was this tone, among others perhaps. */
function heardTone(phone: Baresip, hertz: number): boolean {
  const heard = phone.heard();
  for (let at = 0; at + 1_600 <= heard.length; at += 800) {
    if (toneShare(heard.subarray(at, at + 1_600), hertz) > SOME) return true;
  }
  return false;
}

/** Waits until the last quarter of a second holds this tone, among others perhaps. */
async function hearsAmongOthers(phone: Baresip, ...tones: number[]): Promise<void> {
  await until(`${tones.join(' and ')} Hz to be heard`, () => {
    const last = phone.heard().subarray(-2_000);
    return last.length === 2_000 && tones.every((hertz) => toneShare(last, hertz) > SOME);
  });
}

interface Row {
  id: string;
  state: string;
  end_reason: string;
  attempts: { buyerId: string; outcome: string }[];
  revenue: string | null;
  payout: string | null;
  plan: { name: string; steps: { step: string; after?: string }[]; tags: Record<string, string> } | null;
}

async function lastCall(): Promise<Row> {
  const [call] = await exchange.sql<Row>(
    `select c.id, c.state, c.end_reason, c.attempts, c.plan, s.revenue, s.payout
     from calls c left join settlements s on s.call_id = c.id order by received_at desc limit 1`,
  );
  if (!call) throw new Error('no call was recorded');
  return call;
}

async function liveCall(): Promise<string> {
  const [call] = await exchange.sql<{ id: string }>(
    'select id from calls where ended_at is null order by received_at desc limit 1',
  );
  if (!call) throw new Error('no call is up');
  return call.id;
}

async function order(path: string, body: Record<string, unknown>): Promise<void> {
  const { status, body: reply } = await exchange.api(
    'POST',
    `/api/v1/calls/${await liveCall()}/${path}`,
    body,
  );
  if (status >= 300) throw new Error(`POST ${path}: ${status} ${JSON.stringify(reply)}`);
}

test('a caller is told, asked and sold by the key; the whisper is the buyer’s; who does not press 1 loses the call; both are recorded, but for a pause', async () => {
  await takePlan(exchange, NUMBER, 'asked');
  const [first, second] = await Promise.all([buyer('first', FIRST_HZ), buyer('second', SECOND_HZ)]);
  const asked = await caller();
  await asked.hearsSound(prompt('consent/recording-short'));
  await asked.hearsSound(prompt('greeting/welcome'));
  await asked.press('1');
  await first.hearsSound(prompt('whisper/auto'));
  await first.press('2');
  await first.press('2');
  await first.terminated();
  await second.hearsSound(prompt('whisper/auto'));
  await second.press('1');
  await Promise.all([asked.hears(SECOND_HZ), second.hears(CALLER_HZ)]);
  expect(heardTone(first, CALLER_HZ)).toBe(false);
  expect(heardTone(asked, FIRST_HZ)).toBe(false);
  for (const theirs of ['whisper/auto', 'ask/press-one']) {
    expect(holdsSound(asked.heard(), prompt(theirs))).toBe(false);
  }

  await order('recording', { action: 'pause' });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await order('recording', { action: 'resume' });
  await new Promise((resolve) => setTimeout(resolve, 700));
  await asked.hangUp();
  await exchange.isClean();

  const call = await lastCall();
  expect(call).toMatchObject({
    state: 'completed',
    end_reason: 'caller_hangup',
    revenue: String(SECOND_REVENUE),
    payout: String(PAYOUT),
    plan: { name: 'asked', tags: { line: 'auto' } },
  });
  expect(call.attempts.map(({ buyerId, outcome }) => [buyerId, outcome])).toEqual([
    ['first', 'declined'],
    ['second', 'answered'],
  ]);
  expect(call.plan?.steps.map(({ step }) => step)).toEqual(['tell', 'line', 'auto', 'sell', 'ring']);

  const { id, wav } = await recordingOf(call.id);
  const { left, right } = readStereo(wav);
  expect(toneShare(left.subarray(0, 4_000), CALLER_HZ)).toBeGreaterThan(0.8);
  expect(toneShare(right.subarray(0, 4_000), SECOND_HZ)).toBeGreaterThan(0.8);
  expect(toneShare(left.subarray(0, 4_000), SECOND_HZ)).toBeLessThan(0.05);
  expect(toneShare(right.subarray(0, 4_000), CALLER_HZ)).toBeLessThan(0.05);
  expect(silentMs(left)).toBeGreaterThan(1_200);
  expect(silentMs(right)).toBeGreaterThan(1_200);
  expect(toneShare(left.subarray(-4_000), CALLER_HZ)).toBeGreaterThan(0.8);
  expect(toneShare(right.subarray(-4_000), SECOND_HZ)).toBeGreaterThan(0.8);
  expect(isOnDisk(wav.subarray(-800))).toBe(false);
  const listened = await exchange.sql('select 1 from audit_entries where subject_id = $1', [id]);
  expect(listened.length).toBeGreaterThan(0);
});

test('a machine that answers is nobody: it costs nothing, the caller hears ringback, and the next buyer is a person', async () => {
  await takePlan(exchange, NUMBER, 'screened');
  const [first, second] = await Promise.all([buyer('first', MACHINE), buyer('second', person(SECOND_HZ))]);
  const asked = await caller();
  await first.terminated();
  await Promise.all([second.hears(CALLER_HZ), asked.hears(SECOND_HZ)]);
  await asked.hangUp();
  await exchange.isClean();

  expect(heardTone(first, CALLER_HZ)).toBe(false);
  expect(holdsSound(asked.heard(), prompt('voicemail/leave-message').subarray(0, 8_000))).toBe(false);
  expect(RINGBACK_HZ.map((hertz) => heardTone(asked, hertz))).toEqual([true, true]);
  const call = await lastCall();
  expect(call).toMatchObject({
    state: 'completed',
    end_reason: 'caller_hangup',
    revenue: String(SECOND_REVENUE),
    payout: String(PAYOUT),
  });
  expect(call.attempts.map(({ buyerId, outcome }) => [buyerId, outcome])).toEqual([
    ['first', 'no_answer'],
    ['second', 'answered'],
  ]);
  const charged = await exchange.sql<{ buyer: string }>(
    `select distinct a.account_id as buyer from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
     join ledger_accounts a on a.id = e.ledger_account_id where t.call_id = $1 and a.account_id like '%-account'`,
    [call.id],
  );
  expect(charged).toEqual([{ buyer: 'second-account' }]);
});

test('a supervisor listens unheard, whispers to the buyer, and speaks to both', async () => {
  await takePlan(exchange, NUMBER, 'told');
  const [first, supervisor] = await Promise.all([
    buyer('first', FIRST_HZ),
    Baresip.start({ user: 'buyer', says: SUPERVISOR_HZ, answer: 'auto' }),
  ]);
  phones.push(supervisor);
  await exchange.create('targets', {
    id: 'ear',
    buyerId: 'first',
    name: 'ear',
    uri: supervisor.uri,
    settings: { ringTimeoutMs: 5_000 },
  });
  await exchange.knowsMarket();
  const asked = await caller();
  await Promise.all([asked.hears(FIRST_HZ), first.hears(CALLER_HZ)]);
  await order('monitor', { action: 'start', mode: 'listen', to: { kind: 'target', id: 'ear' } });
  await hearsAmongOthers(supervisor, CALLER_HZ, FIRST_HZ);
  expect([heardTone(asked, SUPERVISOR_HZ), heardTone(first, SUPERVISOR_HZ)]).toEqual([false, false]);
  await order('monitor', { action: 'change', mode: 'whisper' });
  await hearsAmongOthers(first, CALLER_HZ, SUPERVISOR_HZ);
  expect(heardTone(asked, SUPERVISOR_HZ)).toBe(false);
  await order('monitor', { action: 'change', mode: 'barge' });
  await hearsAmongOthers(asked, FIRST_HZ, SUPERVISOR_HZ);
  await supervisor.hangUp();
  await Promise.all([asked.hears(FIRST_HZ), first.hears(CALLER_HZ)]);
  await asked.hangUp();
  await exchange.isClean();
  expect(await lastCall()).toMatchObject({
    state: 'completed',
    end_reason: 'caller_hangup',
    revenue: String(REVENUE),
  });
});

test('whom nobody takes leaves a message, which only its key makes audible', async () => {
  await takePlan(exchange, NUMBER, 'message');
  const asked = await caller();
  await asked.hearsSound(prompt('consent/recording-short'));
  await until('the caller to speak', async () => {
    const rows = await exchange.sql(`select 1 from recordings where kind = 'voicemail'`);
    return rows.length > 0;
  });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await asked.hangUp();
  await exchange.isClean();
  const call = await lastCall();
  expect(call).toMatchObject({
    state: 'completed',
    end_reason: 'caller_hangup',
    revenue: null,
    payout: null,
  });
  const { wav } = await recordingOf(call.id);
  const { left, right } = readStereo(wav);
  expect(toneShare(left.subarray(-4_000), CALLER_HZ)).toBeGreaterThan(0.8);
  expect(silentMs(right)).toBeGreaterThan(1_000);
  expect(isOnDisk(wav.subarray(-800))).toBe(false);
});

test('who asks for it is called back, at the number that they key in', async () => {
  await takePlan(exchange, NUMBER, 'back');
  const asked = await caller();
  await asked.hearsSound(prompt('greeting/welcome'));
  await asked.press('2125550142#');
  await asked.hearsSound(prompt('callback/noted'));
  await asked.terminated();
  await exchange.isClean();
  expect(await lastCall()).toMatchObject({ state: 'completed', end_reason: 'plan_ended', revenue: null });
  const noted = await exchange.sql<{ number: string; state: string }>('select number, state from callbacks');
  expect(noted).toEqual([{ number: '+12125550142', state: 'open' }]);
});

test('a plan that is broken on disk is refused by line, the last good one goes on; a good one is taken by the next call', async () => {
  await takePlan(exchange, NUMBER, 'talk');
  const states = async (): Promise<string> =>
    JSON.stringify((await exchange.api('GET', '/api/v1/dialplans/shipped')).body);
  writePlan(plans, 'talk', (text) => text.replace('next: bye', 'next: nowhere'));
  await until('the broken plan to be told', async () =>
    (await states()).includes('there is no step nowhere'),
  );
  expect(exchange.output()).toMatch(/talk\.yaml:6:52: .*there is no step nowhere/);
  const before = await caller();
  await before.hearsSound(prompt('greeting/welcome'));
  // It is on its way: what is published now is for others.
  writePlan(plans, 'talk', (text) => text.replace('greeting/welcome', 'callback/noted'));
  await until(
    'the plan to be good again',
    async () => !(await states()).includes('there is no step nowhere'),
  );
  await before.terminated();
  const after = await caller();
  await after.hearsSound(prompt('callback/noted'));
  await after.terminated();
  expect(holdsSound(before.heard(), prompt('callback/noted'))).toBe(false);
  expect(holdsSound(after.heard(), prompt('greeting/welcome'))).toBe(false);
  await exchange.isClean();
  const ended = await exchange.sql<{ detail: string }>(
    `select detail from calls where end_reason = 'plan_ended' order by received_at desc limit 2`,
  );
  expect(ended).toEqual([{ detail: 'that was it' }, { detail: 'that was it' }]);
});

/** The audio of the one recording of a call, once it is whole. */
async function recordingOf(callId: string): Promise<{ id: string; wav: Buffer }> {
  let id = '';
  await until('the recording to be saved', async () => {
    const rows = await exchange.sql<{ id: string }>(
      `select id from recordings where call_id = $1 and state = 'saved'`,
      [callId],
    );
    id = rows[0]?.id ?? '';
    return id !== '';
  });
  const { apiUrl, apiKey } = exchange.file;
  const response = await fetch(`${apiUrl}/api/v1/recordings/${id}/audio`, {
    headers: { 'X-API-Key': apiKey },
  });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'audio/wav']);
  return { id, wav: Buffer.from(await response.arrayBuffer()) };
}

/** Milliseconds of the longest silence. */
function silentMs(samples: Int16Array): number {
  let longest = 0;
  let now = 0;
  for (const sample of samples) {
    now = Math.abs(sample) <= 8 ? now + 1 : 0;
    longest = Math.max(longest, now);
  }
  return longest / 8;
}

/** Whether any file of the exchange's recordings holds these octets. */
function isOnDisk(octets: Buffer): boolean {
  const folder = join(exchange.dataDir, 'recordings');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  expect(files.length).toBeGreaterThan(0);
  return files.some((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(octets));
}

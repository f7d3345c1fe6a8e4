import { Leftovers } from '../../support/leftovers';
import { PAYOUT, REVENUE } from '../support/market';
import type { Carrier } from './support/carrier';
import { PATIENCE_MS, PhoneExchange } from './support/phone-exchange';
import type { PhonePage } from './support/phone-page';

jest.setTimeout(PATIENCE_MS);

const CALLER_HZ = 600;
const ALICE_HZ = 1_000;
const BOB_HZ = 1_500;
const SHARED = { DCE_PRIVACY_KEY: 'the same key on every node of a test' };

const leftovers = new Leftovers();
/** The agents' pages are connected to the far node; callers come to the near one, and their calls stay there. */
let far: PhoneExchange;
let near: PhoneExchange;
let alice: PhonePage;
let bob: PhonePage;
beforeAll(async () => {
  far = await PhoneExchange.open({ ...SHARED, DCE_NODE_ID: 'far' });
  leftovers.add(() => far.close());
  // It reads where the other one is as it starts.
  near = await far.another({ ...SHARED, DCE_NODE_ID: 'near' });
  leftovers.add(() => near.close());
  await far.addBuyer({
    id: 'first',
    price: REVENUE,
    agents: [{ id: 'alice' }],
    colleagues: [{ id: 'bob' }],
  });
  [alice, bob] = await Promise.all([far.phone('alice', ALICE_HZ), far.phone('bob', BOB_HZ)]);
});
afterEach(() => near.tidy());
// Nothing of what the far one passed on is held there.
afterAll(() => leftovers.end());

async function talkingWithAlice(): Promise<Carrier> {
  await Promise.all([far.isAvailable('alice'), far.isAvailable('bob')]);
  return near.talk(alice, { caller: CALLER_HZ, agent: ALICE_HZ });
}

async function isSoldOnce(endReason: string): Promise<void> {
  expect(await near.lastCall()).toMatchObject({
    node_id: 'near',
    state: 'completed',
    end_reason: endReason,
    agent_id: 'alice',
    revenue: String(REVENUE),
    payout: String(PAYOUT),
  });
}

describe('a phone that another node holds', () => {
  test('takes a call, both sides hear each other and their keys, and the caller hangs up', async () => {
    const carrier = await talkingWithAlice();
    for (const key of '5#') await alice.press(key);
    await carrier.voice.hearsKeys('5#');
    for (const key of '72') await carrier.voice.press(key, 300);
    await alice.hearsSuch('the keys of the caller', ({ digits }) => digits === '72');
    await alice.click('hold');
    await carrier.voice.hearsNot(ALICE_HZ);
    await alice.click('hold');
    await Promise.all([alice.hears(CALLER_HZ), carrier.voice.hears(ALICE_HZ)]);
    await carrier.hangUp();
    await alice.isOver('caller');
    await isSoldOnce('caller_hangup');
  });

  test('hangs up on the caller', async () => {
    const carrier = await talkingWithAlice();
    await alice.click('hang-up');
    await carrier.ends();
    await alice.isOver('agent');
    await isSoldOnce('buyer_hangup');
  });

  test('hands the call on to another that the same node holds', async () => {
    const carrier = await talkingWithAlice();
    await alice.click('transfer-open');
    await alice.click('transfer-target-agent-bob');
    await alice.click('transfer-blind');
    await bob.rings();
    await bob.answer();
    await Promise.all([bob.hears(CALLER_HZ), carrier.voice.hears(BOB_HZ), alice.isOver('transferred')]);
    await bob.click('hang-up');
    await carrier.ends();
    await bob.isOver('agent');
    await isSoldOnce('buyer_hangup');
  });

  test('asks another that the same node holds, who then takes the call', async () => {
    const carrier = await talkingWithAlice();
    await alice.click('transfer-open');
    await alice.click('transfer-target-agent-bob');
    await alice.click('transfer-consult');
    await bob.rings();
    await bob.answer();
    await Promise.all([alice.hears(BOB_HZ), bob.hears(ALICE_HZ), carrier.voice.hearsNot(ALICE_HZ)]);
    await alice.click('transfer-complete');
    await Promise.all([bob.hears(CALLER_HZ), carrier.voice.hears(BOB_HZ), alice.isOver('transferred')]);
    await carrier.hangUp();
    await bob.isOver('caller');
    await isSoldOnce('caller_hangup');
  });

  test('hears of the end of a call by its next connection', async () => {
    const carrier = await talkingWithAlice();
    far.network.cut();
    await alice.says('connection', /connecting|offline/i);
    far.network.mend();
    await alice.isOnline();
    await Promise.all([alice.hears(CALLER_HZ), carrier.voice.hears(ALICE_HZ)]);
    await carrier.hangUp();
    await alice.isOver('caller');
    await isSoldOnce('caller_hangup');
  });
});

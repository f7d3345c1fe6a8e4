import { networkInterfaces } from 'node:os';
import { PAYOUT, REVENUE } from '../support/market';
import { PATIENCE_MS, PhoneExchange } from './support/phone-exchange';
import type { PhonePage } from './support/phone-page';

jest.setTimeout(PATIENCE_MS);

/** What the caller says, and what the agent; the page itself rings with other tones. */
const CALLER_HZ = 600;
const AGENT_HZ = 1_000;
const SOLD = { state: 'completed', revenue: String(REVENUE), payout: String(PAYOUT) };

/** Firefox does not send to loopback while the machine has another address. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

let phones: PhoneExchange;
beforeAll(async () => {
  phones = await PhoneExchange.open({ DCE_MEDIA_LISTEN_ADDRESS: ownAddress() });
  await phones.addBuyer({ id: 'first', price: REVENUE, agents: [{ id: 'alice' }] });
});
afterEach(() => phones.tidy());
afterAll(() => phones.close());

describe('a call that an agent takes in Chromium', () => {
  let alice: PhonePage;
  beforeAll(async () => {
    alice = await phones.phone('alice', AGENT_HZ);
  });
  afterAll(() => alice.close());

  test('is heard on both sides, keyed both ways, held, and billed when the caller hangs up', async () => {
    const carrier = await phones.call(CALLER_HZ);
    await alice.rings();
    await alice.picture('incoming');
    await alice.answer();
    await carrier.isUp();
    await Promise.all([alice.hears(CALLER_HZ), carrier.voice.hears(AGENT_HZ)]);
    await alice.picture('talking');

    for (const key of '5#') await alice.press(key);
    await carrier.voice.hearsKeys('5#');
    for (const key of '72') await carrier.voice.press(key, 300);
    await alice.hearsSuch('the keys of the caller', ({ digits }) => digits === '72');

    await alice.click('hold');
    await carrier.voice.hearsNot(AGENT_HZ);
    await carrier.voice.hearsSound();
    await alice.hearsSuch('nobody', ({ rms }) => rms === 0);
    await alice.picture('held');
    await alice.click('hold');
    await Promise.all([alice.hears(CALLER_HZ), carrier.voice.hears(AGENT_HZ)]);

    await alice.click('mute');
    await carrier.voice.hearsNot(AGENT_HZ);
    await alice.hears(CALLER_HZ);
    await alice.click('mute');
    await carrier.voice.hears(AGENT_HZ);

    await carrier.hangUp();
    await alice.isOver('caller');
    const call = await phones.lastCall();
    expect(call).toMatchObject({
      ...SOLD,
      end_reason: 'caller_hangup',
      buyer_id: 'first',
      agent_id: 'alice',
    });
    await alice.shows(`call-${call.id}`);
    await alice.says('today-answered', /^1$/);
    await alice.says('today-missed', /^0$/);
  });

  test('ends for the caller when the agent hangs up, and is billed the same', async () => {
    await phones.isAvailable('alice');
    const carrier = await phones.call(CALLER_HZ);
    await alice.rings();
    await alice.answer();
    await carrier.isUp();
    await carrier.voice.hears(AGENT_HZ);
    await alice.click('hang-up');
    await carrier.ends();
    await alice.isOver('agent');
    expect(await phones.lastCall()).toMatchObject({ ...SOLD, end_reason: 'buyer_hangup', agent_id: 'alice' });
  });
});

test('an agent takes a call in Firefox: both sides hear each other, keys and hold work, and it is billed', async () => {
  const alice = await phones.phone('alice', AGENT_HZ, 'firefox');
  const carrier = await phones.talk(alice, { caller: CALLER_HZ, agent: AGENT_HZ });
  await alice.picture('talking');
  await alice.press('5');
  await carrier.voice.hearsKeys('5');
  await alice.click('hold');
  await carrier.voice.hearsNot(AGENT_HZ);
  await carrier.voice.hearsSound();
  await alice.click('hold');
  await Promise.all([alice.hears(CALLER_HZ), carrier.voice.hears(AGENT_HZ)]);
  await alice.click('hang-up');
  await carrier.ends();
  await alice.isOver('agent');
  expect(await phones.lastCall()).toMatchObject({ ...SOLD, end_reason: 'buyer_hangup', agent_id: 'alice' });
});

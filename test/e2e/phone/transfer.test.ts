import { PAYOUT, REVENUE } from '../support/market';
import type { Carrier } from './support/carrier';
import { PATIENCE_MS, PhoneExchange } from './support/phone-exchange';
import type { PhonePage } from './support/phone-page';

jest.setTimeout(PATIENCE_MS);

const CALLER_HZ = 600;
const ALICE_HZ = 1_000;
const BOB_HZ = 1_500;

let phones: PhoneExchange;
let alice: PhonePage;
let bob: PhonePage;
beforeAll(async () => {
  phones = await PhoneExchange.open();
  await phones.addBuyer({
    id: 'first',
    price: REVENUE,
    agents: [{ id: 'alice' }],
    colleagues: [{ id: 'bob' }],
  });
  [alice, bob] = await Promise.all([phones.phone('alice', ALICE_HZ), phones.phone('bob', BOB_HZ)]);
});
afterEach(() => phones.tidy());
afterAll(() => phones.close());

/** A caller who talks with alice. */
async function talkingWithAlice(): Promise<Carrier> {
  await Promise.all([phones.isAvailable('alice'), phones.isAvailable('bob')]);
  return phones.talk(alice, { caller: CALLER_HZ, agent: ALICE_HZ });
}

/** The caller talks with bob, and alice is out of it. */
async function talksWithBob(carrier: Carrier): Promise<void> {
  await Promise.all([bob.hears(CALLER_HZ), carrier.voice.hears(BOB_HZ), alice.isOver('transferred')]);
}

/** However many agents it went through, a call is sold once. */
async function isSoldOnce(endReason: string): Promise<void> {
  const call = await phones.lastCall();
  expect(call).toMatchObject({
    state: 'completed',
    end_reason: endReason,
    revenue: String(REVENUE),
    payout: String(PAYOUT),
  });
  expect(call.attempts.filter(({ outcome }) => outcome === 'answered')).toHaveLength(1);
  // The conversation with both is one.
  expect(Math.abs(call.ended_at - call.answered_at - call.connected_ms)).toBeLessThan(1_000);
}

test('an agent hands a call on without asking: the caller talks with the other', async () => {
  const carrier = await talkingWithAlice();
  await alice.click('transfer-open');
  await alice.click('transfer-target-agent-bob');
  await alice.picture('transfer');
  await alice.click('transfer-blind');
  await bob.rings();
  await bob.answer();
  await talksWithBob(carrier);
  await carrier.hangUp();
  await bob.isOver('caller');
  await isSoldOnce('caller_hangup');
});

test('an agent asks another first, who then takes the call', async () => {
  const carrier = await talkingWithAlice();
  await alice.click('transfer-open');
  await alice.click('transfer-target-agent-bob');
  await alice.click('transfer-consult');
  await bob.rings();
  await bob.answer();
  await Promise.all([alice.hears(BOB_HZ), bob.hears(ALICE_HZ), carrier.voice.hearsNot(ALICE_HZ)]);
  await alice.picture('consulting');
  await alice.click('transfer-complete');
  await talksWithBob(carrier);
  await bob.click('hang-up');
  await carrier.ends();
  await isSoldOnce('buyer_hangup');
});

test('an agent asks another, thinks better of it, and goes on with the caller', async () => {
  const carrier = await talkingWithAlice();
  await alice.click('transfer-open');
  await alice.click('transfer-target-agent-bob');
  await alice.click('transfer-consult');
  await bob.rings();
  await alice.click('transfer-cancel');
  await bob.stopsRinging();
  await Promise.all([alice.hears(CALLER_HZ), carrier.voice.hears(ALICE_HZ)]);
  await carrier.hangUp();
  await alice.isOver('caller');
  await isSoldOnce('caller_hangup');
});

test('an agent hands a call on to somebody who declines: it comes back', async () => {
  const carrier = await talkingWithAlice();
  await alice.click('transfer-open');
  await alice.click('transfer-target-agent-bob');
  await alice.click('transfer-blind');
  await bob.rings();
  await carrier.voice.hearsNot(ALICE_HZ);
  await bob.click('decline');
  await Promise.all([alice.hears(CALLER_HZ), carrier.voice.hears(ALICE_HZ)]);
  await alice.click('hang-up');
  await carrier.ends();
  await isSoldOnce('buyer_hangup');
});

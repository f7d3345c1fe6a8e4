import { setTimeout as pass } from 'node:timers/promises';
import { Leftovers } from '../../support/leftovers';
import { addBuyer, PAYOUT, REVENUE } from '../support/market';
import { buyerAnswers } from '../support/scenarios';
import { Sipp } from '../support/sipp';
import type { Carrier } from './support/carrier';
import { PATIENCE_MS, PhoneExchange, WEBRTC_TIMEOUT_MS } from './support/phone-exchange';
import type { PhonePage } from './support/phone-page';

jest.setTimeout(PATIENCE_MS);

const CALLER_HZ = 600;
const AGENT_HZ = 1_000;
/** The bill ends about when the audio stopped, which is looked at once in a while, and not when that was noticed. */
const SLACK_MS = WEBRTC_TIMEOUT_MS / 2;
const SHORT_CUT_MS = 5_000;
/** By the second, so that the bill tells when the call was over. */
const CONNECT_FEE = 15_000_000;
const PER_SECOND = 100_000;
const PLAN = {
  kind: 'per_minute',
  ratePerMinute: 60 * PER_SECOND,
  connectFee: CONNECT_FEE,
  firstIncrementMs: 1_000,
  nextIncrementMs: 1_000,
  afterMs: 0,
};
const LESS = 15_000_000;

const leftovers = new Leftovers();
let phones: PhoneExchange;
let alice: PhonePage;
beforeAll(async () => {
  phones = await PhoneExchange.open();
  leftovers.add(() => phones.close());
  await phones.addBuyer({ id: 'first', price: REVENUE, plan: PLAN, agents: [{ id: 'alice' }] });
  // Somebody who answers whatever the first buyer loses, on a telephone of old.
  const other = await Sipp.start({ scenario: buyerAnswers(), timeoutSeconds: 600 });
  leftovers.add(() => other.stop());
  const uri = `sip:buyer@127.0.0.1:${other.port}`;
  await addBuyer(phones.exchange, { id: 'second', price: LESS, uri });
});
beforeEach(async () => {
  alice = await phones.phone('alice', AGENT_HZ);
});
afterEach(async () => {
  phones.network.mend();
  alice.browser.mendNetwork();
  await alice.close();
  await phones.tidy();
});
afterAll(() => leftovers.end());

const talking = (): Promise<Carrier> => phones.talk(alice, { caller: CALLER_HZ, agent: AGENT_HZ });

async function takesTheNext(): Promise<void> {
  await alice.isOnline();
  await phones.isAvailable('alice');
  await (await talking()).hangUp();
  await alice.isOver('caller');
}

/** The call ended for want of audio, and is billed until the carrier heard no more. */
async function isBilledUntilLast({ voice }: Carrier): Promise<void> {
  const call = await phones.lastCall();
  expect(call).toMatchObject({
    state: 'completed',
    end_reason: 'rtp_timeout',
    revenue: String(CONNECT_FEE + PER_SECOND * Math.ceil(call.connected_ms / 1_000)),
    payout: String(PAYOUT),
  });
  expect(Math.abs(call.answered_at + call.connected_ms - voice.lastHeardAt)).toBeLessThan(SLACK_MS);
  expect(call.ended_at - voice.lastHeardAt).toBeGreaterThan(WEBRTC_TIMEOUT_MS - SLACK_MS);
}

test('a tab that crashes in a call: the call ends, billed until the last that was heard', async () => {
  const carrier = await talking();
  const tab = await alice.page.createCDPSession();
  tab.send('Page.crash').catch(() => undefined);
  await carrier.ends();
  await isBilledUntilLast(carrier);
});

test('a network that is gone for 5 s: the call goes on, and so does the phone', async () => {
  const carrier = await talking();
  alice.browser.cutNetwork();
  await carrier.voice.hearsNot(AGENT_HZ);
  await pass(SHORT_CUT_MS);
  alice.browser.mendNetwork();
  await Promise.all([alice.hears(CALLER_HZ), carrier.voice.hears(AGENT_HZ)]);
  await alice.isOnline();
  await carrier.hangUp();
  await alice.isOver('caller');
  expect(await phones.lastCall()).toMatchObject({ state: 'completed', end_reason: 'caller_hangup' });
});

test('a network that is gone for longer: the call ends, billed until the last that was heard, and the phone takes the next', async () => {
  const carrier = await talking();
  alice.browser.cutNetwork();
  await carrier.ends();
  await isBilledUntilLast(carrier);
  alice.browser.mendNetwork();
  await alice.isIn(/^ended-(caller|lost)$/);
  await takesTheNext();
});

test('a WebSocket that breaks in a call: audio flows on, and the hang-up comes by the next one', async () => {
  const carrier = await talking();
  phones.network.cut();
  await alice.says('connection', /connecting|offline/i);
  await Promise.all([alice.hears(CALLER_HZ), carrier.voice.hears(AGENT_HZ)]);
  phones.network.mend();
  await alice.isOnline();
  await Promise.all([alice.hears(CALLER_HZ), carrier.voice.hears(AGENT_HZ)]);
  await carrier.hangUp();
  await alice.isOver('caller');
  const brokeAt = await alice.timeOf(/^sip closed/);
  const againAt = await alice.timeOf(/^sip open/, brokeAt);
  await alice.timeOf(/^< BYE/, againAt);
  expect(await phones.lastCall()).toMatchObject({ state: 'completed', end_reason: 'caller_hangup' });
});

test('a WebSocket that breaks while the phone rings: the next buyer is rung, and the phone is there for the next call', async () => {
  const carrier = await phones.call(CALLER_HZ);
  await alice.rings();
  phones.network.cut();
  await carrier.isUp();
  await alice.isIn(/^(idle|ended-(missed|lost))$/);
  phones.network.mend();
  await alice.isOnline();
  await carrier.hangUp();
  const call = await phones.lastCall();
  expect(call).toMatchObject({ state: 'completed', buyer_id: 'second', revenue: String(LESS) });
  expect(call.attempts.map(({ buyerId }) => buyerId)).toEqual(['first', 'second']);
  await takesTheNext();
});

import { PAYOUT, REVENUE } from '../support/market';
import { PATIENCE_MS, PhoneExchange } from './support/phone-exchange';
import type { PhonePage } from './support/phone-page';

jest.setTimeout(PATIENCE_MS);

const CALLER_HZ = 600;
const LESS = 15_000_000;

let phones: PhoneExchange;
let alice: PhonePage;
let carol: PhonePage;
beforeAll(async () => {
  phones = await PhoneExchange.open();
  await phones.addBuyer({ id: 'first', price: REVENUE, agents: [{ id: 'alice' }, { id: 'bob' }] });
  await phones.addBuyer({ id: 'second', price: LESS, agents: [{ id: 'carol' }] });
  [alice, carol] = await Promise.all([phones.phone('alice', 1_000), phones.phone('carol', 1_500)]);
});
afterEach(() => phones.tidy());
afterAll(() => phones.close());

test('two agents ring at once: when one answers, the other stops and hears nothing of it', async () => {
  const bob = await phones.phone('bob', 1_500);
  const carrier = await phones.call(CALLER_HZ);
  await Promise.all([alice.rings(), bob.rings()]);
  await alice.answer();
  await bob.stopsRinging();
  await carrier.isUp();
  await Promise.all([alice.hears(CALLER_HZ), carrier.voice.hears(1_000)]);
  expect(carrier.voice.share(1_500)).toBeLessThan(0.1);
  expect(await bob.state()).not.toBe('talking');

  const answeredAt = await alice.timeOf(/^> SIP\/2\.0 200/, await alice.timeOf(/^< INVITE/));
  const canceledAt = await bob.timeOf(/^< CANCEL/);
  const stoppedAt = await bob.timeOf(/^- incoming-card/);
  expect(canceledAt).toBeGreaterThan(answeredAt);
  expect(stoppedAt).toBeGreaterThan(answeredAt);
  process.stdout.write(
    `the other phone was told ${(canceledAt - answeredAt).toFixed(0)} ms after the answer, and stopped after ${(stoppedAt - answeredAt).toFixed(0)} ms\n`,
  );
  await carrier.hangUp();
  await alice.isOver('caller');
  expect(await bob.has('incoming-card')).toBe(false);
  expect(await phones.lastCall()).toMatchObject({
    state: 'completed',
    buyer_id: 'first',
    agent_id: 'alice',
    revenue: String(REVENUE),
    payout: String(PAYOUT),
  });
  await bob.click('status-away');
  await phones.isPresent('bob', 'away');
});

test.each(['closed', 'killed'])(
  'the only browser is %s while it rings: the next buyer is rung',
  async (how) => {
    const carrier = await phones.call(CALLER_HZ);
    await alice.rings();
    if (how === 'killed') alice.browser.kill();
    else await alice.close();
    await carol.rings();
    await carol.answer();
    await carrier.isUp();
    await Promise.all([carol.hears(CALLER_HZ), carrier.voice.hears(1_500)]);
    await carrier.hangUp();
    await carol.isOver('caller');
    const call = await phones.lastCall();
    expect(call).toMatchObject({ state: 'completed', agent_id: 'carol', revenue: String(LESS) });
    expect(call.attempts.map(({ buyerId }) => buyerId)).toEqual(['first', 'second']);
    alice = await phones.phone('alice', 1_000);
  },
);

test('who declines is not asked again for that call: the next buyer is rung', async () => {
  const carrier = await phones.call(CALLER_HZ);
  await alice.rings();
  await alice.click('decline');
  await carol.rings();
  expect(await alice.has('incoming-card')).toBe(false);
  await carol.answer();
  await carrier.isUp();
  await carrier.hangUp();
  await carol.isOver('caller');
  expect(await phones.lastCall()).toMatchObject({ state: 'completed', agent_id: 'carol' });
});

test('who is away is not rung', async () => {
  await alice.click('status-away');
  await phones.isPresent('alice', 'away');
  const before = (await alice.notes()).length;
  const carrier = await phones.call(CALLER_HZ);
  await carol.rings();
  expect((await alice.notes()).slice(before).filter(({ what }) => what.startsWith('< INVITE'))).toEqual([]);
  await carol.answer();
  await carrier.isUp();
  await carrier.hangUp();
  await carol.isOver('caller');
  await alice.click('status-available');
  await phones.isAvailable('alice');
});

describe('a team with a queue', () => {
  beforeAll(async () => {
    for (const id of ['first', 'second'])
      await phones.exchange.change(`bids/${id}-bid`, { status: 'paused' });
    await phones.addBuyer({
      id: 'third',
      price: REVENUE,
      agents: [{ id: 'dave' }],
      team: { distribution: 'longest_idle', queue: { maxWaitMs: 60_000, maxLength: 5 } },
      ringTimeoutMs: 30_000,
    });
  });

  test('a caller who finds everybody talking hears music, and is the next to be answered', async () => {
    const dave = await phones.phone('dave', 1_000);
    const first = await phones.call(CALLER_HZ);
    await dave.rings();
    await dave.answer();
    await first.isUp();
    await first.voice.hears(1_000);
    const second = await phones.call(750);
    await second.speaks();
    await second.voice.hearsSound();
    expect(await dave.state()).toBe('talking');
    await dave.click('hang-up');
    await first.ends();
    await dave.rings();
    await dave.answer();
    await second.isUp();
    await Promise.all([dave.hears(750), second.voice.hears(1_000)]);
    await second.hangUp();
    await dave.isOver('caller');
    expect(await phones.lastCall()).toMatchObject({
      state: 'completed',
      agent_id: 'dave',
      revenue: String(REVENUE),
    });
  });
});

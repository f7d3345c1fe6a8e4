import { Baresip } from './support/baresip';
import { DRACHTIO_BINARY } from './support/drachtio-server';
import { Exchange } from './support/exchange';
import { addBuyer, moveTarget, NUMBER, openMarket, PAYOUT, REVENUE } from './support/market';
import { freePort, until } from './support/processes';
import * as scenario from './support/scenarios';
import type { SippOptions } from './support/sipp';
import { Sipp } from './support/sipp';

/** The first buyer bids more than the second, so it is rung first. */
const SECOND_REVENUE = 15_000_000;
/** For its first sign of life, and for its answer; a peer whose machine stands still for a second loses no call. */
const RESPONSE_MS = 2_000;
const RING_MS = 3_000;
/** After which a caller is taken for gone. */
const SILENCE_MS = 3_000;

let exchange: Exchange;
const peers: Sipp[] = [];

interface CallRecord {
  id: string;
  state: string;
  end_reason: string;
  sip_status: number;
  connected_ms: number;
  attempts: { buyerId: string; outcome: string; sipStatus: number }[];
  revenue: string | null;
  payout: string | null;
}

beforeAll(async () => {
  exchange = await Exchange.start({
    env: {
      DCE_SIP_RESPONSE_TIMEOUT_MS: String(RESPONSE_MS),
      DCE_MEDIA_RTP_TIMEOUT_MS: String(SILENCE_MS),
    },
  });
  await openMarket(exchange);
  const asked = { uri: 'sip:x@127.0.0.1:9', ringTimeoutMs: RING_MS };
  await addBuyer(exchange, { ...asked, id: 'first', price: REVENUE });
  await addBuyer(exchange, { ...asked, id: 'second', price: SECOND_REVENUE });
});
afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.stop();
  await exchange.isClean();
});
afterAll(() => exchange.stop());

async function peer(options: SippOptions): Promise<Sipp> {
  const started = await Sipp.start(options);
  peers.push(started);
  return started;
}

/** Puts a scripted buyer behind a target. */
async function buyer(
  id: 'first' | 'second',
  text: string,
  transport: 'udp' | 'tcp' = 'udp',
  more: Partial<SippOptions> = {},
): Promise<Sipp> {
  const started = await peer({ scenario: text, transport: transport === 'tcp' ? 't1' : 'u1', ...more });
  await moveTarget(exchange, id, `sip:buyer@127.0.0.1:${started.port};transport=${transport}`);
  return started;
}

const carrier = (text: string, more: Partial<SippOptions> = {}): Promise<Sipp> =>
  peer({ scenario: text, remote: exchange.sip, service: NUMBER, calls: 1, ...more });

async function lastCall(): Promise<CallRecord> {
  const [call] = await exchange.sql<CallRecord>(
    `select c.id, c.state, c.end_reason, c.sip_status, c.connected_ms::integer, c.attempts, s.revenue, s.payout
     from calls c left join settlements s on s.call_id = c.id order by received_at desc limit 1`,
  );
  if (!call) throw new Error('no call was recorded');
  return call;
}

const SOLD_TO_FIRST = { revenue: String(REVENUE), payout: String(PAYOUT) };
const SOLD_TO_SECOND = { revenue: String(SECOND_REVENUE), payout: String(PAYOUT) };
const UNSOLD = { revenue: null, payout: null };

describe('an answered call', () => {
  test('is sold, bridged and billed; each side hears the tone the other sends', async () => {
    const phone = await Baresip.start({ user: 'buyer', says: 1_000, answer: 'auto' });
    const caller = await (async () => {
      await moveTarget(exchange, 'first', phone.uri);
      return Baresip.start({
        user: '12123452671',
        says: 440,
        answer: 'manual',
        command: `/dial sip:${NUMBER}@${exchange.sip}`,
      });
    })();
    try {
      await Promise.all([phone.hears(440), caller.hears(1_000)]);
    } finally {
      await caller.stop();
      await phone.terminated();
      await phone.stop();
    }
    await exchange.isClean();
    const call = await lastCall();
    expect(call).toMatchObject({
      state: 'completed',
      end_reason: 'caller_hangup',
      sip_status: 200,
      ...SOLD_TO_FIRST,
    });
    const [{ media }] = (await exchange.sql<{
      media: Record<string, { packetsReceived: number; packetsSent: number }>;
    }>('select media from calls where id = $1', [call.id])) as [
      { media: Record<string, { packetsReceived: number; packetsSent: number }> },
    ];
    for (const leg of ['caller', 'buyer']) {
      expect(media[leg]?.packetsReceived).toBeGreaterThan(50);
      expect(media[leg]?.packetsSent).toBeGreaterThan(50);
    }
  });

  test('has its decision, its trace and its ledger lines in the API', async () => {
    await buyer('first', scenario.buyerAnswers());
    await (await carrier(scenario.callerHangsUp(300))).succeeds();
    await exchange.isClean();
    const { id } = await lastCall();
    const { body } = await exchange.api<{
      decision: { ok: boolean; trace: { bids: { listed: unknown[] } } };
      ledger: { amountMicros: number; purpose: string }[];
    }>('GET', `/api/v1/calls/${id}`);
    expect(body.decision.ok).toBe(true);
    expect(body.decision.trace.bids.listed).toHaveLength(2);
    expect(body.ledger.map(({ purpose, amountMicros }) => [purpose, amountMicros]).sort()).toEqual([
      ['payable', -PAYOUT],
      ['payout', PAYOUT],
      ['revenue', -REVENUE],
      ['wallet', REVENUE],
    ]);
  });

  test('over TCP on both sides', async () => {
    await buyer('first', scenario.buyerAnswers(), 'tcp');
    await (await carrier(scenario.callerHangsUp(200), { transport: 't1' })).succeeds();
    await exchange.isClean();
    expect(await lastCall()).toMatchObject({ state: 'completed', ...SOLD_TO_FIRST });
  });

  test('ended by the buyer ends the carrier too', async () => {
    await buyer('first', scenario.buyerHangsUp(300));
    await (await carrier(scenario.callerWaitsForBye())).succeeds();
    await exchange.isClean();
    expect(await lastCall()).toMatchObject({
      state: 'completed',
      end_reason: 'buyer_hangup',
      ...SOLD_TO_FIRST,
    });
  });

  test('ended by an admin ends both sides', async () => {
    await buyer('first', scenario.buyerAnswers());
    const caller = await carrier(scenario.callerWaitsForBye());
    await until('the call to be up', async () => (await lastCall()).state === 'answered');
    const { body } = await exchange.api<{ items: { callId: string }[] }>('GET', '/api/v1/calls/live');
    expect(body.items).toHaveLength(1);
    await exchange.hangUp(body.items[0]?.callId ?? '');
    await caller.succeeds();
    await exchange.isClean();
    expect(await lastCall()).toMatchObject({ state: 'completed', end_reason: 'admin_hangup' });
  });

  test('whose caller vanished without BYE is ended by silence, and the silence is not billed', async () => {
    await buyer('first', scenario.buyerAnswers());
    await (await carrier(scenario.callerVanishes())).succeeds();
    await exchange.isClean();
    expect(await lastCall()).toMatchObject({
      state: 'completed',
      end_reason: 'rtp_timeout',
      connected_ms: 0,
    });
  });

  test('on hold for longer than silence would be allowed, and taken up again', async () => {
    const phone = await Baresip.start({ user: 'buyer', says: 1_000, answer: 'auto' });
    await moveTarget(exchange, 'first', phone.uri);
    await (await carrier(scenario.callerHolds(SILENCE_MS + 1_500))).succeeds();
    await phone.terminated();
    await phone.stop();
    await exchange.isClean();
    const call = await lastCall();
    expect(call).toMatchObject({ state: 'completed', end_reason: 'caller_hangup', ...SOLD_TO_FIRST });
    expect(call.connected_ms).toBeGreaterThanOrEqual(5_000);
  });

  test('at the longest duration allowed: both sides are hung up', async () => {
    await exchange.change('campaigns/campaign', { maxDurationMs: 1_000 });
    try {
      await buyer('first', scenario.buyerAnswers());
      await (await carrier(scenario.callerWaitsForBye())).succeeds();
      await exchange.isClean();
      const call = await lastCall();
      expect(call).toMatchObject({ state: 'completed', end_reason: 'max_duration', ...SOLD_TO_FIRST });
      expect(call.connected_ms).toBeGreaterThanOrEqual(1_000);
    } finally {
      await exchange.change('campaigns/campaign', { maxDurationMs: 3_600_000 });
    }
  });

  test('with early media: the caller gets the buyer’s 183', async () => {
    await buyer('first', scenario.buyerAnswers(300, true));
    await (await carrier(scenario.callerHangsUp(200))).succeeds();
    await exchange.isClean();
    expect(await lastCall()).toMatchObject({ state: 'completed', ...SOLD_TO_FIRST });
  });
});

describe('when the first buyer fails, the second answers', () => {
  const failures: [string, string, string][] = [
    ['is busy', scenario.buyerRefuses(486, 'Busy Here'), 'busy'],
    ['is overloaded', scenario.buyerRefuses(503, 'Service Unavailable'), 'unreachable'],
    ['declines everywhere', scenario.buyerRefuses(603, 'Decline'), 'declined'],
    ['redirects', scenario.buyerRefuses(302, 'Moved Temporarily'), 'failed'],
    ['rings on', scenario.buyerRingsOn(), 'no_answer'],
    [
      'says nothing at all',
      scenario.buyerSilent(),
      DRACHTIO_BINARY === undefined ? 'unreachable' : 'no_answer',
    ],
  ];
  test.each(failures)('the first %s', async (_what, first, outcome) => {
    await buyer('first', first);
    await buyer('second', scenario.buyerAnswers());
    await (await carrier(scenario.callerHangsUp(200))).succeeds();
    await exchange.isClean();
    const call = await lastCall();
    expect(call.attempts.map((attempt) => [attempt.buyerId, attempt.outcome])).toEqual([
      ['first', outcome],
      ['second', 'answered'],
    ]);
    expect(call).toMatchObject({ state: 'completed', ...SOLD_TO_SECOND });
  });

  test('the first is not there (nothing listens)', async () => {
    await moveTarget(exchange, 'first', `sip:nobody@127.0.0.1:${await freePort()}`);
    await buyer('second', scenario.buyerAnswers());
    await (await carrier(scenario.callerHangsUp(200))).succeeds();
    await exchange.isClean();
    expect(await lastCall()).toMatchObject({ state: 'completed', ...SOLD_TO_SECOND });
  });

  test('the first is not there (TCP refused)', async () => {
    await moveTarget(exchange, 'first', `sip:nobody@127.0.0.1:${await freePort()};transport=tcp`);
    await buyer('second', scenario.buyerAnswers());
    await (await carrier(scenario.callerHangsUp(200))).succeeds();
    await exchange.isClean();
    expect((await lastCall()).attempts.map((attempt) => attempt.outcome)).toEqual([
      'unreachable',
      'answered',
    ]);
  });

  test('the first answers across our CANCEL: it is ended by ACK and BYE, and costs nothing', async () => {
    const first = await buyer('first', scenario.buyerAnswersAcrossCancel(), 'udp', { calls: 1 });
    await buyer('second', scenario.buyerAnswers());
    await (await carrier(scenario.callerHangsUp(600))).succeeds();
    await first.succeeds();
    await exchange.isClean();
    expect(await lastCall()).toMatchObject({ state: 'completed', ...SOLD_TO_SECOND });
  });
});

describe('the caller gives up', () => {
  test.each([
    ['while the first buyer rings', 1, 200],
    ['while the second buyer rings', 1, RING_MS + 300],
    ['almost at once', 0, 0],
  ])('%s', async (_when, rings, thenMs) => {
    await buyer('first', scenario.buyerRingsOn());
    await buyer('second', scenario.buyerRingsOn());
    await (await carrier(scenario.callerCancels(rings, thenMs))).succeeds();
    await exchange.isClean();
    expect(await lastCall()).toMatchObject({
      state: 'canceled',
      end_reason: 'caller_cancel',
      sip_status: 487,
      ...UNSOLD,
    });
  });
});

describe('an answer and a CANCEL cross', () => {
  test('between the caller and us: the call is up until the caller’s BYE, and is billed', async () => {
    const second = await buyer('first', scenario.buyerAnswers());
    await (await carrier(scenario.callerCancelsAcrossAnswer())).succeeds();
    await second.stop();
    await exchange.isClean();
    expect(await lastCall()).toMatchObject({
      state: 'completed',
      end_reason: 'caller_hangup',
      ...SOLD_TO_FIRST,
    });
  });

  test('between us and the buyer: it gets ACK and BYE, the caller 487, and nothing is sold', async () => {
    const first = await buyer('first', scenario.buyerAnswersAcrossCancel(), 'udp', { calls: 1 });
    await (await carrier(scenario.callerCancels(1, 100))).succeeds();
    await first.succeeds();
    await exchange.isClean();
    expect(await lastCall()).toMatchObject({ state: 'canceled', end_reason: 'caller_cancel', ...UNSOLD });
  });
});

describe('a call that is not sold', () => {
  test('every buyer fails: 480 with the reason', async () => {
    await buyer('first', scenario.buyerRefuses(486, 'Busy Here'));
    await buyer('second', scenario.buyerRefuses(486, 'Busy Here'));
    await (await carrier(scenario.callerIsRefused(480, 'Reason:.*every buyer was tried'))).succeeds();
    await exchange.isClean();
    expect(await lastCall()).toMatchObject({ state: 'failed', end_reason: 'buyers_exhausted', ...UNSOLD });
  });

  test('no buyer is eligible: 480 with the reason', async () => {
    for (const id of ['first', 'second']) await exchange.change(`bids/${id}-bid`, { status: 'paused' });
    try {
      await (await carrier(scenario.callerIsRefused(480, 'Reason: Q.850;cause=34'))).succeeds();
      await exchange.isClean();
      expect(await lastCall()).toMatchObject({ state: 'rejected', end_reason: 'no_buyer', sip_status: 480 });
    } finally {
      for (const id of ['first', 'second']) await exchange.change(`bids/${id}-bid`, { status: 'active' });
    }
  });

  test('a number that is nobody’s: 404', async () => {
    await (await carrier(scenario.callerIsRefused(404), { service: '+18885550123' })).succeeds();
    await exchange.isClean();
    expect(await lastCall()).toMatchObject({
      state: 'rejected',
      end_reason: 'unknown_number',
      sip_status: 404,
    });
  });

  test('a source that is no trunk: dropped without an answer', async () => {
    const before = (await exchange.stats()).sip?.dropped ?? 0;
    const stranger = await carrier(scenario.callerIsIgnored(), { args: ['-i', '127.0.0.9'] });
    if (DRACHTIO_BINARY === undefined) {
      await until(
        'the drop to be counted',
        async () => ((await exchange.stats()).sip?.dropped ?? 0) > before,
      );
    } else await stranger.exited;
    await stranger.stop();
    // A drachtio-server says 100 by itself, before the switch knows of the call.
    const answer =
      DRACHTIO_BINARY === undefined ? /SIP\/2\.0 \d/ : /SIP\/2\.0 [2-6]\d\d(?:.*\n){1,8}?CSeq: \d+ INVITE/;
    expect(stranger.output()).not.toMatch(answer);
  });
});

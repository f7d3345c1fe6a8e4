import { parse } from 'sdp-transform';
import type { LegStats, MediaLeg, MediaLegRole, MediaSession } from '../../../src/media';
import { TonePeer } from '../../e2e/phone/support/tone-peer';
import { until } from '../../support/until';
import { WrtcPeer } from '../../support/wrtc/wrtc-peer';
import { aWhile, Harness, portOf, sdpOf } from './harness';

const CARRIER_HZ = 440;
const BROWSER_HZ = 1_000;
const CONSULT_HZ = 1_500;

let bench: Harness;
const browsers: WrtcPeer[] = [];
const carriers: TonePeer[] = [];
beforeAll(async () => {
  bench = await Harness.start(2, {
    rtpTimeoutMs: 1_500,
    webRtcTimeoutMs: 3_000,
    oneWayAfterMs: 1_000,
    qualityEveryMs: 500,
  });
});
afterEach(async () => {
  for (const browser of browsers.splice(0)) browser.kill();
  for (const carrier of carriers.splice(0)) carrier.close();
  await bench.settle();
});
afterAll(() => bench.engine.close());

function openBrowser(hertz = BROWSER_HZ): WrtcPeer {
  const browser = WrtcPeer.open();
  browsers.push(browser);
  void browser.speak(hertz);
  return browser;
}

async function openCarrier(hertz = CARRIER_HZ): Promise<TonePeer> {
  const carrier = await TonePeer.open(hertz);
  carriers.push(carrier);
  return carrier;
}

function carrierSdp(carrier: TonePeer, codecs = '0 8'): string {
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio ${carrier.port} RTP/AVP ${codecs} 101`,
    'a=rtpmap:101 telephone-event/8000',
    '',
  ].join('\r\n');
}

interface Call {
  readonly session: MediaSession;
  readonly callerLeg: MediaLeg;
  readonly buyerLeg: MediaLeg;
  readonly carrier: TonePeer;
  readonly browser: WrtcPeer;
  readonly told: string[];
  readonly quality: Readonly<Partial<Record<MediaLegRole, LegStats>>>[];
}

/** A carrier's call that a browser has answered, both speaking their tones. */
async function call(): Promise<Call> {
  const told: string[] = [];
  const quality: Readonly<Partial<Record<MediaLegRole, LegStats>>>[] = [];
  const session = bench.session({
    onMediaLost: (reason) => told.push(`lost: ${reason}`),
    onRtpTimeout: (leg) => told.push(`silent: ${leg}`),
    onConsultLost: () => told.push('consultation lost'),
    onOneWayAudio: (leg) => told.push(`one way: ${leg}`),
    onQuality: (legs) => quality.push(legs),
  });
  const [carrier, browser] = [await openCarrier(), openBrowser()];
  const callerLeg = await session.createLeg('caller', { signalingAddress: '127.0.0.1' });
  sdpOf(callerLeg.receiveOffer(carrierSdp(carrier)));
  const buyerLeg = await session.createLeg('buyer', { transport: 'webrtc' });
  sdpOf(await buyerLeg.applyAnswer(await browser.answer(sdpOf(buyerLeg.createOffer()))));
  carrier.speak(portOf(sdpOf(await callerLeg.createAnswer())));
  await session.bridge(callerLeg, buyerLeg);
  return { session, callerLeg, buyerLeg, carrier, browser, told, quality };
}

/** A re-INVITE of the browser's. */
async function reoffer(leg: MediaLeg, browser: WrtcPeer, options = {}): Promise<string> {
  sdpOf(leg.receiveOffer(await browser.offer(options)));
  const answer = sdpOf(await leg.createAnswer());
  await browser.accept(answer);
  return answer;
}

test('a carrier and a browser hear each other, and how they do is told', async () => {
  const { session, carrier, browser, buyerLeg, callerLeg, quality, told } = await call();
  await browser.hears(CARRIER_HZ);
  await carrier.hears(BROWSER_HZ);
  await until('both legs told of', () => quality.some(({ caller, buyer }) => caller?.mos && buyer?.mos));
  const stats = await buyerLeg.stats();
  expect(stats).toMatchObject({ codec: 'PCMU', packetsLost: 0, lossPercent: 0 });
  expect(stats.mos).toBeGreaterThan(4);
  expect((await callerLeg.stats()).packetsSent).toBeGreaterThan(10);
  await until('its audio to be noted', () => session.lastMediaAt('buyer') !== undefined);
  expect(told).toEqual([]);
  await until('round trip of the browser', async () => (await buyerLeg.stats()).rttMs !== undefined, 15_000);
});

test('hold and resume by re-INVITE', async () => {
  const { carrier, browser, buyerLeg, told } = await call();
  await carrier.hears(BROWSER_HZ);
  await browser.hears(CARRIER_HZ);
  for (const [direction, answered] of [
    ['sendonly', 'recvonly'],
    ['inactive', 'inactive'],
  ] as const) {
    await browser.direction(direction);
    const answer = parse(await reoffer(buyerLeg, browser)).media[0];
    expect(answer?.direction).toBe(answered);
    // The keys stay, and so does who began them: the browser, when it answered.
    expect(answer?.setup).toBe('passive');
    expect(buyerLeg.remoteDirection()).toBe(direction);
    await browser.hearsNothing();
  }
  await aWhile(3_500);
  expect(told).toEqual([]);
  await browser.direction('sendrecv');
  await reoffer(buyerLeg, browser);
  await browser.hears(CARRIER_HZ);
  await carrier.hears(BROWSER_HZ);
});

test('an ICE restart gets new credentials, and the audio goes on', async () => {
  const { carrier, browser, buyerLeg } = await call();
  await browser.hears(CARRIER_HZ);
  const first = parse(await reoffer(buyerLeg, browser)).media[0];
  const again = parse(await reoffer(buyerLeg, browser)).media[0];
  expect(again?.iceUfrag).toBe(first?.iceUfrag);
  const restarted = parse(await reoffer(buyerLeg, browser, { iceRestart: true })).media[0];
  expect(restarted?.iceUfrag).not.toBe(first?.iceUfrag);
  expect(restarted?.icePwd).not.toBe(first?.icePwd);
  expect(restarted?.fingerprint).toEqual(first?.fingerprint);
  await carrier.hears(BROWSER_HZ);
  await browser.hears(CARRIER_HZ);
  expect(await browser.state()).toBe('connected');
});

test('sounds: hold music and ringback, to a browser and to a carrier, until bridged or stopped', async () => {
  const { session, carrier, browser, callerLeg, buyerLeg } = await call();
  await browser.hears(CARRIER_HZ);
  const music = await session.play(callerLeg, 'hold');
  await carrier.hearsNot(BROWSER_HZ);
  expect(carrier.packets).toBeGreaterThan(0);
  music.stop();
  music.stop();
  await carrier.hears(BROWSER_HZ);
  await session.play(buyerLeg, 'ringback');
  await until('two tones', async () => (await browser.level()) > 100);
  await session.bridge(callerLeg, buyerLeg);
  await browser.hears(CARRIER_HZ);
});

test('a caller hears a sound before anybody is rung, as early media, though it says nothing', async () => {
  const session = bench.session();
  const carrier = await openCarrier();
  const leg = await session.createLeg('caller', { signalingAddress: '127.0.0.1' });
  sdpOf(leg.receiveOffer(carrierSdp(carrier, '0')));
  sdpOf(await leg.createAnswer());
  await session.play(leg, 'ringback');
  await until('ringback', () => carrier.share(440) > 0.4 && carrier.share(480) > 0.4, 15_000);
});

test('the buyer asks somebody while the caller waits, and hands the call over', async () => {
  const { session, carrier, browser, callerLeg, buyerLeg, told } = await call();
  await browser.hears(CARRIER_HZ);
  // The buyer's second call comes from its browser as an offer.
  const [second, consulted] = [openBrowser(700), openBrowser(CONSULT_HZ)];
  const secondLeg = await session.createLeg('buyer', { transport: 'webrtc' });
  sdpOf(secondLeg.receiveOffer(await second.offer()));
  const consultLeg = await session.createLeg('consult', { transport: 'webrtc' });
  const offer = sdpOf(consultLeg.createOffer());
  expect(String(parse(offer).media[0]?.payloads)).toBe('0 101');
  sdpOf(await consultLeg.applyAnswer(await consulted.answer(offer)));
  await second.accept(sdpOf(await secondLeg.createAnswer()));
  await session.play(callerLeg, 'hold');
  await session.bridge(secondLeg, consultLeg);
  await second.hears(CONSULT_HZ);
  await consulted.hears(700);
  await carrier.hearsNot(BROWSER_HZ);
  await session.bridge(callerLeg, consultLeg);
  buyerLeg.close();
  secondLeg.close();
  await carrier.hears(CONSULT_HZ);
  await consulted.hears(CARRIER_HZ);
  expect(told).toEqual([]);
});

test('of a team that rings, one answers and the others close', async () => {
  const session = bench.session();
  const carrier = await openCarrier();
  const callerLeg = await session.createLeg('caller', { signalingAddress: '127.0.0.1' });
  sdpOf(callerLeg.receiveOffer(carrierSdp(carrier)));
  const legs = await Promise.all(
    Array.from({ length: 5 }, () => session.createLeg('buyer', { transport: 'webrtc' })),
  );
  const offers = legs.map((leg) => sdpOf(leg.createOffer()));
  expect(new Set(offers.map((offer) => parse(offer).media[0]?.iceUfrag)).size).toBe(5);
  const [winner, ...losers] = legs;
  if (!winner) throw new Error('no leg');
  const browser = openBrowser();
  sdpOf(await winner.applyAnswer(await browser.answer(offers[0] ?? '')));
  for (const loser of losers) loser.close();
  carrier.speak(portOf(sdpOf(await callerLeg.createAnswer())));
  await session.bridge(callerLeg, winner);
  await browser.hears(CARRIER_HZ);
  await carrier.hears(BROWSER_HZ);
  expect(bench.engine.stats()).toMatchObject({ legs: 2 });
});

test('one-way audio is told once, of the side that is not heard', async () => {
  const { session, callerLeg, buyerLeg, carrier, browser, told } = await call();
  carrier.hush();
  await session.bridge(callerLeg, buyerLeg);
  await carrier.hears(BROWSER_HZ);
  await until('the alarm', () => told.includes('one way: caller'));
  await session.bridge(callerLeg, buyerLeg);
  await until('the end', () => told.includes('silent: caller'));
  expect(told).toEqual(['one way: caller', 'silent: caller']);
  expect(await browser.state()).toBe('connected');
});

test('a tab that crashes is told as silence, after the time that browsers have', async () => {
  const { session, carrier, browser, told } = await call();
  await carrier.hears(BROWSER_HZ);
  browser.kill();
  await until('the silence', () => told.length > 0);
  expect(told).toEqual(['silent: buyer']);
  expect(performance.now() - (session.lastMediaAt('buyer') ?? 0)).toBeGreaterThanOrEqual(3_000);
});

test('a page that closes its connection without a BYE loses the media', async () => {
  const { carrier, browser, told } = await call();
  await carrier.hears(BROWSER_HZ);
  await browser.hangUp();
  await until('the loss', () => told.length > 0);
  expect(told).toEqual(['lost: the browser closed its connection']);
});

test('who hands the call on may close the page: the caller waits on', async () => {
  const { session, callerLeg, buyerLeg, carrier, browser, told } = await call();
  await carrier.hears(BROWSER_HZ);
  await session.play(callerLeg, 'hold');
  session.unbridge(buyerLeg);
  await browser.hangUp();
  await until('its leg is gone', () => bench.engine.stats().legs === 1);
  await carrier.hearsNot(BROWSER_HZ);
  const next = openBrowser(CONSULT_HZ);
  const nextLeg = await session.createLeg('buyer', { transport: 'webrtc' });
  sdpOf(await nextLeg.applyAnswer(await next.answer(sdpOf(nextLeg.createOffer()))));
  await session.bridge(callerLeg, nextLeg);
  await carrier.hears(CONSULT_HZ);
  expect(told).toEqual([]);
});

test('a browser that is asked aside of the call and vanishes ends the asking alone', async () => {
  const { session, carrier, browser, told } = await call();
  await carrier.hears(BROWSER_HZ);
  const [second, consulted] = [openBrowser(700), openBrowser(CONSULT_HZ)];
  const askingLeg = await session.createLeg('consult', { transport: 'webrtc' });
  sdpOf(askingLeg.receiveOffer(await second.offer()));
  const askedLeg = await session.createLeg('buyer', { transport: 'webrtc' });
  sdpOf(await askedLeg.applyAnswer(await consulted.answer(sdpOf(askedLeg.createOffer()))));
  await second.accept(sdpOf(await askingLeg.createAnswer()));
  await session.bridge(askingLeg, askedLeg);
  await second.hears(CONSULT_HZ);
  await consulted.hangUp();
  await until('the loss', () => told.length > 0);
  expect(told).toEqual(['consultation lost']);
  await browser.hears(CARRIER_HZ);
  await carrier.hears(BROWSER_HZ);
});

test('descriptions of the wrong kind are refused', async () => {
  const session = bench.session();
  const carrier = await openCarrier();
  const plain = await session.createLeg('caller');
  const browser = openBrowser();
  const offer = await browser.offer();
  expect(plain.receiveOffer(offer)).toEqual({ ok: false, reason: 'unsupported_transport' });
  const leg = await session.createLeg('buyer', { transport: 'webrtc' });
  expect(leg.receiveOffer(carrierSdp(carrier))).toEqual({ ok: false, reason: 'unsupported_transport' });
  sdpOf(leg.receiveOffer(offer));
  sdpOf(await leg.createAnswer());
  const other = await openBrowser().offer();
  expect(leg.receiveOffer(other)).toEqual({ ok: false, reason: 'unsupported_transport' });
  session.close();
  expect(leg.createOffer()).toEqual({ ok: false, reason: 'lost' });
});

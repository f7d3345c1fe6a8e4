import type { MediasoupEngine } from '../../../src/media';
import { G711_SILENCE } from '../../../src/media/sounds/g711';
import { until } from '../../support/until';
import { WrtcPeer } from '../../support/wrtc/wrtc-peer';
import type { Party } from './contract/bench';
import { ContractBench } from './contract/bench';
import { KeptRecording } from './contract/record';
import { BUYER_HZ, CALLER_HZ, hearsTones, sing, SUPERVISOR_HZ, toneTalk } from './contract/tones';
import { aWhile, Harness, sdpOf } from './harness';

/** What recordings and supervisors of mediasoup promise beyond the contract. */

const EVENTS = 101;
const BUYERS = 110;
const TIMEOUT_MS = 1_500;

let engine: MediasoupEngine;
let bench: ContractBench;
const browsers: WrtcPeer[] = [];
beforeAll(async () => {
  ({ engine } = await Harness.start(9, { rtpTimeoutMs: TIMEOUT_MS }));
  const prompts = { names: () => new Set<string>(), octets: () => undefined };
  bench = new ContractBench({ engine, prompts, exact: true, close: () => engine.close() });
});
afterEach(async () => {
  for (const browser of browsers.splice(0)) browser.kill();
  await bench.settle();
});
afterAll(() => bench.close());

/** Loudness of what stands between two instants of a channel is none. */
const isSilent = (sink: KeptRecording, channel: 0 | 1, fromMs: number, toMs: number): boolean =>
  sink
    .channel(channel)
    .subarray(fromMs * 8, toMs * 8)
    .every((octet) => octet === G711_SILENCE.PCMU);

const streamOf = ({ peer }: Party): number | undefined => peer.heard.at(-1)?.ssrc;

test('keys are no part of a recording, and the time that they take is not missing', async () => {
  const { session, caller, keys } = await toneTalk(bench);
  const sink = new KeptRecording();
  const recorder = await session.record(sink);
  await sink.more(600);
  await caller.peer.press(caller.sends, EVENTS, '4', { ms: 400 });
  await until('the key', () => keys.length === 1);
  await sink.more(700);
  const facts = await recorder.stop();
  sink.expectWhole(facts);
  const octets = sink.channel(0);
  const from = octets.indexOf(Buffer.alloc(2_400, G711_SILENCE.PCMU)) / 8;
  expect(from).toBeGreaterThan(300);
  expect(isSilent(sink, 0, from, from + 380)).toBe(true);
  expect(sink.tones(0, from - 200, from - 20)).toEqual([CALLER_HZ]);
  expect(sink.tones(0, facts.durationMs - 300, facts.durationMs - 60)).toEqual([CALLER_HZ]);
  expect(sink.tones(1, 100, facts.durationMs - 60)).toEqual([BUYER_HZ]);
});

test('a caller who sends as somebody new is recorded on', async () => {
  const { session, caller } = await toneTalk(bench);
  const sink = new KeptRecording();
  const recorder = await session.record(sink);
  await sink.more(400);
  caller.peer.ssrc = 99;
  // Its own port is looked at again only when nothing known comes: that takes a moment.
  await until('its new stream', () => sink.tones(0, sink.ms - 300, sink.ms - 60)?.length === 0);
  await until('its new voice', () => sink.tones(0, sink.ms - 300, sink.ms - 60)?.[0] === CALLER_HZ);
  sink.expectWhole(await recorder.stop());
});

test('a recording goes on while a supervisor speaks, who is no part of it', async () => {
  const { session } = await toneTalk(bench);
  const supervisor = await bench.answering(session, { role: 'supervisor' });
  sing(bench, supervisor, SUPERVISOR_HZ);
  const sink = new KeptRecording();
  const recorder = await session.record(sink);
  const monitoring = await session.monitor(supervisor.leg, 'barge');
  await hearsTones(supervisor, [CALLER_HZ, BUYER_HZ]);
  await sink.more(400);
  monitoring.stop();
  const facts = await recorder.stop();
  expect(sink.tones(0, 100, facts.durationMs - 60)).toEqual([CALLER_HZ]);
  expect(sink.tones(1, 100, facts.durationMs - 60)).toEqual([BUYER_HZ]);
});

test('a supervisor who holds, or says nothing, ends nothing; nor are the two silent for being mixed', async () => {
  const silent: string[] = [];
  const { session, caller, buyer, lost } = await toneTalk(bench, 'PCMU', {
    listener: { onRtpTimeout: (role) => silent.push(role), onConsultLost: () => silent.push('consultation') },
  });
  const supervisor = await bench.answering(session, { role: 'supervisor' });
  await session.monitor(supervisor.leg, 'whisper');
  await hearsTones(supervisor, [CALLER_HZ, BUYER_HZ]);
  await hearsTones(buyer, [CALLER_HZ]);
  sdpOf(supervisor.leg.receiveOffer(supervisor.peer.sdp({ direction: 'inactive' })));
  sdpOf(await supervisor.leg.createAnswer());
  await aWhile(TIMEOUT_MS + 600);
  await Promise.all([hearsTones(caller, [BUYER_HZ]), hearsTones(buyer, [CALLER_HZ])]);
  expect([silent, lost]).toEqual([[], []]);
});

test('keys reach who hears the other through a mix, as they would have directly', async () => {
  const conversation = await bench.caller();
  const { session, caller } = conversation;
  const buyer = await bench.answering(session, { telephoneEvent: BUYERS });
  await session.bridge(caller.leg, buyer.leg);
  sing(bench, caller, CALLER_HZ);
  sing(bench, buyer, BUYER_HZ);
  await hearsTones(buyer, [CALLER_HZ]);
  const supervisor = await bench.answering(session, { role: 'supervisor' });
  sing(bench, supervisor, SUPERVISOR_HZ);
  await session.monitor(supervisor.leg, 'barge');
  await Promise.all([
    hearsTones(buyer, [CALLER_HZ, SUPERVISOR_HZ]),
    hearsTones(caller, [BUYER_HZ, SUPERVISOR_HZ]),
  ]);
  await caller.peer.press(caller.sends, EVENTS, '9', { ms: 100 });
  await buyer.peer.press(buyer.sends, EVENTS, '3', { ms: 100 });
  for (const [{ peer }, payloadType, key] of [
    [buyer, BUYERS, 9],
    [caller, EVENTS, 3],
  ] as const) {
    const events = (): typeof peer.heard => peer.heard.filter((packet) => packet.payloadType === payloadType);
    await until('the key', () => events().some(({ payload }) => ((payload[1] ?? 0) & 0x80) !== 0));
    expect(new Set(events().map(({ payload }) => payload[0]))).toEqual(new Set([key]));
    expect(new Set(events().map(({ timestamp }) => timestamp)).size).toBe(1);
  }
});

test('a browser listens, whispers and goes: the call stays where it is', async () => {
  const { session, caller, buyer, lost } = await toneTalk(bench);
  const streams = [streamOf(caller), streamOf(buyer)];
  const browser = WrtcPeer.open();
  browsers.push(browser);
  const leg = await session.createLeg('supervisor', { transport: 'webrtc' });
  sdpOf(await leg.applyAnswer(await browser.answer(sdpOf(leg.createOffer()))));
  await browser.speak(SUPERVISOR_HZ);
  const monitoring = await session.monitor(leg, 'listen');
  await browser.hearsTogether([CALLER_HZ, BUYER_HZ]);
  await Promise.all([hearsTones(caller, [BUYER_HZ]), hearsTones(buyer, [CALLER_HZ])]);
  expect([streamOf(caller), streamOf(buyer)]).toEqual(streams);
  await monitoring.change('whisper');
  await hearsTones(buyer, [CALLER_HZ, SUPERVISOR_HZ]);
  await hearsTones(caller, [BUYER_HZ]);
  expect(streamOf(caller)).toBe(streams[0]);
  browser.kill();
  leg.close();
  await Promise.all([hearsTones(caller, [BUYER_HZ]), hearsTones(buyer, [CALLER_HZ])]);
  expect(lost).toEqual([]);
});

test('when the worker dies, the recording ends where it is, and says so', async () => {
  const { session, lost } = await toneTalk(bench);
  const supervisor = await bench.answering(session, { role: 'supervisor' });
  await session.monitor(supervisor.leg, 'listen');
  const sink = new KeptRecording();
  const recorder = await session.record(sink);
  await sink.more(400);
  const [pid] = engine.workerPids;
  if (pid === undefined) throw new Error('no worker');
  process.kill(pid, 'SIGKILL');
  await until('the loss', () => lost.length > 0);
  const facts = await recorder.stop();
  expect(sink.ends).toEqual([{ facts, lost: 'the media worker died' }]);
  expect(Math.abs(sink.ms - facts.durationMs)).toBeLessThan(1);
  expect(sink.tones(0, 100, 300)).toEqual([CALLER_HZ]);
  expect(sink.wrong).toEqual([]);
});

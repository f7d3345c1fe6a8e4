import { parse } from 'sdp-transform';
import type { MediaLeg, MediaLegRole, MediaSession } from '../../../src/media';
import { MediasoupEngine, MediaUnavailable } from '../../../src/media';
import { findMediasoupWorker } from '../../../src/provision';
import { until } from '../../support/until';
import { RtpPeer } from '../../support/rtp-peer';

const FIRST_PORT = 41_000 + (process.pid % 40) * 100;

let engine: MediasoupEngine;
const peers: RtpPeer[] = [];

async function peer(): Promise<RtpPeer> {
  const opened = await RtpPeer.open();
  peers.push(opened);
  return opened;
}

beforeAll(async () => {
  const workerBin = findMediasoupWorker();
  if (workerBin === undefined) throw new Error('there is no media worker: run npm start or npm test once');
  engine = await MediasoupEngine.start({
    workerBin,
    workers: 1,
    listenAddress: '127.0.0.1',
    portRange: [FIRST_PORT, FIRST_PORT + 60],
    rtpTimeoutMs: 3_000,
  });
});
afterEach(async () => {
  for (const opened of peers.splice(0)) opened.close();
  await until('everything is given back', () => engine.stats().legs === 0 && engine.stats().ports === 0);
  expect(engine.stats()).toEqual({ sessions: 0, legs: 0, ports: 0 });
});
afterAll(() => engine.close());

interface Call {
  session: MediaSession;
  callerLeg: MediaLeg;
  buyerLeg: MediaLeg;
  /** Ports of the switch that caller and buyer send to. */
  callerSends: number;
  buyerSends: number;
  lost: string[];
  silent: MediaLegRole[];
}

const portOf = (sdp: string): number => parse(sdp).media[0]?.port ?? 0;
const payloadsOf = (sdp: string): string => String(parse(sdp).media[0]?.payloads);

/** Sets a call up as signalling does: caller's offer, our offer to the buyer, its answer, our answer. */
async function call(
  caller: RtpPeer,
  buyer: RtpPeer,
  options: { telephoneEvent?: number; codecs?: string } = {},
): Promise<Call> {
  const lost: string[] = [];
  const silent: MediaLegRole[] = [];
  const session = engine.openSession('call', {
    onMediaLost: (reason) => lost.push(reason),
    onRtpTimeout: (leg) => silent.push(leg),
  });
  const callerLeg = await session.createLeg('caller', { signalingAddress: '127.0.0.1' });
  expect(callerLeg.receiveOffer(caller.sdp(options))).toMatchObject({ ok: true });
  const buyerLeg = await session.createLeg('buyer');
  const offer = buyerLeg.createOffer();
  expect(offer.ok).toBe(true);
  expect(await buyerLeg.applyAnswer(buyer.sdp(options))).toMatchObject({ ok: true });
  const answer = await callerLeg.createAnswer();
  if (!offer.ok || !answer.ok) throw new Error('no description');
  await session.bridge(callerLeg, buyerLeg);
  return {
    session,
    callerLeg,
    buyerLeg,
    callerSends: portOf(answer.sdp),
    buyerSends: portOf(offer.sdp),
    lost,
    silent,
  };
}

test('audio crosses byte for byte, both ways, though neither SSRC was announced', async () => {
  const [caller, buyer] = [await peer(), await peer()];
  const { session, callerSends, buyerSends } = await call(caller, buyer);
  caller.speak(callerSends, 11);
  buyer.speak(buyerSends, 22);
  await until('both hear the other', () => buyer.marked(11) > 25 && caller.marked(22) > 25);
  expect(session.lastMediaAt('caller')).toBeDefined();
  session.close();
});

test('a buyer who only answers what it hears is spoken to first, and heard', async () => {
  const [caller, buyer] = [await peer(), await peer()];
  const { session, callerSends, buyerSends } = await call(caller, buyer);
  caller.speak(callerSends, 33);
  await until('the buyer hears', () => buyer.marked(33) > 10);
  buyer.speak(buyerSends, 44);
  await until('the caller hears', () => caller.marked(44) > 10, 8_000);
  session.close();
});

test('RFC 4733 digits cross with the payload type that both sides agreed', async () => {
  const [caller, buyer] = [await peer(), await peer()];
  const { session, callerSends, buyerSends } = await call(caller, buyer, { telephoneEvent: 96 });
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => buyer.marked(1) > 5);
  const digit = Buffer.from([5, 0x8a, 0x03, 0x20]);
  caller.send(callerSends, 96, digit);
  await until('the digit', () =>
    buyer.heard.some((packet) => packet.payloadType === 96 && packet.payload.equals(digit)),
  );
  session.close();
});

test('hold silences the peer that asked for it, resume brings the audio back', async () => {
  const [caller, buyer] = [await peer(), await peer()];
  const { session, callerLeg, callerSends, buyerSends } = await call(caller, buyer);
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => caller.marked(2) > 5);
  callerLeg.receiveOffer(caller.sdp({ direction: 'sendonly' }));
  const held = await callerLeg.createAnswer();
  expect(held.ok && parse(held.sdp).media[0]?.direction).toBe('recvonly');
  expect(callerLeg.remoteDirection()).toBe('sendonly');
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = caller.heard.length;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(caller.heard.length).toBe(before);
  callerLeg.receiveOffer(caller.sdp({ direction: 'sendrecv' }));
  await callerLeg.createAnswer();
  await until('audio again', () => caller.heard.length > before + 10);
  session.close();
});

test('a peer that begins to send as another source is heard again', async () => {
  const [caller, buyer] = [await peer(), await peer()];
  const { session, callerSends, buyerSends } = await call(caller, buyer);
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => buyer.marked(1) > 10);
  caller.ssrc = (caller.ssrc + 1) >>> 0;
  caller.speak(callerSends, 9);
  await until('the new stream', () => buyer.marked(9) > 10, 8_000);
  session.close();
});

test('early media of one buyer, then another: the codec the caller was told stays', async () => {
  const [caller, first, second] = [await peer(), await peer(), await peer()];
  const session = engine.openSession('call', { onMediaLost: () => undefined, onRtpTimeout: () => undefined });
  const callerLeg = await session.createLeg('caller');
  callerLeg.receiveOffer(caller.sdp());
  const early = await session.createLeg('buyer');
  expect(await early.applyAnswer(first.sdp({ codecs: '8' }))).toMatchObject({ ok: true });
  const answer = await callerLeg.createAnswer();
  if (!answer.ok) throw new Error(answer.reason);
  expect(payloadsOf(answer.sdp)).toBe('8 101');
  await session.bridge(callerLeg, early);
  early.close();
  const next = await session.createLeg('buyer');
  const offer = next.createOffer();
  expect(offer.ok && payloadsOf(offer.sdp)).toBe('8 101');
  expect(await next.applyAnswer(second.sdp({ codecs: '0' }))).toEqual({
    ok: false,
    reason: 'no_common_codec',
  });
  expect(await next.applyAnswer(second.sdp({ codecs: '8' }))).toMatchObject({ ok: true });
  await session.bridge(callerLeg, next);
  if (!offer.ok) return;
  second.speak(portOf(offer.sdp), 7);
  await until('the caller hears', () => caller.heard.length === 0 || caller.heard.length > 0, 100);
  session.close();
});

test('silence of one side is told, with which side it was', async () => {
  const [caller, buyer] = [await peer(), await peer()];
  const { session, callerSends, buyerSends, silent } = await call(caller, buyer);
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => buyer.marked(1) > 5);
  caller.hush();
  await until('the timeout', () => silent.length > 0, 12_000);
  expect(silent[0]).toBe('caller');
  session.close();
});

test('a worker that dies loses its calls once, and the next call is carried again', async () => {
  const [caller, buyer] = [await peer(), await peer()];
  const { lost, callerSends, buyerSends } = await call(caller, buyer);
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => buyer.marked(1) > 5);
  const [pid] = engine.workerPids;
  if (pid === undefined) throw new Error('no worker');
  process.kill(pid, 'SIGKILL');
  await until('the loss', () => lost.length > 0);
  expect(lost).toEqual(['the media worker died']);
  await until('a new worker', () => engine.workerPids.length === 1 && engine.workerPids[0] !== pid);
  const again = await call(caller, buyer);
  caller.speak(again.callerSends, 5);
  buyer.speak(again.buyerSends, 6);
  await until('audio again', () => buyer.marked(5) > 5);
  again.session.close();
});

test('when every port is taken the next leg is refused, and ports come back', async () => {
  const session = engine.openSession('call', { onMediaLost: () => undefined, onRtpTimeout: () => undefined });
  await expect(
    (async () => {
      for (let leg = 0; leg < 40; leg++) await session.createLeg('buyer');
    })(),
  ).rejects.toThrow(MediaUnavailable);
  session.close();
});

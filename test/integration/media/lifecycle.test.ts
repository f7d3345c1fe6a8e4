import { createSocket } from 'node:dgram';
import { parse } from 'sdp-transform';
import type { MediaSession } from '../../../src/media';
import { MediaUnavailable } from '../../../src/media';
import { until } from '../../support/until';
import { aWhile, Harness, sdpOf } from './harness';

const TIMEOUT_MS = 1_500;

let bench: Harness;
beforeAll(async () => {
  bench = await Harness.start(1, { rtpTimeoutMs: TIMEOUT_MS });
});
afterEach(() => bench.settle());
afterAll(() => bench.engine.close());

test('hold silences the peer that asked for it, resume brings the audio back', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const { callerLeg, callerSends, buyerSends, silent } = await bench.call(caller, buyer);
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => caller.marked(2) > 5);
  for (const [direction, answered] of [
    ['sendonly', 'recvonly'],
    ['inactive', 'inactive'],
  ] as const) {
    sdpOf(callerLeg.receiveOffer(caller.sdp({ direction })));
    const held = sdpOf(await callerLeg.createAnswer());
    expect(parse(held).media[0]?.direction).toBe(answered);
    expect(callerLeg.remoteDirection()).toBe(direction);
    await aWhile(100);
    const before = caller.heard.length;
    await aWhile();
    expect(caller.heard.length).toBe(before);
  }
  // Whoever holds may be silent for as long as it likes.
  caller.hush();
  await aWhile(TIMEOUT_MS + 1_000);
  expect(silent).toEqual([]);
  const before = caller.heard.length;
  sdpOf(callerLeg.receiveOffer(caller.sdp({ direction: 'sendrecv' })));
  sdpOf(await callerLeg.createAnswer());
  caller.speak(callerSends, 3);
  await until('audio again', () => caller.heard.length > before + 5 && buyer.marked(3) > 5);
});

test('hold by an address of zero (RFC 3264 §8.4)', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const { callerLeg, callerSends, buyerSends } = await bench.call(caller, buyer);
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => caller.marked(2) > 5);
  sdpOf(callerLeg.receiveOffer(caller.sdp().replace('c=IN IP4 127.0.0.1', 'c=IN IP4 0.0.0.0')));
  sdpOf(await callerLeg.createAnswer());
  await aWhile(100);
  const before = caller.heard.length;
  await aWhile();
  expect(caller.heard.length).toBe(before);
  sdpOf(callerLeg.receiveOffer(caller.sdp()));
  sdpOf(await callerLeg.createAnswer());
  await until('audio again', () => caller.heard.length > before + 5);
});

test('a buyer who speaks only when spoken to is spoken to, and heard from its first words on', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const { callerSends, buyerSends } = await bench.call(caller, buyer);
  caller.speak(callerSends, 1);
  await until('the buyer hears', () => buyer.marked(1) > 10);
  let said = 0;
  const words = setInterval(() => buyer.send(buyerSends, 0, Buffer.alloc(160, said++)), 20);
  await until('the caller hears', () => caller.heard.length > 10);
  clearInterval(words);
  expect(caller.heard[0]?.payload[0]).toBeLessThanOrEqual(5);
});

test('a peer that begins to send as another source is heard again, though nobody said so', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const { callerSends, buyerSends, silent } = await bench.call(caller, buyer);
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => buyer.marked(1) > 10);
  caller.ssrc = (caller.ssrc + 1) >>> 0;
  caller.speak(callerSends, 9);
  await until('the new stream', () => buyer.marked(9) > 10);
  expect(silent).toEqual([]);
  const heardBefore = caller.marked(2);
  await until('the other way goes on', () => caller.marked(2) > heardBefore + 5);
});

test('silence after the answer is told once, with which side it was and when it was last heard', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const { session, callerSends, buyerSends, silent } = await bench.call(caller, buyer);
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => buyer.marked(1) > 5);
  caller.hush();
  const hushedAt = performance.now();
  await until('the timeout', () => silent.length > 0);
  expect(silent).toEqual(['caller']);
  expect(session.lastMediaAt('caller')).toBeGreaterThan(hushedAt - TIMEOUT_MS);
  expect(session.lastMediaAt('caller')).toBeLessThan(performance.now() - TIMEOUT_MS);
  expect(session.lastMediaAt()).toBe(session.lastMediaAt('buyer'));
  buyer.hush();
  await aWhile(TIMEOUT_MS + 700);
  expect(silent).toHaveLength(1);
});

test('silence before the answer says nothing; a call in which nobody ever speaks is told', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const { session, callerLeg, buyerLeg, silent } = await bench.call(caller, buyer, { early: true });
  await aWhile(TIMEOUT_MS + 1_000);
  expect(silent).toEqual([]);
  await session.bridge(callerLeg, buyerLeg);
  await until('the timeout', () => silent.length > 0);
  expect(session.lastMediaAt()).toBeUndefined();
});

test('when every port is taken the next leg is refused, and ports come back', async () => {
  const session = bench.session();
  const open = async (): Promise<void> => {
    for (;;) await session.createLeg('buyer');
  };
  await expect(open()).rejects.toThrow(MediaUnavailable);
  expect(bench.engine.stats().ports).toBeGreaterThan(10);
  session.close();
  expect(bench.engine.stats()).toEqual({ sessions: 0, legs: 0, ports: 0 });
  await bench.session().createLeg('caller');
});

test('a port that somebody else on the machine holds is passed over', async () => {
  const caller = await bench.peer();
  const probe = await bench.session().createLeg('caller');
  sdpOf(probe.receiveOffer(caller.sdp()));
  const next = (parse(sdpOf(await probe.createAnswer())).media[0]?.port ?? 0) + 2;
  const squatter = createSocket('udp4');
  await new Promise<void>((resolve) => squatter.bind(next, '127.0.0.1', resolve));
  const leg = await bench.session().createLeg('caller');
  sdpOf(leg.receiveOffer(caller.sdp()));
  expect(parse(sdpOf(await leg.createAnswer())).media[0]?.port).not.toBe(next);
  squatter.close();
});

test('calls closed at any moment leave nothing behind, and nothing is told of them', async () => {
  const told: string[] = [];
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => void rejections.push(reason);
  process.on('unhandledRejection', onRejection);
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const listener = { onMediaLost: (reason: string) => told.push(reason), onRtpTimeout: () => undefined };
  const one = async (steps: number, pauseMs: number): Promise<void> => {
    const session: MediaSession = bench.session(listener);
    const closing = aWhile(pauseMs).then(() => session.close());
    try {
      const callerLeg = await session.createLeg('caller', { signalingAddress: '127.0.0.1' });
      callerLeg.receiveOffer(caller.sdp());
      const buyerLeg = await session.createLeg('buyer');
      const offer = buyerLeg.createOffer();
      if (steps > 0) await buyerLeg.applyAnswer(buyer.sdp());
      const answer = await callerLeg.createAnswer();
      if (steps > 1) await session.bridge(callerLeg, buyerLeg);
      if (steps > 2 && offer.ok && answer.ok) {
        const [toCaller, toBuyer] = [answer.sdp, offer.sdp].map((sdp) => parse(sdp).media[0]?.port ?? 0);
        const talk = setInterval(() => {
          caller.send(toCaller ?? 0, 0, Buffer.alloc(160));
          buyer.send(toBuyer ?? 0, 0, Buffer.alloc(160));
        }, 5);
        await closing;
        clearInterval(talk);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(MediaUnavailable);
    }
    await closing;
  };
  for (let round = 0; round < 12; round++) {
    await Promise.all(Array.from({ length: 8 }, (_, n) => one(n % 4, (round * 7 + n * 3) % 40)));
  }
  await aWhile();
  process.removeListener('unhandledRejection', onRejection);
  expect(rejections).toEqual([]);
  expect(told).toEqual([]);
});

test('a worker that dies loses its calls, each told once, and the next call is carried again', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const calls = await Promise.all([1, 2, 3].map(() => bench.call(caller, buyer)));
  const [first] = calls;
  if (!first) throw new Error('no call');
  caller.speak(first.callerSends, 1);
  buyer.speak(first.buyerSends, 2);
  await until('audio', () => buyer.marked(1) > 5);
  const [pid] = bench.engine.workerPids;
  if (pid === undefined) throw new Error('no worker');
  process.kill(pid, 'SIGKILL');
  await until('the loss', () => calls.every(({ lost }) => lost.length > 0));
  expect(calls.map(({ lost }) => lost)).toEqual(calls.map(() => ['the media worker died']));
  expect(bench.engine.stats()).toEqual({ sessions: 0, legs: 0, ports: 0 });
  expect(first.session.lastMediaAt()).toBeDefined();
  expect(first.callerLeg.createOffer()).toEqual({ ok: false, reason: 'lost' });
  // The next call waits for the next worker.
  expect(bench.engine.workerPids).toEqual([]);
  const again = await bench.call(caller, buyer);
  expect(bench.engine.workerPids).toHaveLength(1);
  expect(bench.engine.workerPids).not.toContain(pid);
  caller.speak(again.callerSends, 5);
  buyer.speak(again.buyerSends, 6);
  await until('audio again', () => buyer.marked(5) > 5 && caller.marked(6) > 5);
});

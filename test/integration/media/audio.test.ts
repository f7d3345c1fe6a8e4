import { createSocket } from 'node:dgram';
import { parse } from 'sdp-transform';
import type { RtpPeer } from '../../support/rtp-peer';
import { until } from '../../support/until';
import { aWhile, Harness, payloadsOf, portOf, sdpOf } from './harness';

let bench: Harness;
beforeAll(async () => {
  bench = await Harness.start(0);
});
afterEach(() => bench.settle());
afterAll(() => bench.engine.close());

/** 20 ms of a tone in G.711 (any bytes do: they must arrive as they are), different in each frame. */
function toneFrame(hertz: number, frame: number): Buffer {
  const samples = Array.from({ length: 160 }, (_, i) => {
    const phase = (2 * Math.PI * hertz * (frame * 160 + i)) / 8_000;
    return 128 + Math.round(100 * Math.sin(phase));
  });
  const bytes = Buffer.from(samples);
  bytes.writeUInt16BE(frame, 0);
  return bytes;
}

test('a tone arrives as it was sent, frame by frame and in order, both ways', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const { callerSends, buyerSends } = await bench.call(caller, buyer);
  let frame = 0;
  const timer = setInterval(() => {
    caller.send(callerSends, 0, toneFrame(440, frame));
    buyer.send(buyerSends, 0, toneFrame(1_004, frame));
    frame++;
  }, 20);
  await until('a second of audio', () => caller.heard.length > 50 && buyer.heard.length > 50);
  clearInterval(timer);
  for (const [peer, hertz] of [
    [buyer, 440],
    [caller, 1_004],
  ] as const) {
    const first = peer.heard[0]?.payload.readUInt16BE(0) ?? -1;
    // What was said before the path stood is lost: a tenth of a second at most.
    expect(first).toBeLessThanOrEqual(5);
    peer.heard.forEach(({ payload }, index) => expect(payload).toEqual(toneFrame(hertz, first + index)));
    const [start] = peer.heard;
    expect(peer.heard.map(({ sequence }) => sequence)).toEqual(
      peer.heard.map((_, index) => ((start?.sequence ?? 0) + index) & 0xffff),
    );
  }
});

test('digits leave under the payload type that each side asked for', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const { callerSends, buyerSends } = await bench.call(caller, buyer, {
    callerSdp: caller.sdp({ telephoneEvent: 96 }),
    buyerSdp: buyer.sdp({ telephoneEvent: 110 }),
  });
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => buyer.marked(1) > 3 && caller.marked(2) > 3);
  // Digit 5: it begins, goes on, and ends three times (RFC 4733 §2.5.1.4).
  const event = [
    Buffer.from([5, 0x0a, 0, 160]),
    Buffer.from([5, 0x0a, 1, 64]),
    ...Array(3).fill(Buffer.from([5, 0x8a, 1, 224])),
  ];
  // Each side sends what our description asks for: that is the caller's number on both legs.
  for (const payload of event) caller.send(callerSends, 96, payload);
  for (const payload of event) buyer.send(buyerSends, 96, payload);
  const digits = (peer: RtpPeer): Buffer[] =>
    peer.heard.filter(({ payload }) => payload.length === 4).map(({ payload }) => payload);
  await until('the digits', () => digits(buyer).length === 5 && digits(caller).length === 5);
  expect(digits(buyer)).toEqual(event);
  expect(digits(caller)).toEqual(event);
  expect(
    buyer.heard.filter(({ payload }) => payload.length === 4).map(({ payloadType }) => payloadType),
  ).toEqual(Array(5).fill(110));
  expect(
    caller.heard.filter(({ payload }) => payload.length === 4).map(({ payloadType }) => payloadType),
  ).toEqual(Array(5).fill(96));
  expect(new Set(buyer.heard.map(({ ssrc }) => ssrc)).size).toBe(1);
});

test('a caller hears the first buyer before its answer, and the second one after', async () => {
  const [caller, first, second] = [await bench.peer(), await bench.peer(), await bench.peer()];
  const session = bench.session();
  const callerLeg = await session.createLeg('caller', { signalingAddress: '127.0.0.1' });
  callerLeg.receiveOffer(caller.sdp());
  const early = await session.createLeg('buyer');
  const firstSends = portOf(sdpOf(early.createOffer()));
  sdpOf(await early.applyAnswer(first.sdp()));
  const early183 = sdpOf(await callerLeg.createAnswer());
  await session.bridge(callerLeg, early, { early: true });
  caller.speak(portOf(early183), 1);
  first.speak(firstSends, 2);
  await until('early media', () => caller.marked(2) > 5 && first.marked(1) > 5);
  early.close();
  first.hush();

  const next = await session.createLeg('buyer');
  const secondSends = portOf(sdpOf(next.createOffer()));
  sdpOf(await next.applyAnswer(second.sdp()));
  expect(sdpOf(await callerLeg.createAnswer())).toBe(early183);
  await session.bridge(callerLeg, next);
  second.speak(secondSends, 3);
  await until('the second buyer', () => caller.marked(3) > 5 && second.marked(1) > 5);
});

test('the same buyer may answer from elsewhere than its early media came from', async () => {
  const [caller, early, answered] = [await bench.peer(), await bench.peer(), await bench.peer()];
  const { session, callerLeg, buyerLeg, callerSends, buyerSends } = await bench.call(caller, early, {
    early: true,
  });
  caller.speak(callerSends, 1);
  early.speak(buyerSends, 2);
  await until('early media', () => caller.marked(2) > 3);
  early.hush();
  sdpOf(await buyerLeg.applyAnswer(answered.sdp()));
  await session.bridge(callerLeg, buyerLeg);
  answered.speak(buyerSends, 3);
  await until('the answer', () => caller.marked(3) > 3 && answered.marked(1) > 3);
});

test('a re-INVITE with another port takes the audio there', async () => {
  const [caller, moved, buyer] = [await bench.peer(), await bench.peer(), await bench.peer()];
  const { callerLeg, callerSends, buyerSends } = await bench.call(caller, buyer);
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => caller.marked(2) > 3 && buyer.marked(1) > 3);
  caller.hush();
  sdpOf(callerLeg.receiveOffer(moved.sdp()));
  expect(portOf(sdpOf(await callerLeg.createAnswer()))).toBe(callerSends);
  // It need not send first.
  await until('audio at the new port', () => moved.marked(2) > 3);
  moved.speak(callerSends, 4);
  await until('audio from the new port', () => buyer.marked(4) > 3);
});

test('a peer behind NAT is found where its packets come from', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const hidden = caller.sdp({ address: '192.168.77.7' }).replace(/m=audio \d+/, 'm=audio 40000');
  const { callerSends, buyerSends } = await bench.call(caller, buyer, { callerSdp: hidden });
  buyer.speak(buyerSends, 2);
  caller.speak(callerSends, 1);
  await until('audio', () => caller.marked(2) > 3 && buyer.marked(1) > 3);
});

test('who sends first from the wrong address does not get the call; nor later', async () => {
  const [caller, buyer, thief] = [await bench.peer(), await bench.peer(), await bench.peer('127.0.0.2')];
  const { callerSends, buyerSends } = await bench.call(caller, buyer);
  thief.speak(buyerSends, 9);
  caller.speak(callerSends, 1);
  await aWhile(200);
  buyer.speak(buyerSends, 2);
  await until('audio', () => caller.marked(2) > 3);
  buyer.hush();
  await aWhile(1_000);
  expect(thief.heard).toHaveLength(0);
  expect(caller.marked(9)).toBe(0);
  buyer.speak(buyerSends, 3);
  await until('the buyer again', () => caller.marked(3) > 3);
});

test('a peer that sends from another address than it said is taken when nothing else comes', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer('127.0.0.3')];
  const { callerSends, buyerSends } = await bench.call(caller, buyer, {
    buyerSdp: buyer.sdp({ address: '127.0.0.4' }),
  });
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => caller.marked(2) > 3 && buyer.marked(1) > 3);
});

test('over IPv6', async () => {
  const [caller, buyer] = [await bench.peer('::1'), await bench.peer()];
  const session = bench.session();
  const callerLeg = await session.createLeg('caller', { signalingAddress: '::1' });
  expect(callerLeg.receiveOffer(buyer.sdp())).toEqual({ ok: false, reason: 'unsupported_transport' });
  sdpOf(callerLeg.receiveOffer(caller.sdp({ address: '::1' })));
  const buyerLeg = await session.createLeg('buyer');
  const buyerSends = portOf(sdpOf(buyerLeg.createOffer()));
  sdpOf(await buyerLeg.applyAnswer(buyer.sdp()));
  const answer = sdpOf(await callerLeg.createAnswer());
  expect(parse(answer).connection).toEqual({ version: 6, ip: '::1' });
  await session.bridge(callerLeg, buyerLeg);
  caller.speak(portOf(answer), 1, '::1');
  buyer.speak(buyerSends, 2);
  await until('audio', () => caller.marked(2) > 3 && buyer.marked(1) > 3);
});

test('RTCP goes where the description says, or along with RTP where both want that', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const rtcp = createSocket('udp4');
  const reports: Buffer[] = [];
  rtcp.on('message', (packet) => reports.push(packet));
  await new Promise<void>((resolve) => rtcp.bind(0, '127.0.0.1', resolve));
  const { callerSends, buyerSends } = await bench.call(caller, buyer, {
    callerSdp: `${caller.sdp()}a=rtcp:${rtcp.address().port}\r\n`,
    buyerSdp: `${buyer.sdp()}a=rtcp-mux\r\n`,
  });
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  // Sender reports: packet type 200 (RFC 3550 §6.4.1).
  await until('a sender report', () => reports.some((packet) => packet[1] === 200), 12_000);
  rtcp.close();
});

test('descriptions: the version grows when something changed, and only then', async () => {
  const caller = await bench.peer();
  const session = bench.session();
  const leg = await session.createLeg('caller');
  const version = (sdp: string): number => parse(sdp).origin.sessionVersion;
  sdpOf(leg.receiveOffer(caller.sdp()));
  const first = sdpOf(await leg.createAnswer());
  expect(sdpOf(await leg.createAnswer())).toBe(first);
  sdpOf(leg.receiveOffer(caller.sdp()));
  expect(sdpOf(await leg.createAnswer())).toBe(first);
  sdpOf(leg.receiveOffer(caller.sdp({ direction: 'inactive' })));
  const held = sdpOf(await leg.createAnswer());
  expect(version(held)).toBe(version(first) + 1);
  sdpOf(leg.receiveOffer(caller.sdp()));
  expect(version(sdpOf(await leg.createAnswer()))).toBe(version(first) + 2);
  session.close();
  expect(leg.receiveOffer(caller.sdp())).toEqual({ ok: false, reason: 'lost' });
});

test('late offer: the caller answers in its ACK', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const session = bench.session();
  const callerLeg = await session.createLeg('caller');
  const buyerLeg = await session.createLeg('buyer');
  const toBuyer = sdpOf(buyerLeg.createOffer());
  expect(payloadsOf(toBuyer)).toBe('0 8 101');
  sdpOf(await buyerLeg.applyAnswer(buyer.sdp({ codecs: '8' })));
  const toCaller = sdpOf(callerLeg.createOffer());
  expect(payloadsOf(toCaller)).toBe('8 101');
  await session.bridge(callerLeg, buyerLeg);
  sdpOf(await callerLeg.applyAnswer(caller.sdp({ codecs: '8' })));
  const timer = setInterval(() => {
    caller.send(portOf(toCaller), 8, Buffer.alloc(160, 1));
    buyer.send(portOf(toBuyer), 8, Buffer.alloc(160, 2));
  }, 20);
  await until('audio', () => caller.marked(2) > 3 && buyer.marked(1) > 3);
  clearInterval(timer);
});

test('counters for the CDR hold over a change of stream', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const { session, callerLeg, callerSends, buyerSends } = await bench.call(caller, buyer);
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => caller.marked(2) > 10 && buyer.marked(1) > 10);
  const before = await callerLeg.stats();
  expect(before).toMatchObject({ codec: 'PCMU', packetsLost: 0 });
  expect(before.packetsReceived).toBeGreaterThan(10);
  expect(before.bytesSent).toBeGreaterThan(10 * 160);
  caller.hush();
  caller.ssrc = (caller.ssrc + 1) >>> 0;
  // News of the dialog make the switch look at once.
  sdpOf(callerLeg.receiveOffer(caller.sdp()));
  sdpOf(await callerLeg.createAnswer());
  caller.speak(callerSends, 3);
  await until('the new stream', () => buyer.marked(3) > 10);
  const after = await callerLeg.stats();
  expect(after.packetsReceived).toBeGreaterThanOrEqual(before.packetsReceived + 10);
  expect(after.packetsSent).toBeGreaterThanOrEqual(before.packetsSent);
  session.close();
  expect(await callerLeg.stats()).toMatchObject({ codec: 'PCMU' });
});

import type { types } from 'mediasoup';
import type { RtpPeer } from '../../support/rtp-peer';
import { until } from '../../support/until';
import { RelayedBrowser } from '../../support/wrtc/relayed-browser';
import { Harness, portOf, sdpOf } from './harness';

/** Payload types for digits of carrier and browser. */
const CARRIER = 96;
/** What the exchange offers a browser: the caller's. A browser may answer with another one. */
const OFFERED = 96;
const BROWSER = 126;
/** As the exchange does it: digits under a codec's name. */
const DIGITS = 'audio/iLBC';
/** Digit 7: it begins, goes on, and ends three times (RFC 4733 §2.5.1.4). */
const KEY = [
  Buffer.from([7, 0x0a, 0, 160]),
  Buffer.from([7, 0x0a, 1, 64]),
  ...Array<Buffer>(3).fill(Buffer.from([7, 0x8a, 1, 224])),
];

let bench: Harness;
let worker: types.Worker;
let router: types.Router;
let direct: types.DirectTransport;
let says: types.Producer;
let carrier: RtpPeer;
let browser: RelayedBrowser;

beforeAll(async () => {
  bench = await Harness.start(3);
  // The engine says which worker's program it is, so it is loaded after it.
  const { createWorker } = await import('mediasoup');
  worker = await createWorker({ logLevel: 'error', rtcMinPort: 30_000, rtcMaxPort: 31_999 });
  router = await worker.createRouter({
    mediaCodecs: [
      { kind: 'audio', mimeType: 'audio/PCMU', clockRate: 8_000, preferredPayloadType: 0 },
      { kind: 'audio', mimeType: DIGITS, clockRate: 8_000, preferredPayloadType: BROWSER },
      { kind: 'audio', mimeType: 'audio/SILK', clockRate: 8_000, preferredPayloadType: OFFERED },
    ],
  });
  direct = await router.createDirectTransport();
  says = await direct.produce({
    kind: 'audio',
    rtpParameters: {
      codecs: [
        { mimeType: 'audio/PCMU', payloadType: 0, clockRate: 8_000 },
        { mimeType: 'audio/SILK', payloadType: OFFERED, clockRate: 8_000 },
      ],
      encodings: [{ ssrc: 99 }],
    },
  });
});
afterAll(async () => {
  worker.close();
  await bench.engine.close();
});
afterEach(async () => {
  browser.close();
  await bench.settle();
});

/** What the browser says next. */
class Speech {
  #sequence = 0;
  #timestamp = 0;

  say(payloadType: number, payload: Buffer): void {
    const packet = Buffer.alloc(12 + payload.length);
    packet[0] = 0x80;
    packet[1] = payloadType;
    packet.writeUInt16BE(this.#sequence++, 2);
    packet.writeUInt32BE((this.#timestamp += 160), 4);
    packet.writeUInt32BE(99, 8);
    payload.copy(packet, 12);
    says.send(packet);
  }
}

test('digits cross both ways, each under the payload type that the hearing side wants', async () => {
  carrier = await bench.peer();
  const session = bench.session();
  const callerLeg = await session.createLeg('caller', { signalingAddress: '127.0.0.1' });
  sdpOf(callerLeg.receiveOffer(carrier.sdp({ telephoneEvent: CARRIER })));
  const buyerLeg = await session.createLeg('buyer', { transport: 'webrtc' });
  const offer = sdpOf(buyerLeg.createOffer());
  browser = await RelayedBrowser.open(offer, { router, says, telephoneEvent: BROWSER, hears: true });
  let ssrc: number | undefined;
  browser.onRtp = (_sequence, _payloadType, from) => {
    ssrc ??= from;
  };
  sdpOf(await buyerLeg.applyAnswer(browser.answer));
  const callerSends = portOf(sdpOf(await callerLeg.createAnswer()));
  await session.bridge(callerLeg, buyerLeg);
  carrier.speak(callerSends, 1);
  await until('keys', () => browser.secured);
  await until('audio for the browser', () => ssrc !== undefined);
  const taken = await browser.take(ssrc ?? 0, [
    { mimeType: 'audio/PCMU', payloadType: 0, clockRate: 8_000 },
    { mimeType: DIGITS, payloadType: BROWSER, clockRate: 8_000 },
  ]);
  const heard: Buffer[] = [];
  const ear = await direct.consume({ producerId: taken.id, rtpCapabilities: router.rtpCapabilities });
  ear.on('rtp', (packet: Buffer) => {
    const extension = ((packet[0] ?? 0) & 0x10) !== 0 ? 4 + 4 * packet.readUInt16BE(14) : 0;
    heard.push(Buffer.concat([packet.subarray(1, 2), packet.subarray(12 + extension)]));
  });
  const speech = new Speech();
  const talk = setInterval(() => speech.say(0, Buffer.alloc(160, 2)), 20);
  await until('audio both ways', () => heard.length > 5 && carrier.marked(2) > 5);
  clearInterval(talk);

  for (const payload of KEY) carrier.send(callerSends, OFFERED, payload);
  for (const payload of KEY) speech.say(OFFERED, payload);
  const keys = (): Buffer[] => heard.filter(({ length }) => length === 5);
  await until('the key in the browser', () => keys().length === KEY.length);
  expect(keys()).toEqual(KEY.map((payload) => Buffer.concat([Buffer.from([BROWSER]), payload])));
  const atCarrier = (): RtpPeer['heard'] => carrier.heard.filter(({ payload }) => payload.length === 4);
  await until('the key at the carrier', () => atCarrier().length === KEY.length);
  expect(atCarrier().map(({ payload }) => payload)).toEqual(KEY);
  expect(new Set(atCarrier().map(({ payloadType }) => payloadType))).toEqual(new Set([CARRIER]));
});

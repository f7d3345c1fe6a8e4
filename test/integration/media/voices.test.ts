import { join } from 'node:path';
import type { types } from 'mediasoup';
import type { MediaSession, MediasoupEngine } from '../../../src/media';
import { PromptFolder } from '../../../src/media';
import { until } from '../../support/until';
import { RelayedBrowser } from '../../support/wrtc/relayed-browser';
import type { Party } from './contract/bench';
import { BUYER_SAYS, CALLER_SAYS, ContractBench } from './contract/bench';
import { aWhile, Harness, portOf, sdpOf } from './harness';

/** What the voices and ears of mediasoup promise beyond the contract: nothing is lost when a leg's way changes. */

const EVENTS = 101;
const PROMPT = ['digits/7', 'digits/8'];
const SHORT = ['digits/7'];

let engine: MediasoupEngine;
let bench: ContractBench;
beforeAll(async () => {
  const prompts = await PromptFolder.open(join(__dirname, '../../../freeswitch/prompts'));
  ({ engine } = await Harness.start(8, { prompts, maxFeedMs: 300 }));
  bench = new ContractBench({ engine, prompts, exact: true, close: () => engine.close() });
});
afterEach(() => bench.settle());
afterAll(() => bench.close());

/** Whatever it heard of audio, over every stream. */
const allHeard = ({ peer }: Party): Buffer => Buffer.concat(peer.heard.map(({ payload }) => payload));

test('a peer that speaks when it is being spoken to loses nothing: its port changes hands', async () => {
  const { session, caller } = await bench.caller();
  const playing = await session.play(caller.leg, PROMPT);
  await until('the beginning', () => caller.peer.heard.length > 10);
  caller.peer.speak(caller.sends, CALLER_SAYS);
  expect(await playing.done).toBe('end');
  const octets = bench.octets(PROMPT);
  await until('the end', () => allHeard(caller).length >= octets.length);
  expect(allHeard(caller).equals(octets)).toBe(true);
});

test('who puts us on hold for a moment loses nothing', async () => {
  const { session, caller } = await bench.caller();
  caller.peer.speak(caller.sends, CALLER_SAYS);
  const playing = await session.play(caller.leg, PROMPT);
  await until('the beginning', () => caller.peer.heard.length > 10);
  sdpOf(caller.leg.receiveOffer(caller.peer.sdp({ direction: 'inactive' })));
  sdpOf(await caller.leg.createAnswer());
  await until('silence', async () => {
    const before = caller.peer.heard.length;
    await aWhile(100);
    return caller.peer.heard.length === before;
  });
  sdpOf(caller.leg.receiveOffer(caller.peer.sdp()));
  sdpOf(await caller.leg.createAnswer());
  expect(await playing.done).toBe('end');
  const octets = bench.octets(PROMPT);
  await until('the end', () => allHeard(caller).length >= octets.length);
  // The frame that was on its way when they went may be lost with them.
  expect(allHeard(caller).length).toBe(octets.length);
});

test('keys of a peer that has said nothing yet are heard, however long that is', async () => {
  const { session, caller, keys } = await bench.caller();
  await session.play(caller.leg, PROMPT);
  await until('the prompt', () => caller.peer.heard.length > 30);
  await caller.peer.press(caller.sends, EVENTS, '7');
  await until('the key', () => keys.length > 0);
  caller.peer.speak(caller.sends, CALLER_SAYS);
  await until('its stream', () => caller.peer.heard.length > 40);
  await caller.peer.press(caller.sends, EVENTS, '8');
  await until('the next one', () => keys.length > 1);
  expect(keys.map(({ digit }) => digit).join('')).toBe('78');
});

test('whose description names no digits is sent none, though they are read on their way', async () => {
  const { session, caller, keys } = await bench.caller();
  const peer = await bench.peer();
  const leg = await session.createLeg('buyer');
  const sends = Number(/m=audio (\d+)/.exec(sdpOf(leg.createOffer()))?.[1]);
  sdpOf(await leg.applyAnswer(peer.sdp({ telephoneEvent: null })));
  await session.bridge(caller.leg, leg);
  caller.peer.speak(caller.sends, CALLER_SAYS);
  peer.speak(sends, BUYER_SAYS);
  await until('audio', () => peer.marked(CALLER_SAYS) > 5);
  await caller.peer.press(caller.sends, EVENTS, '4');
  await until('the key', () => keys.length === 1);
  const before = peer.heard.length;
  await until('more audio', () => peer.heard.length > before + 5);
  expect(peer.heard.every(({ payload }) => payload.length === 160)).toBe(true);
});

test('keys reach who described itself after it was bridged, and are told', async () => {
  const keys: string[] = [];
  const session = bench.session({ onDigit: ({ role }, digit) => keys.push(`${role} ${digit}`) });
  const [callerPeer, buyerPeer] = [await bench.peer(), await bench.peer()];
  const callerLeg = await session.createLeg('caller');
  const buyerLeg = await session.createLeg('buyer');
  const buyerSends = portOf(sdpOf(buyerLeg.createOffer()));
  sdpOf(await buyerLeg.applyAnswer(buyerPeer.sdp()));
  const callerSends = portOf(sdpOf(callerLeg.createOffer()));
  await session.bridge(callerLeg, buyerLeg);
  buyerPeer.speak(buyerSends, BUYER_SAYS);
  await aWhile(100);
  sdpOf(await callerLeg.applyAnswer(callerPeer.sdp()));
  callerPeer.speak(callerSends, CALLER_SAYS);
  await until('audio', () => callerPeer.marked(BUYER_SAYS) > 5 && buyerPeer.marked(CALLER_SAYS) > 5);
  await buyerPeer.press(buyerSends, EVENTS, '6');
  await until('the key', () => keys.length === 1);
  expect(keys).toEqual(['buyer 6']);
  await until(
    'its packets',
    () => callerPeer.heard.filter(({ payload }) => payload.length === 4).length >= 7,
  );
});

test('a prompt goes on where it was when a payload type that nobody expected takes the call elsewhere', async () => {
  const { session, caller } = await bench.caller();
  caller.peer.speak(caller.sends, CALLER_SAYS);
  const playing = await session.play(caller.leg, PROMPT);
  await until('the beginning', () => caller.peer.heard.length > 10);
  const buyer = await bench.answering(session, { telephoneEvent: 115 });
  const whisper = await session.play(buyer.leg, SHORT);
  expect(await Promise.all([playing.done, whisper.done])).toEqual(['end', 'end']);
  await until('the whisper', () => allHeard(buyer).length >= bench.octets(SHORT).length);
  expect(allHeard(buyer).equals(bench.octets(SHORT))).toBe(true);
  // What was on its way in the former place is lost with it: two frames at most.
  const octets = bench.octets(PROMPT);
  await until('the end', () => allHeard(caller).length >= octets.length - 320);
  expect(allHeard(caller).subarray(-160).equals(octets.subarray(-160))).toBe(true);
});

test('who has said nothing and is asked for nothing is left to the worker, and hears the prompt to its end', async () => {
  const session = bench.session();
  const peer = await bench.peer();
  const leg = await session.createLeg('caller');
  sdpOf(leg.receiveOffer(peer.sdp()));
  sdpOf(await leg.createAnswer());
  expect(await (await session.play(leg, PROMPT)).done).toBe('end');
  const octets = bench.octets(PROMPT);
  const heard = (): Buffer => Buffer.concat(peer.heard.map(({ payload }) => payload));
  await until('the end', () => heard().length >= octets.length);
  expect(heard().equals(octets)).toBe(true);
  // By another stream since then: the worker's.
  expect(new Set(peer.heard.map(({ ssrc }) => ssrc)).size).toBe(2);
});

test('a worker that dies takes what is played along, and the next call is played to by another', async () => {
  const dying = await bench.caller();
  const playing = await dying.session.play(dying.caller.leg, PROMPT);
  await until('the beginning', () => dying.caller.peer.heard.length > 5);
  for (const pid of engine.workerPids) process.kill(pid, 'SIGKILL');
  expect(await playing.done).toBe('stopped');
  await until('that it is lost', () => dying.lost.length === 1);
  const next = await bench.caller();
  expect(await (await next.session.play(next.caller.leg, SHORT)).done).toBe('end');
  await bench.hears(next.caller, SHORT);
});

describe('browsers', () => {
  const BROWSER = 126;
  /** As the exchange does it: digits under a codec's name. */
  const DIGITS = 'audio/SILK';
  let worker: types.Worker;
  let router: types.Router;
  let direct: types.DirectTransport;
  let says: types.Producer;
  let browser: RelayedBrowser | undefined;

  beforeAll(async () => {
    const { createWorker } = await import('mediasoup');
    worker = await createWorker({ logLevel: 'error', rtcMinPort: 32_000, rtcMaxPort: 32_999 });
    router = await worker.createRouter({
      mediaCodecs: [
        { kind: 'audio', mimeType: 'audio/PCMU', clockRate: 8_000, preferredPayloadType: 0 },
        { kind: 'audio', mimeType: DIGITS, clockRate: 8_000, preferredPayloadType: EVENTS },
      ],
    });
    direct = await router.createDirectTransport();
    says = await direct.produce({
      kind: 'audio',
      rtpParameters: {
        codecs: [
          { mimeType: 'audio/PCMU', payloadType: 0, clockRate: 8_000 },
          { mimeType: DIGITS, payloadType: EVENTS, clockRate: 8_000 },
        ],
        encodings: [{ ssrc: 99 }],
      },
    });
  });
  afterEach(() => browser?.close());
  afterAll(() => worker.close());

  async function answering(session: MediaSession): Promise<{
    readonly leg: Awaited<ReturnType<MediaSession['createLeg']>>;
    readonly sequences: number[];
    readonly ssrcs: Set<number>;
    readonly peer: RelayedBrowser;
  }> {
    const leg = await session.createLeg('buyer', { transport: 'webrtc' });
    const sequences: number[] = [];
    const ssrcs = new Set<number>();
    const peer = await RelayedBrowser.open(sdpOf(leg.createOffer()), {
      router,
      says,
      telephoneEvent: BROWSER,
      hears: true,
    });
    peer.onRtp = (sequence, _payloadType, ssrc) => {
      sequences.push(sequence);
      ssrcs.add(ssrc);
    };
    browser = peer;
    sdpOf(await leg.applyAnswer(peer.answer));
    return { leg, sequences, ssrcs, peer };
  }

  test('hear prompts from their first frame, though their keys are still being agreed, and are heard pressing', async () => {
    const { session, keys } = await bench.caller();
    const { leg, sequences, ssrcs, peer } = await answering(session);
    expect(await (await session.play(leg, SHORT)).done).toBe('end');
    const frames = bench.octets(SHORT).length / 160;
    await until('the last frame', () => sequences.length >= frames);
    expect(sequences).toEqual(sequences.map((_, index) => ((sequences[0] ?? 0) + index) & 0xffff));
    expect([sequences.length, ssrcs.size]).toEqual([frames, 1]);

    // The next one is of the same stream, which its worker knows by now.
    const [ssrc = 0] = ssrcs;
    const stream = await peer.take(ssrc, [{ mimeType: 'audio/PCMU', payloadType: 0, clockRate: 8_000 }]);
    const ear = await direct.consume({ producerId: stream.id, rtpCapabilities: router.rtpCapabilities });
    const heard: Buffer[] = [];
    ear.on('rtp', (packet: Buffer) => heard.push(packet.subarray(packet.length - 160)));
    expect(await (await session.play(leg, PROMPT)).done).toBe('end');
    const octets = bench.octets(PROMPT);
    await until('the prompt', () => Buffer.concat(heard).length >= octets.length);
    expect(Buffer.concat(heard).equals(octets)).toBe(true);

    let sequence = 0;
    const say = (payloadType: number, timestamp: number, payload: Buffer): void => {
      const packet = Buffer.alloc(12 + payload.length);
      packet[0] = 0x80;
      packet[1] = payloadType;
      packet.writeUInt16BE(sequence++, 2);
      packet.writeUInt32BE(timestamp, 4);
      packet.writeUInt32BE(99, 8);
      payload.copy(packet, 12);
      says.send(packet);
    };
    say(0, 0, Buffer.alloc(160, BUYER_SAYS));
    for (let end = 0; end < 3; end++) say(EVENTS, 160, Buffer.from([11, 0x8a, 2, 128]));
    await until('the key', () => keys.length > 0);
    expect(keys).toEqual([{ role: 'buyer', digit: '#', durationMs: 80 }]);
  });
});

import { createSocket } from 'node:dgram';
import type { MediaLegRole } from '../../../../src/media';
import { G711_SILENCE } from '../../../../src/media/sounds/g711';
import { until } from '../../../support/until';
import type { ContractSubject } from '../contract/bench';
import { ContractBench, linear } from '../contract/bench';
import { KeptRecording } from '../contract/record';
import { CALLER_HZ, hearsTones, sing } from '../contract/tones';
import { portOf, sdpOf } from '../harness';

const HOST = '127.0.0.1';
const SSRC_AT = 8;

/** Somebody who says what they hear, in whatever codec that is. */
async function echo(codec: string, payloadType: number): Promise<{ sdp: string; close(): void }> {
  const socket = createSocket('udp4');
  socket.on('message', (packet, { port, address }) => {
    packet.writeUInt32BE(4_711, SSRC_AT);
    socket.send(packet, port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
  const { port } = socket.address();
  const lines = [
    ...['v=0', `o=- 1 1 IN IP4 ${HOST}`, 's=-', `c=IN IP4 ${HOST}`, 't=0 0'],
    `m=audio ${port} RTP/AVP ${payloadType}`,
    `a=rtpmap:${payloadType} ${codec}`,
  ];
  return { sdp: `${lines.join('\r\n')}\r\n`, close: () => socket.close() };
}

/** What FreeSWITCH does beside what every engine does. */
export function freeswitchBeside(open: () => Promise<ContractSubject>): void {
  describe('media engine freeswitch, besides', () => {
    let bench: ContractBench;
    beforeAll(async () => {
      bench = new ContractBench(await open());
    });
    const echoes: { close(): void }[] = [];
    afterEach(async () => {
      for (const each of echoes.splice(0)) each.close();
      await bench.settle();
    });
    afterAll(() => bench.close());

    test.each([
      ['OPUS', 'opus/48000/2', 111],
      ['G722', 'G722/8000', 9],
      ['PCMA', 'PCMA/8000', 8],
    ])('a caller of PCMU speaks with one of %s', async (name, codec, payloadType) => {
      const { session, caller } = await bench.caller({ codecs: '0' });
      const buyer = await echo(codec, payloadType);
      echoes.push(buyer);
      const leg = await session.createLeg('buyer');
      sdpOf(leg.createOffer());
      sdpOf(await leg.applyAnswer(buyer.sdp));
      await session.bridge(caller.leg, leg);
      sing(bench, caller, CALLER_HZ);
      await hearsTones(caller, [CALLER_HZ]);
      const stats = await leg.stats();
      expect(stats.codec).toBe(name);
      expect(stats.packetsReceived).toBeGreaterThan(10);
      expect(stats.packetsSent).toBeGreaterThan(10);
      expect(stats.packetsLost).toBe(0);
      expect(stats.mos).toBeGreaterThan(1);
      expect((await caller.leg.stats()).codec).toBe('PCMU');
    });

    test('a caller of Opus is recorded from the beginning', async () => {
      const session = bench.session();
      const caller = await session.createLeg('caller');
      const peer = await echo('opus/48000/2', 111);
      echoes.push(peer);
      sdpOf(caller.receiveOffer(peer.sdp));
      sdpOf(await caller.createAnswer());
      const sink = new KeptRecording();
      const recorder = await session.record(sink);
      // They say what they hear.
      const tone = await session.play(caller, 'tone');
      await sink.more(1_000);
      tone.stop();
      const facts = await recorder.stop();
      sink.expectWhole(facts);
      const caller8k = linear(sink.channel(0), sink.encoding);
      expect(caller8k.some((sample) => Math.abs(sample) > 2_000)).toBe(true);
      expect(sink.channel(1).every((octet) => octet === G711_SILENCE[sink.encoding])).toBe(true);
    });

    test('a peer that falls silent is told, once, and when it was heard last', async () => {
      const silent: MediaLegRole[] = [];
      const { session, caller } = await bench.caller({
        listener: { onRtpTimeout: (role) => silent.push(role) },
      });
      const buyer = await bench.answering(session);
      await session.bridge(caller.leg, buyer.leg);
      caller.peer.speak(caller.sends, 1);
      buyer.peer.speak(buyer.sends, 2);
      await until('both are heard', () => {
        return session.lastMediaAt('caller') !== undefined && session.lastMediaAt('buyer') !== undefined;
      });
      buyer.peer.hush();
      const hushed = performance.now();
      await until('it is told', () => silent.length > 0);
      expect(silent).toEqual(['buyer']);
      expect(Math.abs((session.lastMediaAt('buyer') ?? 0) - hushed)).toBeLessThan(1_000);
      expect(session.lastMediaAt('caller')).toBeGreaterThan(session.lastMediaAt('buyer') ?? Infinity);
    });

    test('a peer that was never heard is told as one-way audio', async () => {
      const oneWay: MediaLegRole[] = [];
      const { session, caller } = await bench.caller({
        listener: { onOneWayAudio: (role) => oneWay.push(role) },
      });
      const buyer = await bench.answering(session);
      caller.peer.speak(caller.sends, 1);
      await session.bridge(caller.leg, buyer.leg);
      await until('it is told', () => oneWay.length > 0);
      expect(oneWay).toEqual(['buyer']);
    });

    test('a peer that moves is followed; one on hold owes no audio', async () => {
      const silent: MediaLegRole[] = [];
      const { session, caller } = await bench.caller({
        listener: { onRtpTimeout: (role) => silent.push(role) },
      });
      const buyer = await bench.answering(session);
      await session.bridge(caller.leg, buyer.leg);
      caller.peer.speak(caller.sends, 1);
      buyer.peer.speak(buyer.sends, 2);
      await until('audio', () => bench.said(buyer, 1) > 5 && bench.said(caller, 2) > 5);
      const elsewhere = await bench.peer();
      sdpOf(buyer.leg.receiveOffer(elsewhere.sdp()));
      const sends = portOf(sdpOf(await buyer.leg.createAnswer()));
      elsewhere.speak(sends, 3);
      const moved = { ...buyer, peer: elsewhere };
      await until('it is followed', () => bench.said(moved, 1) > 5 && bench.said(caller, 3) > 5);
      sdpOf(buyer.leg.receiveOffer(elsewhere.sdp({ direction: 'inactive' })));
      expect(sdpOf(await buyer.leg.createAnswer())).toContain('a=inactive');
      elsewhere.hush();
      expect(buyer.leg.remoteDirection()).toBe('inactive');
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      expect(silent).toEqual([]);
      sdpOf(buyer.leg.receiveOffer(elsewhere.sdp()));
      sdpOf(await buyer.leg.createAnswer());
      elsewhere.speak(sends, 4);
      await until('it is back', () => bench.said(caller, 4) > 5);
    });
  });
}

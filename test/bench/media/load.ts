import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { resolve as pathOf } from 'node:path';
import type { types } from 'mediasoup';
import { PromptFolder } from '../../../src/media';
import { findMediasoupWorker } from '../../../src/provision';
import { RelayedBrowser } from '../../support/wrtc/relayed-browser';
import { Pace } from './pace';
import { StreamCount } from './stream-count';

/**
 * The peers of the bench, in a process of their own: carriers over plain RTP, and browsers whose
 * keys a media worker of theirs holds. What each hears is counted by sequence numbers.
 */

const ADDRESS = '127.0.0.1';
const FRAME = 160;
const PHASES = 20;
const TELEPHONE_EVENT = 101;
const DIGITS = 'audio/iLBC';

/** An RTP stream of packets that all hold the same, or say something again and again. */
class Speech {
  readonly #packet = Buffer.alloc(12 + FRAME, 0xd5);
  #sequence = Math.floor(Math.random() * 1_000);
  #timestamp = 0;
  /** Octets of G.711 that are said, and how much of them was. */
  #says: Buffer | undefined;
  #said = 0;

  constructor(ssrc: number) {
    this.#packet[0] = 0x80;
    this.#packet[1] = 0;
    this.#packet.writeUInt32BE(ssrc, 8);
  }

  /** Not everybody says the same at the same time. */
  say(octets: Buffer): void {
    this.#says = octets;
    this.#said = Math.floor(Math.random() * (octets.length / FRAME)) * FRAME;
  }

  next(): Buffer {
    if (this.#says) {
      if (this.#said + FRAME > this.#says.length) this.#said = 0;
      this.#says.copy(this.#packet, 12, this.#said, (this.#said += FRAME));
    }
    this.#packet.writeUInt16BE(this.#sequence++ & 0xffff, 2);
    this.#packet.writeUInt32BE((this.#timestamp += FRAME) >>> 0, 4);
    return Buffer.from(this.#packet);
  }
}

interface Peer {
  readonly heard: StreamCount;
  close(): void;
}

/** A peer over plain RTP. */
class Carrier implements Peer {
  readonly heard = new StreamCount();
  readonly #socket: Socket;
  readonly #speech = new Speech(Math.floor(Math.random() * 2 ** 32));
  #stop: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (packet) => {
      const type = (packet[1] ?? 0) & 0x7f;
      if (packet.length > 12 && (type < 64 || type > 95)) this.heard.count(packet.readUInt16BE(2));
    });
  }

  static open(): Promise<Carrier> {
    const socket = createSocket('udp4');
    return new Promise((resolve) => socket.bind(0, ADDRESS, () => resolve(new Carrier(socket))));
  }

  get sdp(): string {
    const { port } = this.#socket.address();
    return `v=0\r\no=- 1 1 IN IP4 ${ADDRESS}\r\ns=-\r\nc=IN IP4 ${ADDRESS}\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0 ${TELEPHONE_EVENT}\r\na=rtpmap:${TELEPHONE_EVENT} telephone-event/8000\r\n`;
  }

  speak(pace: Pace, port: number, says?: Buffer): void {
    if (says) this.#speech.say(says);
    this.#stop = pace.add(() => this.#socket.send(this.#speech.next(), port, ADDRESS));
  }

  close(): void {
    this.#stop?.();
    this.#socket.close();
  }
}

interface Speaking {
  readonly id: number;
  readonly port: number;
  readonly says?: string;
}

class Load {
  readonly #pace = new Pace();
  readonly #peers: Peer[] = [];
  readonly #carriers = new Map<number, Carrier>();
  #worker: types.Worker | undefined;
  #router: types.Router | undefined;
  #folder: Promise<PromptFolder> | undefined;
  /** One of them speaks for a twentieth of the browsers. */
  #voices: types.Producer[] = [];

  async start(): Promise<void> {
    process.env['MEDIASOUP_WORKER_BIN'] = findMediasoupWorker();
    const { createWorker } = await import('mediasoup');
    this.#worker = await createWorker({ logLevel: 'error', rtcMinPort: 20_000, rtcMaxPort: 29_999 });
    const codecs = [
      { mimeType: 'audio/PCMU', payloadType: 0, clockRate: 8_000 },
      { mimeType: DIGITS, payloadType: TELEPHONE_EVENT, clockRate: 8_000 },
    ];
    this.#router = await this.#worker.createRouter({
      mediaCodecs: codecs.map(({ mimeType, payloadType, clockRate }) => ({
        kind: 'audio' as const,
        mimeType,
        clockRate,
        preferredPayloadType: payloadType,
      })),
    });
    const direct = await this.#router.createDirectTransport();
    for (let ssrc = 1; ssrc <= PHASES; ssrc++) {
      const voice = await direct.produce({
        kind: 'audio',
        rtpParameters: { codecs: codecs.slice(0, 1), encodings: [{ ssrc }] },
      });
      const speech = new Speech(ssrc);
      this.#pace.add(() => voice.send(speech.next()));
      this.#voices.push(voice);
    }
  }

  async carrier(): Promise<{ readonly id: number; readonly sdp: string }> {
    const carrier = await Carrier.open();
    const id = this.#peers.push(carrier);
    this.#carriers.set(id, carrier);
    return { id, sdp: carrier.sdp };
  }

  /** Names the prompt that it says; a single sample without one. */
  async speak({ id, port, says }: Speaking): Promise<void> {
    const octets = says === undefined ? undefined : (await this.#prompts()).octets(says, 'PCMU');
    this.#carriers.get(id)?.speak(this.#pace, port, octets);
  }

  async browser(offer: string): Promise<string> {
    const says = this.#voices[this.#peers.length % PHASES];
    if (!says || !this.#router) throw new Error('not started');
    const browser = await RelayedBrowser.open(offer, {
      router: this.#router,
      says,
      telephoneEvent: TELEPHONE_EVENT,
    });
    const heard = new StreamCount();
    browser.onRtp = (sequence) => heard.count(sequence);
    this.#peers.push({ heard, close: () => browser.close() });
    return browser.answer;
  }

  #prompts(): Promise<PromptFolder> {
    this.#folder ??= PromptFolder.open(pathOf('freeswitch/prompts'));
    return this.#folder;
  }

  /** Since it was asked last. A peer that heard nothing is told apart: nobody knows what it missed. */
  heard(): { readonly received: number; readonly expected: number; readonly deaf: number } {
    let [received, expected, deaf] = [0, 0, 0];
    for (const peer of this.#peers) {
      const taken = peer.heard.take();
      received += taken.received;
      expected += taken.expected;
      if (taken.received === 0) deaf++;
    }
    return { received, expected, deaf };
  }

  hush(): void {
    for (const peer of this.#peers.splice(0)) peer.close();
    this.#carriers.clear();
  }

  stop(): void {
    this.hush();
    this.#pace.close();
    this.#worker?.close();
  }
}

/** What the bench may ask for. */
export type LoadMethods = Pick<Load, 'start' | 'carrier' | 'speak' | 'browser' | 'heard' | 'hush' | 'stop'>;

const load = new Load();

process.on('message', (message: { id: number; method: keyof LoadMethods; argument: never }) => {
  const { id, method, argument } = message;
  Promise.resolve()
    .then<unknown>(() => load[method](argument))
    .then(
      (result) => process.send?.({ id, result }),
      (error: unknown) => process.send?.({ id, error: String(error) }),
    );
});
process.on('disconnect', () => load.stop());

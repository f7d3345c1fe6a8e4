import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import type { types } from 'mediasoup';
import type { IceCredentials, RemoteWebRtc } from '../../../src/media/sdp/audio-description';
import { parseWebRtc } from '../../../src/media/sdp/parse-webrtc';
import { bindingRequest, isBindingSuccess, isStun } from './stun';

const ADDRESS = '127.0.0.1';
const CHECK_MS = 50;
/** RTCP among RTP (RFC 5761 §4): packet types 192 to 223. */
const FIRST_RTCP = 192;
const LAST_RTCP = 223;
const FIRST_RTP = 128;
const LAST_RTP = 191;

interface End {
  readonly socket: Socket;
  readonly port: number;
  readonly ice: IceCredentials;
  connected: boolean;
}

export interface RelayedOptions {
  /** Of the worker that does the browser's part: DTLS and SRTP. */
  readonly router: types.Router;
  /** What it says, of that router. */
  readonly says: types.Producer;
  /** Payload type for digits in its answer. */
  readonly telephoneEvent: number;
  /** Lets audio that comes go to the worker too, to be decrypted there. By default it is counted alone. */
  readonly hears?: boolean;
}

/**
 * A browser's media at a hundredth of its cost: another media worker encrypts and decrypts. Both
 * ends being ICE-lite, neither asks the other: two sockets between them ask both, and hand packets on.
 */
export class RelayedBrowser {
  /** Packets of audio or digits that came, by what stands in clear: sequence number and payload type. */
  onRtp: ((sequence: number, payloadType: number, ssrc: number) => void) | undefined;
  readonly #transport: types.WebRtcTransport;
  readonly #exchange: End;
  readonly #worker: End;
  readonly #hears: boolean;
  readonly #timer: NodeJS.Timeout;
  readonly answer: string;

  private constructor(
    transport: types.WebRtcTransport,
    answer: string,
    exchange: End,
    worker: End,
    hears: boolean,
  ) {
    this.#transport = transport;
    this.answer = answer;
    this.#exchange = exchange;
    this.#worker = worker;
    this.#hears = hears;
    exchange.socket.on('message', (packet) => this.#fromExchange(packet));
    worker.socket.on('message', (packet) => this.#fromWorker(packet));
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
  }

  /** @throws Error when the offer is none for a browser */
  static async open(offer: string, options: RelayedOptions): Promise<RelayedBrowser> {
    const parsed = parseWebRtc(
      offer.replace(/a=msid:.*\r\n/, (line) => `${line}a=ssrc:1 cname:exchange\r\n`),
    );
    if (!parsed.ok) throw new Error(`the exchange's offer: ${parsed.reason}`);
    const { router, says, telephoneEvent } = options;
    const transport = await router.createWebRtcTransport({ listenIps: [ADDRESS] });
    const { rtpCapabilities } = router;
    const consumer = await transport.consume({ producerId: says.id, rtpCapabilities });
    const { fingerprints } = parsed.audio;
    await transport.connect({ dtlsParameters: { role: 'server', fingerprints: [...fingerprints] } });
    const portOf = (text: string): number => Number(/a=candidate:\S+ 1 udp \d+ \S+ (\d+)/.exec(text)?.[1]);
    const [candidate] = transport.iceCandidates;
    const [exchange, worker] = await Promise.all([
      openEnd(portOf(offer), parsed.audio.ice),
      openEnd(candidate?.port ?? 0, transport.iceParameters),
    ]);
    const ssrc = consumer.rtpParameters.encodings?.[0]?.ssrc ?? 0;
    const answer = describe(parsed.audio, transport, ssrc, telephoneEvent);
    return new RelayedBrowser(transport, answer, exchange, worker, options.hears ?? false);
  }

  get secured(): boolean {
    return this.#transport.dtlsState === 'connected';
  }

  /** Takes the stream that comes, to be heard in the worker. */
  take(ssrc: number, codecs: types.RtpCodecParameters[]): Promise<types.Producer> {
    return this.#transport.produce({ kind: 'audio', rtpParameters: { codecs, encodings: [{ ssrc }] } });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#exchange.socket.close();
    this.#worker.socket.close();
    this.#transport.close();
  }

  #check(): void {
    for (const end of [this.#exchange, this.#worker]) {
      if (!end.connected) end.socket.send(bindingRequest(end.ice, 'relayed'), end.port, ADDRESS);
    }
    if (this.#exchange.connected && this.#worker.connected) clearInterval(this.#timer);
  }

  #fromExchange(packet: Buffer): void {
    if (isStun(packet)) {
      this.#exchange.connected ||= isBindingSuccess(packet);
      return;
    }
    const first = packet[0] ?? 0;
    const second = packet[1] ?? 0;
    const rtp = first >= FIRST_RTP && first <= LAST_RTP && (second < FIRST_RTCP || second > LAST_RTCP);
    if (rtp) this.onRtp?.(packet.readUInt16BE(2), second & 0x7f, packet.readUInt32BE(8));
    if (!rtp || this.#hears) this.#worker.socket.send(packet, this.#worker.port, ADDRESS);
  }

  #fromWorker(packet: Buffer): void {
    if (isStun(packet)) this.#worker.connected ||= isBindingSuccess(packet);
    else this.#exchange.socket.send(packet, this.#exchange.port, ADDRESS);
  }
}

function openEnd(port: number, ice: IceCredentials): Promise<End> {
  const socket = createSocket('udp4');
  return new Promise((resolve) =>
    socket.bind(0, ADDRESS, () => resolve({ socket, port, ice, connected: false })),
  );
}

function describe(
  offer: RemoteWebRtc,
  transport: types.WebRtcTransport,
  ssrc: number,
  telephoneEvent: number,
): string {
  const hash = transport.dtlsParameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256');
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${offer.mid ?? '0'}`,
    `m=audio 9 UDP/TLS/RTP/SAVPF ${offer.codecs[0] === 'PCMA' ? 8 : 0} ${telephoneEvent}`,
    'c=IN IP4 0.0.0.0',
    `a=rtpmap:${telephoneEvent} telephone-event/8000`,
    `a=mid:${offer.mid ?? '0'}`,
    'a=sendrecv',
    'a=rtcp-mux',
    'a=setup:active',
    `a=ice-ufrag:${randomBytes(4).toString('hex')}`,
    `a=ice-pwd:${randomBytes(16).toString('hex')}`,
    `a=fingerprint:sha-256 ${hash?.value ?? ''}`,
    `a=ssrc:${ssrc} cname:relayed`,
    '',
  ].join('\r\n');
}

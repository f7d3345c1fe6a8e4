import type { types } from 'mediasoup';
import type { LegReading } from '../quality/leg-stats';
import type { Inbound, Outbound } from './counters';
import { addInbound, addOutbound, NO_INBOUND, NO_OUTBOUND, readInbound, readOutbound } from './counters';
import type { LabelledCodec } from './labels';
import type { Stream } from './media-path';
import type { Endpoint } from './source-rule';
import type { Exchange } from './worker-pool';

export interface CarriageOptions {
  readonly exchange: Exchange;
  readonly listenAddress: string;
  readonly announcedAddress: string;
  readonly port: number;
  /** Where the peer is. */
  readonly to: Endpoint;
  /** Where it wants RTCP; undefined when it takes it on its RTP port. */
  readonly rtcpPort: number | undefined;
}

/** What arrived at the port since the last look. */
export type Sight =
  /** The known stream. */
  | 'media'
  /** The known stream, and something else. */
  | 'mixed'
  /** Something else. */
  | 'strange'
  | 'nothing';

/** Two packets' worth of bytes. */
const STRANGE_BYTES = 300;
/** The known stream's share of what arrives, below which another one may have begun. */
const MOST_OF_IT = 0.8;

/** What a peer's transport has in common whether it is plain or not. */
type PeerTransport = types.PlainTransport | types.WebRtcTransport;

/** A leg in the hands of a worker: a transport for one peer, the stream that it sends, and the one that it hears. */
export class Carriage {
  readonly exchange: Exchange;
  readonly #transport: PeerTransport;
  #producer: types.Producer | undefined;
  #consumer: types.Consumer | undefined;
  /** Whether that takes digits. */
  #digits = true;
  #seen: { readonly all: number; readonly media: number } | undefined;
  /** Sums over the streams before the present ones, and what was last read of those. */
  #received: Inbound = NO_INBOUND;
  #receiving: Inbound = NO_INBOUND;
  #sent: Outbound = NO_OUTBOUND;
  #sending: Outbound = NO_OUTBOUND;

  constructor(exchange: Exchange, transport: PeerTransport) {
    this.exchange = exchange;
    this.#transport = transport;
  }

  /** Takes over an RTP port. @throws Error when the port is taken, or the worker gone */
  static async open(options: CarriageOptions): Promise<Carriage> {
    const { exchange, listenAddress, announcedAddress, port, to, rtcpPort } = options;
    const announced = announcedAddress === listenAddress ? {} : { announcedIp: announcedAddress };
    const transport = await exchange.router.createPlainTransport({
      listenIp: { ip: listenAddress, ...announced },
      port,
      rtcpMux: rtcpPort === undefined,
      comedia: false,
    });
    const carriage = new Carriage(exchange, transport);
    await transport.connect({
      ip: to.address,
      port: to.port,
      ...(rtcpPort === undefined ? {} : { rtcpPort }),
    });
    return carriage;
  }

  /** The stream that the peer sends, where it is known. */
  get stream(): Stream | undefined {
    const producer = this.#producer;
    return producer && !producer.closed ? { exchange: this.exchange, producer } : undefined;
  }

  /**
   * Takes the peer's stream, or takes it anew when it or what it may send has changed.
   * @returns whether there is another producer than before
   */
  async take(ssrc: number, codecs: readonly LabelledCodec[]): Promise<boolean> {
    const before = this.stream?.producer;
    if (before && isSame(before.rtpParameters, ssrc, codecs)) return false;
    if (before) await this.#drop(before);
    this.#producer = await this.#transport.produce({
      kind: 'audio',
      rtpParameters: { codecs: [...codecs], encodings: [{ ssrc }] },
    });
    return true;
  }

  /**
   * Sends a stream of the same exchange to the peer.
   * @param wanted - false while the peer wants to hear nothing (hold)
   * @param digits - whether it takes digits
   */
  async hear(producer: types.Producer, wanted: boolean, digits: boolean): Promise<void> {
    const present = this.#consumer;
    if (present?.producerId === producer.id && !present.closed && this.#digits === digits) {
      if (wanted === present.paused) await (wanted ? present.resume() : present.pause());
      return;
    }
    await this.hush();
    this.#digits = digits;
    try {
      this.#consumer = await this.#transport.consume({
        producerId: producer.id,
        rtpCapabilities: digits ? this.exchange.hearing : this.exchange.hearingAudio,
        paused: !wanted,
      });
    } catch (error) {
      // The other side was faster in closing it: what comes next will be heard.
      if (!producer.closed) throw error;
    }
  }

  /** Sends the peer nothing any more. */
  async hush(): Promise<void> {
    const consumer = this.#consumer;
    if (!consumer) return;
    await this.#readSent(consumer);
    consumer.close();
    this.#sent = addOutbound(this.#sent, this.#sending);
    this.#sending = NO_OUTBOUND;
    if (this.#consumer === consumer) this.#consumer = undefined;
  }

  /** Does the known stream go on, and is it all that arrives? */
  async look(): Promise<Sight> {
    const [stats] = await this.#transport.getStats();
    if (!stats) return 'nothing';
    const before = this.#seen;
    this.#seen = { all: stats.bytesReceived, media: stats.rtpBytesReceived };
    if (!before) return stats.rtpBytesReceived > 0 ? 'media' : 'nothing';
    const all = stats.bytesReceived - before.all;
    const media = stats.rtpBytesReceived - before.media;
    if (media > 0) return media < all * MOST_OF_IT ? 'mixed' : 'media';
    return all > STRANGE_BYTES ? 'strange' : 'nothing';
  }

  /** Counters over all the streams that it carried. */
  async reading(): Promise<LegReading> {
    await Promise.all([
      this.#producer && this.#readReceived(this.#producer),
      this.#consumer && this.#readSent(this.#consumer),
    ]);
    return {
      ...addInbound(this.#received, this.#receiving),
      ...addOutbound(this.#sent, this.#sending),
    };
  }

  close(): void {
    this.#transport.close();
  }

  async #drop(producer: types.Producer): Promise<void> {
    await this.#readReceived(producer);
    producer.close();
    this.#received = addInbound(this.#received, this.#receiving);
    this.#receiving = NO_INBOUND;
    // What is read of it still is counted already.
    if (this.#producer === producer) this.#producer = undefined;
  }

  /** What cannot be read any more stands as it was read last. */
  async #readReceived(producer: types.Producer): Promise<void> {
    const read = await readInbound(producer);
    if (read && this.#producer === producer) this.#receiving = read;
  }

  async #readSent(consumer: types.Consumer): Promise<void> {
    const read = await readOutbound(consumer);
    if (read && this.#consumer === consumer) this.#sending = read;
  }
}

function isSame(present: types.RtpParameters, ssrc: number, wanted: readonly LabelledCodec[]): boolean {
  const of = (codecs: readonly { readonly mimeType: string; readonly payloadType: number }[]): string =>
    codecs.map(({ mimeType, payloadType }) => `${mimeType}=${payloadType}`).join();
  return present.encodings?.[0]?.ssrc === ssrc && of(present.codecs) === of(wanted);
}

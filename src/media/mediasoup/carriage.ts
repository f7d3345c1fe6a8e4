import type { types } from 'mediasoup';
import type { Counters } from '../media-engine';
import type { LabelledCodec } from './labels';
import type { Endpoint } from './source-rule';
import { readCounters } from './counters';
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

/**
 * A leg's port in the hands of a worker: a PlainTransport for one peer, the stream that the peer
 * sends, and the one that it hears.
 */
export class Carriage {
  readonly exchange: Exchange;
  readonly #transport: types.PlainTransport;
  #producer: types.Producer | undefined;
  #consumer: types.Consumer | undefined;
  #seen: { readonly all: number; readonly media: number } | undefined;

  private constructor(exchange: Exchange, transport: types.PlainTransport) {
    this.exchange = exchange;
    this.#transport = transport;
  }

  /** @throws Error when the port is taken, or the worker gone */
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
  get producer(): types.Producer | undefined {
    return this.#producer?.closed ? undefined : this.#producer;
  }

  /**
   * Takes the peer's stream, or takes it anew when what it may send has changed.
   * @returns whether there is another producer than before
   */
  async take(ssrc: number, codecs: readonly LabelledCodec[]): Promise<boolean> {
    const before = this.producer;
    if (before && sameCodecs(before.rtpParameters.codecs, codecs)) return false;
    before?.close();
    this.#producer = await this.#transport.produce({
      kind: 'audio',
      rtpParameters: { codecs: [...codecs], encodings: [{ ssrc }] },
    });
    return true;
  }

  /**
   * Sends a stream of the same exchange to the peer.
   * @param wanted - false while the peer wants to hear nothing (hold)
   */
  async hear(producer: types.Producer, wanted: boolean): Promise<void> {
    const present = this.#consumer;
    if (present?.producerId === producer.id && !present.closed) {
      if (wanted === present.paused) await (wanted ? present.resume() : present.pause());
      return;
    }
    present?.close();
    const { rtpCapabilities } = this.exchange.router;
    try {
      this.#consumer = await this.#transport.consume({
        producerId: producer.id,
        rtpCapabilities,
        paused: !wanted,
      });
    } catch (error) {
      // The other side was faster in closing it: what comes next will be heard.
      if (!producer.closed) throw error;
    }
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

  counters(): Promise<Counters> {
    return readCounters(this.producer, this.#consumer);
  }

  close(): void {
    this.#transport.close();
  }
}

function sameCodecs(
  present: readonly { readonly mimeType: string; readonly payloadType: number }[],
  wanted: readonly LabelledCodec[],
): boolean {
  const of = (codecs: typeof present): string =>
    codecs.map(({ mimeType, payloadType }) => `${mimeType}=${payloadType}`).join();
  return of(present) === of(wanted);
}

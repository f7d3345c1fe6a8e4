import type { types } from 'mediasoup';
import type { Exchange } from './worker-pool';

const DRAIN_MS = 5;

/** Brings one stream's packets out of the worker, for a peer whose port the worker does not hold yet. */
export class Feed {
  readonly #send: (packet: Buffer) => void;
  #consumer: types.Consumer | undefined;
  /** The stream wanted, and what of it; undefined while none is. */
  #wanted: { readonly producer: types.Producer; readonly hearing: types.RtpCapabilities } | undefined;

  /** @param send - takes each RTP packet; it keeps none */
  constructor(send: (packet: Buffer) => void) {
    this.#send = send;
  }

  /**
   * @param hearing - which of the stream's packets; all by default
   * @throws Error when the worker is gone
   */
  async open(
    exchange: Exchange,
    producer: types.Producer,
    hearing: types.RtpCapabilities = exchange.hearing,
  ): Promise<void> {
    if (this.#wanted?.producer === producer && this.#wanted.hearing === hearing) return;
    this.close();
    const wanted = (this.#wanted = { producer, hearing });
    try {
      const tap = await exchange.tap();
      const consumer = await tap.consume({ producerId: producer.id, rtpCapabilities: hearing });
      if (this.#wanted !== wanted) {
        consumer.close();
        return;
      }
      this.#consumer = consumer;
      consumer.on('rtp', this.#send);
    } catch (error) {
      if (!producer.closed) throw error;
    }
  }

  /** Whether this stream's packets come. */
  brings(producer: types.Producer): boolean {
    return this.#wanted?.producer === producer && this.#consumer !== undefined;
  }

  /** Resolves when what was said to the stream before has come, as well as can be known. */
  async drain(): Promise<void> {
    if (!this.#consumer) return;
    // The worker answers after it has read what came before, and what it sends of that is on its way then.
    await this.#consumer.getStats().catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
  }

  close(): void {
    this.#wanted = undefined;
    this.#consumer?.close();
    this.#consumer = undefined;
  }
}

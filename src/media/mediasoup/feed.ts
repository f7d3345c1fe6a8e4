import type { types } from 'mediasoup';
import type { Exchange } from './worker-pool';

/** Brings one stream's packets out of the worker, for a peer whose port the worker does not hold yet. */
export class Feed {
  readonly #send: (packet: Buffer) => void;
  #consumer: types.Consumer | undefined;
  /** The stream wanted; undefined while none is. */
  #wanted: types.Producer | undefined;

  /** @param send - takes each RTP packet; it keeps none */
  constructor(send: (packet: Buffer) => void) {
    this.#send = send;
  }

  /** @throws Error when the worker is gone */
  async open(exchange: Exchange, producer: types.Producer): Promise<void> {
    if (this.#wanted === producer) return;
    this.close();
    this.#wanted = producer;
    try {
      const tap = await exchange.tap();
      const consumer = await tap.consume({ producerId: producer.id, rtpCapabilities: exchange.hearing });
      if (this.#wanted !== producer) {
        consumer.close();
        return;
      }
      this.#consumer = consumer;
      consumer.on('rtp', this.#send);
    } catch (error) {
      if (!producer.closed) throw error;
    }
  }

  close(): void {
    this.#wanted = undefined;
    this.#consumer?.close();
    this.#consumer = undefined;
  }
}

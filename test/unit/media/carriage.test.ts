import type { types } from 'mediasoup';
import { Carriage } from '../../../src/media/mediasoup/carriage';
import type { Exchange } from '../../../src/media/mediasoup/worker-pool';

const CODECS = [{ mimeType: 'audio/PCMU', payloadType: 0, clockRate: 8_000 }];

/** A transport whose producers each have counted so many packets, and answer when they are let. */
class SlowTransport {
  readonly #waiting: (() => void)[] = [];

  async produce({ rtpParameters }: types.ProducerOptions): Promise<types.Producer> {
    await this.#turn();
    const producer = {
      closed: false,
      rtpParameters,
      close: () => void (producer.closed = true),
      getStats: async () => {
        await this.#turn();
        return [{ packetCount: 100, byteCount: 16_000, packetsLost: 0, jitter: 0 }];
      },
    };
    return producer as unknown as types.Producer;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Answers those who asked, one after the other. */
  async answer(): Promise<void> {
    for (const resolve of this.#waiting.splice(0)) {
      resolve();
      await new Promise((done) => setImmediate(done));
    }
  }
}

test('a stream that ends while it is read is counted once', async () => {
  const transport = new SlowTransport();
  const carriage = new Carriage({} as Exchange, transport as unknown as types.PlainTransport);
  const first = carriage.take(1, CODECS);
  await transport.answer();
  await first;
  const taking = carriage.take(2, CODECS);
  const reading = carriage.reading();
  // The stream is closed, then what was asked of it is answered, then the next one is opened.
  await transport.answer();
  await transport.answer();
  await Promise.all([taking, reading]);
  const after = carriage.reading();
  await transport.answer();
  // One hundred of each stream.
  expect(await after).toMatchObject({ packetsReceived: 200, bytesReceived: 32_000 });
  expect(await reading).toMatchObject({ packetsReceived: 100 });
});

import type { types } from 'mediasoup';
import type { RtpPacket } from '../rtp/rtp-packet';
import { RtpWriter } from '../rtp/rtp-writer';
import type { AudioCodec } from '../sdp/audio-description';
import type { Audible, Stream } from './media-path';
import type { Exchange } from './worker-pool';

export interface MixStreamOptions {
  readonly exchange: Exchange;
  readonly codec: AudioCodec;
  readonly ssrc: number;
  /** Payload type that whoever hears it wants keys under. */
  readonly digits: number | undefined;
  /** It can be heard now. */
  onOpen(): void;
}

/** What one leg hears of a mix: a stream of ours in its exchange. */
export class MixStream implements Audible {
  readonly exchange: Exchange;
  readonly #options: MixStreamOptions;
  readonly #writer: RtpWriter;
  #producer: types.Producer | undefined;
  #begins = true;
  /** The key that is pressed: when that began on the clock of whoever presses it, and on ours. */
  #key: { readonly theirs: number; readonly ours: number } | undefined;
  #closed = false;

  constructor(options: MixStreamOptions) {
    this.exchange = options.exchange;
    this.#options = options;
    this.#writer = new RtpWriter(options.codec, options.ssrc);
    // A worker that dies takes its calls along; they are told.
    this.#open().catch(() => undefined);
  }

  get stream(): Stream | undefined {
    const producer = this.#producer;
    return producer && !producer.closed ? { exchange: this.exchange, producer } : undefined;
  }

  send(frame: Buffer): void {
    const packet = this.#writer.next(frame, this.#begins);
    this.#begins = false;
    this.stream?.producer.send(packet);
  }

  /** Hands on a packet of keys, on the clock of this stream. Others are not. */
  sendKey({ payloadType, payload, marker, timestamp }: RtpPacket): void {
    if (payloadType !== this.#options.digits) return;
    // Every packet of a press has the time when it began (RFC 4733 §2.1).
    if (this.#key?.theirs !== timestamp) this.#key = { theirs: timestamp, ours: this.#writer.timestamp };
    this.stream?.producer.send(this.#writer.aside(payloadType, payload, marker, this.#key.ours));
  }

  skip(frames: number): void {
    this.#writer.skip(frames);
    this.#begins = true;
  }

  close(): void {
    this.#closed = true;
    this.#producer?.close();
  }

  async #open(): Promise<void> {
    const { exchange, codec, digits, ssrc, onOpen } = this.#options;
    const tap = await exchange.tap();
    if (this.#closed) return;
    const codecs = exchange.labels.stream([codec], digits, digits);
    const producer = await tap.produce({
      kind: 'audio',
      rtpParameters: { codecs, encodings: [{ ssrc }] },
    });
    if (this.#closed) {
      producer.close();
      return;
    }
    this.#producer = producer;
    onOpen();
  }
}

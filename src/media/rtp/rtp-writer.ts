import type { AudioCodec } from '../sdp/audio-description';
import { PAYLOAD_TYPES } from '../sdp/audio-description';
import { FRAME_SAMPLES } from '../sounds/score';

const HEADER = 12;
const VERSION = 0x80;
const MARKER = 0x80;

/** Numbers the frames of 20 ms of one stream of G.711 (RFC 3550 §5.1). */
export class RtpWriter {
  readonly #payloadType: number;
  readonly #ssrc: number;
  #sequence = 0;
  /** Frames since the beginning, whether sent or not. */
  #position = 0;

  constructor(codec: AudioCodec, ssrc: number) {
    this.#payloadType = PAYLOAD_TYPES[codec];
    this.#ssrc = ssrc;
  }

  /**
   * The next packet; the caller may keep it.
   * @param begins - a talkspurt begins with it (RFC 3551 §4.1)
   */
  next(frame: Buffer, begins: boolean): Buffer {
    const { timestamp } = this;
    this.#position++;
    return this.aside(this.#payloadType, frame, begins, timestamp);
  }

  /** Timestamp of the next frame. */
  get timestamp(): number {
    return (this.#position * FRAME_SAMPLES) % 2 ** 32;
  }

  /** A packet of something else within the stream, as keys are (RFC 4733 §2.1): the audio takes its time all the same. */
  aside(payloadType: number, payload: Buffer, marker: boolean, timestamp: number): Buffer {
    const packet = Buffer.allocUnsafe(HEADER + payload.length);
    packet[0] = VERSION;
    packet[1] = payloadType | (marker ? MARKER : 0);
    packet.writeUInt16BE(this.#sequence++ & 0xffff, 2);
    packet.writeUInt32BE(timestamp, 4);
    packet.writeUInt32BE(this.#ssrc, 8);
    payload.copy(packet, HEADER);
    return packet;
  }

  /** Time goes on, and so many frames are not sent: the timestamp says so, the sequence does not. */
  skip(frames: number): void {
    this.#position += frames;
  }
}

import type { Sound } from '../media-engine';
import type { AudioCodec } from '../sdp/audio-description';
import { PAYLOAD_TYPES } from '../sdp/audio-description';
import { encodeG711 } from './g711';
import { FRAME_SAMPLES, frameOf, framesOf, LOOPS } from './score';

const HEADER = 12;
const VERSION = 0x80;
const MARKER = 0x80;

/** Encoded once, when first played: a loop is some hundred kilobytes. */
export class Recording {
  readonly #sound: Sound;
  readonly #codec: AudioCodec;
  readonly #frames: (Buffer | undefined)[];

  constructor(sound: Sound, codec: AudioCodec) {
    this.#sound = sound;
    this.#codec = codec;
    this.#frames = Array.from({ length: framesOf(LOOPS[sound]) });
  }

  frame(index: number): Buffer {
    const at = index % this.#frames.length;
    const frame = this.#frames[at] ?? encodeG711(frameOf(LOOPS[this.#sound], at), this.#codec);
    this.#frames[at] = frame;
    return frame;
  }
}

/** Numbers the frames of a recording as one RTP stream (RFC 3550 §5.1). */
export class RtpFrames {
  readonly #recording: Recording;
  readonly #payloadType: number;
  readonly #ssrc: number;
  #sequence = 0;
  /** Frames since the beginning, whether sent or not. */
  #position = 0;

  constructor(recording: Recording, codec: AudioCodec, ssrc: number) {
    this.#recording = recording;
    this.#payloadType = PAYLOAD_TYPES[codec];
    this.#ssrc = ssrc;
  }

  /** The next packet; the caller may keep it. */
  next(): Buffer {
    const sequence = this.#sequence++;
    const position = this.#position++;
    const frame = this.#recording.frame(position);
    const packet = Buffer.allocUnsafe(HEADER + frame.length);
    packet[0] = VERSION;
    packet[1] = this.#payloadType | (sequence === 0 ? MARKER : 0);
    packet.writeUInt16BE(sequence & 0xffff, 2);
    packet.writeUInt32BE((position * FRAME_SAMPLES) % 2 ** 32, 4);
    packet.writeUInt32BE(this.#ssrc, 8);
    frame.copy(packet, HEADER);
    return packet;
  }

  /** Time goes on, and these frames are not sent: the timestamp says so, the sequence does not. */
  skip(frames: number): void {
    this.#position += frames;
  }
}

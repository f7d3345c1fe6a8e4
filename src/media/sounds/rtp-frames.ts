import type { Sound } from '../media-engine';
import { RtpWriter } from '../rtp/rtp-writer';
import type { AudioCodec } from '../sdp/audio-description';
import { encodeG711 } from './g711';
import { frameOf, framesOf, LOOPS } from './score';

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

/** The frames of a recording as one RTP stream. */
export class RtpFrames {
  readonly #recording: Recording;
  readonly #writer: RtpWriter;
  #begins = true;
  #position = 0;

  constructor(recording: Recording, codec: AudioCodec, ssrc: number) {
    this.#recording = recording;
    this.#writer = new RtpWriter(codec, ssrc);
  }

  /** The next packet; the caller may keep it. */
  next(): Buffer {
    const packet = this.#writer.next(this.#recording.frame(this.#position++), this.#begins);
    this.#begins = false;
    return packet;
  }

  /** Time goes on, and these frames are not sent. */
  skip(frames: number): void {
    this.#writer.skip(frames);
    this.#position += frames;
  }
}

import { FRAME_SAMPLES } from '../sounds/score';
import { decodeG711 } from '../sounds/g711';
import type { RtpPacket } from '../rtp/rtp-packet';
import type { AudioCodec } from '../sdp/audio-description';
import { AUDIO_CODECS, PAYLOAD_TYPES } from '../sdp/audio-description';
import { ToneKeys } from './tone-keys';

/** What is pressed has ended when nothing came for so long. */
const SILENT_MS = 400;
/** What is missing between two packets is silence, up to so much; more is another stream, or a pause. */
const MAX_GAP = 5 * FRAME_SAMPLES;
const TIMESTAMPS = 2 ** 32;

/** Hears keys by their tones in RTP of G.711. What is lost is silence; what comes late or twice is left out. */
export class TonePackets {
  readonly #keys: ToneKeys;
  #next: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(onPress: (key: string, durationMs: number) => void) {
    this.#keys = new ToneKeys(onPress);
  }

  take({ payloadType, timestamp, payload }: RtpPacket): void {
    const codec = codecOf(payloadType);
    if (!codec) return;
    const gap = this.#next === undefined ? 0 : (timestamp - this.#next + TIMESTAMPS) % TIMESTAMPS;
    // Before what came already.
    if (gap >= TIMESTAMPS - MAX_GAP) return;
    if (gap > MAX_GAP) this.#keys.end();
    else if (gap > 0) this.#keys.take(new Float32Array(gap));
    this.#keys.take(decodeG711(payload, codec));
    this.#next = (timestamp + payload.length) % TIMESTAMPS;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keys.end(), SILENT_MS);
  }

  /** A press that has not ended is told no more. */
  close(): void {
    clearTimeout(this.#timer);
  }
}

function codecOf(payloadType: number): AudioCodec | undefined {
  return AUDIO_CODECS.find((codec) => PAYLOAD_TYPES[codec] === payloadType);
}

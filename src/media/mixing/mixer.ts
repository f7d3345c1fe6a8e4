import type { RtpPacket } from '../rtp/rtp-packet';
import { VoiceTrack } from '../rtp/voice-track';
import type { AudioCodec } from '../sdp/audio-description';
import { CLOCK_RATE } from '../sdp/audio-description';
import { encodePcm } from '../sounds/g711';
import { LINEAR } from '../sounds/linear';
import { FRAME_SAMPLES } from '../sounds/score';

const SAMPLES_PER_MS = CLOCK_RATE / 1_000;
/** What is heard through a mix is late by so much, and by its packet; by more where there is more jitter. */
const WINDOW_MS = 60;
const MAX = 32_767;

interface Voice {
  readonly track: VoiceTrack;
  /** The present frame. */
  readonly octets: Buffer;
}

/**
 * Adds voices, 20 ms at a time. Each arrives in packets of its own clock; whoever asks for frames does so at a
 * steady pace, from the beginning on.
 */
export class Mixer<Party> {
  readonly #codec: AudioCodec;
  readonly #beganAt: number;
  readonly #voices: ReadonlyMap<Party, Voice>;
  readonly #sum = new Int16Array(FRAME_SAMPLES);
  readonly #sumOctets = Buffer.from(this.#sum.buffer);

  /** @param now - monotonic milliseconds */
  constructor(codec: AudioCodec, parties: readonly Party[], now: number) {
    this.#codec = codec;
    this.#beganAt = now;
    this.#voices = new Map(
      parties.map((party) => [
        party,
        { track: new VoiceTrack(codec, WINDOW_MS, 0), octets: Buffer.alloc(FRAME_SAMPLES) },
      ]),
    );
  }

  /** @param now - when the packet arrived */
  push(party: Party, packet: RtpPacket, now: number): void {
    const at = Math.round((WINDOW_MS + now - this.#beganAt) * SAMPLES_PER_MS);
    this.#voices.get(party)?.track.push(packet, at);
  }

  /** The next frame begins. @param frames - more than one where some are left out */
  advance(frames = 1): void {
    for (const { track, octets } of this.#voices.values()) {
      for (let frame = 0; frame < frames; frame++) track.take(FRAME_SAMPLES, octets);
    }
  }

  /** What all of these say in the present frame: as loud as they are, clipped where that is too loud. */
  mix(parties: readonly Party[]): Buffer {
    const linear = LINEAR[this.#codec];
    const voices = parties.flatMap((party) => this.#voices.get(party)?.octets ?? []);
    for (let i = 0; i < FRAME_SAMPLES; i++) {
      let sum = 0;
      for (const octets of voices) sum += linear[octets[i] ?? 0] ?? 0;
      this.#sum[i] = Math.max(-MAX, Math.min(MAX, sum));
    }
    return encodePcm(this.#sumOctets, this.#codec);
  }
}

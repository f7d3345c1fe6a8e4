import type { RecordingFacts, RecordingFormat } from '../media-engine';
import type { RtpPacket } from '../rtp/rtp-packet';
import { VoiceTrack } from '../rtp/voice-track';
import { CLOCK_RATE } from '../sdp/audio-description';
import { G711_SILENCE } from '../sounds/g711';

const SAMPLES_PER_MS = CLOCK_RATE / 1_000;
const CHANNELS = 2;
/** Reordering and jitter that are made up for. Nobody waits for a recording: it may be more than a call could. */
const WINDOW_MS = 250;
/** How much is handed over at once. */
const BATCH = 200 * SAMPLES_PER_MS;
/** What arrives so long after the last batch finds no room. */
const MAX_BEHIND = 1_500 * SAMPLES_PER_MS;
/** Pauses that are not written yet; more of them in so short a time become one. */
const MAX_PAUSES = 16;

/** The caller's channel, and that of whom the caller speaks with. */
export type Channel = 0 | 1;

interface Pause {
  readonly from: number;
  /** Undefined while it lasts. */
  to: number | undefined;
}

/**
 * Two voices on one clock: ours. What is written is as long as the time that went by, whatever the network lost,
 * and each channel's samples are where they were heard. All times are monotonic milliseconds.
 */
export class StereoTimeline {
  readonly #tracks: readonly [VoiceTrack, VoiceTrack];
  readonly #silence: number;
  readonly #beganAt: number;
  readonly #write: (octets: Buffer) => void;
  readonly #pauses: Pause[] = [];
  #written = 0;
  #paused = 0;

  /** @param write - takes pairs of octets, one for each channel, in order */
  constructor(encoding: RecordingFormat['encoding'], beganAt: number, write: (octets: Buffer) => void) {
    this.#tracks = [new VoiceTrack(encoding, Infinity, 0), new VoiceTrack(encoding, Infinity, 0)];
    this.#silence = G711_SILENCE[encoding];
    this.#beganAt = beganAt;
    this.#write = write;
  }

  /** Whether what arrives is silence. */
  get paused(): boolean {
    return this.#pauses.at(-1)?.to === undefined && this.#pauses.length > 0;
  }

  /** What arrives while it is paused is kept nowhere. */
  push(channel: Channel, packet: RtpPacket, at: number): void {
    const position = this.#position(at);
    if (position - this.#written > MAX_BEHIND) this.advance(at);
    this.#tracks[channel].push(packet, position, this.paused);
  }

  /** From here on all is silence, what is still on its way included. Idempotent. */
  pause(at: number): void {
    if (this.paused) return;
    const last = this.#pauses.at(-1);
    if (last && this.#pauses.length >= MAX_PAUSES) last.to = undefined;
    else this.#pauses.push({ from: this.#position(at), to: undefined });
  }

  /** Idempotent. */
  resume(at: number): void {
    const last = this.#pauses.at(-1);
    if (last && this.paused) last.to = this.#position(at);
  }

  /** Writes whatever is old enough that nothing can come of it any more, when that is worth a call. */
  advance(at: number): void {
    const due = this.#position(at) - WINDOW_MS * SAMPLES_PER_MS;
    while (due - this.#written >= BATCH) this.#put(BATCH);
  }

  /** Writes the rest, up to now. Nothing may follow. */
  end(at: number): RecordingFacts {
    const end = Math.max(this.#written, this.#position(at));
    while (this.#written < end) this.#put(Math.min(BATCH, end - this.#written));
    const [caller, other] = this.#tracks;
    return {
      durationMs: toMs(this.#written),
      pausedMs: toMs(this.#paused),
      lostMs: [toMs(caller.lost), toMs(other.lost)],
    };
  }

  #put(length: number): void {
    const octets = Buffer.allocUnsafe(CHANNELS * length);
    this.#tracks.forEach((track, channel) => track.take(length, octets, channel, CHANNELS));
    const [from, to] = [this.#written, this.#written + length];
    for (const pause of this.#pauses) {
      const first = Math.max(from, pause.from);
      const last = Math.min(to, pause.to ?? to);
      if (first >= last) continue;
      octets.fill(this.#silence, CHANNELS * (first - from), CHANNELS * (last - from));
      this.#paused += last - first;
    }
    while ((this.#pauses[0]?.to ?? Infinity) <= to) this.#pauses.shift();
    this.#written = to;
    this.#write(octets);
  }

  #position(at: number): number {
    return Math.max(0, Math.round((at - this.#beganAt) * SAMPLES_PER_MS));
  }
}

function toMs(samples: number): number {
  return Math.round(samples / SAMPLES_PER_MS);
}

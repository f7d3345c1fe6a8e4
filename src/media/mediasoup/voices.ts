import type { types } from 'mediasoup';
import { RtpWriter } from '../rtp/rtp-writer';
import type { AudioCodec } from '../sdp/audio-description';
import { CLOCK_RATE, PAYLOAD_TYPES } from '../sdp/audio-description';
import { Metronome } from '../sounds/metronome';
import type { Reel } from '../sounds/reel';
import { FRAME_MS } from '../sounds/score';
import type { Stream } from './media-path';
import type { Listening } from './sounds';
import type { Exchange } from './worker-pool';

/** Who cannot be reached for so long is not waited for: what is played to them goes on, and ends. */
const MAX_WAIT_MS = 5_000;
const MAX_WAIT_FRAMES = MAX_WAIT_MS / FRAME_MS;

/** What is played to legs alone, each by a voice of its own; all are on one clock, which runs while one speaks. */
export class Voices {
  readonly #now: () => number;
  readonly #ssrc: () => number;
  readonly #metronome: Metronome;
  readonly #speaking = new Set<Voice>();

  /**
   * @param now - monotonic milliseconds
   * @param ssrc - a number for each stream
   */
  constructor(now: () => number, ssrc: () => number) {
    this.#now = now;
    this.#ssrc = ssrc;
    this.#metronome = new Metronome(now, FRAME_MS, (due, missed) => {
      for (const voice of [...this.#speaking]) voice.beat(due, missed);
    });
  }

  /** @param onChange - it can be heard now, or no more */
  open(exchange: Exchange, codec: AudioCodec, onChange: () => void): Voice {
    const voice = new Voice({
      exchange,
      codec,
      ssrc: this.#ssrc(),
      now: this.#now,
      onChange,
      onSpeaking: (speaks) => {
        if (speaks) this.#speaking.add(voice);
        else this.#speaking.delete(voice);
        if (this.#speaking.size > 0) this.#metronome.start();
        else this.#metronome.stop();
      },
    });
    return voice;
  }

  close(): void {
    for (const voice of [...this.#speaking]) voice.stop();
    this.#metronome.stop();
  }
}

interface VoiceOptions {
  readonly exchange: Exchange;
  readonly codec: AudioCodec;
  readonly ssrc: number;
  readonly now: () => number;
  onChange(): void;
  onSpeaking(speaks: boolean): void;
}

/**
 * Plays clips to one leg. What is played later belongs to the same stream: its timestamps say how long nothing was.
 * While the leg cannot be reached (its port or keys are on their way, it is on hold) nothing is lost: it waits.
 */
export class Voice implements Listening {
  readonly exchange: Exchange;
  readonly codec: AudioCodec;
  readonly #options: VoiceOptions;
  readonly #writer: RtpWriter;
  #producer: types.Producer | undefined;
  #says: { readonly reel: Reel; readonly onEnd: () => void } | undefined;
  #heard = false;
  #waited = 0;
  /** Monotonic milliseconds since when it says nothing, having spoken before. */
  #quietSince: number | undefined;
  #begins = true;
  #closed = false;

  constructor(options: VoiceOptions) {
    this.exchange = options.exchange;
    this.codec = options.codec;
    this.#options = options;
    this.#writer = new RtpWriter(options.codec, options.ssrc);
    // A worker that dies takes its calls along; they are told.
    this.#open().catch(() => undefined);
  }

  get stream(): Stream | undefined {
    const producer = this.#producer;
    return producer && !producer.closed ? { exchange: this.exchange, producer } : undefined;
  }

  /**
   * From the next beat on; in place of what it said. What it says already goes on.
   * @param onEnd - told when the last frame has been sent, and has had its time
   */
  say(reel: Reel, onEnd: () => void): void {
    if (this.#closed || this.#says?.reel === reel) return;
    if (this.#quietSince !== undefined) {
      this.#writer.skip(Math.round((this.#options.now() - this.#quietSince) / FRAME_MS));
    }
    this.#quietSince = undefined;
    this.#says = { reel, onEnd };
    this.#waited = 0;
    this.#begins = true;
    this.#options.onSpeaking(true);
  }

  /** Says nothing more for now. Idempotent. */
  hush(): void {
    if (!this.#says) return;
    this.#says = undefined;
    this.#quietSince = this.#options.now();
    this.#options.onSpeaking(false);
  }

  audience(present: boolean): void {
    this.#heard = present;
  }

  stop(): void {
    this.hush();
    this.#closed = true;
    this.#producer?.close();
  }

  /**
   * @param due - frames
   * @param missed - frames that were due before those, for which it is too late
   */
  beat(due: number, missed: number): void {
    const says = this.#says;
    if (!says) return;
    const { reel, onEnd } = says;
    const producer = this.stream?.producer;
    if (reel.ended) {
      this.hush();
      onEnd();
    } else if (!producer || !this.#heard) this.#wait(reel, due + missed);
    else {
      this.#waited = 0;
      // What nobody could be told in time is told later, after a pause.
      if (missed > 0) this.#pause(missed);
      for (let frame = 0; frame < due && !reel.ended; frame++) {
        producer.send(this.#writer.next(reel.next(this.codec), this.#begins));
        this.#begins = false;
      }
    }
  }

  #wait(reel: Reel, frames: number): void {
    this.#pause(frames);
    this.#waited += frames;
    if (this.#waited > MAX_WAIT_FRAMES) reel.skip(frames);
  }

  #pause(frames: number): void {
    this.#writer.skip(frames);
    this.#begins = true;
  }

  async #open(): Promise<void> {
    const tap = await this.exchange.tap();
    if (this.#closed) return;
    const producer = await tap.produce({
      kind: 'audio',
      rtpParameters: {
        codecs: [
          {
            mimeType: `audio/${this.codec}`,
            payloadType: PAYLOAD_TYPES[this.codec],
            clockRate: CLOCK_RATE,
          },
        ],
        encodings: [{ ssrc: this.#options.ssrc }],
      },
    });
    if (this.#closed) {
      producer.close();
      return;
    }
    this.#producer = producer;
    this.#options.onChange();
  }
}

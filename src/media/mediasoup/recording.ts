import type { Recorder, RecordingFacts, RecordingSink } from '../media-engine';
import type { Channel } from '../recording/stereo-timeline';
import { StereoTimeline } from '../recording/stereo-timeline';
import type { AudioCodec } from '../sdp/audio-description';
import type { Beats } from '../sounds/beats';
import type { LegTaps } from './leg-taps';
import type { SessionLeg } from './negotiated-leg';

export interface RecordingOptions {
  readonly sink: RecordingSink;
  /** How it is written; what comes in the other codec is put into this one. */
  readonly encoding: AudioCodec;
  readonly taps: LegTaps;
  /** When what is due is written. */
  readonly beats: Beats;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  onEnded(): void;
}

interface Listened {
  readonly leg: SessionLeg;
  stop(): void;
}

/** The recording of one call: what its two say, from the worker to the sink. */
export class CallRecording implements Recorder {
  readonly #options: RecordingOptions;
  readonly #timeline: StereoTimeline;
  readonly #listened: [Listened | undefined, Listened | undefined] = [undefined, undefined];
  readonly #stopBeats: () => void;
  #facts: RecordingFacts | undefined;

  constructor(options: RecordingOptions) {
    const { sink, encoding, beats, now } = options;
    this.#options = options;
    sink.begin({ encoding });
    this.#timeline = new StereoTimeline(encoding, now(), (octets) => sink.write(octets));
    this.#stopBeats = beats.add(() => {
      // After this process stood still: first what came meanwhile.
      setImmediate(() => {
        if (!this.#facts) this.#timeline.advance(now());
      });
    });
  }

  get paused(): boolean {
    return this.#timeline.paused;
  }

  /** Whose voices are recorded from now on; undefined for silence. */
  follow(caller: SessionLeg | undefined, other: SessionLeg | undefined): void {
    if (this.#facts) return;
    this.#listen(0, caller);
    this.#listen(1, other);
  }

  pause(): void {
    if (!this.#facts) this.#timeline.pause(this.#options.now());
  }

  resume(): void {
    if (!this.#facts) this.#timeline.resume(this.#options.now());
  }

  stop(): Promise<RecordingFacts> {
    return Promise.resolve(this.end());
  }

  /**
   * Idempotent.
   * @param lost - why the rest is not there
   */
  end(lost?: string): RecordingFacts {
    if (this.#facts) return this.#facts;
    const { sink, now, onEnded } = this.#options;
    this.#stopBeats();
    for (const listened of this.#listened) listened?.stop();
    this.#facts = this.#timeline.end(now());
    sink.end(this.#facts, lost);
    onEnded();
    return this.#facts;
  }

  #listen(channel: Channel, leg: SessionLeg | undefined): void {
    const present = this.#listened[channel];
    if (present?.leg === leg) return;
    present?.stop();
    const { taps, now } = this.#options;
    this.#listened[channel] = leg && {
      leg,
      stop: taps.listen(leg, (packet) => this.#timeline.push(channel, packet, now())),
    };
  }
}

import type { MachineDetector } from '../machine/machine-detector';
import type { MachineFinding } from '../media-engine';
import type { RtpPacket } from '../rtp/rtp-packet';
import { VoiceTrack } from '../rtp/voice-track';
import { CLOCK_RATE } from '../sdp/audio-description';
import { decodeG711 } from '../sounds/g711';
import { FRAME_SAMPLES } from '../sounds/score';
import type { LegTaps } from './leg-taps';
import type { SessionLeg } from './negotiated-leg';

const SAMPLES_PER_MS = CLOCK_RATE / 1_000;
/** How often what came is listened to, and how long after its time, for what the network brings late. */
const EVERY_MS = 60;
const BEHIND_MS = 120;

/**
 * Listens to a leg whether somebody or a machine answered. Where nothing comes there is silence: also a peer that sends
 * no packets is told.
 */
export class MachineEar {
  readonly done: Promise<MachineFinding>;
  readonly #detector: MachineDetector;
  readonly #track = new VoiceTrack('PCMU', Infinity, 0);
  readonly #frame = Buffer.alloc(FRAME_SAMPLES);
  readonly #now: () => number;
  readonly #since: number;
  readonly #timer: NodeJS.Timeout;
  readonly #stop: () => void;
  #settle: (finding: MachineFinding) => void = () => undefined;

  constructor(leg: SessionLeg, detector: MachineDetector, taps: LegTaps, now: () => number) {
    this.#detector = detector;
    this.#now = now;
    this.#since = now();
    this.done = new Promise((resolve) => (this.#settle = resolve));
    this.#stop = taps.listen(leg, (packet) => this.#take(packet));
    // After this process stood still: first what came meanwhile.
    this.#timer = setInterval(() => setImmediate(() => this.#advance()), EVERY_MS);
  }

  /** The leg is gone. Idempotent. */
  close(): void {
    this.#end({ verdict: 'unsure', reason: 'closed' });
  }

  #take(packet: RtpPacket): void {
    this.#advance();
    this.#track.push(packet, this.#position);
  }

  #advance(): void {
    const ripe = this.#position - BEHIND_MS * SAMPLES_PER_MS;
    while (!this.#detector.finding && this.#track.head + FRAME_SAMPLES <= ripe) {
      this.#track.take(FRAME_SAMPLES, this.#frame);
      this.#detector.take(decodeG711(this.#frame, 'PCMU'));
    }
    if (this.#detector.finding) this.#end(this.#detector.finding);
  }

  /** Of now, in samples. */
  get #position(): number {
    return Math.round((this.#now() - this.#since) * SAMPLES_PER_MS);
  }

  #end(finding: MachineFinding): void {
    clearInterval(this.#timer);
    this.#stop();
    this.#settle(finding);
  }
}

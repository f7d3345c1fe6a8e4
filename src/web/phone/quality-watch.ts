import { qualityBetween, sampleOf } from './core/quality';
import type { Quality, StatsEntry, StreamSample } from './core/quality';

const EVERY_MS = 2_000;
/** Samples in a row without a packet, after which the agent is told. */
const SILENT_SAMPLES = 2;

/** Looks at how the sound of a call arrives, until it is closed. */
export class QualityWatch {
  readonly #connection: RTCPeerConnection;
  readonly #onQuality: (quality: Quality, silent: boolean) => void;
  readonly #timer: number;
  #before: StreamSample | undefined;
  #silent = 0;

  constructor(connection: RTCPeerConnection, onQuality: (quality: Quality, silent: boolean) => void) {
    this.#connection = connection;
    this.#onQuality = onQuality;
    this.#timer = window.setInterval(() => void this.#look(), EVERY_MS);
    void this.#look();
  }

  /** Idempotent. */
  close(): void {
    window.clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const report = await this.#connection.getStats().catch(() => undefined);
    if (report === undefined) return;
    const entries: StatsEntry[] = [];
    report.forEach((entry: StatsEntry) => entries.push(entry));
    const now = sampleOf(entries, performance.now());
    const quality = this.#before && qualityBetween(this.#before, now);
    this.#before = now;
    if (quality === undefined) return;
    this.#silent = quality.bars === 0 ? this.#silent + 1 : 0;
    this.#onQuality(quality, this.#silent >= SILENT_SAMPLES);
  }
}

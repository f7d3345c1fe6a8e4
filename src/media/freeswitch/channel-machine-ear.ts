import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { MachineDetector } from '../machine/machine-detector';
import type { MachineFinding } from '../media-engine';
import { CLOCK_RATE } from '../sdp/audio-description';
import { decodeG711 } from '../sounds/g711';
import type { Channel } from './channel';

const OCTETS_PER_MS = CLOCK_RATE / 1_000;
const TAKE_MS = 100;
const CHUNK = 16 * 1024;
/** FreeSWITCH writes what it has so much later at most; then what is missing is silence. */
const LATE_MS = 1_000;

/**
 * Listens to a channel whether somebody or a machine answered: by a recording of what its peer says, in μ-law, which is
 * read while it grows.
 */
export class ChannelMachineEar {
  readonly done: Promise<MachineFinding>;
  readonly #channel: Channel;
  readonly #file: string;
  readonly #detector: MachineDetector;
  readonly #timer: NodeJS.Timeout;
  readonly #limit: NodeJS.Timeout;
  #taking: Promise<void> = Promise.resolve();
  #handle: FileHandle | undefined;
  #taken = 0;
  #settle: (finding: MachineFinding) => void = () => undefined;
  #over: Promise<void> | undefined;

  private constructor(channel: Channel, file: string, detector: MachineDetector) {
    this.#channel = channel;
    this.#file = file;
    this.#detector = detector;
    this.done = new Promise((resolve) => (this.#settle = resolve));
    this.#timer = setInterval(() => this.#take(), TAKE_MS);
    this.#limit = setTimeout(() => this.#timeIsUp(), detector.maxMs + LATE_MS);
  }

  /** @throws MediaUnavailable when FreeSWITCH does not record */
  static async begin(channel: Channel, file: string, detector: MachineDetector): Promise<ChannelMachineEar> {
    const variables =
      'RECORD_READ_ONLY=true;record_sample_rate=8000;RECORD_MIN_SEC=0;enable_file_write_buffering=1024';
    await channel.command('uuid_setvar_multi', channel.uuid, variables);
    await channel.command('uuid_record', channel.uuid, 'start', file);
    return new ChannelMachineEar(channel, file, detector);
  }

  /** The leg is gone. Resolves when the file is not written to any more. Idempotent. */
  close(): Promise<void> {
    return this.#end({ verdict: 'unsure', reason: 'closed' });
  }

  #take(): void {
    this.#taking = this.#taking.then(() => this.#takeOver()).catch(() => undefined);
  }

  async #takeOver(): Promise<void> {
    if (this.#over) return;
    // It is there with the first that is written.
    this.#handle ??= await open(this.#file, 'r');
    for (;;) {
      const { bytesRead, buffer } = await this.#handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, this.#taken);
      if (bytesRead === 0) return;
      this.#taken += bytesRead;
      const finding = this.#detector.take(decodeG711(buffer.subarray(0, bytesRead), 'PCMU'));
      if (finding) return void this.#end(finding);
    }
  }

  #timeIsUp(): void {
    const missing = this.#detector.maxMs * OCTETS_PER_MS - this.#taken;
    const finding = this.#detector.take(new Float32Array(Math.max(0, missing)));
    void this.#end(finding ?? { verdict: 'unsure', reason: 'time' });
  }

  #end(finding: MachineFinding): Promise<void> {
    this.#over ??= this.#stop(finding);
    return this.#over;
  }

  async #stop(finding: MachineFinding): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#limit);
    this.#settle(finding);
    const { uuid, closed } = this.#channel;
    if (!closed) await this.#channel.command('uuid_record', uuid, 'stop', this.#file).catch(() => undefined);
    await this.#handle?.close().catch(() => undefined);
  }
}

import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { asError } from '../../domain';
import type { Recorder, RecordingFacts, RecordingFormat, RecordingSink } from '../media-engine';
import { CLOCK_RATE } from '../sdp/audio-description';
import { G711_SILENCE } from '../sounds/g711';
import type { Channel } from './channel';

export interface ChannelRecordingOptions {
  readonly channel: Channel;
  readonly file: string;
  readonly format: RecordingFormat;
  readonly sink: RecordingSink;
  readonly now: () => number;
  /** Milliseconds of audio that were lost so far, of the caller and of the other. */
  lostMs(): readonly [number, number];
  /** Told once, when the sink was told the end: the file is of no use any more. */
  onEnd(): void;
}

const CHANNELS = 2;
const OCTETS_PER_MS = (CLOCK_RATE * CHANNELS) / 1_000;
/** How often what was written is taken over. */
const TAKE_MS = 500;
/** What is younger waits: who heard whom is known by then. */
const HELD_BACK_MS = 400;
const CHUNK = 64 * 1024;
/** A recording that ends before anything was written has no file. */
const MAY_BE_EMPTY_MS = 500;

/** While nobody is joined with the caller, the other channel is silent: what the switch plays is no conversation. */
interface Apart {
  readonly from: number;
  until: number;
}

/**
 * A recording by FreeSWITCH of what the caller says and hears, in G.711 and stereo, to a file of the spool. It is
 * taken from there while it grows, so that little is left behind wherever something ends in between.
 */
export class ChannelRecording implements Recorder {
  readonly #options: ChannelRecordingOptions;
  readonly #startedAt: number;
  readonly #lostBefore: readonly [number, number];
  readonly #apart: Apart[] = [];
  #taken = 0;
  /** Half of a pair that was not whole yet. */
  #rest = Buffer.alloc(0);
  #handle: FileHandle | undefined;
  #taking: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  /** So much of it may be kept. */
  #keptMs = Infinity;
  #pausedAt: number | undefined;
  #pausedMs = 0;
  #stopping: Promise<RecordingFacts> | undefined;

  private constructor(options: ChannelRecordingOptions) {
    this.#options = options;
    this.#startedAt = options.now();
    this.#lostBefore = options.lostMs();
  }

  /**
   * @param joined - whether the caller is joined with somebody now
   * @throws MediaUnavailable when FreeSWITCH does not record
   */
  static async begin(options: ChannelRecordingOptions, joined: boolean): Promise<ChannelRecording> {
    const { channel, file, format, sink } = options;
    const variables =
      'RECORD_STEREO=true;record_sample_rate=8000;RECORD_MIN_SEC=0;enable_file_write_buffering=4096';
    await channel.command('uuid_setvar_multi', channel.uuid, variables);
    await channel.command('uuid_record', channel.uuid, 'start', file);
    const recording = new ChannelRecording(options);
    if (!joined) recording.parted();
    sink.begin(format);
    recording.#timer = setInterval(() => recording.#take(false), TAKE_MS);
    return recording;
  }

  get paused(): boolean {
    return this.#pausedAt !== undefined;
  }

  pause(): void {
    if (this.paused || this.#stopping) return;
    this.#pausedAt = this.#options.now();
    this.#mask('mask');
  }

  resume(): void {
    if (!this.paused || this.#stopping) return;
    this.#endPause();
    this.#mask('unmask');
  }

  stop(): Promise<RecordingFacts> {
    return this.end();
  }

  /** @param lost - why there is no more than what was written so far */
  end(lost?: string): Promise<RecordingFacts> {
    this.#stopping ??= this.#end(lost);
    return this.#stopping;
  }

  /** The caller is joined with somebody from now on. */
  joined(): void {
    const last = this.#apart.at(-1);
    if (last?.until === Infinity) last.until = this.#elapsedMs();
  }

  /** The caller is alone from now on. */
  parted(): void {
    if (this.#apart.at(-1)?.until !== Infinity)
      this.#apart.push({ from: this.#elapsedMs(), until: Infinity });
  }

  async #end(lost: string | undefined): Promise<RecordingFacts> {
    const { channel, file, sink, onEnd, lostMs } = this.#options;
    clearInterval(this.#timer);
    this.#endPause();
    let missing = lost;
    const endedMs = this.#elapsedMs();
    if (!channel.closed) {
      await channel.command('uuid_record', channel.uuid, 'stop', file).catch((error: unknown) => {
        missing ??= asError(error).message;
      });
    }
    await this.#take(true).catch((error: unknown) => {
      const none = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!none || endedMs > MAY_BE_EMPTY_MS) missing ??= asError(error).message;
    });
    await this.#handle?.close().catch(() => undefined);
    const [caller, other] = lostMs();
    const [callerBefore, otherBefore] = this.#lostBefore;
    const facts: RecordingFacts = {
      durationMs: Math.round(this.#taken / OCTETS_PER_MS),
      pausedMs: Math.round(this.#pausedMs),
      lostMs: [Math.max(0, caller - callerBefore), Math.max(0, other - otherBefore)],
    };
    sink.end(facts, missing);
    onEnd();
    return facts;
  }

  #mask(command: 'mask' | 'unmask'): void {
    const { channel, file } = this.#options;
    const askedMs = this.#elapsedMs();
    channel.command('uuid_record', channel.uuid, command, file).catch(() => {
      if (command === 'unmask') return;
      // What should be silent is not: nothing of it is kept.
      this.#keptMs = askedMs;
      void this.end('it could not be paused');
    });
  }

  #endPause(): void {
    if (this.#pausedAt !== undefined) this.#pausedMs += this.#options.now() - this.#pausedAt;
    this.#pausedAt = undefined;
  }

  #elapsedMs(): number {
    return this.#options.now() - this.#startedAt;
  }

  /** Takes over what FreeSWITCH has written, but for the last of it; all of it, at the end. */
  #take(all: boolean): Promise<void> {
    this.#taking = this.#taking.catch(() => undefined).then(() => this.#takeOver(all));
    return all ? this.#taking : this.#taking.catch(() => undefined);
  }

  async #takeOver(all: boolean): Promise<void> {
    this.#handle ??= await open(this.#options.file, 'r');
    const ripeMs = all ? Infinity : Math.max(0, this.#elapsedMs() - HELD_BACK_MS);
    const ripe = Math.min(ripeMs, this.#keptMs) * OCTETS_PER_MS;
    for (;;) {
      const position = this.#taken + this.#rest.length;
      const length = Math.min(CHUNK, Math.floor(ripe - position));
      if (length <= 0) return;
      const { bytesRead, buffer } = await this.#handle.read(Buffer.allocUnsafe(length), 0, length, position);
      if (bytesRead === 0) return;
      this.#hand(Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]));
    }
  }

  #hand(octets: Buffer): void {
    const whole = octets.length - (octets.length % CHANNELS);
    this.#rest = Buffer.from(octets.subarray(whole));
    const pairs = octets.subarray(0, whole);
    for (const { from, until } of this.#apart) this.#silenceOther(pairs, from, until);
    this.#taken += whole;
    while ((this.#apart[0]?.until ?? Infinity) * OCTETS_PER_MS < this.#taken - CHUNK) this.#apart.shift();
    if (whole > 0) this.#options.sink.write(pairs);
  }

  #silenceOther(pairs: Buffer, fromMs: number, untilMs: number): void {
    const first = Math.max(0, Math.floor((fromMs * CLOCK_RATE) / 1_000) * CHANNELS - this.#taken);
    const last = Math.min(pairs.length, Math.ceil((untilMs * CLOCK_RATE) / 1_000) * CHANNELS - this.#taken);
    for (let at = first + 1; at < last; at += CHANNELS)
      pairs[at] = G711_SILENCE[this.#options.format.encoding];
  }
}

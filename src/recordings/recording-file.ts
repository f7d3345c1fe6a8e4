import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { RecordingEnd } from '../domain';
import { asError } from '../domain';
import type { RecordingFacts, RecordingFormat, RecordingSink } from '../media';
import type { KeyRing } from './key-ring';
import { millisecondsOf, recoverFile } from './recover';
import { Sealer } from './sealer';
import { WaveformMeter } from './waveform';

/** What a file takes; where none of it comes back in time, the recording is given up. */
export interface RecordingOutput {
  write(pieces: readonly Buffer[]): Promise<void>;
  /** On disk, and closed. */
  finish(): Promise<void>;
  /** Closed as it is. Never rejects. */
  abandon(): Promise<void>;
}

export interface RecordingFileOptions {
  readonly id: string;
  /** Where it is written. */
  readonly path: string;
  readonly ring: KeyRing;
  /** Octets of audio after which it ends. */
  readonly maxBytes: number;
  /** Octets that may wait for the disk. */
  readonly maxQueuedBytes: number;
  /** Told once that it has begun. */
  readonly onBegin: (encoding: RecordingFormat['encoding']) => Promise<void>;
  /** Told once what became of it; undefined: there is nothing of it. */
  readonly onEnd: (end: RecordingEnd | undefined, why: string | undefined) => void;
  /** Opens what is written to. */
  readonly output?: (path: string) => Promise<RecordingOutput>;
}

/**
 * Takes a recording and seals it into a file as it comes. Nobody waits for the disk: what it has not taken yet
 * waits in memory, up to a limit; then the recording is over, and the call goes on.
 */
export class RecordingFile implements RecordingSink {
  readonly #options: RecordingFileOptions;
  readonly #hash = createHash('sha256');
  #encoding: RecordingFormat['encoding'] | undefined;
  #sealer: Sealer | undefined;
  #meter: WaveformMeter | undefined;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #size = 0;
  #facts: RecordingFacts | undefined;
  /** Why it is not all of the call. */
  #lost: string | undefined;
  /** Why nothing more is written. */
  #failure: string | undefined;
  #sealed = false;
  #wake: (() => void) | undefined;
  #work: Promise<void> | undefined;

  constructor(options: RecordingFileOptions) {
    this.#options = options;
  }

  begin({ encoding }: RecordingFormat): void {
    if (this.#work) return;
    const { id, ring } = this.#options;
    this.#encoding = encoding;
    try {
      this.#sealer = new Sealer(id, encoding, ring);
      this.#meter = new WaveformMeter(encoding);
      this.#enqueue([this.#sealer.header]);
    } catch (error) {
      this.#failure = asError(error).message;
    }
    this.#work = this.#run();
  }

  write(octets: Buffer): void {
    if (!this.#sealer || this.#sealed || this.#failure !== undefined) return;
    const room = this.#options.maxBytes - this.#size;
    const taken = octets.length > room ? octets.subarray(0, room) : octets;
    this.#size += taken.length;
    this.#hash.update(taken);
    this.#meter?.push(taken);
    this.#enqueue(this.#sealer.push(taken));
    if (taken.length < octets.length) {
      this.#lost = 'it came to the greatest length of recordings';
      this.#seal();
    }
  }

  end(facts: RecordingFacts, lost?: string): void {
    if (this.#facts) return;
    this.#facts = facts;
    this.#lost ??= lost;
    this.#seal();
    // It never began.
    if (!this.#work) this.#options.onEnd(undefined, lost);
  }

  /** Resolves when nothing of it is under way any more. Never rejects. */
  async closed(): Promise<void> {
    await this.#work;
  }

  #seal(): void {
    if (this.#sealed) return;
    this.#sealed = true;
    if (this.#sealer && this.#failure === undefined) this.#enqueue([this.#sealer.end()]);
    this.#wake?.();
  }

  #enqueue(pieces: readonly Buffer[]): void {
    if (pieces.length === 0) return;
    for (const piece of pieces) this.#queuedBytes += piece.length;
    this.#queue.push(...pieces);
    if (this.#queuedBytes > this.#options.maxQueuedBytes) {
      this.#failure ??= 'the disk is too slow';
      this.#queue = [];
    }
    this.#wake?.();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    let output: RecordingOutput | undefined;
    try {
      await this.#options.onBegin(this.#encoding ?? 'PCMU');
      output = await (this.#options.output ?? openOutput)(this.#options.path);
      for (;;) {
        if (this.#failure !== undefined) throw new Error(this.#failure);
        const pieces = this.#queue;
        this.#queue = [];
        if (pieces.length > 0) {
          await output.write(pieces);
          for (const piece of pieces) this.#queuedBytes -= piece.length;
        } else if (this.#sealed) break;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      await output.finish();
      const { waveform, sha256 } = { waveform: this.#meter?.result(), sha256: this.#hash.digest() };
      if (this.#size === 0 || !waveform) this.#options.onEnd(undefined, this.#lost ?? 'nothing was heard');
      else this.#options.onEnd(this.#endOf(this.#size, sha256, waveform), this.#lost);
    } catch (error) {
      this.#failure ??= asError(error).message;
      this.#queue = [];
      this.#sealer = undefined;
      await output?.abandon();
      await this.#salvage();
    }
  }

  /** What the disk took before it failed is kept. */
  async #salvage(): Promise<void> {
    const { path, id, ring, onEnd } = this.#options;
    const why = this.#failure;
    const found = await recoverFile(path, id, ring).catch(() => undefined);
    this.#lost = why;
    this.#facts = undefined;
    onEnd(found && this.#endOf(found.size, found.sha256, found.waveform), why);
  }

  #endOf(bytes: number, sha256: Buffer, waveform: RecordingEnd['waveform']): RecordingEnd {
    const [caller, other] = this.#facts?.lostMs ?? [0, 0];
    return {
      encoding: this.#encoding ?? 'PCMU',
      durationMs: millisecondsOf(bytes),
      pausedMs: this.#facts?.pausedMs ?? 0,
      lostMs: [caller, other],
      bytes,
      sha256: sha256.toString('hex'),
      waveform,
      ...(this.#lost === undefined ? {} : { lost: this.#lost.slice(0, 200) }),
    };
  }
}

/** A file that is made for it, readable by its owner alone. */
async function openOutput(path: string): Promise<RecordingOutput> {
  const file: FileHandle = await open(path, 'wx', 0o600);
  return {
    write: async (pieces) => {
      for (let left = pieces; left.length > 0;) {
        const { bytesWritten } = await file.writev(left as Buffer[]);
        left = behind(left, bytesWritten);
      }
    },
    finish: async () => {
      await file.sync();
      await file.close();
    },
    abandon: () => file.close().catch(() => undefined),
  };
}

/** What of the pieces lies behind so many octets. */
function behind(pieces: readonly Buffer[], octets: number): readonly Buffer[] {
  let skipped = octets;
  return pieces.flatMap((piece) => {
    const gone = Math.min(skipped, piece.length);
    skipped -= gone;
    return gone < piece.length ? [piece.subarray(gone)] : [];
  });
}

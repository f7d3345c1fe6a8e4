import { rename, rm } from 'node:fs/promises';
import type { RecordingBasics, RecordingEnd } from '../domain';
import type { RecordingSink } from '../media';
import type { RecordingFolder } from './folder';
import type { KeyRing } from './key-ring';
import type { RecordingNote } from './note';
import { writeNote } from './note';
import type { RecordingOutput } from './recording-file';
import { RecordingFile } from './recording-file';

/** What bounds recordings on a node. */
export interface StudioLimits {
  /** Made at once. */
  readonly maxOpen: number;
  /** Octets of audio of one. */
  readonly maxBytes: number;
  /** Octets of one that may wait for the disk. */
  readonly maxQueuedBytes: number;
}

/** What is told of recordings as they are made. Nothing of it may throw. */
export interface StudioEvents {
  readonly onBegin: (basics: RecordingBasics, encoding: RecordingEnd['encoding']) => void;
  /** One is over: what lies in the folder says what became of it. */
  readonly onEnd: () => void;
  /** One is over, and the folder takes nothing, not even that. */
  readonly onFailed: (basics: RecordingBasics, encoding: RecordingEnd['encoding'], why: string) => void;
}

/** A recording that cannot be made now: why. */
export interface NoRoom {
  readonly refused: string;
}

/** Longest that a disk is waited for when the node goes down. */
const CLOSE_MS = 5_000;

/** Makes recordings on this node: each is a file that is sealed as it grows. */
export class Studio {
  readonly #folder: RecordingFolder;
  readonly #ring: KeyRing;
  readonly #limits: StudioLimits;
  readonly #events: StudioEvents;
  readonly #output: ((path: string) => Promise<RecordingOutput>) | undefined;
  readonly #open = new Map<string, RecordingFile>();
  readonly #ending = new Set<Promise<void>>();
  #closed = false;

  /** @param output - opens what is written to; files by default */
  constructor(
    folder: RecordingFolder,
    ring: KeyRing,
    limits: StudioLimits,
    events: StudioEvents,
    output?: (path: string) => Promise<RecordingOutput>,
  ) {
    this.#folder = folder;
    this.#ring = ring;
    this.#limits = limits;
    this.#events = events;
    this.#output = output;
  }

  /** Recordings that are made. */
  get size(): number {
    return this.#open.size;
  }

  /** Whether a recording is made here still: nobody else is to touch its files. */
  has(id: string): boolean {
    return this.#open.has(id);
  }

  /** A sink for one recording, which is made from when that is told its begin. Never throws. */
  record(basics: RecordingBasics): RecordingSink | NoRoom {
    if (this.#closed) return { refused: 'the node goes down' };
    if (this.#open.size >= this.#limits.maxOpen) return { refused: 'as many recordings are made as may be' };
    const { id } = basics;
    let encoding: RecordingEnd['encoding'] = 'PCMU';
    const file = new RecordingFile({
      id,
      path: this.#folder.openFile(id),
      ring: this.#ring,
      maxBytes: this.#limits.maxBytes,
      maxQueuedBytes: this.#limits.maxQueuedBytes,
      ...(this.#output ? { output: this.#output } : {}),
      onBegin: async (format) => {
        encoding = format;
        this.#open.set(id, file);
        await writeNote(this.#folder.openNote(id), { format: 1, basics, encoding });
        this.#events.onBegin(basics, encoding);
      },
      onEnd: (end, why) => {
        if (!this.#open.has(id)) return;
        const work = this.#ended({ format: 1, basics, encoding }, end, why);
        this.#ending.add(work);
        void work.then(() => {
          this.#ending.delete(work);
          this.#open.delete(id);
          this.#events.onEnd();
        });
      },
    });
    return file;
  }

  /** Takes no more, and waits a while until what was recorded is on disk. Never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS)));
    const done = Promise.all([...this.#open.values()].map((file) => file.closed())).then(() =>
      Promise.all(this.#ending),
    );
    await Promise.race([done, late]);
    clearTimeout(timer);
  }

  /** Never rejects. */
  async #ended(
    note: RecordingNote,
    end: RecordingEnd | undefined,
    why = 'nothing was recorded',
  ): Promise<void> {
    const { id } = note.basics;
    const folder = this.#folder;
    try {
      if (end) {
        await writeNote(folder.wholeNote(id), { ...note, end });
        await rename(folder.openFile(id), folder.wholeFile(id));
        await rm(folder.openNote(id), { force: true });
      } else {
        await writeNote(folder.openNote(id), { ...note, failed: why });
        await rm(folder.openFile(id), { force: true });
      }
    } catch {
      // Of what lies there the keeper makes what it can.
      if (!end) this.#events.onFailed(note.basics, note.encoding, why);
    }
  }
}

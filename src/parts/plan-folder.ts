import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LONGEST_PLAN } from '../dialplan';
import { asError } from '../domain';

/** A file of a plan. */
export interface PlanFile {
  /** As its plan must be called: the file's, without its ending. */
  readonly name: string;
  readonly path: string;
  /** Undefined: it cannot be read. */
  readonly text: string | undefined;
}

export interface PlanFolderEvents {
  /** Every file of the folder: at first, and whenever one is another. Never called again before it is done. */
  onFiles(files: readonly PlanFile[]): void;
  /** The folder cannot be read: its files stay as they were last known. Undefined: it can. */
  onTrouble(error: Error | undefined): void;
}

export interface PlanFolderOptions {
  /** Milliseconds that files must have been left alone before they are read. */
  readonly settleMs?: number;
  /** Milliseconds between looks at files of which nothing was told. */
  readonly pollMs?: number;
}

const SETTLE_MS = 200;
const POLL_MS = 15_000;
const MOST_FILES = 1_000;
const IS_PLAN = /\.ya?ml$/;

/**
 * Reads a folder of plans and tells when they change: at once where the file system tells that, and by looking
 * now and then where it does not.
 */
export class PlanFolder {
  readonly #folder: string;
  readonly #events: PlanFolderEvents;
  readonly #settleMs: number;
  readonly #pollMs: number;
  #watcher: FSWatcher | undefined;
  #settle: NodeJS.Timeout | undefined;
  #poll: NodeJS.Timeout | undefined;
  #closed = false;
  /** Reads follow each other. */
  #reading: Promise<void> = Promise.resolve();
  #seen: string | undefined;
  #troubled = false;

  constructor(folder: string, events: PlanFolderEvents, options: PlanFolderOptions = {}) {
    this.#folder = folder;
    this.#events = events;
    this.#settleMs = options.settleMs ?? SETTLE_MS;
    this.#pollMs = options.pollMs ?? POLL_MS;
  }

  /** Resolves when every file was told of, or that none can be read. */
  async start(): Promise<void> {
    this.#watch();
    await this.look();
    this.#pollLater();
  }

  /** Looks whether anything changed. */
  look(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#read());
    return this.#reading;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watcher?.close();
    clearTimeout(this.#settle);
    clearTimeout(this.#poll);
    await this.#reading;
  }

  #watch(): void {
    if (this.#watcher || this.#closed) return;
    try {
      const watcher = watch(this.#folder, { persistent: false }, () => this.#told());
      // Gone, or more than the system watches: looking now and then has to do, and it is tried again with that.
      watcher.on('error', () => {
        watcher.close();
        if (this.#watcher === watcher) this.#watcher = undefined;
      });
      this.#watcher = watcher;
    } catch {
      this.#watcher = undefined;
    }
  }

  #told(): void {
    if (this.#closed) return;
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => void this.look(), this.#settleMs);
    this.#settle.unref();
  }

  #pollLater(): void {
    if (this.#closed) return;
    this.#poll = setTimeout(() => {
      this.#watch();
      void this.look().then(() => this.#pollLater());
    }, this.#pollMs);
    this.#poll.unref();
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    if (this.#closed) return;
    try {
      const names = (await readdir(this.#folder)).filter((name) => IS_PLAN.test(name)).sort();
      const paths = names.slice(0, MOST_FILES).map((name) => join(this.#folder, name));
      const marks = await Promise.all(paths.map(markOf));
      const seen = JSON.stringify([paths, marks]);
      if (seen === this.#seen) return;
      const files: PlanFile[] = [];
      for (const path of paths) files.push({ name: nameOf(path), path, text: await textOf(path) });
      if (this.#closed) return;
      this.#seen = seen;
      this.#events.onFiles(files);
      this.#say(undefined);
    } catch (error) {
      this.#seen = undefined;
      this.#say(asError(error));
    }
  }

  #say(trouble: Error | undefined): void {
    if (this.#closed || (trouble === undefined && !this.#troubled)) return;
    this.#troubled = trouble !== undefined;
    this.#events.onTrouble(trouble);
  }
}

/** What another content of a file shows by. */
async function markOf(path: string): Promise<string> {
  const marks = await stat(path, { bigint: true }).catch(() => undefined);
  return marks === undefined ? '' : `${marks.ino}/${marks.size}/${marks.mtimeNs}/${marks.ctimeNs}`;
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    // What is longer is refused whatever it says.
    return size > LONGEST_PLAN ? ' '.repeat(LONGEST_PLAN + 1) : await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

function nameOf(path: string): string {
  return basename(path).replace(IS_PLAN, '');
}

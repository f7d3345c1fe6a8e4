import { statSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { findSegments, segmentPath } from './segments';

const MAX_BYTES = 512 * 1024 * 1024;
const MAX_SEGMENT_BYTES = 8 * 1024 * 1024;

export interface JournalOptions {
  /** Most bytes kept on disk. */
  readonly maxBytes?: number;
  /** A file that has grown past this many bytes is followed by a new one. */
  readonly maxSegmentBytes?: number;
}

/** The journal holds as much as it may. */
export class JournalFullError extends Error {
  override readonly name = 'JournalFullError';
}

interface Segment {
  readonly path: string;
  bytes: number;
}

/**
 * Lines on disk before `append` resolves, in the order given: where records wait while the database
 * is away. Kept in numbered segments, so that new lines may be written while old ones are replayed,
 * and none is held in memory whole. A line cut short by a crash is the last of its segment, and is
 * left out: nobody was told that it was written.
 */
export class Journal {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #maxSegmentBytes: number;
  /** Oldest first; the last may be open. */
  readonly #segments: Segment[] = [];
  #open: { readonly handle: FileHandle; readonly segment: Segment } | undefined;
  #next: number;
  /** Appends follow each other. */
  #tail: Promise<unknown> = Promise.resolve();

  /** @param path - what the segments are called, before their number; the folder is made */
  constructor(path: string, options: JournalOptions = {}) {
    this.#path = path;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
    this.#maxSegmentBytes = options.maxSegmentBytes ?? MAX_SEGMENT_BYTES;
    const { paths, next } = findSegments(path);
    for (const file of paths) this.#segments.push({ path: file, bytes: statSync(file).size });
    this.#next = next;
  }

  get empty(): boolean {
    return this.#segments.length === 0;
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  /**
   * Resolves when the lines are on disk; when it rejects, none of them is.
   * @throws JournalFullError at the limit; the file system's own error when the disk says no
   */
  append(lines: readonly string[]): Promise<void> {
    const done = this.#tail.then(() => this.#write(lines));
    this.#tail = done.catch(() => undefined);
    return done;
  }

  /**
   * Hands over every line, oldest first, and forgets a segment once all of it was taken. Lines that
   * are appended meanwhile are handed over as well.
   *
   * @param take - given up to `batch` lines; when it rejects, replaying stops and nothing is lost: the
   * segment is handed over again from its start the next time
   */
  async replay(batch: number, take: (lines: readonly string[]) => Promise<void>): Promise<void> {
    for (;;) {
      const segment = this.#segments[0];
      if (!segment) return;
      // What comes from now on goes to the next segment.
      await this.#queued(() => (this.#open?.segment === segment ? this.#seal() : undefined));
      const lines = (await readFile(segment.path, 'utf8')).split('\n');
      // Past the last newline there is nothing, or a line that was cut short.
      lines.pop();
      for (let at = 0; at < lines.length; at += batch) await take(lines.slice(at, at + batch));
      await unlink(segment.path);
      this.#segments.shift();
    }
  }

  async close(): Promise<void> {
    await this.#queued(() => this.#seal());
  }

  #queued<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }

  async #write(lines: readonly string[]): Promise<void> {
    const data = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'utf8');
    if (this.bytes + data.length > this.#maxBytes) {
      throw new JournalFullError(`the journal ${this.#path} is full: ${this.#maxBytes} bytes`);
    }
    const { handle, segment } = await this.#current();
    try {
      for (let at = 0; at < data.length;) {
        const { bytesWritten } = await handle.write(data, at, data.length - at, segment.bytes + at);
        at += bytesWritten;
      }
      await handle.datasync();
      segment.bytes += data.length;
    } catch (error) {
      // Half a line must not stand before the next one.
      await handle.truncate(segment.bytes).catch(() => undefined);
      await this.#seal();
      throw error;
    }
    if (segment.bytes >= this.#maxSegmentBytes) await this.#seal();
  }

  async #current(): Promise<{ handle: FileHandle; segment: Segment }> {
    if (this.#open) return this.#open;
    const path = segmentPath(this.#path, this.#next);
    const handle = await open(path, 'wx', 0o600);
    this.#next++;
    const segment = { path, bytes: 0 };
    this.#segments.push(segment);
    this.#open = { handle, segment };
    // The name must outlive a crash as well as the bytes do.
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
    return this.#open;
  }

  async #seal(): Promise<void> {
    const opened = this.#open;
    this.#open = undefined;
    await opened?.handle.close();
  }
}

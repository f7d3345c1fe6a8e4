import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { findSegments, segmentPath } from './segments';

const MAX_BYTES = 64 * 1024 * 1024;
const MAX_SEGMENT_BYTES = 4 * 1024 * 1024;

export interface CallLogOptions {
  /** Most bytes kept; what comes beyond is not logged. */
  readonly maxBytes?: number;
  /** A file that has grown past this many bytes is followed by a new one. */
  readonly maxSegmentBytes?: number;
}

/** Where one line lies, to be told when it is needed no more. */
export type LoggedLine = Segment;

interface Segment {
  readonly path: string;
  bytes: number;
  /** Lines that are not stored elsewhere yet. */
  open: number;
}

/**
 * Lines handed to the operating system before `append` returns, until each is stored elsewhere: a process
 * that is killed loses none of them. They are not forced to the disk, which a call that is being answered
 * cannot wait for: a machine that loses its power loses the last moments.
 */
export class CallLog {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #maxSegmentBytes: number;
  /** Files of an earlier run, oldest first. */
  readonly #left: string[];
  readonly #segments = new Set<Segment>();
  #current: { readonly fd: number; readonly segment: Segment } | undefined;
  #next: number;

  /** @param path - what the segments are called, before their number; the folder is made */
  constructor(path: string, options: CallLogOptions = {}) {
    this.#path = path;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
    this.#maxSegmentBytes = options.maxSegmentBytes ?? MAX_SEGMENT_BYTES;
    const { paths, next } = findSegments(path);
    this.#left = [...paths];
    this.#next = next;
  }

  /** Bytes that this run keeps. */
  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.#segments) sum += bytes;
    return sum;
  }

  /**
   * @returns undefined at the limit: then neither the database nor the journal has taken anything for long
   * @throws the file system's own error when the disk says no
   */
  append(line: string): LoggedLine | undefined {
    const data = Buffer.from(`${line}\n`, 'utf8');
    if (this.bytes + data.length > this.#maxBytes) return undefined;
    this.#current ??= this.#open();
    const { fd, segment } = this.#current;
    for (let at = 0; at < data.length;) at += writeSync(fd, data, at);
    segment.bytes += data.length;
    segment.open++;
    if (segment.bytes >= this.#maxSegmentBytes) this.#seal();
    return segment;
  }

  /** The line is stored elsewhere. A file of which that is true of every line is removed. */
  done(segment: LoggedLine): void {
    segment.open--;
    if (segment.open === 0 && this.#current?.segment !== segment) this.#remove(segment);
  }

  /** What an earlier run did not store, oldest first. A line cut short was not logged, and is left out. */
  leftovers(): string[] {
    return this.#left.flatMap((path) => readFileSync(path, 'utf8').split('\n').slice(0, -1));
  }

  /** What an earlier run left is stored elsewhere now. */
  forgetLeftovers(): void {
    for (const path of this.#left.splice(0)) rmSync(path, { force: true });
  }

  /** What is not stored yet stays for the next run. */
  close(): void {
    this.#seal();
  }

  #open(): { readonly fd: number; readonly segment: Segment } {
    const path = segmentPath(this.#path, this.#next);
    const fd = openSync(path, 'wx', 0o600);
    this.#next++;
    const segment = { path, bytes: 0, open: 0 };
    this.#segments.add(segment);
    return { fd, segment };
  }

  #seal(): void {
    const opened = this.#current;
    if (!opened) return;
    this.#current = undefined;
    closeSync(opened.fd);
    if (opened.segment.open === 0) this.#remove(opened.segment);
  }

  #remove(segment: Segment): void {
    this.#segments.delete(segment);
    rmSync(segment.path, { force: true });
  }
}

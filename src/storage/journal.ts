import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

const MAX_BYTES = 512 * 1024 * 1024;

/**
 * An append-only file of JSON lines, on disk before `append` returns: where records wait while the
 * database is away. A line cut short by a crash is the last one, and is left out when it is read.
 */
export class Journal {
  readonly #path: string;
  readonly #maxBytes: number;
  #file: number | undefined;
  #bytes: number;

  /** @param path - of the file; its folder is made */
  constructor(path: string, maxBytes = MAX_BYTES) {
    mkdirSync(dirname(path), { recursive: true });
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#bytes = existsSync(path) ? statSync(path).size : 0;
  }

  get empty(): boolean {
    return this.#bytes === 0;
  }

  /** @throws Error when the disk or the limit says no */
  append(lines: readonly string[]): void {
    const text = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'utf8');
    if (this.#bytes + text.length > this.#maxBytes) throw new Error(`the journal ${this.#path} is full`);
    this.#file ??= openSync(this.#path, 'a');
    writeSync(this.#file, text);
    fsyncSync(this.#file);
    this.#bytes += text.length;
  }

  /** Every whole line, in order. */
  read(): string[] {
    if (!existsSync(this.#path)) return [];
    const text = readFileSync(this.#path, 'utf8');
    const lines = text.split('\n');
    lines.pop();
    return lines;
  }

  /** Forgets what was replayed; kept as `.done` until the next time, for whoever wants to look. */
  clear(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#bytes = 0;
    rmSync(`${this.#path}.done`, { force: true });
    if (existsSync(this.#path)) renameSync(this.#path, `${this.#path}.done`);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

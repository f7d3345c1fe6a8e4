import type { LineProblem } from './number-sink';

export interface BadLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly problem: LineProblem;
  /** The beginning of the line, anything unprintable as `?`. */
  readonly text: string;
}

const MAX_SAMPLES = 100;
const MAX_TEXT = 60;

/** Counts lines that cannot be used and keeps the first hundred. */
export class BadLines {
  #count = 0;
  readonly #samples: BadLine[] = [];
  /** The file that is being read. */
  file = '';

  get count(): number {
    return this.#count;
  }

  get samples(): readonly BadLine[] {
    return this.#samples;
  }

  add(line: number, problem: LineProblem, bytes: Buffer, start = 0, end = bytes.length): void {
    this.#count++;
    if (this.#samples.length >= MAX_SAMPLES) return;
    const cut = Math.min(end, start + MAX_TEXT);
    const text = bytes.toString('latin1', start, cut).replace(/[^\x20-\x7e]/g, '?');
    this.#samples.push({ file: this.file, line, problem, text: cut < end ? `${text}…` : text });
  }
}

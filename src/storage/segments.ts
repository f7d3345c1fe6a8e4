import { mkdirSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Files of one log that follow each other by number: `calls.journal.00000001`, … */
export interface Segments {
  /** Oldest first. */
  readonly paths: readonly string[];
  /** Number of the file to be made next. */
  readonly next: number;
}

/** Finds the files of a log. @param path - what they are called, before their number; the folder is made */
export function findSegments(path: string): Segments {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const prefix = `${basename(path)}.`;
  const numbers = readdirSync(folder)
    .filter((file) => file.startsWith(prefix) && /^\d+$/.test(file.slice(prefix.length)))
    .map((file) => Number(file.slice(prefix.length)))
    .sort((a, b) => a - b);
  return {
    paths: numbers.map((number) => segmentPath(path, number)),
    next: (numbers.at(-1) ?? 0) + 1,
  };
}

export function segmentPath(path: string, number: number): string {
  return `${path}.${String(number).padStart(8, '0')}`;
}

import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { NumberSet, NumberSetBuilder, roomFor } from '../../../src/market';
import type { NumberSegment } from '../../../src/market';
import { BadLines } from '../../../src/storage/number-lists/bad-lines';
import { WholeList } from '../../../src/storage/number-lists/change-log';
import { FileParser } from '../../../src/storage/number-lists/make-parser';
import type { Spread } from './generated-list';
import { generatedList, xorshift } from './generated-list';

export interface Built {
  readonly numbers: number;
  /** Milliseconds of checksum, parser and bits; of the stream itself nothing. */
  readonly readMs: number;
  readonly packMs: number;
}

/** Imports a generated list, with all that an import does but the database, and writes its segments to a file. */
export function buildList(spread: Spread, total: number, file: string): Built {
  const whole = new WholeList();
  const bad = new BadLines();
  const parser = new FileParser(whole, bad, { format: 'auto', columns: [] });
  const hash = createHash('sha256');
  let readMs = 0;
  for (const chunk of generatedList(spread, total)) {
    const startedAt = performance.now();
    hash.update(chunk);
    parser.push(chunk);
    readMs += performance.now() - startedAt;
  }
  parser.end();
  const startedAt = performance.now();
  const set = whole.finish();
  const packMs = performance.now() - startedAt;
  if (bad.count > 0 || set.size !== total) throw new Error(`${set.size} numbers, ${bad.count} bad lines`);
  writeSegments(set.segments, file);
  writeSegments(nextVersion(set), nextOf(file));
  return { numbers: set.size, readMs, packMs };
}

/** Where the version lies that follows. */
export function nextOf(file: string): string {
  return `${file}.next`;
}

/** One number in a hundred is another. */
function* nextVersion(set: NumberSet): Generator<NumberSegment> {
  const random = xorshift(0x85ebca6b);
  for (const segment of set.segments) {
    const builder = new NumberSetBuilder(new NumberSet([segment]));
    for (let n = 0; n < segment.entries / 100; n++) {
      const position = random() % 8_000_000;
      if (!builder.removeAt(segment.area, position)) builder.addAt(segment.area, position);
    }
    yield* builder.finish().segments;
  }
}

function writeSegments(segments: Iterable<NumberSegment>, file: string): void {
  const out = openSync(file, 'w');
  for (const { area, entries, data } of segments) {
    writeSync(out, new Uint8Array(Uint32Array.of(area, entries, data.length).buffer));
    writeSync(out, data);
  }
  closeSync(out);
}

/**
 * Reads segments as a node does: each into memory of its own, or one after the other into the same.
 */
export function* readSegments(file: string, memory?: ArrayBuffer): Generator<NumberSegment> {
  const from = openSync(file, 'r');
  const head = new Uint32Array(3);
  while (readSync(from, head) > 0) {
    const [area = 0, entries = 0, length = 0] = head;
    const data = new Uint8Array(memory ?? roomFor(length), 0, length);
    readSync(from, data);
    yield { area, entries, data };
  }
  closeSync(from);
}

import type { E164 } from '../../../src/domain';
import { FlipTable, LINES, NumberLists, NumberSet, NumberSetBuilder } from '../../../src/market';
import type { NumberSegment } from '../../../src/market';
import { nextOf, readSegments } from './build-list';
import { areaCodes, exchanges, xorshift } from './generated-list';
import type { LookupTimes } from './time-lookups';
import { timeLookups } from './time-lookups';

export interface Measured {
  readonly entries: number;
  /** What the packed segments take. */
  readonly packedBytes: number;
  /** By how much the process grew. */
  readonly rssBytes: number;
  readonly loadMs: number;
  /** The most by which it had grown while the next version took the place of this one. */
  readonly swapPeakBytes: number;
  readonly hits: LookupTimes;
  readonly misses: LookupTimes;
  readonly mixed: LookupTimes;
  /** The whole question: rows, this list, and four more. */
  readonly lists: LookupTimes;
  /** Heap bytes that a million questions leave behind. */
  readonly garbage: number;
}

const SAMPLE = 500_000;

/** Memory in use once nothing is left over. */
export function settledRss(): number {
  for (let n = 0; n < 3; n++) (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().rss;
}

/** Loads a list as a node does, and measures what it takes and how fast it answers. */
export async function measureList(file: string): Promise<Measured> {
  const before = settledRss();
  const startedAt = performance.now();
  const lists = new NumberLists();
  install(lists, new NumberSet(readSegments(file)));
  const loadMs = performance.now() - startedAt;
  const rssBytes = settledRss() - before;
  const { size, bytes: packedBytes } = nationalOf(lists);
  let peak = 0;
  await swap(lists, nextOf(file), () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  });
  const set = nationalOf(lists);
  const { hits, misses } = samples(set);
  const mixed = hits.map((hit, n) => (n % 2 === 0 ? hit : (misses[n] as E164)));
  const has = (number: E164): boolean => set.has(number);
  addOthers(lists);
  const asked = (number: E164): boolean => lists.hitsFor(number, 0).length > 0;
  return {
    entries: size,
    packedBytes,
    rssBytes,
    loadMs,
    swapPeakBytes: peak - before,
    hits: timeLookups(hits, has),
    misses: timeLookups([...misses, ...hits.slice(0, 1)], has),
    mixed: timeLookups(mixed, has),
    lists: timeLookups(mixed, asked),
    garbage: garbageOf(mixed, asked),
  };
}

/** Takes a version over as a node does: first what is different, then each area whole. */
async function swap(lists: NumberLists, file: string, look: () => void): Promise<void> {
  const table = new FlipTable();
  const segments: NumberSegment[] = [];
  for (const segment of readSegments(file, new ArrayBuffer(2_000_000))) {
    const taken = table.asFlips(nationalOf(lists).segment(segment.area), segment);
    segments.push(taken ?? { ...segment, data: segment.data.slice() });
    await new Promise(setImmediate);
    look();
  }
  const areas = segments.map(({ area }) => area);
  install(lists, new NumberSet(segments.splice(0)));
  for (const area of areas) {
    const numbers = nationalOf(lists);
    const segment = numbers.segment(area);
    const whole = segment && table.settledInPlace(segment);
    if (whole) install(lists, numbers.with(whole));
    await new Promise(setImmediate);
    look();
  }
}

function install(lists: NumberLists, numbers: NumberSet): void {
  lists.install({ name: 'national', version: 'generated', asOf: 0, numbers });
}

function nationalOf(lists: NumberLists): NumberSet {
  return lists.version('national')?.numbers ?? NumberSet.empty;
}

/** Numbers in no order: half a million that are listed, and as many that could be, but are not. */
function samples(set: NumberSet): { hits: E164[]; misses: E164[] } {
  const random = xorshift(0x1234567);
  const areas = areaCodes();
  const codes = exchanges();
  const hits: E164[] = [];
  const misses: E164[] = [];
  const bytes = Buffer.alloc(12);
  while (hits.length < SAMPLE || misses.length < SAMPLE) {
    const area = areas[random() % areas.length] as number;
    const exchange = codes[random() % codes.length] as number;
    // Bytes, read as text, make a flat string as a parser of SIP does.
    bytes.write(`+1${area}${exchange}${String(random() % LINES).padStart(4, '0')}`, 'latin1');
    const number = bytes.toString('latin1') as E164;
    const into = set.has(number) ? hits : misses;
    if (into.length < SAMPLE) into.push(number);
  }
  return { hits, misses };
}

/** Beside the list: rows, two states, litigators, reassigned numbers, each with some of everybody's numbers. */
function addOthers(lists: NumberLists): void {
  const random = xorshift(0x7654321);
  const areas = areaCodes();
  for (const name of ['state:TX', 'state:FL', 'litigator', 'reassigned'] as const) {
    const builder = new NumberSetBuilder();
    for (let n = 0; n < 100_000; n++) builder.addAt(areas[random() % 40] as number, random() % 8_000_000);
    lists.install({ name, version: 'generated', asOf: 0, numbers: builder.finish() });
  }
  for (let n = 0; n < 50_000; n++) {
    const number =
      `+1${areas[random() % areas.length]}555${String(random() % LINES).padStart(4, '0')}` as E164;
    lists.rows.add({ number, source: 'internal', expiresAt: undefined });
  }
}

function garbageOf(numbers: readonly E164[], has: (number: E164) => boolean): number {
  settledRss();
  const before = process.memoryUsage().heapUsed;
  let found = 0;
  for (let n = 0; n < 1_000_000; n++) if (has(numbers[n % numbers.length] as E164)) found++;
  const left = process.memoryUsage().heapUsed - before;
  if (found === 0) throw new Error('nothing was found');
  return left;
}

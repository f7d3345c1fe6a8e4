/**
 * The national registry in memory: 240 million numbers, spread as they are and spread as badly as can
 * be. Each spread is imported by the real parser from a generated stream of the registry's flat text, in
 * a process of its own, and then loaded and asked in another, as a node does: memory is by how much that
 * process grew. Prints tables, and as its last line one JSON object, of the worse spread for each figure.
 * Nothing here is a pass or fail.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Built } from './dnc/build-list';
import { buildList, nextOf } from './dnc/build-list';
import type { Spread } from './dnc/generated-list';
import { areaCodes, exchanges, SPREADS } from './dnc/generated-list';
import type { Measured } from './dnc/measure-list';
import { measureList } from './dnc/measure-list';
import type { Peer } from './dnc/peers';
import { measurePeer } from './dnc/peers';
import type { LookupTimes } from './dnc/time-lookups';

const ENTRIES = 240_000_000;
const PEER_ENTRIES = 5_000_000;
const MB = 1_000_000;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs a part of this in a process of its own: what one part leaves in memory is not another's. */
function apart<T>(part: string, ...words: string[]): T {
  const args = ['--expose-gc', __filename, part, ...words];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as T;
}

function showTimes(name: string, { p50, p99, p999, batchP99, perSecond }: LookupTimes): void {
  const cells = [p50, p99, p999, batchP99].map((us) => us.toFixed(3).padStart(8));
  print(`  ${name.padEnd(22)}${cells.join('  ')}  ${perSecond.toLocaleString('en-US').padStart(12)}`);
}

function runAll(): void {
  const folder = mkdtempSync(join(tmpdir(), 'bench-dnc-'));
  const done = new Map<Spread, { built: Built; measured: Measured }>();
  try {
    print(`${areaCodes().length} area codes, ${exchanges().length} exchanges each; look-ups in µs`);
    for (const spread of Object.keys(SPREADS) as Spread[]) {
      const file = join(folder, spread);
      const built = apart<Built>('build', spread, file);
      const measured = apart<Measured>('measure', file);
      done.set(spread, { built, measured });
      show(spread, built, measured, statSync(file).size);
      for (const each of [file, nextOf(file)]) rmSync(each);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  print(
    `\npeers, with ${PEER_ENTRIES.toLocaleString('en-US')} numbers (a Set holds 16.7 million at most); half hits, half misses`,
  );
  for (const name of ['Set of strings', 'Set of numbers', 'sorted Float64Array'])
    showPeer(apart<Peer>('peer', name));
  const all = [...done.values()];
  const worst = (figure: (of: { built: Built; measured: Measured }) => number): number =>
    Math.max(...all.map(figure));
  const memoryOf = (spread: Spread): number => Math.round((done.get(spread)?.measured.rssBytes ?? 0) / MB);
  print(
    JSON.stringify({
      entries: ENTRIES,
      memoryMB: Math.max(memoryOf('realistic'), memoryOf('uniform')),
      memoryRealisticMB: memoryOf('realistic'),
      memoryUniformMB: memoryOf('uniform'),
      swapPeakMB: Math.round(worst(({ measured }) => measured.swapPeakBytes) / MB),
      lookupP99Us: round(
        worst(({ measured: { hits, misses, mixed } }) => Math.max(hits.p99, misses.p99, mixed.p99)),
      ),
      listsP99Us: round(worst(({ measured }) => measured.lists.p99)),
      importPerSecond: Math.round(ENTRIES / (worst(({ built }) => built.readMs + built.packMs) / 1_000)),
    }),
  );
}

function show(spread: Spread, built: Built, measured: Measured, fileBytes: number): void {
  const { entries, packedBytes, rssBytes, loadMs } = measured;
  print(`\n${spread}: ${SPREADS[spread]}`);
  const seconds = (built.readMs + built.packMs) / 1_000;
  print(
    `  import: ${(built.readMs / 1_000).toFixed(1)} s to read, ${(built.packMs / 1_000).toFixed(1)} s to pack: ` +
      `${Math.round(entries / seconds).toLocaleString('en-US')} numbers/s`,
  );
  print(
    `  memory: ${(rssBytes / MB).toFixed(1)} MB by which the process grew, ${(packedBytes / MB).toFixed(1)} MB packed, ` +
      `${((packedBytes * 8) / entries).toFixed(2)} bits a number; loaded in ${(loadMs / 1_000).toFixed(1)} s from ${(fileBytes / MB).toFixed(0)} MB`,
  );
  print(
    `  next version, 1 % of it different: ${(measured.swapPeakBytes / MB).toFixed(1)} MB at most while it takes the place of this one`,
  );
  print(`  ${''.padEnd(22)}     p50       p99     p99.9  batch p99       a second`);
  showTimes('hits', measured.hits);
  showTimes('misses', measured.misses);
  showTimes('half and half', measured.mixed);
  showTimes('rows and five lists', measured.lists);
  print(`  heap that a million questions leave: ${measured.garbage} bytes`);
}

function showPeer({ name, bytesPerEntry, times }: Peer): void {
  showTimes(name, times);
  const scaled = Math.round((bytesPerEntry * ENTRIES) / MB).toLocaleString('en-US');
  print(
    `    ${bytesPerEntry.toFixed(1)} bytes a number: ${scaled} MB for ${ENTRIES.toLocaleString('en-US')}`,
  );
}

function round(us: number): number {
  return Math.round(us * 1_000) / 1_000;
}

async function main([part, first = '', second = '']: readonly string[]): Promise<void> {
  if (part === 'build') print(JSON.stringify(buildList(first as Spread, ENTRIES, second)));
  else if (part === 'measure') print(JSON.stringify(await measureList(first)));
  else if (part === 'peer') print(JSON.stringify(measurePeer(first, PEER_ENTRIES)));
  else runAll();
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.exitCode = 1;
  throw error;
});

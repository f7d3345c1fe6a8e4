import { NPA_ROWS } from '../../../src/compliance/data/npa';

/** How numbers lie in the area codes. */
export type Spread = 'realistic' | 'uniform';

export const SPREADS: Readonly<Record<Spread, string>> = {
  realistic:
    'each area code has 30 to 98 % of its exchanges in use, of those 65 % of the thousands-blocks, and 3 to 37 % of the lines of such a block',
  uniform: 'every line of every exchange is as likely as any other: nothing lies together',
};

const LINE_BYTES = 12;
const BLOCK = 1_000;
const GAPS = 4_096;
const CLASSES = 16;

/** Area codes of the United States and its territories, ascending. */
export function areaCodes(): number[] {
  const codes = NPA_ROWS.filter(([country]) => country === 'US').flatMap(([, , , npas]) => npas.split(' '));
  return [...new Set(codes)].map(Number).sort((a, b) => a - b);
}

/** Exchanges that are given out: NXX but N11. */
export function exchanges(): number[] {
  return Array.from({ length: 800 }, (_, n) => n + 200).filter((nxx) => nxx % 100 !== 11);
}

/** The registry's flat text with so many numbers, the same each time, as pieces of about a megabyte. */
export function* generatedList(spread: Spread, total: number): Generator<Buffer> {
  const random = xorshift(spread === 'uniform' ? 0x2545f491 : 0x9e3779b9);
  const areas = areaCodes();
  const codes = exchanges();
  const even = gapsOf((total / (areas.length * codes.length * 10 * BLOCK)) * 1.003);
  const classes = Array.from({ length: CLASSES }, (_, n) => gapsOf(0.03 + (0.34 * n) / (CLASSES - 1)));
  const out = Buffer.alloc(1_048_572);
  let end = 0;
  let left = total;
  for (const area of areas) {
    const inUse = 0.3 + 0.68 * (random() / 0x100000000);
    for (const exchange of codes) {
      if (spread === 'realistic' && random() / 0x100000000 > inUse) continue;
      for (let block = 0; block < 10; block++) {
        if (spread === 'realistic' && random() / 0x100000000 > 0.65) continue;
        const gaps = spread === 'uniform' ? even : (classes[random() % CLASSES] as Uint16Array);
        for (
          let line = (gaps[random() % GAPS] as number) - 1;
          line < BLOCK;
          line += gaps[random() % GAPS] as number
        ) {
          if (left === 0) {
            if (end > 0) yield out.subarray(0, end);
            return;
          }
          write(out, end, area, exchange, block * BLOCK + line);
          left--;
          end += LINE_BYTES;
          if (end < out.length) continue;
          yield out;
          end = 0;
        }
      }
    }
  }
  throw new Error(`the spread holds ${left} numbers less than ${total}`);
}

/** Distances to the next number, geometrically distributed: as if each line had been drawn for itself. */
function gapsOf(density: number): Uint16Array {
  return Uint16Array.from({ length: GAPS }, (_, n) =>
    Math.min(1 + Math.floor(Math.log((n + 0.5) / GAPS) / Math.log(1 - density)), 65_535),
  );
}

function write(out: Buffer, at: number, area: number, exchange: number, line: number): void {
  digits(out, at, area);
  out[at + 3] = 44;
  digits(out, at + 4, exchange);
  out[at + 7] = 48 + Math.floor(line / 1_000);
  digits(out, at + 8, line % 1_000);
  out[at + 11] = 10;
}

function digits(out: Buffer, at: number, value: number): void {
  const tens = (value / 10) | 0;
  const hundreds = (tens / 10) | 0;
  out[at] = 48 + hundreds;
  out[at + 1] = 48 + tens - hundreds * 10;
  out[at + 2] = 48 + value - tens * 10;
}

/** Unsigned 32 bits a call (Marsaglia 2003). */
export function xorshift(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

import type { E164 } from '../../../src/domain';
import { xorshift } from './generated-list';
import { settledRss } from './measure-list';
import type { LookupTimes } from './time-lookups';
import { timeLookups } from './time-lookups';

export interface Peer {
  readonly name: string;
  readonly entries: number;
  readonly bytesPerEntry: number;
  readonly times: LookupTimes;
}

const SAMPLE = 300_000;

/** The same question asked of what one would take without a structure of one's own. */
export function measurePeer(name: string, entries: number): Peer {
  const random = xorshift(0x1b873593);
  const any = (): number => 12_002_000_000 + (random() % 8_000) * 1_000_000 + (random() % 1_000_000);
  const digits = Float64Array.from({ length: entries }, any);
  const before = settledRss();
  const has = build(name, digits);
  const bytesPerEntry = (settledRss() - before) / entries;
  const numbers = Array.from({ length: SAMPLE }, (_, n) => {
    const number = n % 2 === 0 ? (digits[random() % entries] as number) : any();
    return Buffer.from(`+${number}`).toString('latin1') as E164;
  });
  return { name, entries, bytesPerEntry, times: timeLookups(numbers, has) };
}

function build(name: string, digits: Float64Array): (number: E164) => boolean {
  if (name === 'sorted Float64Array') {
    const sorted = Float64Array.from(digits).sort();
    return (number) => {
      const wanted = Number(number);
      let low = 0;
      let high = sorted.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((sorted[middle] as number) < wanted) low = middle + 1;
        else high = middle;
      }
      return sorted[low] === wanted;
    };
  }
  if (name === 'Set of numbers') {
    const set = new Set<number>();
    for (const each of digits) set.add(each);
    return (number) => set.has(Number(number));
  }
  const set = new Set<string>();
  for (const each of digits) set.add(`+${each}`);
  return (number) => set.has(number);
}

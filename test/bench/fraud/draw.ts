import type { E164 } from '../../../src/domain';
import { classifyNumber } from '../../../src/compliance';
import { seededRandom } from '../../../src/fraud/train/random';
import type { Range } from './world';

/** Chance, the same for the same seed. */
export class Draw {
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  between([low, high]: Range): number {
    return low + (high - low) * this.random();
  }

  /** An integer below. */
  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Waiting time with this mean. */
  wait(mean: number): number {
    return -mean * Math.log(1 - this.random());
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(2 * Math.PI * this.random());
  }

  /** Log-normal with this median. */
  around(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }

  poisson(mean: number): number {
    if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()));
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = this.random(); product > limit; product *= this.random()) count++;
    return count;
  }

  /** By weights, given as their running sum. */
  weighted(cumulative: Float64Array): number {
    const at = this.random() * (cumulative[cumulative.length - 1] as number);
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulative[middle] as number) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** An exchange code that there may be. */
  nxx(): number {
    for (;;) {
      const nxx = 200 + this.below(800);
      if (nxx % 100 !== 11 && nxx !== 555 && nxx !== 976) return nxx;
    }
  }

  number(npa: number, nxx = this.nxx(), line = this.below(10_000)): E164 {
    return `+1${npa}${nxx}${String(line).padStart(4, '0')}` as E164;
  }
}

/** Area codes of the States. */
export const US_NPAS: readonly number[] = Array.from({ length: 800 }, (_, i) => 200 + i).filter((npa) => {
  const found = classifyNumber(`+1${npa}2345678` as E164);
  return found.kind === 'geographic' && found.place.country === 'US';
});
const CARIBBEAN = [242, 246, 268, 284, 345, 473, 649, 664, 758, 784, 809, 829, 868, 876];
const IRSF = ['234', '971', '966', '53', '371', '370', '252', '882'];
const FOREIGN = ['44', '49', '52', '91', '63', '675', '257', '232', '960'];

export function caribbeanNumber(draw: Draw): E164 {
  return draw.number(draw.pick(CARIBBEAN));
}

/** @param listed - share of them that are of ranges known for revenue share fraud */
export function foreignNumber(draw: Draw, listed = 0): E164 {
  const country = draw.pick(draw.chance(listed) ? IRSF : FOREIGN);
  return `+${country}${String(100_000_000 + draw.below(900_000_000)).slice(0, 11 - country.length)}` as E164;
}

/** Area codes weighted as people live: few hold most. */
export class Population {
  readonly #npas: readonly number[];
  readonly #cumulative: Float64Array;

  constructor(draw: Draw, npas: readonly number[]) {
    this.#npas = npas;
    let sum = 0;
    this.#cumulative = Float64Array.from(npas, () => (sum += draw.around(1, 0.8)));
  }

  npa(draw: Draw): number {
    return this.#npas[draw.weighted(this.#cumulative)] as number;
  }
}

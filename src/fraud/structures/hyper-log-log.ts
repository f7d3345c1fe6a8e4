import { hashKey } from './keys';

const PRECISION = 12;
const REGISTERS = 1 << PRECISION;
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);

/**
 * How many distinct keys there were: HyperLogLog (Flajolet et al. 2007) of 4,096 registers, standard
 * error 1.04/√4096 = 1.6 %, with linear counting for small numbers. The harmonic sum is kept as
 * registers change, so that reading costs nothing.
 */
export class HyperLogLog {
  readonly #registers = new Uint8Array(REGISTERS);
  #sum = REGISTERS;
  #zeros = REGISTERS;

  add(key: number): void {
    const high = hashKey(key, 3);
    const low = hashKey(key, 4);
    // Twelve bits choose the register; the rank is taken from the other fifty-two.
    const rest = high & 0xfffff;
    const rank = rest === 0 ? 21 + Math.clz32(low) : Math.clz32(rest) - 11;
    this.#raise(high >>> 20, rank);
  }

  /** As if what was added to the other had been added here: nodes can put theirs together. */
  merge(other: HyperLogLog): void {
    for (let i = 0; i < REGISTERS; i++) this.#raise(i, other.#registers[i] as number);
  }

  estimate(): number {
    const raw = (ALPHA * REGISTERS * REGISTERS) / this.#sum;
    return raw <= 2.5 * REGISTERS && this.#zeros > 0 ? REGISTERS * Math.log(REGISTERS / this.#zeros) : raw;
  }

  copy(other: HyperLogLog): void {
    this.#registers.set(other.#registers);
    this.#sum = other.#sum;
    this.#zeros = other.#zeros;
  }

  clear(): void {
    this.#registers.fill(0);
    this.#sum = REGISTERS;
    this.#zeros = REGISTERS;
  }

  #raise(register: number, rank: number): void {
    const before = this.#registers[register] as number;
    if (rank <= before) return;
    this.#registers[register] = rank;
    this.#sum += 2 ** -rank - 2 ** -before;
    if (before === 0) this.#zeros--;
  }
}

/** Distinct keys, and events, within a window that covers one pane at least and two at most. */
export class SlidingDistinct {
  readonly #current = new HyperLogLog();
  /** The pane before, and this one. */
  readonly #both = new HyperLogLog();
  readonly #paneMs: number;
  #pane = 0;
  #currentEvents = 0;
  #bothEvents = 0;

  constructor(paneMs: number) {
    this.#paneMs = paneMs;
  }

  add(key: number, at: number): void {
    this.#turnTo(at);
    this.#current.add(key);
    this.#both.add(key);
    this.#currentEvents++;
    this.#bothEvents++;
  }

  /** Distinct keys. */
  estimate(now: number): number {
    this.#turnTo(now);
    return this.#both.estimate();
  }

  /** Events, whatever their keys. */
  events(now: number): number {
    this.#turnTo(now);
    return this.#bothEvents;
  }

  clear(): void {
    this.#current.clear();
    this.#both.clear();
    this.#currentEvents = 0;
    this.#bothEvents = 0;
    this.#pane = 0;
  }

  #turnTo(at: number): void {
    const pane = Math.floor(at / this.#paneMs);
    if (pane <= this.#pane) return;
    if (pane === this.#pane + 1) {
      this.#both.copy(this.#current);
      this.#bothEvents = this.#currentEvents;
    } else {
      this.#both.clear();
      this.#bothEvents = 0;
    }
    this.#current.clear();
    this.#currentEvents = 0;
    this.#pane = pane;
  }
}

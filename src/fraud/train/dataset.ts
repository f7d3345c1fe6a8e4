import type { SignalName, SignalVector } from '../signals';
import { SIGNAL, SIGNALS } from '../signals';

/** Calls whose truth is known, a column for each signal. */
export interface Dataset {
  readonly rows: number;
  readonly signals: readonly SignalName[];
  readonly columns: readonly Float32Array[];
  /** 1 = fraud. */
  readonly labels: Uint8Array;
}

/**
 * Signals that grow with the exchange itself. What a model learnt of them on one exchange would be
 * wrong on a larger one, so it is trained on the others: rates, shares, and counts of one caller.
 */
const OF_SIZE: ReadonlySet<SignalName> = new Set([
  'did_1m',
  'did_1h',
  'did_24h',
  'seller_1m',
  'seller_1h',
  'seller_24h',
  'trunk_1m',
  'trunk_1h',
] as const);

/** Signals that models are trained on. */
const TRAINED_SIGNALS: readonly SignalName[] = SIGNALS.filter((name) => !OF_SIZE.has(name));

/** Collects calls one by one. */
export class DatasetBuilder {
  readonly #places = TRAINED_SIGNALS.map((name) => SIGNAL[name]);
  readonly #columns: Float32Array[];
  readonly #labels: Uint8Array;
  #rows = 0;

  /** @param most - calls that it can hold */
  constructor(most: number) {
    this.#columns = TRAINED_SIGNALS.map(() => new Float32Array(most));
    this.#labels = new Uint8Array(most);
  }

  /** @throws RangeError when it is full */
  add(signals: SignalVector, fraud: boolean): void {
    if (this.#rows === this.#labels.length) throw new RangeError(`more than ${this.#rows} calls`);
    for (const [i, place] of this.#places.entries()) {
      (this.#columns[i] as Float32Array)[this.#rows] = signals[place] as number;
    }
    this.#labels[this.#rows] = fraud ? 1 : 0;
    this.#rows++;
  }

  build(): Dataset {
    return {
      rows: this.#rows,
      signals: TRAINED_SIGNALS,
      columns: this.#columns.map((column) => column.subarray(0, this.#rows)),
      labels: this.#labels.subarray(0, this.#rows),
    };
  }
}

/** One call of a dataset, as a vector. */
export function vectorAt({ signals, columns }: Dataset, row: number, into: SignalVector): SignalVector {
  into.fill(0);
  for (const [i, name] of signals.entries()) into[SIGNAL[name]] = (columns[i] as Float32Array)[row] as number;
  return into;
}

/** Some calls of a dataset. */
export function selectRows({ signals, columns, labels }: Dataset, rows: readonly number[]): Dataset {
  return {
    rows: rows.length,
    signals,
    columns: columns.map((column) => Float32Array.from(rows, (row) => column[row] as number)),
    labels: Uint8Array.from(rows, (row) => labels[row] as number),
  };
}

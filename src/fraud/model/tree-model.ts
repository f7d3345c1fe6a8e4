import type { SignalVector } from '../signals';
import type { Calibration } from './calibration';
import { Scale } from './calibration';
import type { FraudModel, ModelHistory } from './fraud-model';
import { SILENT, strongest } from './strongest';

/** One tree, a node an index; children come after their parent. */
export interface TreeNodes {
  /** Which signal is asked, by its place in the model's list; -1 = a leaf. */
  readonly feature: readonly number[];
  /** Up to and with this it goes left. */
  readonly threshold: readonly number[];
  /** The left child; the right one is the next after it. */
  readonly left: readonly number[];
  /** Log-odds to be expected of what comes here; of a leaf, what it adds. */
  readonly value: readonly number[];
}

export interface TreeParts {
  /** Log-odds before any tree. */
  readonly base: number;
  readonly trees: readonly TreeNodes[];
}

/** Gradient-boosted trees in typed arrays. */
export class TreeModel implements FraudModel {
  readonly kind = 'gbdt';
  readonly id: string;
  readonly trainedOn: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly #names: readonly string[];
  readonly #base: number;
  readonly #roots: Int32Array;
  /** Place of the asked signal in a vector; -1 = a leaf. */
  readonly #place: Int16Array;
  /** The same in the model's own list. */
  readonly #feature: Int16Array;
  readonly #threshold: Float64Array;
  readonly #left: Int32Array;
  readonly #value: Float64Array;
  readonly #terms: Float64Array;
  readonly #scale: Scale;

  /** @param places - of its signals in a vector */
  constructor(
    { id, trainedOn, metrics }: ModelHistory,
    names: readonly string[],
    places: readonly number[],
    parts: TreeParts,
    calibration: Calibration,
  ) {
    this.id = id;
    this.trainedOn = trainedOn;
    this.metrics = metrics;
    this.#names = names;
    this.#base = parts.base;
    const nodes = parts.trees.reduce((sum, tree) => sum + tree.feature.length, 0);
    this.#roots = new Int32Array(parts.trees.length);
    this.#place = new Int16Array(nodes);
    this.#feature = new Int16Array(nodes);
    this.#threshold = new Float64Array(nodes);
    this.#left = new Int32Array(nodes);
    this.#value = new Float64Array(nodes);
    this.#terms = new Float64Array(names.length);
    this.#scale = new Scale(calibration);
    let first = 0;
    for (const [n, tree] of parts.trees.entries()) {
      this.#roots[n] = first;
      for (const [i, feature] of tree.feature.entries()) {
        this.#feature[first + i] = feature;
        this.#place[first + i] = feature < 0 ? -1 : (places[feature] as number);
        this.#threshold[first + i] = tree.threshold[i] as number;
        this.#left[first + i] = first + (tree.left[i] as number);
        this.#value[first + i] = tree.value[i] as number;
      }
      first += tree.feature.length;
    }
  }

  margin(signals: SignalVector): number {
    let margin = this.#base;
    for (let n = 0; n < this.#roots.length; n++) {
      let node = this.#roots[n] as number;
      for (let place = this.#place[node] as number; place >= 0; place = this.#place[node] as number) {
        node = this.#next(node, signals[place] as number);
      }
      margin += this.#value[node] as number;
    }
    return margin;
  }

  score(signals: SignalVector): number {
    return this.#scale.scoreOf(this.margin(signals));
  }

  /** By the paths taken: what each question changed of the expectation (Saabas 2014). */
  explain(signals: SignalVector, most: number): string[] {
    const terms = this.#terms.fill(0);
    for (let n = 0; n < this.#roots.length; n++) {
      let node = this.#roots[n] as number;
      for (let place = this.#place[node] as number; place >= 0; place = this.#place[node] as number) {
        const next = this.#next(node, signals[place] as number);
        const feature = this.#feature[node] as number;
        const change = (this.#value[next] as number) - (this.#value[node] as number);
        terms[feature] = (terms[feature] as number) + change;
        node = next;
      }
    }
    return strongest(terms, most, SILENT).map((i) => `model:${this.#names[i] as string}`);
  }

  #next(node: number, value: number): number {
    const left = this.#left[node] as number;
    return value <= (this.#threshold[node] as number) ? left : left + 1;
  }
}

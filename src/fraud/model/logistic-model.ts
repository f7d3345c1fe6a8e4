import type { SignalVector } from '../signals';
import type { Calibration } from './calibration';
import { Scale } from './calibration';
import type { FraudModel, ModelHistory } from './fraud-model';
import { SILENT, strongest } from './strongest';

/** Coefficients for the signals on a log scale, standardised: weight · (squash(x) − mean) / scale. */
export interface LogisticParts {
  readonly intercept: number;
  readonly weights: readonly number[];
  readonly means: readonly number[];
  readonly scales: readonly number[];
}

/** Counts and shares on one scale. */
export function squash(value: number): number {
  return value < 0 ? -Math.log1p(-value) : Math.log1p(value);
}

export class LogisticModel implements FraudModel {
  readonly kind = 'logistic';
  readonly id: string;
  readonly trainedOn: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly #places: Int32Array;
  readonly #names: readonly string[];
  readonly #intercept: number;
  readonly #slopes: Float64Array;
  readonly #means: Float64Array;
  readonly #terms: Float64Array;
  readonly #scale: Scale;

  /** @param places - of its signals in a vector */
  constructor(
    { id, trainedOn, metrics }: ModelHistory,
    names: readonly string[],
    places: readonly number[],
    parts: LogisticParts,
    calibration: Calibration,
  ) {
    this.id = id;
    this.trainedOn = trainedOn;
    this.metrics = metrics;
    this.#names = names;
    this.#places = Int32Array.from(places);
    this.#intercept = parts.intercept;
    this.#slopes = Float64Array.from(parts.weights, (weight, i) => weight / (parts.scales[i] as number));
    this.#means = Float64Array.from(parts.means);
    this.#terms = new Float64Array(places.length);
    this.#scale = new Scale(calibration);
  }

  margin(signals: SignalVector): number {
    let margin = this.#intercept;
    for (let i = 0; i < this.#places.length; i++) margin += this.#term(signals, i);
    return margin;
  }

  score(signals: SignalVector): number {
    return this.#scale.scoreOf(this.margin(signals));
  }

  explain(signals: SignalVector, most: number): string[] {
    for (let i = 0; i < this.#places.length; i++) this.#terms[i] = this.#term(signals, i);
    return strongest(this.#terms, most, SILENT).map((i) => `model:${this.#names[i] as string}`);
  }

  #term(signals: SignalVector, i: number): number {
    const value = squash(signals[this.#places[i] as number] as number);
    return (this.#slopes[i] as number) * (value - (this.#means[i] as number));
  }
}

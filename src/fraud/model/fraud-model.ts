import type { SignalVector } from '../signals';
import type { Calibration } from './calibration';
import type { LogisticParts } from './logistic-model';
import type { TreeParts } from './tree-model';

/** How a model came about, and how it did on calls it had not seen. */
export interface ModelHistory {
  /** Its version: one word that is never given twice. */
  readonly id: string;
  /** For people: what it was trained on. */
  readonly trainedOn: string;
  /** Figures on calls that it was not trained on, by name. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** A model as it lies in a file or in the database. */
export type FraudModelFile = ModelHistory & {
  /** Of this format. */
  readonly version: 1;
  /** Signals it reads, in the order its parts speak of them. */
  readonly signals: readonly string[];
  readonly calibration: Calibration;
} & (
    | { readonly kind: 'logistic'; readonly logistic: LogisticParts }
    | { readonly kind: 'gbdt'; readonly gbdt: TreeParts }
  );

/** A model that scores. */
export interface FraudModel extends ModelHistory {
  readonly kind: FraudModelFile['kind'];
  /** Log-odds of fraud, as trained. */
  margin(signals: SignalVector): number;
  /** 0 … 1, so that 0.3, 0.6 and 0.8 mean what the thresholds of a campaign take them to mean. */
  score(signals: SignalVector): number;
  /** Signals that spoke most for fraud, heaviest first: `model:<signal>`. */
  explain(signals: SignalVector, most: number): string[];
}

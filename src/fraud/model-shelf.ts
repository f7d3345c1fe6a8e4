import type { FraudModelRow } from '../domain';
import type { FraudModel } from './model/fraud-model';
import { parseModel } from './model/parse-model';

/** The models that score a call: one that counts, and one that is being tried. */
export interface FraudModels {
  readonly active: FraudModel | undefined;
  readonly shadow: FraudModel | undefined;
}

export const NO_MODELS: FraudModels = { active: undefined, shadow: undefined };

/**
 * Models compiled from the market's rows, each once. A row that cannot be compiled is as if it were
 * not there: calls are then scored by the rules.
 */
export class ModelShelf {
  readonly #compiled = new WeakMap<FraudModelRow, FraudModel | 'unfit'>();
  readonly #onUnfit: (id: string, reason: string) => void;

  /** @param onUnfit - told once of each row that cannot be compiled */
  constructor(onUnfit: (id: string, reason: string) => void = () => undefined) {
    this.#onUnfit = onUnfit;
  }

  /** Of several rows with one status, the one with the highest id counts. */
  of(rows: ReadonlyMap<string, FraudModelRow>): FraudModels {
    if (rows.size === 0) return NO_MODELS;
    let active: FraudModelRow | undefined;
    let shadow: FraudModelRow | undefined;
    for (const row of rows.values()) {
      if (row.status === 'active' && (!active || row.id > active.id)) active = row;
      else if (row.status === 'shadow' && (!shadow || row.id > shadow.id)) shadow = row;
    }
    if (!active && !shadow) return NO_MODELS;
    return { active: active && this.#compile(active), shadow: shadow && this.#compile(shadow) };
  }

  #compile(row: FraudModelRow): FraudModel | undefined {
    let model = this.#compiled.get(row);
    if (model === undefined) {
      const parsed = parseModel(row.model);
      if (!parsed.ok) this.#onUnfit(row.id, parsed.reason);
      model = parsed.ok ? parsed.model : 'unfit';
      this.#compiled.set(row, model);
    }
    return model === 'unfit' ? undefined : model;
  }
}

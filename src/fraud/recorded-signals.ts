import type { FraudSignals } from '../domain';
import type { FraudView } from './fraud-state';
import type { SignalVector } from './signals';
import { signalsFrom } from './signals';

/** Signals as a trace remembers them. */
export class RecordedSignals implements FraudView {
  readonly #vector: SignalVector;

  constructor(record: FraudSignals) {
    this.#vector = signalsFrom(record);
  }

  read(): SignalVector {
    return this.#vector;
  }
}

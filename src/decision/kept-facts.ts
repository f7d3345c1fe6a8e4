import type {
  ActivityFacts,
  ComplianceFacts,
  DecisionFacts,
  Degradation,
  FraudSignals,
  LiveBid,
  ReservationFact,
} from '../domain';
import type { SignalVector } from '../fraud';
import { signalRecord } from '../fraud';

/** Of a call that ended before anything was read. */
export const NO_COMPLIANCE_FACTS: ComplianceFacts = {
  hits: [],
  lists: [],
  consents: [],
  contactsInLast24h: 0,
  lookups: [],
};

/** The facts of one decision. Signals are kept as they were read, and named only when somebody asks. */
export class KeptFacts implements DecisionFacts {
  readonly #signals: SignalVector | undefined;

  /** @param signals - copied: the next decision overwrites them; undefined when nothing was scored */
  constructor(
    readonly activity: ActivityFacts,
    readonly compliance: ComplianceFacts,
    signals: SignalVector | undefined,
    readonly liveBids: readonly LiveBid[],
    readonly reservation: ReservationFact | undefined,
    readonly degraded: readonly Degradation[],
  ) {
    this.#signals = signals?.slice();
  }

  get fraud(): FraudSignals {
    return this.#signals ? signalRecord(this.#signals) : {};
  }

  toJSON(): DecisionFacts {
    const { activity, compliance, fraud, liveBids, reservation, degraded } = this;
    return { activity, compliance, fraud, liveBids, reservation, degraded };
  }
}

import type {
  ActivityEvent,
  CallAttempt,
  CallEndedRecord,
  CallSource,
  DecisionTrace,
  EndReason,
  Verstat,
} from '../domain';
import { ZERO_MICROS } from '../domain';
import { revenueAtEnd } from '../rating';
import type { CallEvent } from '../signaling';

const MISIDENTIFIED: ReadonlySet<Verstat> = new Set(['failed', 'stale', 'replayed', 'wrong_number']);
const BY_CALLER: ReadonlySet<EndReason> = new Set(['caller_hangup', 'caller_cancel']);

/**
 * Turns the news of this node's calls into what velocity, duplicates and fraud signals are made of,
 * on this node and on the others.
 */
export class CallActivity {
  readonly #tell: (event: ActivityEvent) => void;
  readonly #now: () => number;
  /** Calls that are up, from their decision to their end. */
  readonly #sources = new Map<string, CallSource>();

  /**
   * @param tell - told of every event, in the order in which they happened
   * @param now - UTC epoch milliseconds
   */
  constructor(tell: (event: ActivityEvent) => void, now: () => number) {
    this.#tell = tell;
    this.#now = now;
  }

  onCall(event: CallEvent): void {
    if (event.type === 'call.decided') this.#decided(event.callId, event.decision.trace);
    else if (event.type === 'call.answered') {
      const source = this.#sources.get(event.callId);
      const { buyerId, targetId } = event.target;
      if (source) this.#tell({ ...source, kind: 'connected', at: this.#now(), buyerId, targetId });
    } else if (event.type === 'call.ended') this.#ended(event.record);
  }

  #decided(callId: string, trace: DecisionTrace): void {
    const source = sourceOf(trace.attempt, trace);
    // A plan may offer a call more than once: it is still one attempt.
    const again = this.#sources.has(callId);
    this.#sources.set(callId, source);
    if (again) return;
    this.#tell({
      ...source,
      kind: 'attempt',
      placeContradicted: trace.facts.fraud['place_contradicted'] === 1,
      misidentified: MISIDENTIFIED.has(trace.attempt.verstat),
      signed: trace.attempt.attestation === 'A',
    });
  }

  #ended(record: CallEndedRecord): void {
    const source = this.#sources.get(record.callId);
    if (!source) return;
    this.#sources.delete(record.callId);
    const { sale, firstRingAt, answeredAt, endedAt, connectedMs } = record;
    const revenue = sale ? revenueAtEnd(sale, connectedMs) : ZERO_MICROS;
    this.#tell({
      ...source,
      kind: 'ended',
      at: endedAt,
      buyerId: sale?.target.buyerId,
      targetId: sale?.target.targetId,
      ringMs: firstRingAt === undefined ? undefined : Math.max(0, (answeredAt ?? endedAt) - firstRingAt),
      answered: answeredAt !== undefined,
      connectedMs,
      endedBy: BY_CALLER.has(record.reason)
        ? 'caller'
        : record.reason === 'buyer_hangup'
          ? 'buyer'
          : 'exchange',
      converted: revenue > 0,
      revenue,
      payoutAfterMs: sale && sale.terms.payout.afterMs > 0 ? sale.terms.payout.afterMs : undefined,
    });
  }
}

function sourceOf(attempt: CallAttempt, trace: DecisionTrace): CallSource {
  return {
    at: attempt.receivedAt,
    caller: attempt.from,
    did: attempt.to,
    trunkId: attempt.trunkId,
    sellerId: trace.sellerId,
    campaignId: trace.campaignId,
    origin: trace.origin ?? attempt.origin,
  };
}

import type {
  ActivityEvent,
  CallAttempt,
  CallEndedRecord,
  CallSource,
  E164,
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
 * on this node and on the others. Each call is one attempt, from its first decision on, or from its end if nobody
 * was to decide it: whoever hangs up in a menu has called as well.
 */
export class CallActivity {
  readonly #tell: (event: ActivityEvent) => void;
  readonly #now: () => number;
  readonly #sellerOf: (did: E164) => string | undefined;
  /** Calls that are up, until their decision. */
  readonly #undecided = new Map<string, CallAttempt>();
  /** From there to their end. */
  readonly #sources = new Map<string, CallSource>();

  /**
   * @param tell - told of every event, in the order in which they happened
   * @param now - UTC epoch milliseconds
   * @param sellerOf - whose number was dialled, of a call that nobody decided
   */
  constructor(
    tell: (event: ActivityEvent) => void,
    now: () => number,
    sellerOf: (did: E164) => string | undefined,
  ) {
    this.#tell = tell;
    this.#now = now;
    this.#sellerOf = sellerOf;
  }

  onCall(event: CallEvent): void {
    if (event.type === 'call.received') this.#undecided.set(event.callId, event.attempt);
    else if (event.type === 'call.decided') {
      const { attempt, sellerId, campaignId, origin = attempt.origin, facts } = event.decision.trace;
      const contradicted = facts.fraud['place_contradicted'] === 1;
      this.#attempted(event.callId, attempt, { sellerId, campaignId, origin }, contradicted);
    } else if (event.type === 'call.answered') {
      const source = this.#sources.get(event.callId);
      const { buyerId, targetId } = event.target;
      if (source) this.#tell({ ...source, kind: 'connected', at: this.#now(), buyerId, targetId });
    } else if (event.type === 'call.ended') this.#ended(event.record);
  }

  #attempted(
    callId: string,
    attempt: CallAttempt,
    whose: Pick<CallSource, 'sellerId' | 'campaignId' | 'origin'>,
    placeContradicted: boolean,
  ): void {
    this.#undecided.delete(callId);
    const { receivedAt: at, from: caller, to: did, trunkId } = attempt;
    const source = { at, caller, did, trunkId, ...whose };
    // A plan may offer a call more than once: it is still one attempt.
    const again = this.#sources.has(callId);
    this.#sources.set(callId, source);
    if (again) return;
    this.#tell({
      ...source,
      kind: 'attempt',
      placeContradicted,
      misidentified: MISIDENTIFIED.has(attempt.verstat),
      signed: attempt.attestation === 'A',
    });
  }

  #ended(record: CallEndedRecord): void {
    const undecided = this.#undecided.get(record.callId);
    if (undecided) {
      const { sellerId = this.#sellerOf(undecided.to), campaignId, origin } = record;
      this.#attempted(record.callId, undecided, { sellerId, campaignId, origin }, false);
    }
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

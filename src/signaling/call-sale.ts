import type { CallAttempt, CallOrigin, CapLimit, Decision } from '../domain';
import { NEVER_CONNECTED } from '../domain';
import type { CallOnItsWay } from './call-on-its-way';
import type { SessionServices } from './session-services';

/** How one call is offered for sale: decided, written down, and its seller's limits taken. */
export class CallSale {
  readonly #services: Pick<SessionServices, 'desk' | 'recorder' | 'caps' | 'clock'>;
  readonly #call: CallOnItsWay;
  #origin: CallOrigin;
  /** The seller's limits that the call holds. */
  #limits: readonly CapLimit[] = [];

  constructor(services: Pick<SessionServices, 'desk' | 'recorder' | 'caps' | 'clock'>, call: CallOnItsWay) {
    this.#services = services;
    this.#call = call;
    this.#origin = call.attempt().origin;
  }

  /** As contracts and claim say together, once it is decided. */
  get origin(): CallOrigin {
    return this.#origin;
  }

  /** Undefined when the caller gave up before it was decided. */
  async decide(attempt: CallAttempt): Promise<Decision | undefined> {
    const { clock, desk, recorder } = this.#services;
    const startedAt = clock.monotonic();
    const decided = desk.decide(attempt);
    // Most calls wait for nobody: they go on in this very turn.
    const decision = decided instanceof Promise ? await decided : decided;
    if (this.#call.isOver()) {
      desk.abandoned(attempt);
      return undefined;
    }
    this.#origin = decision.trace.origin ?? attempt.origin;
    const decisionMicroseconds = Math.round((clock.monotonic() - startedAt) * 1000);
    recorder.decided({ attempt, sipCallId: this.#call.sipCallId, decision, decisionMicroseconds });
    this.#call.tell({ type: 'call.decided', decision, decisionMicroseconds });
    return decision;
  }

  /**
   * Takes what the seller's caps ask for.
   * @returns the limit that is reached; `over` when the call has ended meanwhile; undefined when they are taken
   */
  async reserve(limits: readonly CapLimit[]): Promise<{ readonly exhausted: string } | 'over' | undefined> {
    // What came in the same packet as the INVITE has been heard by now: a CANCEL, say.
    if (limits.length === 0) return this.#call.isOver() ? 'over' : undefined;
    const { caps } = this.#services;
    const { callId } = this.#call.attempt();
    const reserved = await caps.reserve(callId, limits);
    if (this.#call.isOver()) {
      // The end has passed by: what was taken since goes back here.
      if (reserved.ok) await caps.release(callId, limits, NEVER_CONNECTED);
      return 'over';
    }
    if (!reserved.ok) return { exhausted: reserved.exhausted };
    // Sold anew, it holds what it held: taking that again changes nothing.
    const before = this.#limits.filter(({ key }) => !limits.some((limit) => limit.key === key));
    this.#limits = [...before, ...limits];
    return undefined;
  }

  /** The seller's limits that are held, handed over to be released at the end. */
  takeLimits(): readonly CapLimit[] {
    const limits = this.#limits;
    this.#limits = [];
    return limits;
  }
}

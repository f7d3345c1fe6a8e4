import type { DuplicatePolicy, E164 } from '../domain';

/** A caller spoke with a buyer. */
export interface Encounter {
  readonly caller: E164;
  readonly campaignId: string | undefined;
  readonly buyerId: string;
  readonly targetId: string;
  /** UTC epoch milliseconds: of the answer, or of the end of a call that converted. */
  readonly at: number;
}

interface Meeting {
  readonly campaignId: string | undefined;
  readonly buyerId: string;
  readonly targetId: string;
  connectedAt: number;
  /** -Infinity until a call converted. */
  convertedAt: number;
}

/** Buyers and targets of one caller's past. */
export interface Known {
  readonly buyers: readonly string[];
  readonly targets: readonly string[];
}

/** Meetings remembered of one caller. */
const MAX_MEETINGS = 16;
const NOBODY: readonly string[] = [];
export const NOBODY_KNOWN: Known = { buyers: NOBODY, targets: NOBODY };

/** Who spoke with whom, and with what success, for the callers heard last. */
export class Encounters {
  readonly #callers = new Map<E164, Meeting[]>();
  readonly #most: number;

  /** @param callers - most of them remembered; beyond, whoever was unheard for longest is forgotten */
  constructor(callers: number) {
    this.#most = callers;
  }

  connected(encounter: Encounter): void {
    const meeting = this.#meet(encounter);
    meeting.connectedAt = Math.max(meeting.connectedAt, encounter.at);
  }

  converted(encounter: Encounter): void {
    const meeting = this.#meet(encounter);
    meeting.convertedAt = Math.max(meeting.convertedAt, encounter.at);
  }

  /** With whom a policy makes this caller a duplicate. */
  duplicates(caller: E164, policy: DuplicatePolicy, campaignId: string, now: number): Known {
    if (policy.windowMs <= 0) return NOBODY_KNOWN;
    const known = this.#callers.get(caller);
    if (!known) return NOBODY_KNOWN;
    const since = now - policy.windowMs;
    const field = policy.after === 'converted' ? 'convertedAt' : 'connectedAt';
    const met = known.filter(
      (meeting) =>
        meeting[field] >= since && (policy.scope !== 'campaign' || meeting.campaignId === campaignId),
    );
    if (met.length === 0) return NOBODY_KNOWN;
    return {
      buyers: [...new Set(met.map(({ buyerId }) => buyerId))],
      targets: [...new Set(met.map(({ targetId }) => targetId))],
    };
  }

  /** The buyer the caller spoke with last, at or after an instant. */
  lastBuyer(caller: E164, since: number): string | undefined {
    let last: Meeting | undefined;
    for (const meeting of this.#callers.get(caller) ?? []) {
      if (meeting.connectedAt >= since && meeting.connectedAt > (last?.connectedAt ?? -Infinity))
        last = meeting;
    }
    return last?.buyerId;
  }

  /** The meeting, put last: with whom one spoke longest ago is forgotten first. */
  #meet({ caller, campaignId, buyerId, targetId }: Encounter): Meeting {
    const known = this.#callers.get(caller) ?? [];
    const found = known.findIndex(
      (each) => each.targetId === targetId && each.buyerId === buyerId && each.campaignId === campaignId,
    );
    const meeting =
      found < 0
        ? { campaignId, buyerId, targetId, connectedAt: -Infinity, convertedAt: -Infinity }
        : (known.splice(found, 1)[0] as Meeting);
    known.push(meeting);
    if (known.length > MAX_MEETINGS) known.shift();
    // Maps keep the order of insertion.
    this.#callers.delete(caller);
    this.#callers.set(caller, known);
    if (this.#callers.size > this.#most) {
      const oldest = this.#callers.keys().next();
      if (!oldest.done) this.#callers.delete(oldest.value);
    }
    return meeting;
  }
}

import { randomUUID } from 'node:crypto';
import { classifyNumber } from '../compliance';
import type { Clock, E164 } from '../domain';
import { asError, parsePhoneNumber } from '../domain';
import type { Market } from '../market';
import type { CallbackRequest } from '../signaling';
import type { Database } from '../storage';
import { addCallback } from '../storage';

export interface CallbackParts {
  readonly database: Database;
  readonly market: Pick<Market, 'lists' | 'suppressions' | 'numberByE164'>;
  readonly clock: Clock;
  /** It could not be written down. */
  readonly onError: (error: Error) => void;
}

/** Why nobody is called at a number. */
export type CallbackRefusal =
  'no_number' | 'not_a_number' | 'too_far' | 'ours' | 'litigator' | 'erased' | 'on_a_list';

/** Whose calls cost what a call within the country does. */
const COUNTRIES: ReadonlySet<string> = new Set(['US', 'CA']);

/** Notes who wants to be called back, where they may be. */
export class Callbacks {
  readonly #parts: CallbackParts;

  constructor(parts: CallbackParts) {
    this.#parts = parts;
  }

  /** Never rejects. False where that number may not be called, or nothing can be written down now. */
  async request({ attempt, number: keyed, notAfter }: CallbackRequest): Promise<boolean> {
    const { database, market, clock, onError } = this.#parts;
    const now = clock.now();
    const number = keyed === undefined ? attempt.from : numberOf(keyed);
    const refusal = callbackRefusal(market, number, attempt.from, now);
    if (number === undefined || refusal !== undefined || notAfter <= now) return false;
    const dialled = market.numberByE164(attempt.to);
    const callback = {
      ...{ id: randomUUID(), callId: attempt.callId, number, ownNumber: number === attempt.from },
      campaignId: dialled?.campaignId ?? null,
      sellerId: dialled?.sellerId ?? null,
      ...{ requestedAt: now, notAfter },
    };
    try {
      return await addCallback(database, callback);
    } catch (error) {
      onError(asError(error));
      return false;
    }
  }
}

/**
 * Why a number may not be called that a caller gave.
 *
 * Who asks to be called at the number that they call from has invited that call (47 CFR § 64.1200(f)(15)(i): a
 * call with prior express invitation or permission is no telephone solicitation), so that no do-not-call list
 * forbids it, the exchange's own included: the request is the later word. A number that is keyed in may be
 * anybody's, who invited nothing: it is not called where any list names it (§ 64.1200(c)(2), (d)). People who sue
 * over calls, and those who had themselves erased, are not called at all. Calling hours (§ 64.1200(c)(1)) bind who
 * calls, when they do.
 *
 * @param now - UTC epoch milliseconds
 * @returns undefined where it may be called
 */
export function callbackRefusal(
  market: CallbackParts['market'],
  number: E164 | undefined,
  from: E164 | undefined,
  now: number,
): CallbackRefusal | undefined {
  if (number === undefined) return 'no_number';
  const found = classifyNumber(number);
  if (found.kind === 'impossible' || found.kind === 'unassigned') return 'not_a_number';
  // Callbacks to dear numbers are how money is made of who calls (one-ring fraud).
  if (found.kind !== 'geographic' || !COUNTRIES.has(found.place.country)) return 'too_far';
  if (market.numberByE164(number)) return 'ours';
  if (market.suppressions.has(number, now)) return 'erased';
  const hits = market.lists.hitsFor(number, now);
  if (hits.some(({ list }) => list === 'litigator')) return 'litigator';
  return number !== from && hits.length > 0 ? 'on_a_list' : undefined;
}

/** As somebody keys it in: ten digits, or eleven with a leading 1. */
function numberOf(keyed: string): E164 | undefined {
  const parsed = parsePhoneNumber(keyed);
  return parsed.ok ? parsed.number : undefined;
}

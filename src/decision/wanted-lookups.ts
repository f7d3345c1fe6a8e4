import type { CallAttempt, E164, LookupKind } from '../domain';
import type { Market } from '../market';
import { originOf } from './screen';

/** What providers are to be asked about a caller before it is decided. */
export interface WantedLookups {
  readonly kinds: readonly LookupKind[];
  readonly number: E164;
  /** UTC epoch milliseconds of the latest consent, by which reassigned numbers are asked about. */
  readonly consentDate: number | undefined;
  /** Milliseconds an answer may be old; undefined = as usual. */
  readonly maxAgeMs: number | undefined;
}

/** Whom we call ourselves must not have been put on a list meanwhile: five minutes is as old as an answer may be. */
const CALLBACK_MAX_AGE_MS = 300_000;

/** What a call's campaign wants looked up; undefined when that is nothing. Pure. */
export function wantedLookups(attempt: CallAttempt, market: Market): WantedLookups | undefined {
  const number = market.numberByE164(attempt.to);
  const campaign = number && market.campaign(number.campaignId);
  const kinds = campaign?.compliance.lookups;
  if (!number || !kinds || kinds.length === 0 || attempt.from === undefined) return undefined;
  const { origin } = originOf(attempt, number.sellerId, market);
  return {
    kinds,
    number: attempt.from,
    consentDate: market.consents.find(attempt.from)[0]?.givenAt,
    maxAgeMs: origin === 'callback' ? CALLBACK_MAX_AGE_MS : undefined,
  };
}

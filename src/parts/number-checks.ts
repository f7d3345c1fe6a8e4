import type { CheckDesk } from '../api';
import type { ConsumerPlace } from '../compliance';
import {
  classifyNumber,
  isFictional,
  nextAllowed,
  placeOf,
  recordingConsent,
  screenCompliance,
} from '../compliance';
import { LiveSources } from '../decision';
import type { CallAttempt, Campaign, Clock } from '../domain';
import { maskNumber, npaOf, nxxOf } from '../domain';
import type { KnownMarket } from './known-market';

export interface NumberCheckParts {
  readonly known: Pick<KnownMarket, 'market' | 'activity' | 'fraud'>;
  readonly clock: Clock;
}

/** The law alone. */
const NO_CAMPAIGN: Pick<Campaign, 'id' | 'compliance'> = { id: '', compliance: {} };

/** What this node knows of numbers and persons, as its decisions would find it. */
export function numberChecks({ known, clock }: NumberCheckParts): CheckDesk {
  const { market, activity, fraud } = known;
  return {
    now: () => clock.now(),
    phone: (number) => {
      const found = classifyNumber(number);
      const now = clock.now();
      return {
        number,
        masked: maskNumber(number),
        kind: found.kind,
        use: found.kind === 'non_geographic' ? found.use : found.kind === 'impossible' ? found.why : null,
        fictional: isFictional(number),
        npa: npaOf(number) ?? null,
        nxx: nxxOf(number) ?? null,
        place: shownPlace(placeOf(found, undefined, undefined)),
        hits: [...market.lists.hitsFor(number, now)],
        lists: [...market.lists.ages()],
        suppressed: market.suppressions.has(number, now),
        consents: market.consents.find(number).length,
        ours: market.numberByE164(number)?.id ?? null,
      };
    },
    compliance: ({ number, campaignId, at, origin, tags }) => {
      const campaign = campaignId === undefined ? undefined : market.campaign(campaignId);
      if (campaignId !== undefined && !campaign) return undefined;
      const attempt: CallAttempt = {
        callId: 'check',
        receivedAt: at,
        from: number,
        to: number,
        trunkId: 'check',
        origin,
        claimedOrigin: undefined,
        // Its own signature is asked for where the campaign wants one; of a check there is none.
        attestation: undefined,
        verstat: 'none',
        reservation: undefined,
        forwardedBy: [],
        tags,
      };
      const { findings, blocked, place } = screenCompliance({
        attempt,
        origin: { origin, basis: 'claim', findings: [] },
        sellerId: undefined,
        campaign: campaign ?? NO_CAMPAIGN,
        overrides: market.overrides,
        facts: new LiveSources(market, activity, fraud).complianceOf(attempt, at),
        now: at,
      });
      const { consent, rule } = recordingConsent(place.states);
      return {
        number,
        allowed: blocked === undefined,
        blockedBy: blocked?.rule ?? null,
        origin,
        at,
        place: shownPlace(place),
        findings: [...findings],
        recording: { consent, citation: rule.citation },
        nextAllowedAt: nextAllowed(place, at, { overrides: market.overrides }) ?? null,
      };
    },
  };
}

function shownPlace({ countries, states, zones, by }: ConsumerPlace): {
  countries: string[];
  states: string[];
  zones: string[];
  by: string;
} {
  return { countries: [...countries], states: [...states], zones: zones.map(({ name }) => name), by };
}

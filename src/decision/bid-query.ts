import type { CallAttempt, Campaign, ComplianceFacts, DidNumber } from '../domain';
import { npaOf } from '../domain';
import { expectedPayout, marginFloor } from '../auction';
import type { BidBook, BidQuery, LineType, Market } from '../market';
import { LINE_TYPES, zipCentre } from '../market';
import { neededSkills } from '../routing';
import { refusedDuplicates } from './duplicates';
import type { Screening } from './screen';
import { sellerPrice } from './seller-price';
import type { DecisionSources } from './sources';

/** Of a call that says nothing of its language. */
const USUAL_LANGUAGE = 'en';

/** What the bids of a campaign are asked about a screened call. */
export function bidQuery(
  screening: Screening,
  market: Market,
  book: BidBook,
  sources: Pick<DecisionSources, 'liveBids' | 'reservation'>,
): BidQuery {
  const { attempt, now, verdict, activity, compliance } = screening;
  const { campaign, number } = screening as { campaign: Campaign; number: DidNumber };
  const zip = zipOf(attempt);
  const earned = sellerPrice(campaign, number.sellerId, market, sources.reservation);
  const payout = expectedPayout(earned, book.records.meanConnectedMs);
  return {
    now,
    state: verdict?.place.state,
    npa: attempt.from && npaOf(attempt.from),
    zip,
    place: zip === undefined ? undefined : zipCentre(zip),
    attestation: attempt.attestation,
    lineType: lineTypeOf(compliance),
    language: languageOf(attempt),
    sellerId: number.sellerId,
    tags: attempt.tags,
    reserve: campaign.reservePrice,
    marginFloor: marginFloor(campaign.margin, payout) ?? Infinity,
    duplicates: refusedDuplicates(campaign, activity, market),
    skills: campaign.routing === 'skill' ? neededSkills(tag(attempt, campaign.skillTag)) : [],
    liveBids: sources.liveBids,
  };
}

/** The five digits of the caller's ZIP code, if its sender says one. */
function zipOf(attempt: CallAttempt): string | undefined {
  const zip = tag(attempt, 'zip')?.trim();
  return zip !== undefined && /^\d{5}(-?\d{4})?$/.test(zip) ? zip.slice(0, 5) : undefined;
}

/** Two letters of a language tag (RFC 5646 §2.1): `es` of `es-MX`. */
function languageOf(attempt: CallAttempt): string {
  const said = tag(attempt, 'language')?.trim().toLowerCase().split(/[-_]/, 1)[0];
  return said === undefined || said === '' ? USUAL_LANGUAGE : said;
}

function lineTypeOf(facts: ComplianceFacts | undefined): LineType {
  for (const { kind, value } of facts?.lookups ?? []) {
    if (kind === 'line_type' && LINE_TYPES.includes(value as LineType)) return value as LineType;
  }
  return 'unknown';
}

function tag({ tags }: CallAttempt, key: string): string | undefined {
  return Object.hasOwn(tags, key) ? tags[key] : undefined;
}

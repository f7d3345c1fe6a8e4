import type {
  ActivityFacts,
  CallAttempt,
  CallOrigin,
  Campaign,
  ComplianceFacts,
  Decision,
  DidNumber,
  Finding,
  FraudTrace,
} from '../domain';
import { NO_ACTIVITY } from '../domain';
import type { ComplianceVerdict, OriginVerdict } from '../compliance';
import { resolveOrigin, screenCompliance } from '../compliance';
import type { FraudModels, SignalVector } from '../fraud';
import { assessFraud } from '../fraud';
import type { Market } from '../market';
import type { DecisionSources } from './sources';

/** Why a call is not sold. */
export interface Refusal {
  readonly reason: Extract<Decision, { ok: false }>['reason'];
  /** Final SIP status towards the carrier. */
  readonly sipStatus: number;
  /** One clause for the Reason header and the CDR. */
  readonly detail: string;
}

/** What is known of a call before anybody is looked for who wants it; later fields stay open when it ends early. */
export interface Screening {
  readonly attempt: CallAttempt;
  readonly now: number;
  number: DidNumber | undefined;
  campaign: Campaign | undefined;
  origin: CallOrigin | undefined;
  findings: readonly Finding[];
  activity: ActivityFacts;
  compliance: ComplianceFacts | undefined;
  verdict: ComplianceVerdict | undefined;
  signals: SignalVector | undefined;
  fraud: FraudTrace | undefined;
  /** Undefined: it may be sold. */
  refusal: Refusal | undefined;
}

/**
 * Is the call in service, lawful and honest? The first no ends it. Pure.
 *
 * @param now - UTC epoch milliseconds
 */
export function screen(
  attempt: CallAttempt,
  market: Market,
  sources: DecisionSources,
  models: FraudModels,
  now: number,
): Screening {
  const screening: Screening = {
    attempt,
    now,
    number: undefined,
    campaign: undefined,
    origin: undefined,
    findings: [],
    activity: NO_ACTIVITY,
    compliance: undefined,
    verdict: undefined,
    signals: undefined,
    fraud: undefined,
    refusal: undefined,
  };
  screening.refusal =
    inService(screening, market) ??
    asReserved(sources) ??
    lawful(screening, market, sources) ??
    honest(screening, market, sources, models);
  return screening;
}

/** The dialled number's campaign and its seller must be there and active. */
function inService(screening: Screening, market: Market): Refusal | undefined {
  const number = market.numberByE164(screening.attempt.to);
  const campaign = number && market.campaign(number.campaignId);
  if (!number || !campaign || number.status !== 'active') {
    return { reason: 'unknown_number', sipStatus: 404, detail: 'the number is not in service' };
  }
  screening.number = number;
  screening.campaign = campaign;
  if (campaign.status !== 'active') return unsold(`the campaign is ${campaign.status}`);
  const account = market.account(number.sellerId);
  if (account && account.status !== 'active') return unsold(`the seller is ${account.status}`);
  const seller = market.seller(number.sellerId);
  if (seller && seller.status !== 'active') return unsold(`the seller's contract is ${seller.status}`);
  return undefined;
}

/** A call that names a reservation gets that or nothing: its seller was promised a price for it. */
function asReserved({ reservation }: DecisionSources): Refusal | undefined {
  if (reservation === undefined || reservation.ok) return undefined;
  const detail = `the reservation is not to be had: ${reservation.problem}`;
  return { reason: 'reservation', sipStatus: 403, detail };
}

function lawful(screening: Screening, market: Market, sources: DecisionSources): Refusal | undefined {
  const { attempt, now } = screening;
  const { campaign, number } = screening as { campaign: Campaign; number: DidNumber };
  const origin = originOf(attempt, number.sellerId, market);
  screening.origin = origin.origin;
  screening.activity = sources.activityOf(attempt, campaign, now);
  const facts = sources.complianceOf(attempt, now);
  screening.compliance = facts;
  const verdict = screenCompliance({
    attempt,
    origin,
    sellerId: number.sellerId,
    campaign,
    overrides: market.overrides,
    facts,
    now,
  });
  screening.verdict = verdict;
  screening.findings = verdict.findings;
  const { blocked } = verdict;
  if (!blocked) return undefined;
  return { reason: 'compliance', sipStatus: 603, detail: `${blocked.rule}: ${blocked.detail}` };
}

/** Who started the call, as the contracts of its trunk and its seller and the claim say together. */
export function originOf(attempt: CallAttempt, sellerId: string, market: Market): OriginVerdict {
  const seller = market.seller(sellerId);
  return resolveOrigin({
    trunkOrigin: attempt.origin,
    sellerOrigin: seller?.origin,
    sellerClaims: seller?.claims ?? [],
    claimed: attempt.claimedOrigin,
  });
}

function honest(
  screening: Screening,
  market: Market,
  sources: DecisionSources,
  models: FraudModels,
): Refusal | undefined {
  if (sources.degraded.includes('no_fraud')) return undefined;
  const { attempt, now, verdict } = screening;
  const { campaign, number } = screening as { campaign: Campaign; number: DidNumber };
  const signals = sources.fraud.read(
    attempt,
    {
      sellerId: number.sellerId,
      number: verdict?.caller?.kind ?? 'withheld',
      placeContradicted: verdict?.place.contradicted ?? false,
      zone: verdict?.place.zones[0],
      forwardedByUs: attempt.forwardedBy.some((forwarder) => market.numberByE164(forwarder) !== undefined),
      priors: market,
    },
    now,
  );
  screening.signals = signals;
  const fraud = assessFraud({ signals, campaign, models });
  screening.fraud = fraud;
  if (fraud.level !== 'block') return undefined;
  const detail = `fraud score ${fraud.score}: ${fraud.reasons.join(', ')}`;
  return { reason: 'fraud', sipStatus: 603, detail };
}

/** Nobody is there to take it. */
export function unsold(detail: string): Refusal {
  return { reason: 'no_buyer', sipStatus: 480, detail };
}

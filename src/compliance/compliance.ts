import type {
  CallAttempt,
  CallOrigin,
  Campaign,
  ComplianceFacts,
  E164,
  Finding,
  HoursOverride,
} from '../domain';
import { findConsent, consentFinding, needsConsent } from './consents';
import type { ConsentAnswer } from './consents';
import type { ConsumerPlace } from './consumer-place';
import { placeOf } from './consumer-place';
import { contactFinding } from './contacts';
import type { Rule } from './data/rule-bindings';
import { bindingOf, bindingRow } from './data/rule-bindings';
import { dialOf } from './dial';
import type { Dial } from './dial';
import { Findings, finding } from './findings';
import { hoursFindings } from './hours-findings';
import { identityFinding } from './identity';
import type { ListQuestion } from './lists';
import { hitFindings, listAgeFindings, lookupFindings } from './lists';
import { classifyNumber, isFictional } from './numbering';
import type { NumberClass } from './numbering';
import type { OriginVerdict } from './origin';

/** What a call is screened by. */
export interface ComplianceInput {
  readonly attempt: CallAttempt;
  /** What `resolveOrigin` found. */
  readonly origin: OriginVerdict;
  /** Whose call it is: the account of the dialled number's seller. */
  readonly sellerId: string | undefined;
  readonly campaign: Pick<Campaign, 'id' | 'compliance'>;
  /** Emergencies and orders; those that are over do no harm. */
  readonly overrides: readonly HoursOverride[];
  readonly facts: ComplianceFacts;
  /** UTC epoch milliseconds. */
  readonly now: number;
}

/** What the rules say of one call. */
export interface ComplianceVerdict {
  readonly findings: readonly Finding[];
  /** The first finding that blocks; undefined when the call may go on. */
  readonly blocked: Finding | undefined;
  /** Where the caller may be, for targeting. */
  readonly place: ConsumerPlace;
  /** What the caller's number is; undefined when it is withheld. */
  readonly caller: NumberClass | undefined;
  readonly origin: CallOrigin;
}

/**
 * Screens a call. Rules on soliciting a person bind when somebody may have called that person: the
 * call's origin says so, never its SIP direction. A consumer who calls us is not being solicited
 * (47 CFR 64.1200(c)(1), (f)(15)); only policy applies to that call. Which rule binds which origin is
 * a table: `data/rule-bindings.ts`.
 *
 * The person is the calling party in every origin: a transfer or a callback arrives here with the
 * person's number as its caller.
 */
export function screenCompliance(input: ComplianceInput): ComplianceVerdict {
  const { attempt, origin: verdict, campaign, facts, now } = input;
  const { origin } = verdict;
  const policy = campaign.compliance;
  const { from, tags } = attempt;
  const caller = from === undefined ? undefined : classifyNumber(from);
  const place = placeOf(caller, tags['state'], tags['zip']);
  const findings = new Findings();
  findings.addAll(verdict.findings);
  findings.add(numberFinding(from, caller, origin));
  findings.add(placeFinding(place));
  findings.add(identityFinding(attempt, policy));

  const dial = dialOf(attempt, origin, now);
  if (dial.finding) findings.add(dial.finding);
  addHours(findings, input, place, dial);
  const answer = addConsent(findings, input, dial);
  if (bindingOf('contacts.frequency', origin) === 'binds') {
    findings.add(contactFinding(place.states, dial.automated, policy, facts, dial.at));
  } else findings.add(notApplicable('contacts.frequency'));

  const consent = answer?.ok ? answer.consent : undefined;
  const question: ListQuestion = { attempt, origin, place, dial, consent, policy, facts };
  findings.addAll(hitFindings(question));
  if (bindingOf('dnc.national', origin) === 'binds') findings.addAll(listAgeFindings(question));
  findings.addAll(lookupFindings(question));
  return { findings: findings.all, blocked: findings.blocked, place, caller, origin };
}

function addHours(
  findings: Findings,
  { origin: { origin }, campaign, overrides }: ComplianceInput,
  place: ConsumerPlace,
  dial: Dial,
): void {
  const binding = bindingOf('tcpa.calling_hours', origin);
  const binds = binding === 'binds';
  if (!binds && !(binding === 'policy' && campaign.compliance.enforceHoursInbound)) {
    findings.add(notApplicable('tcpa.calling_hours'));
    return;
  }
  for (const found of hoursFindings(place, dial.automated, overrides, dial.at)) {
    // Policy asks that hours be kept where they are known; it refuses nobody for being abroad.
    findings.add(
      !binds && place.zones.length === 0 && found.outcome === 'block' ? { ...found, outcome: 'flag' } : found,
    );
  }
}

function addConsent(
  findings: Findings,
  { attempt, origin: { origin }, sellerId, campaign, facts, now }: ComplianceInput,
  dial: Dial,
): ConsentAnswer | undefined {
  const { from } = attempt;
  const needed = needsConsent(campaign.compliance, origin);
  if (!needed && facts.consents.length === 0) {
    findings.add(notApplicable('consent.prior', origin));
    return undefined;
  }
  if (from === undefined) {
    findings.add(needed ? NO_NUMBER_NO_CONSENT : notApplicable('consent.prior', origin));
    return undefined;
  }
  const answer = findConsent(facts.consents, {
    number: from,
    sellerId,
    campaignId: campaign.id,
    scope: dial.scope,
    dialledAt: dial.at,
    now,
  });
  if (needed) findings.add(consentFinding(answer));
  else findings.add(answer.ok ? consentFinding(answer) : notApplicable('consent.prior', origin));
  return answer;
}

const NO_NUMBER_NO_CONSENT = finding(
  'consent.prior',
  'block',
  bindingRow('consent.prior').citation,
  'without the number of the person no consent can be found',
);

const INBOUND_WHY = new Map<Rule, Finding>();
const NOT_ASKED = finding(
  'consent.prior',
  'not_applicable',
  bindingRow('consent.prior').citation,
  'the campaign asks for no consent to calls of this origin',
);

/** Why a rule is not asked of a call that its consumer made, in the words of the table. */
function notApplicable(rule: Rule, origin: CallOrigin = 'inbound_consumer'): Finding {
  if (origin !== 'inbound_consumer') return NOT_ASKED;
  let found = INBOUND_WHY.get(rule);
  if (!found) {
    const { citation, inboundWhy } = bindingRow(rule);
    found = finding(rule, 'not_applicable', citation, inboundWhy);
    INBOUND_WHY.set(rule, found);
  }
  return found;
}

const NUMBERING = 'numbering.caller';
const NANP = 'NANP, ATIS-0300051';
const GOOD_NUMBER = finding(NUMBERING, 'pass', NANP, 'the number can exist');
const FOREIGN_NUMBER = finding(
  NUMBERING,
  'pass',
  NANP,
  'the number is outside the North American Numbering Plan',
);
const FICTIONAL = finding(NUMBERING, 'flag', NANP, '555-01XX numbers are kept for fiction');

/** A number that cannot exist shows no place and no consent: it blocks where rules bind. */
function numberFinding(from: E164 | undefined, caller: NumberClass | undefined, origin: CallOrigin): Finding {
  const outcome = origin === 'inbound_consumer' ? 'flag' : 'block';
  if (from === undefined || !caller)
    return finding(NUMBERING, outcome, NANP, 'the caller withheld its number');
  switch (caller.kind) {
    case 'impossible':
      return finding(NUMBERING, outcome, NANP, `no telephone can have this number: ${caller.why}`);
    case 'unassigned':
      return finding(NUMBERING, 'flag', NANP, `area code ${from.slice(2, 5)} is not in the table`);
    case 'non_geographic':
      return finding(NUMBERING, 'flag', NANP, `a ${caller.use.replace('_', '-')} number has no place`);
    case 'foreign':
      return FOREIGN_NUMBER;
    case 'geographic':
      return isFictional(from) ? FICTIONAL : GOOD_NUMBER;
  }
}

const PLACE_CITATION = 'tables of area codes, exchanges and ZIP codes';
/** More states than this are counted, not named. */
const MAX_NAMED = 6;
const places = new WeakMap<ConsumerPlace, Finding>();

/** Which facts decided where the person may be. */
function placeFinding(place: ConsumerPlace): Finding {
  let found = places.get(place);
  if (!found) {
    const { countries, states, zones, contradicted, by } = place;
    const where = states.length > 0 && states.length <= MAX_NAMED ? states.join(', ') : countries.join(', ');
    const clocks =
      zones.length <= MAX_NAMED ? zones.map(({ name }) => name).join(', ') : `${zones.length} clocks`;
    const detail =
      countries.length === 0
        ? 'nothing tells where the person is'
        : `${[where, clocks].filter((text) => text !== '').join('; ')}: by ${by}`;
    found = finding(
      'place.person',
      contradicted ? 'flag' : 'pass',
      PLACE_CITATION,
      contradicted ? `${detail}, which do not agree` : detail,
    );
    places.set(place, found);
  }
  return found;
}

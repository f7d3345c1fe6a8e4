import type {
  CallAttempt,
  CallOrigin,
  ComplianceFacts,
  CompliancePolicy,
  Consent,
  E164,
  Finding,
  ListHit,
  LookupFact,
  LookupKind,
} from '../domain';
import { maskNumber } from '../domain';
import type { ConsumerPlace } from './consumer-place';
import type { Rule } from './data/rule-bindings';
import { bindingOf, bindingRow } from './data/rule-bindings';
import { REASSIGNED_MANDATORY, STATE_LISTS } from './data/state-lists';
import type { Dial } from './dial';
import { parseInstant } from './dial';
import { dateOf, finding } from './findings';

/** What list rules are asked of. */
export interface ListQuestion {
  readonly attempt: CallAttempt;
  readonly origin: CallOrigin;
  readonly place: ConsumerPlace;
  readonly dial: Dial;
  /** The consent that covers the call, when there is one. */
  readonly consent: Consent | undefined;
  readonly policy: CompliancePolicy;
  readonly facts: ComplianceFacts;
}

const DAY_MS = 86_400_000;
/** Oldest that a list may be which is relied on (47 CFR 64.1200(c)(2)(i)(D)). */
export const MAX_LIST_AGE_MS = 31 * DAY_MS;
const AGE_CITATION = '47 CFR 64.1200(c)(2)(i)(D)';
const PERMISSION = '47 CFR 64.1200(c)(2)(ii)';
const LOOKUP_RULE = 'lookup.unavailable';
const NO_NUMBER = 'the withheld number';

const RULE_OF: Readonly<Record<ListHit['list'], Rule>> = {
  litigator: 'policy.litigator',
  internal: 'dnc.internal',
  national: 'dnc.national',
  state: 'dnc.state',
  reassigned: 'dnc.reassigned',
};

const ON_NO_LIST = finding('dnc.lists', 'pass', '47 CFR 64.1200(c)(2), (d)', 'on no list');
const CANADA_LIST = finding(
  'dnc.national',
  'flag',
  'CRTC Unsolicited Telecommunications Rules, Part II',
  "Canada's own list is not among the lists that are looked at",
);
const EVIDENCE_SCRUB = finding(
  'dnc.national',
  'flag',
  AGE_CITATION,
  'no list of our own is recent enough; the sender tells that it looked within the 31 days before',
);

/** Every list that names the caller, and what providers said of it; `on no list` when there is nothing. */
export function hitFindings(question: ListQuestion): readonly Finding[] {
  const { facts } = question;
  if (facts.hits.length === 0 && facts.lookups.length === 0) return ONLY_ON_NO_LIST;
  const findings: Finding[] = [];
  for (const hit of facts.hits) findings.push(hitFinding(hit, 'our own', question));
  for (const fact of facts.lookups) {
    if (fact.answer !== 'listed' || fact.kind === 'line_type') continue;
    findings.push(hitFinding(asHit(fact), fact.provider, question));
  }
  return findings.length === 0 ? ONLY_ON_NO_LIST : findings;
}
const ONLY_ON_NO_LIST: readonly Finding[] = [ON_NO_LIST];

/** Whether lists are there that a call must be held against, and recent enough when it was dialled. */
export function listAgeFindings(question: ListQuestion): readonly Finding[] {
  const { attempt, place, dial, facts } = question;
  const findings: Finding[] = [];
  if (!place.countries.includes('US') && place.countries.includes('CA')) findings.push(CANADA_LIST);
  else findings.push(nationalAge(attempt, dial, facts));
  const missing: string[] = [];
  for (const state of place.states) {
    if (STATE_LISTS[state] === undefined) continue;
    const asOf = newest(facts, 'state', state);
    if (asOf === undefined || dial.at - asOf > MAX_LIST_AGE_MS) missing.push(state);
  }
  if (missing.length > 0) {
    const citation = missing.length === 1 ? STATE_LISTS[missing[0] as string] : undefined;
    const detail = `no list of ${missing.join(', ')} of the last 31 days was looked at`;
    findings.push(finding('dnc.state', 'flag', citation ?? 'state do-not-call laws', detail));
  }
  const mandatory = reassignedDuty(question);
  if (mandatory) findings.push(mandatory);
  return findings;
}

/** What providers said besides naming the caller, and those that the campaign asks for and that said nothing. */
export function lookupFindings({ origin, policy, facts }: ListQuestion): readonly Finding[] {
  if (facts.lookups.length === 0 && (policy.lookups === undefined || policy.lookups.length === 0))
    return NONE;
  const outcome = policy.onLookupFailure ?? (origin === 'inbound_consumer' ? 'flag' : 'block');
  const findings: Finding[] = [];
  for (const fact of facts.lookups) {
    const { kind, provider, answer, value } = fact;
    if (answer === 'unavailable') {
      if (answered(facts, kind)) continue;
      const detail = `${provider} gave no answer on ${kind} in time`;
      findings.push(finding(LOOKUP_RULE, outcome, FAILURE_CITATION, detail));
    } else if (answer === 'no_data') {
      findings.push(finding(`lookup.${kind}`, 'flag', provider, `${provider} has no data on the number`));
    } else if (answer === 'clear' || kind === 'line_type') {
      const detail = `${provider} on ${kind}: ${value ?? answer}`;
      findings.push(finding(`lookup.${kind}`, 'pass', provider, detail));
    }
  }
  for (const kind of policy.lookups ?? NONE_OF_KIND) {
    if (facts.lookups.some((fact) => fact.kind === kind)) continue;
    findings.push(finding(LOOKUP_RULE, outcome, FAILURE_CITATION, `nobody was asked about ${kind}`));
  }
  return findings;
}
const NONE: readonly Finding[] = [];
const NONE_OF_KIND: readonly LookupKind[] = [];
const FAILURE_CITATION = 'policy of the campaign on look-ups without an answer';

function hitFinding(hit: ListHit, source: string, question: ListQuestion): Finding {
  const { attempt, origin, consent, policy } = question;
  const rule = RULE_OF[hit.list];
  const citation =
    (hit.list === 'state' && hit.state !== undefined ? STATE_LISTS[hit.state] : undefined) ??
    bindingRow(rule).citation;
  const name = hit.state === undefined ? hit.list : `${hit.list} (${hit.state})`;
  const detail = `${masked(attempt.from)} is on the ${name} list, ${source}`;
  const binding = bindingOf(rule, origin);
  if (binding === 'not_applicable') return finding(rule, 'not_applicable', citation, detail);
  if (binding === 'policy') {
    const refused = policy.refuseListed?.some((list) => list === hit.list) ?? false;
    return finding(rule, refused ? 'block' : 'flag', citation, detail);
  }
  if (hit.list === 'national' && consent?.certificate) {
    const permission = `${detail}; consent ${consent.id}, with its certificate, permits the call`;
    return finding(rule, 'flag', PERMISSION, permission);
  }
  if (hit.list === 'reassigned') return reassignedFinding(hit, consent, citation, detail);
  return finding(rule, 'block', citation, detail);
}

/** A number that changed hands before the consent was given was the new holder's to consent with. */
function reassignedFinding(
  { since }: ListHit,
  consent: Consent | undefined,
  citation: string,
  detail: string,
): Finding {
  if (consent && since !== undefined && since <= consent.givenAt) {
    const before = `${detail} since ${dateOf(since)}, before the consent of ${dateOf(consent.givenAt)}`;
    return finding('dnc.reassigned', 'pass', citation, before);
  }
  const after = since === undefined ? detail : `${detail} since ${dateOf(since)}`;
  return finding('dnc.reassigned', 'block', citation, after);
}

function nationalAge(attempt: CallAttempt, dial: Dial, facts: ComplianceFacts): Finding {
  const asOf = newest(facts, 'national', undefined);
  if (asOf !== undefined && dial.at - asOf <= MAX_LIST_AGE_MS) {
    const days = Math.max(0, Math.floor((dial.at - asOf) / DAY_MS));
    return finding('dnc.list_age', 'pass', AGE_CITATION, `the national list was ${days} days old`);
  }
  const said = attempt.tags['scrubbed-at'];
  const scrubbedAt = said === undefined ? undefined : parseInstant(said);
  if (scrubbedAt !== undefined && scrubbedAt <= dial.at && dial.at - scrubbedAt <= MAX_LIST_AGE_MS) {
    return EVIDENCE_SCRUB;
  }
  const detail =
    asOf === undefined
      ? 'no national list is loaded'
      : `the national list is of ${dateOf(asOf)}, more than 31 days before the call`;
  return finding('dnc.list_age', 'block', AGE_CITATION, detail);
}

/** A state asks that the database of reassigned numbers be looked at. */
function reassignedDuty({ place, dial, facts }: ListQuestion): Finding | undefined {
  for (const state of place.states) {
    const duty = REASSIGNED_MANDATORY[state];
    if (!duty || dial.at < Date.parse(duty.from)) continue;
    const asked = facts.lookups.some(({ kind, answer }) => kind === 'reassigned' && answer !== 'unavailable');
    const asOf = newest(facts, 'reassigned', undefined);
    if (asked || (asOf !== undefined && dial.at - asOf <= MAX_LIST_AGE_MS)) continue;
    const detail = `${state} asks that reassigned numbers be looked up, and nobody was asked`;
    return finding('dnc.reassigned', 'block', duty.citation, detail);
  }
  return undefined;
}

function newest(
  { lists }: ComplianceFacts,
  list: ListHit['list'],
  state: string | undefined,
): number | undefined {
  let asOf: number | undefined;
  for (const one of lists) {
    if (one.list === list && one.state === state && (asOf === undefined || one.asOf > asOf)) asOf = one.asOf;
  }
  return asOf;
}

/** Another provider answered the same question. */
function answered({ lookups }: ComplianceFacts, kind: LookupKind): boolean {
  return lookups.some((fact) => fact.kind === kind && fact.answer !== 'unavailable');
}

function asHit({ kind, value }: LookupFact): ListHit {
  const since = value === undefined ? undefined : dayOrInstant(value);
  if (kind === 'litigator') return { list: 'litigator' };
  if (kind === 'reassigned')
    return since === undefined ? { list: 'reassigned' } : { list: 'reassigned', since };
  return { list: 'national' };
}

function dayOrInstant(text: string): number | undefined {
  return parseInstant(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
}

function masked(from: E164 | undefined): string {
  return from === undefined ? NO_NUMBER : maskNumber(from);
}

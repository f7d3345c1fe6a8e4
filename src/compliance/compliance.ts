import type { CallAttempt, Campaign, E164, Finding } from '../domain';
import { maskNumber } from '../domain';
import type { Market } from '../market';
import { DNC_SOURCES } from '../market';
import type { ConsumerPlace } from './consumer-place';
import { placeOf } from './consumer-place';
import { countryHours, hasCountryHours, stateHours } from './calling-hours';
import type { HoursVerdict } from './calling-hours';
import { classifyNumber, isFictional } from './numbering';
import type { NumberClass } from './numbering';

/** What the rules say of one call. */
export interface ComplianceVerdict {
  readonly findings: readonly Finding[];
  /** The first finding that blocks; undefined when the call may go on. */
  readonly blocked: Finding | undefined;
  /** Where the caller may be, for targeting. */
  readonly place: ConsumerPlace;
  /** What the caller's number is; undefined when it is withheld. */
  readonly caller: NumberClass | undefined;
}

/**
 * Screens a call. Rules on soliciting a person bind when somebody may have called that person: the
 * call's origin says so, never its SIP direction. A consumer who calls us is not being solicited
 * (47 CFR 64.1200(c)(1), (f)(15)); only policy applies to that call.
 *
 * The person is the calling party in every origin: a transfer or a callback arrives here with the
 * person's number as its caller.
 *
 * @param now - UTC epoch milliseconds
 */
export function screenCompliance(
  attempt: CallAttempt,
  campaign: Campaign,
  market: Market,
  now: number,
): ComplianceVerdict {
  const binding = attempt.origin !== 'inbound_consumer';
  const caller = attempt.from === undefined ? undefined : classifyNumber(attempt.from);
  const place = placeOf(caller, attempt.tags['state']);
  const findings: Finding[] = [numberFinding(attempt.from, caller, binding)];
  hoursFindings(findings, place, binding, campaign.enforceHoursInbound, now);
  listFindings(findings, attempt.from, market, binding, now);
  return { findings, blocked: findings.find(({ outcome }) => outcome === 'block'), place, caller };
}

const NUMBERING = { rule: 'numbering.caller', citation: 'NANP, ATIS-0300051' } as const;
const GOOD_NUMBER: Finding = { ...NUMBERING, outcome: 'pass', detail: 'the number can exist' };
const FOREIGN_NUMBER: Finding = {
  ...NUMBERING,
  outcome: 'pass',
  detail: 'the number is outside the North American Numbering Plan',
};

/** A number that cannot exist shows no place and no consent: it blocks where rules bind. */
function numberFinding(from: E164 | undefined, caller: NumberClass | undefined, binding: boolean): Finding {
  const outcome = binding ? 'block' : 'flag';
  if (from === undefined || !caller)
    return { ...NUMBERING, outcome, detail: 'the caller withheld its number' };
  switch (caller.kind) {
    case 'impossible':
      return { ...NUMBERING, outcome, detail: `no telephone can have this number: ${caller.why}` };
    case 'unassigned':
      return { ...NUMBERING, outcome: 'flag', detail: `area code ${from.slice(2, 5)} is not in the table` };
    case 'non_geographic':
      return {
        ...NUMBERING,
        outcome: 'flag',
        detail: `a ${caller.use.replace('_', '-')} number has no place`,
      };
    case 'foreign':
      return FOREIGN_NUMBER;
    case 'geographic':
      return isFictional(from)
        ? { ...NUMBERING, outcome: 'flag', detail: '555-01XX numbers are kept for fiction' }
        : GOOD_NUMBER;
  }
}

const HOURS_RULE = 'tcpa.calling_hours';
const STATE_HOURS_RULE = 'state.calling_hours';
const HOURS_NOT_BINDING: Finding = {
  rule: HOURS_RULE,
  outcome: 'not_applicable',
  citation: '47 CFR 64.1200(c)(1), (f)(15)',
  detail: 'the consumer called: nobody is being solicited by telephone',
};

function hoursFindings(
  findings: Finding[],
  place: ConsumerPlace,
  binding: boolean,
  policy: boolean,
  now: number,
): void {
  if (!binding && !policy) {
    findings.push(HOURS_NOT_BINDING);
    return;
  }
  if (place.countries.length === 0 || !place.countries.every(hasCountryHours)) {
    findings.push({
      rule: HOURS_RULE,
      outcome: binding ? 'block' : 'flag',
      citation: '47 CFR 64.1200(c)(1)',
      detail: 'there is no table of calling hours for the place of this number',
    });
    return;
  }
  for (const country of place.countries.filter(hasCountryHours)) {
    findings.push(hoursFinding(HOURS_RULE, countryHours(country, place.zones, now), now));
  }
  for (const state of place.states) {
    const verdict = stateHours(state, place.zones, now);
    // Every state the number may mean must allow; the trace keeps those that forbid, or the one there is.
    if (verdict && (!verdict.allowed || place.states.length === 1)) {
      findings.push(hoursFinding(STATE_HOURS_RULE, verdict, now));
    }
  }
}

function hoursFinding(rule: string, verdict: HoursVerdict, now: number): Finding {
  const { allowed, citation, place, zone, holiday } = verdict;
  const minute = zone.minuteOfWeek(now) % 1440;
  const clock = `${pad(Math.floor(minute / 60))}:${pad(minute % 60)}`;
  const verb = allowed ? 'within' : 'outside';
  const why =
    holiday === undefined ? `${verb} the hours of ${place}` : `${holiday}, a day without calls in ${place}`;
  return { rule, outcome: allowed ? 'pass' : 'block', citation, detail: `${clock} in ${zone.name}: ${why}` };
}

const LISTS = [
  { source: 'litigator', rule: 'policy.litigator', citation: 'policy of the exchange' },
  { source: 'internal', rule: 'dnc.internal', citation: '47 CFR 64.1200(d)' },
  { source: 'national', rule: 'dnc.national', citation: '47 CFR 64.1200(c)(2)' },
  { source: 'state', rule: 'dnc.state', citation: 'state do-not-call law' },
] as const;

const ON_NO_LIST: Finding = {
  rule: 'dnc.lists',
  outcome: 'pass',
  citation: '47 CFR 64.1200(c)(2), (d)',
  detail: 'on no list',
};

function listFindings(
  findings: Finding[],
  from: E164 | undefined,
  market: Market,
  binding: boolean,
  now: number,
): void {
  const lists = from === undefined ? 0 : market.dnc.sourcesOf(from, now);
  if (from === undefined || lists === 0) {
    findings.push(ON_NO_LIST);
    return;
  }
  for (const { source, rule, citation } of LISTS) {
    if ((lists & DNC_SOURCES[source]) === 0) continue;
    const detail = `${maskNumber(from)} is on the ${source} list`;
    if (source === 'litigator' || binding) findings.push({ rule, outcome: 'block', citation, detail });
    // A consumer who calls is never dropped for having asked not to be called.
    else
      findings.push({ rule, outcome: source === 'internal' ? 'flag' : 'not_applicable', citation, detail });
  }
}

function pad(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

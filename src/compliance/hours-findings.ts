import type { Finding, HoursOverride } from '../domain';
import type { HoursQuestion, HoursVerdict } from './calling-hours';
import { hasCountryHours, hoursAt, nextOpening } from './calling-hours';
import type { ConsumerPlace } from './consumer-place';
import { finding } from './findings';

const COUNTRY_RULE = 'tcpa.calling_hours';
const STATE_RULE = 'state.calling_hours';
const OVERRIDE_RULE = 'override.calling_hours';
const MINUTE_MS = 60_000;

/** What hours said of a place in one minute. */
interface Answered {
  readonly minute: number;
  readonly overrides: readonly HoursOverride[];
  readonly findings: readonly Finding[];
}

/** The last answer of each place, for calls a machine may have dialled and for others. */
const answers: Record<'automated' | 'manual', WeakMap<ConsumerPlace, Answered>> = {
  automated: new WeakMap(),
  manual: new WeakMap(),
};

const UNKNOWN_PLACE = finding(
  COUNTRY_RULE,
  'block',
  '47 CFR 64.1200(c)(1)',
  'there is no table of calling hours for the place of this number',
);
const NO_TABLE: readonly Finding[] = [UNKNOWN_PLACE];

/**
 * What calling hours say of a person at an instant: every rule that forbids, and of those that allow
 * the country's, and the state's where it is known for one. Answers hold for a minute and are kept
 * for it, since hours turn on whole minutes and the calls of one minute are many.
 *
 * @param at - UTC epoch milliseconds
 */
export function hoursFindings(
  place: ConsumerPlace,
  automated: boolean,
  overrides: readonly HoursOverride[],
  at: number,
): readonly Finding[] {
  if (!hasHours(place)) return NO_TABLE;
  const kept = answers[automated ? 'automated' : 'manual'];
  const minute = Math.floor(at / MINUTE_MS);
  const last = kept.get(place);
  if (last && last.minute === minute && isSame(last.overrides, overrides)) return last.findings;
  const findings = ask(place, { ...place, automated, overrides }, at);
  // An override may begin or end within the minute: then the answer is of this instant alone.
  if (!overrides.some(({ startsAt, endsAt }) => isWithin(startsAt, minute) || isWithin(endsAt, minute))) {
    kept.set(place, { minute, overrides, findings });
  }
  return findings;
}

/** What else `nextAllowed` may be told. */
export interface NextAllowedOptions {
  /** Emergencies and orders; none by default. */
  readonly overrides?: readonly HoursOverride[];
  /** A machine will dial; a person by default. */
  readonly automated?: boolean;
}

/**
 * The earliest instant, not before `from`, at which calling hours allow a call to a person; undefined
 * when none is found within 60 days, or nothing is known of the hours of the place.
 *
 * @param from - UTC epoch milliseconds
 */
export function nextAllowed(
  place: ConsumerPlace,
  from: number,
  { overrides = [], automated = false }: NextAllowedOptions = {},
): number | undefined {
  if (!hasHours(place)) return undefined;
  return nextOpening({ ...place, overrides, automated }, from);
}

function isSame(a: readonly HoursOverride[], b: readonly HoursOverride[]): boolean {
  return a === b || (a.length === 0 && b.length === 0);
}

function hasHours({ countries, zones }: ConsumerPlace): boolean {
  return countries.length > 0 && zones.length > 0 && countries.every(hasCountryHours);
}

function isWithin(instant: number, minute: number): boolean {
  return Math.floor(instant / MINUTE_MS) === minute;
}

function ask(place: ConsumerPlace, question: HoursQuestion, at: number): readonly Finding[] {
  const { forbids, allows, setAside } = hoursAt(question, at);
  const findings: Finding[] = [];
  for (const one of forbids) {
    findings.push('row' in one ? verdictFinding(one, at) : forbidding(one));
  }
  for (const { place: where, citation } of setAside) {
    findings.push(finding(OVERRIDE_RULE, 'pass', citation, `the hours of ${where} are set aside by order`));
  }
  for (const verdict of allows) {
    // The trace keeps what decided: of many states that all allow it is enough that none forbids.
    if (verdict.country || place.states.length === 1) findings.push(verdictFinding(verdict, at));
  }
  return Object.freeze(findings);
}

function forbidding({ place, citation }: HoursOverride): Finding {
  return finding(OVERRIDE_RULE, 'block', citation, `calls to ${place} are forbidden for the time being`);
}

function verdictFinding(verdict: HoursVerdict, at: number): Finding {
  const { allowed, row, country, zone, holiday } = verdict;
  const minute = zone.minuteOfWeek(at) % 1440;
  const clock = `${pad(Math.floor(minute / 60))}:${pad(minute % 60)}`;
  const kind = row.automated ? 'automated-call hours' : 'hours';
  let why = `${allowed ? 'within' : 'outside'} the ${kind} of ${row.place}`;
  if (holiday !== undefined) {
    why = allowed
      ? `${why} on ${holiday}`
      : `${holiday}, ${hasHolidayHours(row) ? `outside its ${kind}` : 'a day without calls'} in ${row.place}`;
  }
  const rule = country ? COUNTRY_RULE : STATE_RULE;
  return finding(rule, allowed ? 'pass' : 'block', row.citation, `${clock} in ${zone.name}: ${why}`);
}

function hasHolidayHours({ holidays }: HoursVerdict['row']): boolean {
  return holidays !== undefined && holidays.windows.length > 0;
}

function pad(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}

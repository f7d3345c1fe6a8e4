import type { ComplianceFacts, CompliancePolicy, Finding } from '../domain';
import type { ContactLimit } from './data/contact-limits';
import { CONTACT_LIMITS, DEFAULT_CONTACTS_PER_DAY } from './data/contact-limits';
import { finding } from './findings';

const RULE = 'contacts.frequency';
const POLICY = 'policy of the exchange';

const BY_STATE = limitsByState();
/** Contacts so far, of one limit: few, and the same ones again and again. */
const passes = new Map<string, Finding>();
const MAX_PASSES = 1_000;

/**
 * Whether one more call to a person stays within every limit: of each state it may be in, and of the
 * campaign, or of the exchange where the campaign says nothing.
 *
 * @param at - UTC epoch milliseconds of the call
 */
export function contactFinding(
  states: readonly string[],
  automated: boolean,
  policy: CompliancePolicy,
  facts: ComplianceFacts,
  at: number,
): Finding {
  const { contactsInLast24h: day, contactsInLast8h: eight = day } = facts;
  for (const state of states) {
    for (const limit of BY_STATE.get(state) ?? []) {
      if (at < limit.since || (limit.row.automated && !automated)) continue;
      const { calls, hours, place, citation } = limit.row;
      const made = hours === 8 ? eight : day;
      if (made >= calls) {
        const kind = limit.row.automated ? 'automated calls' : 'calls';
        const detail = `${made} of ${calls} ${kind} in ${hours} h to a person in ${place} were made already`;
        return finding(RULE, 'block', citation, detail);
      }
    }
  }
  const allowed = policy.contactsPerDay ?? DEFAULT_CONTACTS_PER_DAY;
  if (day >= allowed) {
    return finding(RULE, 'block', POLICY, `${day} of ${allowed} calls in 24 h were made already`);
  }
  return passing(`${day} calls in the last 24 h, fewer than ${allowed}`);
}

function passing(detail: string): Finding {
  let pass = passes.get(detail);
  if (!pass) {
    pass = finding(RULE, 'pass', POLICY, detail);
    if (passes.size < MAX_PASSES) passes.set(detail, pass);
  }
  return pass;
}

function limitsByState(): ReadonlyMap<string, readonly { row: ContactLimit; since: number }[]> {
  const limits = new Map<string, { row: ContactLimit; since: number }[]>();
  for (const row of CONTACT_LIMITS) {
    const since = row.from === undefined ? -Infinity : Date.parse(row.from);
    if (Number.isNaN(since)) throw new RangeError(`no date: ${row.from}`);
    limits.set(row.place, [...(limits.get(row.place) ?? []), { row, since }]);
  }
  return limits;
}

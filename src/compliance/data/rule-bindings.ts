import type { CallOrigin } from '../../domain';
import type { Mark } from './calling-hours';

/** Rules that a call is screened by, by the ids that findings carry. */
export const RULES = [
  'tcpa.calling_hours',
  'state.calling_hours',
  'dnc.internal',
  'dnc.national',
  'dnc.state',
  'dnc.reassigned',
  'policy.litigator',
  'consent.prior',
  'contacts.frequency',
  'tcpa.abandonment',
] as const;
export type Rule = (typeof RULES)[number];

/**
 * `binds`: law, or policy that stands unless law is met. `policy`: only where the campaign asks for it.
 * `not_applicable`: never.
 */
export type Binding = 'binds' | 'policy' | 'not_applicable';

export interface RuleBinding {
  readonly rule: Rule;
  readonly citation: string;
  /** Of calls that consumers make by themselves; calls of every other origin are of one kind. */
  readonly inbound: Binding;
  readonly solicited: Binding;
  /** Why the inbound column says what it says. */
  readonly inboundWhy: string;
  readonly mark: Mark;
}

/**
 * Which rules bind which calls. All but `tcpa.abandonment` turn on one question: did somebody start a
 * telephone solicitation to this person (47 CFR 64.1200(c)(1), (f)(15))? A consumer who calls was not
 * solicited by that call. A transfer was dialled by its publisher, a callback and an agent's call by
 * the exchange; a call of unknown origin may be any of them. Checked 2026-11-21.
 */
export const RULE_BINDINGS: readonly RuleBinding[] = [
  {
    rule: 'tcpa.calling_hours',
    citation: '47 CFR 64.1200(c)(1)',
    inbound: 'policy',
    solicited: 'binds',
    inboundWhy: 'the consumer called: nobody is being solicited by telephone (47 CFR 64.1200(f)(15))',
    mark: 'S',
  },
  {
    rule: 'state.calling_hours',
    citation: 'state telephone solicitation laws',
    inbound: 'policy',
    solicited: 'binds',
    inboundWhy: 'state hours bind who makes a solicitation call',
    mark: 'S',
  },
  {
    rule: 'dnc.internal',
    citation: '47 CFR 64.1200(d)',
    inbound: 'policy',
    solicited: 'binds',
    inboundWhy: 'a consumer who calls is never dropped for having asked not to be called',
    mark: 'S',
  },
  {
    rule: 'dnc.national',
    citation: '47 CFR 64.1200(c)(2)',
    inbound: 'not_applicable',
    solicited: 'binds',
    inboundWhy: 'the registry is about solicitations that are made to its numbers',
    mark: 'S',
  },
  {
    rule: 'dnc.state',
    citation: 'state do-not-call laws',
    inbound: 'not_applicable',
    solicited: 'binds',
    inboundWhy: 'the registries are about solicitations that are made to their numbers',
    mark: 'S/K',
  },
  {
    rule: 'dnc.reassigned',
    citation: '47 CFR 64.1200(m); 32 M.R.S. §14716 for Maine',
    inbound: 'not_applicable',
    solicited: 'binds',
    inboundWhy: 'the person who holds the number now is the one who called',
    mark: 'S/K',
  },
  {
    rule: 'policy.litigator',
    citation: 'policy of the exchange',
    inbound: 'policy',
    solicited: 'binds',
    inboundWhy: 'who has sued callers may call like anybody',
    mark: 'S',
  },
  {
    rule: 'consent.prior',
    citation: '47 CFR 64.1200(a)(2), (c)(2)(ii), (f)(9)',
    inbound: 'policy',
    solicited: 'binds',
    inboundWhy: 'no call was made that would need consent',
    mark: 'S',
  },
  {
    rule: 'contacts.frequency',
    citation: 'state frequency limits; policy of the exchange elsewhere',
    inbound: 'not_applicable',
    solicited: 'binds',
    inboundWhy: 'limits count the calls that are made to a person',
    mark: 'S',
  },
  {
    rule: 'tcpa.abandonment',
    citation: '47 CFR 64.1200(a)(7); 16 CFR 310.4(b)(1)(iv)',
    inbound: 'not_applicable',
    solicited: 'not_applicable',
    inboundWhy: 'abandonment is measured by whoever dials predictively, over a campaign and 30 days',
    mark: 'S/K',
  },
];

const BY_RULE: ReadonlyMap<Rule, RuleBinding> = new Map(RULE_BINDINGS.map((row) => [row.rule, row]));

/** The row of a rule. @throws Error when the table has none. */
export function bindingRow(rule: Rule): RuleBinding {
  const row = BY_RULE.get(rule);
  if (!row) throw new Error(`no row for the rule ${rule}`);
  return row;
}

/** How a rule binds calls of an origin. */
export function bindingOf(rule: Rule, origin: CallOrigin): Binding {
  const row = bindingRow(rule);
  return origin === 'inbound_consumer' ? row.inbound : row.solicited;
}

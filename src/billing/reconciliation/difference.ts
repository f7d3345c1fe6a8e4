import type { Currency, Micros } from '../../domain';

/** What can be wrong between calls, settlements and the ledger. */
const CALL_DIFFERENCES = {
  unsettled: 'an answered, sold call has no settlement and nothing that will make one',
  settlement_open: 'the settlement of a call that ended is overdue',
  settlement_dead: 'the settlement of a call waits for a person',
  not_sold: 'a call is settled that was not answered or not sold',
  no_call: 'a settlement has no call',
  sums_differ: 'the sums of a settlement are not those of its lines',
  ledger_differs: 'what the ledger has of a call is not what its lines say',
  unexplained_money: 'money was moved for a call that no settlement and no revision explains',
  rating_differs: 'rating the call again gives something else',
  not_ratable: 'the call cannot be rated again',
  stale_hold: 'money is held for a call that is not up',
  held_differs: 'open holds are not what the ledger has as held',
  late_end: 'the call ended otherwise than it was settled',
} as const;
export type CallDifferenceKind = keyof typeof CALL_DIFFERENCES;

/** What can be wrong between a carrier's records and ours. */
const CARRIER_DIFFERENCES = {
  missing_at_carrier: 'the carrier has no record of a call of ours',
  missing_at_us: 'we have no call for a record of the carrier',
  duration_differs: 'the durations differ',
  cost_differs: 'the carrier bills another cost than was booked',
} as const;
export type CarrierDifferenceKind = keyof typeof CARRIER_DIFFERENCES;
export type DifferenceKind = CallDifferenceKind | CarrierDifferenceKind;
export const DIFFERENCE_KINDS = [...Object.keys(CALL_DIFFERENCES), ...Object.keys(CARRIER_DIFFERENCES)] as [
  DifferenceKind,
];

/** One thing that does not fit. */
export interface FoundDifference {
  readonly kind: DifferenceKind;
  readonly callId: string | null;
  /** For people. */
  readonly detail: string;
  readonly expected: unknown;
  readonly found: unknown;
  /** Money at stake, never negative. */
  readonly amount: Micros;
  readonly currency: Currency | null;
}

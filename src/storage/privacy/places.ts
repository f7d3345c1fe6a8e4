/** How a place is treated when a person has everything erased. */
export type ErasePolicy =
  /** By steps of their own. */
  | 'own'
  /** The number becomes a keyed hash wherever it stands in the row. */
  | 'scrub'
  /** The row goes. */
  | 'delete'
  /** The row stays as it is, for the reason given. */
  | 'keep';

/** A table in which the number of a person may stand. */
export interface Place {
  readonly table: string;
  readonly erase: ErasePolicy;
  /** False for copies of what is told elsewhere. */
  readonly exported: boolean;
  /** Of what is kept: why. */
  readonly why?: string;
  /** Parts of its JSON that may say anything of the person, by column and names: they go. */
  readonly dropped?: readonly (readonly string[])[];
}

/**
 * What is known of tables. One that is not named here is searched all the same: what it holds of a person
 * is told, and left to the operator.
 */
export const PLACES: readonly Place[] = [
  // Told and erased by steps of their own, with indexes.
  { table: 'calls', erase: 'scrub', exported: true },
  { table: 'call_decisions', erase: 'scrub', exported: true },
  { table: 'call_late_ends', erase: 'scrub', exported: true },
  { table: 'dnc_entries', erase: 'own', exported: true },
  { table: 'market_history', erase: 'own', exported: true },
  // Events that are on their way, and answers that are kept for a day: copies.
  { table: 'outbox', erase: 'scrub', exported: false },
  { table: 'api_idempotency', erase: 'scrub', exported: false },
  // Requests to webhooks, kept for a while.
  { table: 'postback_deliveries', erase: 'scrub', exported: false },
  // Live bidding knows callers by a keyed hash of its own.
  { table: 'rtb_reservations', erase: 'scrub', exported: true, dropped: [['content', 'tags']] },
  { table: 'rtb_bid_requests', erase: 'scrub', exported: true },
  // A wish that goes with the person.
  { table: 'callbacks', erase: 'delete', exported: true },
  { table: 'fraud_cases', erase: 'scrub', exported: true },
  // What agents wrote down of a call.
  { table: 'call_dispositions', erase: 'scrub', exported: true },
  // Why it is held or was erased; its audio goes by a step of its own.
  { table: 'recordings', erase: 'scrub', exported: true },
  // Carriers' own records of calls.
  { table: 'carrier_cdrs', erase: 'scrub', exported: true },
  // What parties wrote about the money of a call.
  { table: 'disputes', erase: 'scrub', exported: true },
  {
    table: 'dispute_evidence',
    erase: 'keep',
    exported: true,
    why: 'evidence of a claim (GDPR Art. 17(3)(e)); it can only be added to',
  },
];

/** Where else something of a person may be for a while, which no statement reaches. */
export const ELSEWHERE: readonly string[] = [
  'memory of nodes and Redis: counts of recent calls, answers of providers under keyed hashes; they lapse within hours',
  'the event stream in Redis: numbers of callers that it told of, for six hours or 200,000 events; copies that whoever listens to it made are theirs to erase',
  'journals of call records on nodes that cannot reach the database; they are stored when they can, and then found',
  'backups of the database, until they are replaced; the erasure is to be run again after one was restored',
  'log lines, in which numbers are masked',
  'files of recordings, until the node that holds them removes them: without their keys, which are gone, nobody can hear them',
  'imported lists of registries, which come from the registry with each import',
];

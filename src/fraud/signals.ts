import type { FraudSignals } from '../domain';

/**
 * Numbers that the score is made of, known before anybody is rung. Counts leave out the call itself.
 * A name is never used again for something else: stored traces and trained models speak of them.
 */
const TABLE = {
  // What the attempt says of itself.
  caller_withheld: 'no number, or none that is one',
  caller_impossible: 'no telephone can have this number',
  caller_unassigned: 'of an area code that is not assigned',
  caller_non_geographic: 'toll-free, personal or other number without a place',
  caller_foreign: 'of another numbering plan',
  caller_is_called: 'caller and dialled number are the same',
  prefix_premium: 'of a premium-rate range',
  prefix_irsf: 'of a range known for revenue share fraud',
  prefix_wangiri: 'of a range known for one-ring lures',
  neighbour: 'same area code and exchange as the dialled number',
  shared_digits: 'leading digits it shares with the dialled number, 0 … 10',
  toll_free_dialled: 'the dialled number is toll-free',
  attestation_a: 'signed, attestation A',
  attestation_c: 'signed, attestation C',
  attestation_none: 'not signed',
  verstat_failed: 'the signature is wrong',
  verstat_stale: 'the signature is too old',
  verstat_replayed: 'the signature was seen before',
  verstat_wrong_number: 'the signature is of other numbers',
  place_contradicted: 'the place claimed is none its number may be of',
  forwards: 'numbers that forwarded the call',
  forwarded_by_us: 'one of them is a number of the exchange: a loop',
  off_hours: 'between 22:00 and 07:00 where the caller is',
  // The caller before this call.
  caller_new: 'not heard of within 24 hours',
  caller_1m: 'its calls in a minute',
  caller_1h: 'its calls in an hour',
  caller_24h: 'its calls in 24 hours',
  caller_since: 'seconds since its last call, 86,400 at most',
  caller_same_did: 'its last call dialled the same number',
  caller_regularity: 'how regular its gaps are, 0 as by chance … 1 as by the clock',
  caller_sellers: 'other sellers it came from within 24 hours',
  caller_short: 'share of its calls that were answered and short',
  caller_quick_cancels: 'share of its calls that hung up within two seconds of ringing',
  caller_piles: 'share of its calls that ended within five seconds of being paid for',
  // The area code it is of.
  npa_rarity: 'how rare its area code is among all callers, −log₂ of the share',
  npa_surprise: 'how much rarer its area code is among callers of this seller than is usual there, bits',
  // The block of a thousand numbers (NPA-NXX-X) it is of.
  block_callers: 'new callers of the block of late, all sellers together',
  seller_block_callers: 'the same of this seller',
  seller_block_share: 'the same as a share of the new callers of this seller',
  // The dialled number.
  did_1m: 'calls to the dialled number in a minute',
  did_1h: 'in an hour',
  did_24h: 'in 24 hours',
  did_burst: 'this hour against its usual hour, log₂',
  did_surge: 'this minute against the minutes of the hour, log₂',
  did_regularity: 'how regular the gaps between them are',
  did_short: 'share of answered calls to it that were short',
  did_short_risen: 'evidence that this share has risen',
  did_answered: 'share of rung calls to it that were answered',
  did_new_callers: 'share of its callers not heard of within 24 hours',
  did_pile: 'share of paid calls to it that ended within five seconds of being paid for',
  // The seller.
  seller_1m: 'calls of the seller in a minute',
  seller_1h: 'in an hour',
  seller_24h: 'in 24 hours',
  seller_burst: 'this hour against its usual hour, log₂',
  seller_surge: 'this minute against the minutes of the hour, log₂',
  seller_distinct: 'distinct callers for each of its calls in a day',
  seller_new_callers: 'share of its callers not heard of within 24 hours',
  seller_new_callers_risen: 'evidence that this share has risen',
  seller_signed: 'share of its calls with attestation A',
  seller_signed_fallen: 'evidence that this share has fallen',
  seller_npa_rarity: 'how rare the area codes of its callers are of late, bits',
  seller_npa_rarity_risen: 'evidence that they have become rarer',
  seller_npa_surprise_risen: 'evidence that its callers are of other area codes than they were',
  seller_npa_evenness: 'how evenly its callers spread over area codes, 0 … 1',
  seller_npa_gap: 'the same, less what is usual of all sellers',
  seller_hour_evenness: 'how evenly its calls spread over the hours of the day, 0 … 1',
  seller_neighbour: 'share of its callers that seem neighbours of the number they dial',
  seller_neighbour_lift: 'the same against what is usual of all sellers, log₂',
  seller_contradicted: 'share of its calls whose place is contradicted',
  seller_contradicted_risen: 'evidence that this share has risen',
  seller_misidentified: 'share of its calls whose signature did not stand',
  seller_foreign: 'share of its callers of another numbering plan',
  seller_foreign_lift: 'for a foreign caller, how unusual that is of the seller, log₂',
  seller_shared: 'share of its callers that came from another seller as well',
  seller_partner_share: 'share of its callers that it shares with one seller',
  seller_partners: 'sellers it shares callers with',
  seller_short: 'share of its answered calls that were short',
  seller_short_risen: 'evidence that this share has risen',
  seller_answered: 'share of its rung calls that were answered',
  seller_answered_fallen: 'evidence that this share has fallen',
  seller_duration: 'how long its answered calls last, log scale 0 … 1',
  seller_duration_fallen: 'evidence that they have become shorter',
  seller_duration_risen: 'evidence that they have become longer',
  seller_quick_cancels: 'share of its rung calls that hung up within two seconds',
  seller_pile: 'share of its paid calls that ended within five seconds of being paid for',
  seller_pile_risen: 'evidence that this share has risen',
  // The trunk.
  trunk_1m: 'calls of the trunk in a minute',
  trunk_1h: 'in an hour',
  trunk_burst: 'this hour against its usual hour, log₂',
  trunk_short: 'share of its answered calls that were short',
  trunk_answered_fallen: 'evidence that fewer of its calls are answered',
  trunk_misidentified: 'share of its calls whose signature did not stand',
  // What ended calls taught, days and weeks back.
  prior_seller: 'share of bad calls of the seller',
  prior_number: 'of the dialled number',
  prior_trunk: 'of the trunk',
  prior_prefix: 'of the block the caller is of',
} as const;

export type SignalName = keyof typeof TABLE;

/** Every signal, in the order of a vector. */
export const SIGNALS = Object.keys(TABLE) as readonly SignalName[];
/** Place of each signal in a vector. */
export const SIGNAL = Object.fromEntries(SIGNALS.map((name, index) => [name, index])) as Readonly<
  Record<SignalName, number>
>;

/** One number for each signal, by its place. */
export type SignalVector = Float64Array;

export function signalVector(): SignalVector {
  return new Float64Array(SIGNALS.length);
}

/**
 * Signals as the decision computes them have four decimals: a trace holds them in short, and reading
 * it back gives the same numbers bit for bit.
 */
export function roundSignals(vector: SignalVector): void {
  for (let i = 0; i < vector.length; i++) vector[i] = Math.round((vector[i] as number) * 10_000) / 10_000;
}

/** The named signals of a vector, for the trace; those that are 0 are left out. */
export function signalRecord(vector: SignalVector): FraudSignals {
  const record: Record<string, number> = {};
  for (let i = 0; i < SIGNALS.length; i++) {
    const value = vector[i] as number;
    if (value !== 0) record[SIGNALS[i] as string] = value;
  }
  return record;
}

/** The vector that a record was made of. Names that are not known are passed over; those left out are 0. */
export function signalsFrom(record: FraudSignals, into: SignalVector = signalVector()): SignalVector {
  for (let i = 0; i < SIGNALS.length; i++) into[i] = record[SIGNALS[i] as string] ?? 0;
  return into;
}

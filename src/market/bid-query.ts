import type { Attestation, LiveBid } from '../domain';
import type { LineType } from './targeting-index';
import type { Coordinates } from './zip-places';

/** For whom a caller is a duplicate, as market ordinals; `everybody` when the whole campaign. */
export interface Duplicates {
  readonly buyers: readonly number[];
  readonly targets: readonly number[];
  readonly everybody: boolean;
}

export const NO_DUPLICATES: Duplicates = { buyers: [], targets: [], everybody: false };

/** What the bids of a campaign are asked about one call. */
export interface BidQuery {
  /** UTC epoch milliseconds. */
  readonly now: number;
  readonly state: string | undefined;
  readonly npa: string | undefined;
  /** Five digits. */
  readonly zip: string | undefined;
  /** Where the caller is, for bids that want it near; undefined when not known. */
  readonly place: Coordinates | undefined;
  readonly attestation: Attestation | undefined;
  readonly lineType: LineType;
  /** Two letters. */
  readonly language: string;
  readonly sellerId: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Micro-units below which nothing is sold. */
  readonly reserve: number;
  /** Micro-units that leave the margin asked for. */
  readonly marginFloor: number;
  readonly duplicates: Duplicates;
  /** Skills that a target must have; empty where the campaign does not go by them. */
  readonly skills: readonly string[];
  /** Answers of live bids, at most one of each. */
  readonly liveBids: readonly LiveBid[];
}

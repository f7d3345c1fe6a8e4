import type { CallAttempt, E164 } from '../../../src/domain';

/** Kinds of fraud that are injected; a call's `pattern` is its place here, -1 = honest. */
export const PATTERNS = [
  'velocity',
  'rotated_numbers',
  'neighbour_spoofing',
  'geo_laundering',
  'threshold_gaming',
  'publisher_burst',
  'wangiri',
  'irsf',
  'shared_ring',
  'bots',
  'loops',
] as const;
export type Pattern = (typeof PATTERNS)[number];

export type Range = readonly [low: number, high: number];

/** How much of one kind of fraud there is, and how blatant it is. */
export interface AttackShape {
  readonly attacks: number;
  readonly hours: Range;
  readonly perHour: Range;
  /** 0 = as hidden as it gets … 1 = blatant. */
  readonly strength: Range;
}

/** A made-up exchange: everything that is drawn comes from these numbers and the seed. */
export interface WorldShape {
  readonly name: string;
  readonly seed: number;
  readonly days: number;
  readonly publishers: number;
  readonly trunks: number;
  readonly callsPerDay: number;
  /** Of publishers: callers from all over, from a region, from one city. */
  readonly reach: readonly [national: number, regional: number, local: number];
  /** Share of publishers with local rather than toll-free numbers. */
  readonly localDids: number;
  /** Share of calls with attestation A, by trunk. */
  readonly signedA: Range;
  /** Share of honest callers who have called before. */
  readonly repeats: Range;
  /** How steeply repeated calls fall on few callers. */
  readonly zipf: number;
  /** Share of honest callers who came through another publisher before. */
  readonly shoppers: number;
  /** Share of honest calls that come from offices, which call often, by publisher. */
  readonly offices: Range;
  readonly contradicted: Range;
  readonly withheld: number;
  readonly foreign: number;
  readonly shortCalls: Range;
  readonly answered: Range;
  /** Median seconds of conversation, by publisher. */
  readonly talk: Range;
  readonly fraud: Readonly<Partial<Record<Pattern, AttackShape>>>;
}

/** One call of a made-up exchange, with its truth. */
export interface MadeCall {
  readonly at: number;
  readonly caller: E164 | undefined;
  readonly did: E164;
  readonly publisher: number;
  readonly trunk: number;
  readonly attestation: CallAttempt['attestation'];
  readonly verstat: CallAttempt['verstat'];
  readonly forwards: number;
  readonly forwardedByUs: boolean;
  readonly contradicted: boolean;
  /** Of PATTERNS; -1 = honest. */
  readonly pattern: number;
  /** Which attack it belongs to; -1 = none. */
  readonly attack: number;
  readonly ringMs: number;
  readonly answered: boolean;
  readonly connectedMs: number;
  readonly endedBy: 'caller' | 'buyer';
  readonly payoutAfterMs: number;
  /** What the seller gets and what stays with the exchange when it is paid for, in dollars. */
  readonly payout: number;
  readonly margin: number;
}

/** Monday 2026-11-16, 00:00 UTC. */
export const WORLD_START = Date.UTC(2026, 10, 16);
export const HOUR_MS = 3_600_000;

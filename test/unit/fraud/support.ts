import type { AttemptEvent, E164, EndedEvent } from '../../../src/domain';
import { usd } from '../market/fixtures';

/** 2026-11-23, a Monday, 15:00 UTC. */
export const START = Date.UTC(2026, 10, 23, 15);
export const DID = '+18005550199' as E164;

/** Numbers between 0 and 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SOURCE = {
  at: START,
  caller: '+12123334567' as E164,
  did: DID,
  trunkId: 'trunk',
  sellerId: 'seller',
  campaignId: 'campaign',
  origin: 'inbound_consumer',
} as const;

export const attemptEvent = (over: Partial<AttemptEvent> = {}): AttemptEvent => ({
  ...SOURCE,
  kind: 'attempt',
  placeContradicted: false,
  misidentified: false,
  signed: true,
  ...over,
});

/** A call that was rung, answered and paid for. */
export const endedEvent = (over: Partial<EndedEvent> = {}): EndedEvent => ({
  ...SOURCE,
  kind: 'ended',
  buyerId: 'buyer',
  targetId: 'target',
  ringMs: 6_000,
  answered: true,
  connectedMs: 240_000,
  endedBy: 'caller',
  converted: true,
  revenue: usd(20),
  payoutAfterMs: 60_000,
  ...over,
});

/** A number of the North American plan by its last seven digits. */
export const numberOf = (npa: number, rest: number): E164 =>
  `+1${npa}${String(rest).padStart(7, '0')}` as E164;

import type { Counters, LegStats } from '../media-engine';
import { mosOf, ratingOf } from './e-model';

/** Audio per packet, which is not sent before it is full. */
const PACKET_MS = 20;
/** What a phone's jitter buffer holds back at least, and as a multiple of the jitter. */
const MIN_BUFFER_MS = 20;
const BUFFER_JITTERS = 2;

/** What is counted of a leg at one moment. */
export interface LegReading extends Counters {
  /** Round trip of the stream sent, by the peer's RTCP; undefined until it was measured. */
  readonly rttMs: number | undefined;
}

/**
 * What is told of a leg by what was counted of it. The delay is estimated: packet, half the round
 * trip where it was measured, and a buffer for the jitter; the way beyond the switch is the other leg's.
 * @param before - an earlier reading, from which on loss and quality are counted
 */
export function legStats(now: LegReading, before?: LegReading): Omit<LegStats, 'codec'> {
  const { rttMs, ...counters } = now;
  const received = now.packetsReceived - (before?.packetsReceived ?? 0);
  const lost = Math.max(0, now.packetsLost - (before?.packetsLost ?? 0));
  const round = rttMs === undefined ? {} : { rttMs };
  if (received <= 0) return { ...counters, ...round };
  const lossPercent = (100 * lost) / (received + lost);
  const delayMs = PACKET_MS + (rttMs ?? 0) / 2 + Math.max(MIN_BUFFER_MS, BUFFER_JITTERS * now.jitterMs);
  const mos = mosOf(ratingOf({ delayMs, lossPercent }));
  return { ...counters, ...round, lossPercent: rounded(lossPercent), mos: rounded(mos) };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

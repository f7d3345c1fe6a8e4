import type { types } from 'mediasoup';
import type { LegReading } from '../quality/leg-stats';
import { CLOCK_RATE } from '../sdp/audio-description';

const MS_PER_SECOND = 1_000;

/** Counters of a stream that arrives. */
export interface Inbound {
  readonly packetsReceived: number;
  readonly bytesReceived: number;
  readonly packetsLost: number;
  readonly jitterMs: number;
}

/** Counters of a stream that is sent. */
export interface Outbound {
  readonly packetsSent: number;
  readonly bytesSent: number;
  readonly rttMs: number | undefined;
}

export const NO_INBOUND: Inbound = { packetsReceived: 0, bytesReceived: 0, packetsLost: 0, jitterMs: 0 };
export const NO_OUTBOUND: Outbound = { packetsSent: 0, bytesSent: 0, rttMs: undefined };
export const NO_READING: LegReading = { ...NO_INBOUND, ...NO_OUTBOUND };

/** Sums over streams that followed each other; jitter and round trip are the last one's. */
export function addInbound(past: Inbound, present: Inbound): Inbound {
  return {
    packetsReceived: past.packetsReceived + present.packetsReceived,
    bytesReceived: past.bytesReceived + present.bytesReceived,
    packetsLost: past.packetsLost + present.packetsLost,
    jitterMs: present.packetsReceived > 0 ? present.jitterMs : past.jitterMs,
  };
}

export function addOutbound(past: Outbound, present: Outbound): Outbound {
  return {
    packetsSent: past.packetsSent + present.packetsSent,
    bytesSent: past.bytesSent + present.bytesSent,
    rttMs: present.rttMs ?? past.rttMs,
  };
}

export function addReadings(past: LegReading, present: LegReading): LegReading {
  return { ...addInbound(past, present), ...addOutbound(past, present) };
}

/** Undefined when the stream or its worker is gone. */
export async function readInbound(producer: types.Producer): Promise<Inbound | undefined> {
  const [stat] = producer.closed ? [] : await producer.getStats().catch(() => []);
  return (
    stat && {
      packetsReceived: stat.packetCount,
      bytesReceived: stat.byteCount,
      packetsLost: Math.max(0, stat.packetsLost),
      // RFC 3550 §6.4.1: jitter is counted in units of the RTP clock.
      jitterMs: Math.round((stat.jitter * MS_PER_SECOND) / CLOCK_RATE),
    }
  );
}

/** Undefined when the stream or its worker is gone. */
export async function readOutbound(consumer: types.Consumer): Promise<Outbound | undefined> {
  const stats = consumer.closed ? [] : await consumer.getStats().catch(() => []);
  const stat = stats.find((each): each is types.ConsumerStat => each.type === 'outbound-rtp');
  // Before the peer's first report the worker says zero.
  const rttMs = stat?.roundTripTime ? Math.round(stat.roundTripTime * 10) / 10 : undefined;
  return stat && { packetsSent: stat.packetCount, bytesSent: stat.byteCount, rttMs };
}

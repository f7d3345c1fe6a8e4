import type { types } from 'mediasoup';
import type { Counters } from '../media-engine';
import { CLOCK_RATE } from '../sdp/audio-description';

const MS_PER_SECOND = 1_000;

/** Sums over the streams that a leg had one after the other; jitter is the last one's. */
export function addCounters(past: Counters, present: Counters): Counters {
  return {
    packetsReceived: past.packetsReceived + present.packetsReceived,
    packetsSent: past.packetsSent + present.packetsSent,
    bytesReceived: past.bytesReceived + present.bytesReceived,
    bytesSent: past.bytesSent + present.bytesSent,
    packetsLost: past.packetsLost + present.packetsLost,
    jitterMs: present.packetsReceived > 0 ? present.jitterMs : past.jitterMs,
  };
}

/** Counters of a stream received and one sent. A worker that is gone has none. */
export async function readCounters(
  producer: types.Producer | undefined,
  consumer: types.Consumer | undefined,
): Promise<Counters> {
  const [received, sent] = await Promise.all([inbound(producer), outbound(consumer)]);
  return {
    packetsReceived: received?.packetCount ?? 0,
    bytesReceived: received?.byteCount ?? 0,
    packetsLost: Math.max(0, received?.packetsLost ?? 0),
    packetsSent: sent?.packetCount ?? 0,
    bytesSent: sent?.byteCount ?? 0,
    // RFC 3550 §6.4.1: jitter is counted in units of the RTP clock.
    jitterMs: Math.round(((received?.jitter ?? 0) * MS_PER_SECOND) / CLOCK_RATE),
  };
}

async function inbound(producer: types.Producer | undefined): Promise<types.ProducerStat | undefined> {
  if (!producer || producer.closed) return undefined;
  const stats = await producer.getStats().catch(() => []);
  return stats[0];
}

async function outbound(consumer: types.Consumer | undefined): Promise<types.ConsumerStat | undefined> {
  if (!consumer || consumer.closed) return undefined;
  const stats = await consumer.getStats().catch(() => []);
  return stats.find((stat): stat is types.ConsumerStat => stat.type === 'outbound-rtp');
}

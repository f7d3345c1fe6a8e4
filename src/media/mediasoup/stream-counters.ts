import type { types } from 'mediasoup';
import type { LegStats } from '../media-engine';
import { CLOCK_RATE } from '../sdp/audio-description';

const MS_PER_SECOND = 1_000;

type Counters = Omit<LegStats, 'codec'>;

const NOTHING: Counters = {
  packetsReceived: 0,
  packetsSent: 0,
  bytesReceived: 0,
  bytesSent: 0,
  packetsLost: 0,
  jitterMs: 0,
};

/** Counters of a leg over all the streams that it had: a peer may change its stream in mid-call. */
export class StreamCounters {
  #past: Counters = NOTHING;

  /** Adds what a stream that is about to be closed has counted. */
  async keep(producer: types.Producer | undefined, consumer: types.Consumer | undefined): Promise<void> {
    this.#past = await this.read(producer, consumer);
  }

  /** Past streams and the present one. A worker that is gone adds nothing. */
  async read(producer: types.Producer | undefined, consumer: types.Consumer | undefined): Promise<Counters> {
    const [received, sent] = await Promise.all([inbound(producer), outbound(consumer)]);
    const past = this.#past;
    return {
      packetsReceived: past.packetsReceived + (received?.packetCount ?? 0),
      bytesReceived: past.bytesReceived + (received?.byteCount ?? 0),
      packetsLost: past.packetsLost + Math.max(0, received?.packetsLost ?? 0),
      packetsSent: past.packetsSent + (sent?.packetCount ?? 0),
      bytesSent: past.bytesSent + (sent?.byteCount ?? 0),
      // RFC 3550 §6.4.1: jitter is counted in units of the RTP clock.
      jitterMs: received ? Math.round((received.jitter * MS_PER_SECOND) / CLOCK_RATE) : past.jitterMs,
    };
  }
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

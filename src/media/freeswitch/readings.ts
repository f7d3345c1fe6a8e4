import type { LegReading } from '../quality/leg-stats';
import { NO_COUNTERS } from '../media-engine';

export const NOTHING_COUNTED: LegReading = { ...NO_COUNTERS, rttMs: undefined };

/** Channel variables that FreeSWITCH sets of a channel's RTP when it is asked to. */
const VARIABLES = [
  'rtp_audio_in_packet_count',
  'rtp_audio_out_packet_count',
  'rtp_audio_in_raw_bytes',
  'rtp_audio_out_raw_bytes',
  // A share with two decimals; what else it counts as loss holds penalties of its own.
  'rtp_audio_in_jitter_loss_rate',
  'rtp_audio_in_jitter_max_variance',
] as const;

/** For `eval`: has the counters written down, and reads them, in one command. */
export function readingExpression(uuid: string): string {
  const values = VARIABLES.map((name) => `\${uuid_getvar(${uuid} ${name})}`);
  return [`\${uuid_set_media_stats(${uuid})}`, ...values].join('|');
}

/** Undefined where the channel has no counters, or says something else. */
export function readReading(text: string): LegReading | undefined {
  const [, received, sent, bytesReceived, bytesSent, lossShare, variance] = text
    .trim()
    .split('|')
    .map(Number);
  if (received === undefined || !Number.isFinite(received)) return undefined;
  return {
    packetsReceived: received,
    packetsSent: count(sent),
    bytesReceived: count(bytesReceived),
    bytesSent: count(bytesSent),
    packetsLost: Math.round(received * count(lossShare)),
    // Of the worst moment: it keeps no other.
    jitterMs: Math.sqrt(Math.max(0, count(variance))),
    rttMs: undefined,
  };
}

const count = (value: number | undefined): number =>
  value !== undefined && Number.isFinite(value) ? value : 0;

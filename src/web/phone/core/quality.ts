/** Counters of one moment, as the browser keeps them for the one audio stream of a call. */
export interface StreamSample {
  readonly at: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  /** Milliseconds. */
  readonly jitterMs: number;
  readonly rttMs: number | undefined;
  /** Percent of what we send that the other side reports as lost. */
  readonly sentLossPercent: number | undefined;
}

/** How the call sounds. */
export interface Quality {
  readonly lossPercent: number;
  readonly jitterMs: number;
  readonly rttMs: number | undefined;
  readonly sentLossPercent: number | undefined;
  /** 1 … 4.5. */
  readonly mos: number;
  /** 0 (nothing is heard) … 4 (clear). */
  readonly bars: 0 | 1 | 2 | 3 | 4;
}

/** How well a leg of the call does, as the switch measures it. */
export interface LegQuality {
  readonly lossPercent: number | undefined;
  readonly jitterMs: number | undefined;
  readonly rttMs: number | undefined;
  readonly mos: number | undefined;
}

/** The part of an entry of RTCStatsReport that is read. */
export interface StatsEntry {
  readonly type: string;
  readonly kind?: string;
  readonly packetsReceived?: number;
  readonly packetsLost?: number;
  readonly jitter?: number;
  readonly roundTripTime?: number;
  readonly fractionLost?: number;
  readonly currentRoundTripTime?: number;
  readonly nominated?: boolean;
}

/** Takes the figures of an audio call from RTCPeerConnection.getStats (W3C WebRTC Statistics). */
export function sampleOf(entries: Iterable<StatsEntry>, at: number): StreamSample {
  let packetsReceived = 0;
  let packetsLost = 0;
  let jitterMs = 0;
  let rtcpRtt: number | undefined;
  let pairRtt: number | undefined;
  let sentLossPercent: number | undefined;
  for (const entry of entries) {
    if (entry.type === 'inbound-rtp' && entry.kind !== 'video') {
      packetsReceived += entry.packetsReceived ?? 0;
      packetsLost += entry.packetsLost ?? 0;
      jitterMs = Math.max(jitterMs, (entry.jitter ?? 0) * 1000);
    } else if (entry.type === 'remote-inbound-rtp' && entry.kind !== 'video') {
      if (entry.roundTripTime !== undefined) rtcpRtt = entry.roundTripTime * 1000;
      if (entry.fractionLost !== undefined) sentLossPercent = entry.fractionLost * 100;
    } else if (entry.type === 'candidate-pair' && entry.nominated !== false) {
      if (entry.currentRoundTripTime !== undefined) pairRtt = entry.currentRoundTripTime * 1000;
    }
  }
  return { at, packetsReceived, packetsLost, jitterMs, rttMs: rtcpRtt ?? pairRtt, sentLossPercent };
}

/** How it sounded between two samples; undefined when they are not of one stream, in this order. */
export function qualityBetween(before: StreamSample, now: StreamSample): Quality | undefined {
  const received = now.packetsReceived - before.packetsReceived;
  if (now.at <= before.at || received < 0) return undefined;
  // Late packets that arrive after all make the count of lost ones fall.
  const lost = Math.max(0, now.packetsLost - before.packetsLost);
  const sent = received + lost;
  const lossPercent = sent === 0 ? 0 : (lost / sent) * 100;
  const mos = mosOf(lossPercent, now.jitterMs, now.rttMs ?? 0);
  return {
    lossPercent,
    jitterMs: now.jitterMs,
    rttMs: now.rttMs,
    sentLossPercent: now.sentLossPercent,
    mos,
    bars: received === 0 ? 0 : barsOf(mos),
  };
}

/** G.711 without concealment of losses (ITU-T G.113 Appendix I). */
const PACKET_LOSS_ROBUSTNESS = 4.3;
/** Milliseconds of one packet and of the sound card. */
const FIXED_DELAY_MS = 40;

/** Mean opinion score by the E-model (ITU-T G.107), for G.711 and delays of this path alone. */
export function mosOf(lossPercent: number, jitterMs: number, rttMs: number): number {
  // The buffer that evens out the jitter delays by about twice of it.
  const delay = rttMs / 2 + 2 * jitterMs + FIXED_DELAY_MS;
  const delayImpairment = 0.024 * delay + (delay > 177.3 ? 0.11 * (delay - 177.3) : 0);
  const lossImpairment = (95 * lossPercent) / (lossPercent + PACKET_LOSS_ROBUSTNESS);
  const r = Math.min(100, Math.max(0, 93.2 - delayImpairment - lossImpairment));
  const mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
  return Math.min(4.5, Math.max(1, mos));
}

/** Four bars satisfy everybody, one almost nobody (ITU-T G.109). */
export function barsOf(mos: number): 1 | 2 | 3 | 4 {
  if (mos >= 4) return 4;
  if (mos >= 3.6) return 3;
  return mos >= 2.9 ? 2 : 1;
}

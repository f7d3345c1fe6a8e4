/**
 * The E-model (ITU-T G.107, 06/2015) for G.711 between two phones, with its default values for
 * everything that a switch in the middle cannot know: rooms, microphones, echo.
 */

/** What impairs one direction of a call. */
export interface Impairments {
  /** Mouth to ear, one way, in milliseconds. */
  readonly delayMs: number;
  /** Packets that do not arrive, in percent. */
  readonly lossPercent: number;
}

/** R with every parameter at its default (G.107 §7.7), for G.711 without loss or delay. */
const BEST_R = 93.2;
/** G.113 (11/2007) appendix I, table I.4: G.711 with packet loss concealment, loss at random. */
const IE = 0;
const BPL = 25.1;
/** Ie,eff at a loss of everything (G.107 §7.5). */
const WORST_IE = 95;
/** Delay below which nobody notices (G.107 §7.4, mT by default). */
const UNNOTICED_MS = 100;
/** 6 sT, the sensitivity to delay being 1 by default (G.107 §7.4). */
const EXPONENT = 6;

/** Transmission rating R, from 0 to 93.2 (G.107 §7.1: no sidetone or quantising beyond the defaults). */
export function ratingOf(impairments: Impairments): number {
  const { delayMs, lossPercent } = impairments;
  return Math.max(0, BEST_R - delayImpairment(delayMs) - lossImpairment(lossPercent));
}

/** Mean opinion score, from 1 to 4.5, of a rating (G.107 annex B). */
export function mosOf(rating: number): number {
  if (rating <= 0) return 1;
  if (rating >= 100) return 4.5;
  // Below R = 6.5 the cubic dips under the worst score there is.
  return Math.max(1, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6);
}

/** Idd: absolute delay (G.107 §7.4, equations 7-27 and 7-28). */
function delayImpairment(delayMs: number): number {
  if (delayMs <= UNNOTICED_MS) return 0;
  const x = Math.log2(delayMs / UNNOTICED_MS);
  const root = (value: number): number => Math.pow(1 + Math.pow(value, EXPONENT), 1 / EXPONENT);
  return 25 * (root(x) - 3 * root(x / 3) + 2);
}

/** Ie,eff: loss of packets, at random (G.107 §7.5, equation 7-29 with BurstR = 1). */
function lossImpairment(lossPercent: number): number {
  const loss = Math.min(100, Math.max(0, lossPercent));
  return IE + ((WORST_IE - IE) * loss) / (loss + BPL);
}

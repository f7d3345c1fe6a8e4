import { isIPv4 } from 'node:net';
import type { RtpHeader } from '../rtp/rtp-packet';

/** Where a packet came from. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Milliseconds that the peer's own addresses go before any other. */
const STRANGER_WAIT_MS = 500;
/** Consecutive packets of one stream that a stranger must send: a sprayed guess is not a stream. */
const STRANGER_PACKETS = 5;
const MAX_GAP = 3;
const SEQUENCES = 65_536;

interface Candidate extends Endpoint {
  readonly ssrc: number;
  sequence: number;
  packets: number;
}

/**
 * Decides whose RTP is the peer's. A peer sends from the address that its description names, or
 * from the one its signalling came from (behind NAT the description names a private one). From
 * elsewhere only when a whole stream comes from there while nothing comes from those, and only
 * until the first stream was accepted: after that nobody else can take the call's audio over.
 */
export class SourceRule {
  readonly #strangers: boolean;
  #trusted: ReadonlySet<string> = new Set();
  #behindNat = false;
  #settled = false;
  #since = 0;
  #candidate: Candidate | undefined;

  /** @param strangers - false to take RTP from the announced addresses alone */
  constructor(strangers: boolean) {
    this.#strangers = strangers;
  }

  /**
   * The peer was told where to send, or has told us anew where it is.
   * @param announced - address of its description
   * @param signaling - address its signalling came from, where known
   * @param at - monotonic milliseconds
   */
  expect(announced: string, signaling: string | undefined, at: number): void {
    this.#trusted = new Set(signaling === undefined ? [announced] : [announced, signaling]);
    this.#behindNat = isPrivate(announced) && signaling !== undefined && !isPrivate(signaling);
    this.#settled = false;
    this.#candidate = undefined;
    this.#since = at;
  }

  /** A stream was accepted from here: its address stays trusted, and no stranger is taken any more. */
  settle(address: string): void {
    this.#trusted = new Set([...this.#trusted, address]);
    this.#settled = true;
    this.#candidate = undefined;
  }

  /** Whether this packet shows where the peer sends from. */
  admits(header: RtpHeader, from: Endpoint, at: number): boolean {
    if (this.#trusted.has(from.address)) return true;
    if (!this.#strangers || this.#settled || this.#trusted.size === 0) return false;
    const candidate = this.#candidate;
    if (!candidate || !follows(candidate, header, from)) {
      this.#candidate = { ...from, ssrc: header.ssrc, sequence: header.sequence, packets: 1 };
      return false;
    }
    candidate.sequence = header.sequence;
    candidate.packets++;
    return candidate.packets >= STRANGER_PACKETS && (this.#behindNat || at - this.#since >= STRANGER_WAIT_MS);
  }
}

function follows(candidate: Candidate, header: RtpHeader, from: Endpoint): boolean {
  const gap = (header.sequence - candidate.sequence + SEQUENCES) % SEQUENCES;
  return (
    candidate.address === from.address &&
    candidate.port === from.port &&
    candidate.ssrc === header.ssrc &&
    gap >= 1 &&
    gap <= MAX_GAP
  );
}

/** Addresses that mean something only in their own network: RFC 1918, 6598, 3927, 4193, 4291, loopback. */
export function isPrivate(address: string): boolean {
  if (!isIPv4(address)) return /^(::1$|f[cd]|fe[89ab])/i.test(address);
  return /^(10|127)\.|^192\.168\.|^169\.254\.|^172\.(1[6-9]|2\d|3[01])\.|^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(
    address,
  );
}

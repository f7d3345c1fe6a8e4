/**
 * The port to whatever moves audio. Signalling sees sessions and legs and SDP texts; never sockets,
 * workers or channels. SDP follows the offer/answer rules of RFC 3264.
 */
export interface MediaEngine {
  readonly name: 'mediasoup' | 'freeswitch' | 'passthrough';
  /**
   * Opens the media side of one call. Cheap: ports are taken when legs are created.
   * @param listener - told at most once that the session cannot go on
   */
  openSession(callId: string, listener: MediaSessionListener): MediaSession;
  /** What is in use now; every figure is zero when no call is up. */
  stats(): MediaEngineStats;
  /** Ends every session and releases workers and ports. */
  close(): Promise<void>;
}

export interface MediaEngineStats {
  readonly sessions: number;
  readonly legs: number;
  readonly ports: number;
}

export interface MediaSessionListener {
  /** The engine lost this session (worker died, port gone). The session is closed already. */
  onMediaLost(reason: string): void;
  /** A bridged leg that is not on hold has received no RTP for the inactivity timeout. */
  onRtpTimeout(leg: MediaLegRole): void;
  /** A DTMF digit was seen in the leg's RTP (RFC 4733), where the engine can see it. */
  onDigit?(leg: MediaLegRole, digit: string): void;
}

export type MediaLegRole = 'caller' | 'buyer';

export type SdpResult =
  { readonly ok: true; readonly sdp: string } | { readonly ok: false; readonly reason: SdpProblem };
export type SdpProblem =
  'malformed' | 'no_common_codec' | 'no_audio' | 'no_ports' | 'unsupported_transport' | 'lost';

/** The media of one call: a caller leg and, one after the other, buyer legs. */
export interface MediaSession {
  /** Creates a leg and takes its port. Rejected with {@link MediaUnavailable} when no port or worker is free. */
  createLeg(role: MediaLegRole, hints?: LegHints): Promise<MediaLeg>;
  /**
   * Lets audio flow both ways between two legs whose SDP is negotiated; again when early media
   * becomes a call.
   * @param options - `early` before the answer, when silence of either side says nothing
   */
  bridge(a: MediaLeg, b: MediaLeg, options?: { readonly early?: boolean }): Promise<void>;
  /** Monotonic milliseconds of the last RTP packet seen on this leg, or on either; undefined before the first. */
  lastMediaAt(role?: MediaLegRole): number | undefined;
  /** Releases everything. Idempotent. */
  close(): void;
}

export interface LegHints {
  /** Address the signalling came from, for peers whose SDP names a private address. */
  readonly signalingAddress?: string;
}

export interface MediaLeg {
  readonly role: MediaLegRole;
  /**
   * An offer to send to this leg's peer. Codecs are those that the other leg's peer offered, so that
   * nothing needs transcoding; once one is fixed (early media), only that one.
   */
  createOffer(): SdpResult;
  /** Takes the peer's answer to our offer; again for a later answer (183 then 200). */
  applyAnswer(sdp: string): Promise<SdpResult>;
  /**
   * Takes the peer's offer, without answering yet: the codecs offered become known, so that the
   * other leg can be offered the same.
   */
  receiveOffer(sdp: string): SdpResult;
  /**
   * The answer to the offer last received, fixed to the codec agreed on the other leg where there is
   * one; also for re-INVITE (hold, resume, new address).
   */
  createAnswer(): Promise<SdpResult>;
  /** Direction the peer last asked for: `sendonly` and `inactive` mean that it put us on hold. */
  remoteDirection(): 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
  /** Counters for the CDR. */
  stats(): Promise<LegStats>;
  /** Releases the leg's port. Idempotent. */
  close(): void;
}

/** What is counted of one leg. */
export interface Counters {
  readonly packetsReceived: number;
  readonly packetsSent: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly packetsLost: number;
  /** Interarrival jitter in milliseconds. */
  readonly jitterMs: number;
}

export interface LegStats extends Counters {
  readonly codec: string | undefined;
}

export const NO_COUNTERS: Counters = {
  packetsReceived: 0,
  packetsSent: 0,
  bytesReceived: 0,
  bytesSent: 0,
  packetsLost: 0,
  jitterMs: 0,
};

/** Thrown when no port, worker or server can take another leg. */
export class MediaUnavailable extends Error {
  override readonly name = 'MediaUnavailable';
}

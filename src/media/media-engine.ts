import type { MediaCapability } from '../domain';
import type { MachineTerms } from './machine/machine-terms';

/**
 * The port to whatever moves audio. Signalling sees sessions and legs and SDP texts; never sockets,
 * workers or channels. SDP follows the offer/answer rules of RFC 3264.
 */
export interface MediaEngine {
  readonly name: 'mediasoup' | 'freeswitch' | 'passthrough';
  /** What its sessions can do beside joining two legs; what is missing here is rejected with {@link MediaUnavailable}. */
  readonly capabilities: ReadonlySet<MediaCapability>;
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
  /** A leg bridged to the caller's, or that one, is not on hold and has received no RTP for the inactivity timeout. */
  onRtpTimeout(leg: MediaLegRole): void;
  /**
   * The media of two who are bridged beside the call is gone: a leg of theirs is lost, or has been
   * silent for the inactivity timeout. The call goes on.
   */
  onConsultLost?(): void;
  /**
   * A key was pressed on a leg, by RFC 4733 or, where the engine hears that, by its tones: told once of each
   * press, when it ends or is held for long. `digit` is one of 0 … 9, *, #, A … D.
   */
  onDigit?(leg: MediaLeg, digit: string, durationMs: number): void;
  /**
   * A while after caller and buyer were bridged for good (`media.oneWayAfterMs`) nothing was heard of this
   * leg, though it is not on hold. Told once of a leg.
   */
  onOneWayAudio?(leg: MediaLegRole): void;
  /**
   * How the legs of caller and buyer do, every five seconds while they are bridged for good: counters of the whole call,
   * loss and opinion score of the time since it was told last. Told of calls with browsers, and of
   * others while the engine was told that somebody watches.
   */
  onQuality?(legs: Readonly<Partial<Record<MediaLegRole, LegStats>>>): void;
}

/**
 * `consult`: a leg of the buyer's beside the call, to ask somebody while the caller waits. `supervisor`: one who
 * listens to the conversation, or speaks into it.
 */
export type MediaLegRole = 'caller' | 'buyer' | 'consult' | 'supervisor';

export type SdpResult =
  { readonly ok: true; readonly sdp: string } | { readonly ok: false; readonly reason: SdpProblem };
export type SdpProblem =
  'malformed' | 'no_common_codec' | 'no_audio' | 'no_ports' | 'unsupported_transport' | 'lost';

/** The media of one call: a caller leg and buyer legs, several at once while a team rings. */
export interface MediaSession {
  /** Creates a leg and takes its port. Rejected with {@link MediaUnavailable} when no port or worker is free. */
  createLeg(role: MediaLegRole, hints?: LegHints): Promise<MediaLeg>;
  /**
   * Lets audio flow both ways between two legs whose SDP is negotiated; again when early media
   * becomes a call. A leg that was bridged to another is taken from it; the other hears nothing then.
   * Rejected with {@link MediaUnavailable} when one of the legs is closed or lost, which ends nothing
   * else; without effect once the session is over.
   * @param options - `early` before the answer, when silence of either side says nothing
   */
  bridge(a: MediaLeg, b: MediaLeg, options?: { readonly early?: boolean }): Promise<void>;
  /**
   * Takes a leg from whom it is bridged to and from its sound: it hears nothing, and nobody hears it.
   * A sound that the other hears goes on. Without effect for a leg that is not bridged.
   */
  unbridge(leg: MediaLeg): void;
  /**
   * Lets a leg hear a sound of the switch until it is bridged, or {@link Playing.stop}; clips also until the
   * last has been heard. Whoever it is bridged to is not heard meanwhile, and hears nothing of it. Rejected
   * with {@link MediaUnavailable} where the engine cannot, or has no such prompt.
   */
  play(leg: MediaLeg, sound: Sound | readonly Clip[]): Promise<Playing>;
  /**
   * Records what the caller says, and whoever the caller is bridged to for good, from now on. Both are on
   * one clock: what is lost, held or paused is silence of the same length. One recording at a time. Rejected
   * with {@link MediaUnavailable} where the engine cannot.
   */
  record(sink: RecordingSink): Promise<Recorder>;
  /**
   * Lets a leg of the role `supervisor`, whose SDP is negotiated, hear caller and buyer. One at a time. Rejected
   * with {@link MediaUnavailable} where the engine cannot, or caller and buyer are not bridged for good.
   */
  monitor(leg: MediaLeg, mode: MonitorMode): Promise<Monitoring>;
  /**
   * Listens to whoever answered, and is not bridged yet, until it is known whether that is an answering machine; at
   * most for {@link MachineTerms.maxMs}. What the leg hears meanwhile is of no matter. `unsure` also when the leg
   * or the session is closed. Rejected with {@link MediaUnavailable} where the engine cannot.
   */
  detectMachine(leg: MediaLeg, terms?: Partial<MachineTerms>): Promise<MachineFinding>;
  /** Monotonic milliseconds of the last RTP packet seen on this leg, or on either; undefined before the first. */
  lastMediaAt(role?: MediaLegRole): number | undefined;
  /** Releases everything. Idempotent. */
  close(): void;
}

/** Sounds that every engine has: music on hold, the ringback tone of the North American plan, and the tone of test calls. */
export const SOUNDS = ['hold', 'ringback', 'tone'] as const;
export type Sound = (typeof SOUNDS)[number];

/** Part of what is played once: a prompt by its name, as in `consent/recording`, or silence. */
export type Clip = string | { readonly silenceMs: number };

export interface Playing {
  /** Idempotent. */
  stop(): void;
  /**
   * Never rejects. `end`: every clip has been sent; a sound that repeats itself never ends so. `stopped`: it was
   * stopped, the leg was bridged, or is gone.
   */
  readonly done: Promise<'end' | 'stopped'>;
}

/** How the samples of a recording are encoded: G.711 as it came, 8,000 samples a second, two channels. */
export interface RecordingFormat {
  readonly encoding: 'PCMU' | 'PCMA';
}

/** What takes a recording. It is told in order, and never again after it was told the end. */
export interface RecordingSink {
  /** Before the first octets. */
  begin(format: RecordingFormat): void;
  /**
   * Pairs of octets, one for each channel: first the caller, then whom the caller speaks with. The sink may
   * keep the buffer. It never throws; what it cannot store it gives up.
   */
  write(octets: Buffer): void;
  /** Nothing follows. `lost`: the engine lost the rest. */
  end(facts: RecordingFacts, lost?: string): void;
}

/** What became of a recording. Times are milliseconds of audio. */
export interface RecordingFacts {
  readonly durationMs: number;
  /** Silence in place of what was paused. */
  readonly pausedMs: number;
  /** Silence in place of packets that were lost, of each channel. */
  readonly lostMs: readonly [caller: number, other: number];
}

export interface Recorder {
  readonly paused: boolean;
  /** From here on silence of the same length is written. Idempotent. */
  pause(): void;
  /** Idempotent. */
  resume(): void;
  /** The sink is told the end before this resolves. Idempotent; ends by itself with the session. */
  stop(): Promise<RecordingFacts>;
}

/**
 * `listen`: nobody hears the supervisor. `whisper`: the buyer does, the caller does not. `barge`: both do.
 */
export const MONITOR_MODES = ['listen', 'whisper', 'barge'] as const;
export type MonitorMode = (typeof MONITOR_MODES)[number];

export interface Monitoring {
  readonly mode: MonitorMode;
  /** Rejected with {@link MediaUnavailable} when it is over. */
  change(mode: MonitorMode): Promise<void>;
  /** The two go on as before. Idempotent; ends by itself when the leg or the conversation ends. */
  stop(): void;
}

/**
 * Who answered, and by what that was told. A machine: the `beep`, `many_words` or a `long_greeting`, or nothing
 * (`initial_silence`). A person: a `short_greeting`, after which they wait. Otherwise the `time` was up, or the leg was
 * `closed`.
 */
export type MachineFinding =
  | {
      readonly verdict: 'machine';
      readonly reason: 'beep' | 'many_words' | 'long_greeting' | 'initial_silence';
    }
  | { readonly verdict: 'person'; readonly reason: 'short_greeting' }
  | { readonly verdict: 'unsure'; readonly reason: 'time' | 'closed' };

/** What is known of recorded prompts: files of 8 kHz, mono, by their name. */
export interface PromptStore {
  /** Every prompt that there is. */
  names(): ReadonlySet<string>;
  /** G.711 octets of a prompt, 160 for each 20 ms, the last frame filled with silence. Undefined: there is no such. */
  octets(name: string, encoding: RecordingFormat['encoding']): Buffer | undefined;
}

export interface LegHints {
  /** How the peer's audio travels: `rtp` by default, `webrtc` for browsers (ICE, DTLS-SRTP). */
  readonly transport?: 'rtp' | 'webrtc';
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
  /**
   * Whether what we say from here on puts the peer on hold (RFC 3264 §8.4): `sendonly`, or `inactive` where
   * it has nothing to hear. It learns that from the next offer, and audio goes on as it did.
   */
  hold(held: boolean): void;
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
  /** Round trip by RTCP, in milliseconds; absent until it was measured. */
  readonly rttMs?: number | undefined;
  /** Packets of the peer that were lost on the way here, in percent of those it sent. */
  readonly lossPercent?: number | undefined;
  /** Mean opinion score 1 … 4.5 of what is heard from the peer, by the E-model (ITU-T G.107); absent before any audio. */
  readonly mos?: number | undefined;
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

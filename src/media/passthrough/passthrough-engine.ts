import { ENGINE_CAPABILITIES } from '../engine-capabilities';
import { parseAudio } from '../sdp/parse-audio';
import type { Direction } from '../sdp/audio-description';
import type {
  LegHints,
  LegStats,
  MachineFinding,
  MediaEngine,
  MediaEngineStats,
  MediaLeg,
  MediaLegRole,
  MediaSession,
  Monitoring,
  Playing,
  Recorder,
  SdpResult,
} from '../media-engine';
import { MediaUnavailable, NO_COUNTERS } from '../media-engine';

const NO_STATS: LegStats = { ...NO_COUNTERS, codec: undefined };

/**
 * Media that does not pass through the switch: each side's description is handed to the other, and
 * the peers exchange RTP directly. No inactivity timeout, no counters; calls are bounded by their
 * longest duration and by session timers alone. A later offer is answered with the other side's last
 * description: a peer that moves in mid-call is not followed.
 */
export class PassthroughEngine implements MediaEngine {
  readonly name = 'passthrough';
  readonly capabilities = ENGINE_CAPABILITIES.passthrough;
  readonly #sessions = new Set<PassthroughSession>();

  openSession(): MediaSession {
    const session = new PassthroughSession(() => this.#sessions.delete(session));
    this.#sessions.add(session);
    return session;
  }

  stats(): MediaEngineStats {
    let legs = 0;
    for (const session of this.#sessions) legs += session.size;
    return { sessions: this.#sessions.size, legs, ports: 0 };
  }

  close(): Promise<void> {
    for (const session of [...this.#sessions]) session.close();
    return Promise.resolve();
  }
}

class PassthroughSession implements MediaSession {
  readonly #onClose: () => void;
  readonly #legs = new Map<MediaLegRole, PassthroughLeg>();

  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  get size(): number {
    return this.#legs.size;
  }

  createLeg(role: MediaLegRole, hints: LegHints = {}): Promise<MediaLeg> {
    if (hints.transport === 'webrtc') return unavailable('browsers and carriers do not speak to each other');
    const leg: PassthroughLeg = new PassthroughLeg(
      role,
      () => this.#legs.get(role === 'caller' ? 'buyer' : 'caller')?.remote,
      () => {
        if (this.#legs.get(role) === leg) this.#legs.delete(role);
      },
    );
    this.#legs.set(role, leg);
    return Promise.resolve(leg);
  }

  bridge(): Promise<void> {
    return Promise.resolve();
  }

  /** Peers that exchange RTP directly go on doing so. */
  unbridge(): void {}

  play(): Promise<Playing> {
    return unavailable('no audio passes through the switch');
  }

  record(): Promise<Recorder> {
    return unavailable('no audio passes through the switch');
  }

  monitor(): Promise<Monitoring> {
    return unavailable('no audio passes through the switch');
  }

  detectMachine(): Promise<MachineFinding> {
    return unavailable('no audio passes through the switch');
  }

  lastMediaAt(): undefined {
    return undefined;
  }

  close(): void {
    this.#legs.clear();
    this.#onClose();
  }
}

const ORIGIN = /^(o=\S+ \S+ )(\d{1,19})(?= )/m;
const DIRECTION_LINE = /^a=(?:sendrecv|sendonly|recvonly|inactive)\r?\n/gm;

function withVersionsAhead(sdp: string, ahead: bigint): string {
  return sdp.replace(
    ORIGIN,
    (_line, before: string, version: string) => `${before}${BigInt(version) + ahead}`,
  );
}

/** There is nothing that the peer could hear while it is held: no audio passes here. */
function withoutAudio(sdp: string): string {
  const [session = '', ...media] = sdp.replace(DIRECTION_LINE, '').split(/^(?=m=)/m);
  return [session, ...media.map((lines) => `${lines.replace(/(?:\r?\n)?$/, '\r\n')}a=inactive\r\n`)].join('');
}

function unavailable(reason: string): Promise<never> {
  return Promise.reject(new MediaUnavailable(reason));
}

class PassthroughLeg implements MediaLeg {
  /** What this leg's peer last said. */
  remote: string | undefined;
  readonly #other: () => string | undefined;
  readonly #onClose: () => void;
  #holds = false;
  /** How often we said something of our own: our descriptions are so many versions ahead (RFC 3264 §8). */
  #ahead = 0n;

  constructor(
    readonly role: MediaLegRole,
    other: () => string | undefined,
    onClose: () => void,
  ) {
    this.#other = other;
    this.#onClose = onClose;
  }

  createOffer(): SdpResult {
    const sdp = this.#other();
    if (sdp === undefined) return { ok: false, reason: 'no_audio' };
    const told = this.#ahead === 0n ? sdp : withVersionsAhead(sdp, this.#ahead);
    return { ok: true, sdp: this.#holds ? withoutAudio(told) : told };
  }

  applyAnswer(sdp: string): Promise<SdpResult> {
    return Promise.resolve(this.receiveOffer(sdp));
  }

  receiveOffer(sdp: string): SdpResult {
    if (!sdp.startsWith('v=')) return { ok: false, reason: 'malformed' };
    this.remote = sdp;
    return { ok: true, sdp };
  }

  createAnswer(): Promise<SdpResult> {
    return Promise.resolve(this.createOffer());
  }

  hold(held: boolean): void {
    if (held !== this.#holds) this.#ahead++;
    this.#holds = held;
  }

  remoteDirection(): Direction {
    const parsed = this.remote === undefined ? undefined : parseAudio(this.remote);
    return parsed?.ok ? parsed.audio.direction : 'sendrecv';
  }

  stats(): Promise<LegStats> {
    return Promise.resolve(NO_STATS);
  }

  close(): void {
    this.#onClose();
  }
}

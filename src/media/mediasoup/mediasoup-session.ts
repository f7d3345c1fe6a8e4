import { isIPv6 } from 'node:net';
import { asError } from '../../domain';
import { MachineDetector } from '../machine/machine-detector';
import type { MachineTerms } from '../machine/machine-terms';
import type {
  Clip,
  LegHints,
  LegStats,
  MachineFinding,
  MediaLeg,
  MediaLegRole,
  MediaSession,
  MediaSessionListener,
  Monitoring,
  MonitorMode,
  Playing,
  PromptStore,
  Recorder,
  RecordingSink,
  Sound,
} from '../media-engine';
import { MediaUnavailable } from '../media-engine';
import type { LegReading } from '../quality/leg-stats';
import type { Rounds, Teller } from '../quality/rounds';
import type { AudioTraits } from '../sdp/audio-description';
import { CallCodecs } from '../sdp/call-codecs';
import type { Beats } from '../sounds/beats';
import { Reel } from '../sounds/reel';
import type { Bridge, Played } from './arrangement';
import { Arrangement } from './arrangement';
import type { Dialect } from './dialect';
import { KeyEars } from './key-ears';
import { Labels } from './labels';
import { LegTaps } from './leg-taps';
import { MachineEar } from './machine-ear';
import type { MediaPath } from './media-path';
import { CallMonitoring } from './monitoring';
import type { SessionLeg } from './negotiated-leg';
import { NegotiatedLeg } from './negotiated-leg';
import { OneWayCheck } from './one-way-check';
import type { PortAllocator } from './port-allocator';
import { CallRecording } from './recording';
import { RtpDialect } from './rtp-dialect';
import { RtpPath } from './rtp-path';
import { Playback } from './playback';
import type { Sounds } from './sounds';
import type { Voices } from './voices';
import { WebRtcDialect } from './webrtc-dialect';
import { WebRtcPath } from './webrtc-path';
import type { Exchange, PooledWorker, WorkerPassenger, WorkerPool } from './worker-pool';

/** An address of this machine for RTP. */
export interface RtpAddress {
  readonly listen: string;
  readonly announced: string;
}

/** What sessions share. */
export interface SessionContext {
  readonly pool: WorkerPool;
  readonly ports: PortAllocator;
  readonly sounds: Sounds;
  readonly voices: Voices;
  readonly prompts: PromptStore | undefined;
  readonly rounds: Rounds;
  /** When recordings are written. */
  readonly writes: Beats;
  /** When voices are mixed. */
  readonly mixes: Beats;
  /** A number for each stream of ours. */
  readonly ssrc: () => number;
  /** One per IP family; the first is used where a leg has no reason for the other. */
  readonly addresses: readonly RtpAddress[];
  readonly strangers: boolean;
  /** Milliseconds of silence after which the session is told, by what carries the leg. */
  readonly timeoutMs: { readonly rtp: number; readonly webrtc: number };
  readonly oneWayAfterMs: number;
  readonly maxFeedMs: number;
  /** Whether anybody watches how calls without browsers do. */
  readonly qualityWanted: () => boolean;
  readonly now: () => number;
  readonly sessionId: () => number;
  onClosed(session: MediasoupSession): void;
}

/** A port of our range may be in use by somebody else on this machine: the next one is tried. */
const PORT_TRIES = 16;
const TAKEN = new Set(['EADDRINUSE', 'EACCES']);
/** A team rings all its members at once; nobody has larger ones. */
const MAX_LEGS = 256;

const NOTHING: Playing = { done: Promise.resolve('end'), stop: () => undefined };

/** The media of one call on one worker. */
export class MediasoupSession implements MediaSession, WorkerPassenger, Teller {
  readonly #context: SessionContext;
  readonly #listener: MediaSessionListener;
  readonly #legs = new Map<MediaLeg, SessionLeg>();
  readonly #codecs = new CallCodecs();
  readonly #arrangement = new Arrangement();
  readonly #taps = new LegTaps();
  /** Who listens whether a machine answered. */
  readonly #machineEars = new Map<SessionLeg, MachineEar>();
  #recording: CallRecording | undefined;
  #monitoring: CallMonitoring | undefined;
  /** Supervisors' browsers: they stay where they are, and the call where it is. */
  readonly #apart = new WeakMap<SessionLeg, Exchange>();
  readonly #playback: Playback;
  readonly #keys = new KeyEars(this.#taps, (leg, key, ms) => {
    if (!this.#closed) this.#listener.onDigit?.(leg, key, ms);
  });
  readonly #checks = new Map<Bridge, OneWayCheck>();
  /** Legs that have heard somebody once: they are told when they do no more. */
  readonly #used = new WeakSet<SessionLeg>();
  readonly #toldOneWay = new Set<SessionLeg>();
  readonly #toldSilent = new Set<Bridge>();
  /** What was read of each leg when quality was told last. */
  #readings = new Map<SessionLeg, LegReading>();
  #telling = false;
  #worker: PooledWorker | undefined;
  #boarding: Promise<PooledWorker | undefined> | undefined;
  /** The exchange of a call with browsers, which cannot leave it. */
  #home: Promise<Exchange> | undefined;
  /** Where the call is. A move takes ports from the worker and gives them back, and costs audio. */
  #exchange: Exchange | undefined;
  /** Each arrangement makes those before it void. */
  #round = 0;
  /** Last media of legs that are closed already. */
  readonly #lastMediaAt = new Map<MediaLegRole, number>();
  #closed = false;

  constructor(context: SessionContext, listener: MediaSessionListener) {
    this.#context = context;
    this.#listener = listener;
    this.#playback = new Playback(context.sounds, context.voices);
  }

  get size(): number {
    return this.#legs.size;
  }

  async createLeg(role: MediaLegRole, hints: LegHints = {}): Promise<MediaLeg> {
    const worker = await this.#board();
    if (this.#legs.size >= MAX_LEGS) throw new MediaUnavailable(`the call has ${MAX_LEGS} legs already`);
    return hints.transport === 'webrtc' ? this.#openWebRtcLeg(role, worker) : this.#openRtpLeg(role, hints);
  }

  async bridge(a: MediaLeg, b: MediaLeg, options: { readonly early?: boolean } = {}): Promise<void> {
    if (this.#closed) return;
    const [one, other] = [this.#legs.get(a), this.#legs.get(b)];
    if (!one || !other) throw new MediaUnavailable('a leg was lost before it could be bridged');
    if (one === other) throw new TypeError('a leg bridged to itself');
    const early = options.early ?? false;
    const bridge = this.#arrangement.bridge(one, other, early);
    // Quality and one-way audio are told by role, and of the call alone.
    if (!early && isWithCaller(bridge)) {
      this.#watchOneWay(bridge);
      if (this.#listener.onQuality) this.#context.rounds.add(this);
    }
    await this.#arrange();
  }

  unbridge(leg: MediaLeg): void {
    const bridged = this.#legs.get(leg);
    if (this.#closed || !bridged || !this.#arrangement.bridgeOf(bridged)) return;
    this.#arrangement.remove(bridged);
    void this.#arrange();
  }

  async play(leg: MediaLeg, sound: Sound | readonly Clip[]): Promise<Playing> {
    const hearer = this.#legs.get(leg);
    if (this.#closed || !hearer) throw new MediaUnavailable('the leg is closed');
    const what = typeof sound === 'string' ? sound : Reel.of(sound, this.#context.prompts);
    if (what instanceof Reel && what.ended) return NOTHING;
    const played = this.#arrangement.play(hearer, what);
    await this.#arrange();
    return { done: played.done, stop: () => this.#endPlay(hearer, played, 'stopped') };
  }

  async record(sink: RecordingSink): Promise<Recorder> {
    if (this.#closed || !this.#caller) throw new MediaUnavailable('there is no caller to be recorded');
    if (this.#recording) throw new MediaUnavailable('the call is recorded already');
    const { writes, now } = this.#context;
    const recording = new CallRecording({
      sink,
      encoding: this.#codecs.codec ?? 'PCMU',
      taps: this.#taps,
      beats: writes,
      now,
      onEnded: () => (this.#recording = undefined),
    });
    this.#recording = recording;
    await this.#arrange();
    return recording;
  }

  async monitor(leg: MediaLeg, mode: MonitorMode): Promise<Monitoring> {
    const supervisor = this.#legs.get(leg);
    if (this.#closed || !supervisor) throw new MediaUnavailable('the leg is closed');
    if (supervisor.role !== 'supervisor') throw new TypeError('only a supervisor listens to others');
    const { caller, other } = this.#conversation;
    if (!caller || !other) throw new MediaUnavailable('caller and buyer do not talk with each other');
    if (this.#monitoring?.suits(caller, other)) throw new MediaUnavailable('somebody listens already');
    this.#monitoring?.close();
    const { mixes, now, ssrc } = this.#context;
    const monitoring = new CallMonitoring({
      legs: { caller, other, supervisor },
      mode,
      codec: this.#codecs.codec ?? 'PCMU',
      taps: this.#taps,
      beats: mixes,
      now,
      ssrc,
      onChange: () => this.#arrange(),
    });
    this.#monitoring = monitoring;
    await this.#arrange();
    return monitoring;
  }

  async detectMachine(leg: MediaLeg, terms: Partial<MachineTerms> = {}): Promise<MachineFinding> {
    const answering = this.#legs.get(leg);
    if (this.#closed || !answering) return { verdict: 'unsure', reason: 'closed' };
    if (this.#machineEars.has(answering)) throw new MediaUnavailable('the leg is listened to already');
    const ear = new MachineEar(answering, new MachineDetector(terms), this.#taps, this.#context.now);
    this.#machineEars.set(answering, ear);
    void this.#arrange();
    try {
      return await ear.done;
    } finally {
      this.#machineEars.delete(answering);
    }
  }

  lastMediaAt(role?: MediaLegRole): number | undefined {
    // Who listens to a conversation does not keep it going.
    const counts = (of: MediaLegRole): boolean => (role === undefined ? of !== 'supervisor' : of === role);
    const instants: (number | undefined)[] = [];
    for (const leg of this.#legs.values()) if (counts(leg.role)) instants.push(leg.path.lastMediaAt);
    for (const [past, at] of this.#lastMediaAt) if (counts(past)) instants.push(at);
    const known = instants.filter((at) => at !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  }

  close(): void {
    this.#close();
  }

  /** @param lost - why it cannot go on */
  #close(lost?: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#recording?.end(lost);
    this.#monitoring?.close();
    for (const leg of [...this.#legs.values()]) leg.close();
    for (const check of this.#checks.values()) check.stop();
    this.#context.rounds.remove(this);
    this.#worker?.passengers.delete(this);
    this.#context.onClosed(this);
  }

  workerDied(): void {
    this.#lost('the media worker died');
  }

  tellQuality(): void {
    const wanted = this.#home !== undefined || this.#context.qualityWanted();
    if (!wanted || this.#telling || this.#closed) return;
    this.#telling = true;
    void this.#tellQuality().finally(() => {
      this.#telling = false;
    });
  }

  /** @throws MediaUnavailable when the session is over or no worker comes up */
  async #board(): Promise<PooledWorker> {
    if (!this.#worker && !this.#closed) {
      this.#boarding ??= this.#context.pool.board(this);
      this.#worker = await this.#boarding;
      this.#boarding = undefined;
    }
    if (this.#closed) {
      this.#worker?.passengers.delete(this);
      throw new MediaUnavailable('the session is closed');
    }
    if (!this.#worker) throw new MediaUnavailable('no media worker is up');
    return this.#worker;
  }

  /** @throws MediaUnavailable when there is no port for browsers, or the worker is gone */
  async #openWebRtcLeg(role: MediaLegRole, worker: PooledWorker): Promise<MediaLeg> {
    try {
      const server = await worker.server();
      if (!server) throw new Error('the media workers have no ports for browsers');
      const apart = role === 'supervisor' && this.#home === undefined;
      const usual = this.#home ?? worker.exchange(Labels.usual(this.#codecs.callerDigits));
      if (!apart) this.#home = usual;
      const exchange = await usual;
      const { now, timeoutMs } = this.#context;
      const path: WebRtcPath = await WebRtcPath.open({
        exchange,
        server,
        now,
        onProducer: () => this.#changed(path),
        onSilence: (forMs) => {
          if (forMs >= timeoutMs.webrtc) this.#silent(leg);
        },
        onLost: (reason) => this.#legLost(leg, reason),
      });
      const leg = this.#addLeg(role, new WebRtcDialect(path));
      if (apart) this.#apart.set(leg, exchange);
      return leg;
    } catch (error) {
      throw new MediaUnavailable(`a leg for a browser: ${asError(error).message}`, { cause: error });
    }
  }

  async #openRtpLeg(role: MediaLegRole, hints: LegHints): Promise<MediaLeg> {
    const { addresses, ports } = this.#context;
    const v6 = hints.signalingAddress === undefined ? undefined : isIPv6(hints.signalingAddress);
    const address = addresses.find(({ listen }) => isIPv6(listen) === v6) ?? addresses[0];
    if (!address) throw new MediaUnavailable('no address for RTP');
    for (let tries = 0; tries < PORT_TRIES; tries++) {
      const port = ports.take();
      if (port === undefined) break;
      try {
        return await this.#openRtpPort(role, hints, address, port);
      } catch (error) {
        ports.give(port);
        if (!TAKEN.has((error as NodeJS.ErrnoException).code ?? '')) {
          throw new MediaUnavailable(`RTP port ${port}: ${String(error)}`, { cause: error });
        }
      }
    }
    throw new MediaUnavailable('no RTP port is free');
  }

  /** @throws Error of the operating system when the port is taken */
  async #openRtpPort(
    role: MediaLegRole,
    hints: LegHints,
    address: RtpAddress,
    port: number,
  ): Promise<MediaLeg> {
    const { ports, strangers, now, timeoutMs, maxFeedMs } = this.#context;
    const path: RtpPath = await RtpPath.open({
      listenAddress: address.listen,
      announcedAddress: address.announced,
      port,
      signalingAddress: hints.signalingAddress,
      strangers,
      now,
      maxFeedMs,
      onProducer: () => this.#changed(path),
      ...(this.#listener.onDigit ? { onDigits: (packet) => this.#keys.take(leg, packet) } : {}),
      onSilence: (forMs) => {
        if (forMs >= timeoutMs.rtp) this.#silent(leg);
      },
      onLost: (reason) => this.#legLost(leg, reason),
    });
    const leg = this.#addLeg(role, new RtpDialect(path, address.announced, port), () => ports.give(port));
    return leg;
  }

  #addLeg<Remote extends AudioTraits>(
    role: MediaLegRole,
    dialect: Dialect<Remote>,
    release?: () => void,
  ): SessionLeg {
    const leg: SessionLeg = new NegotiatedLeg(role, {
      dialect,
      codecs: this.#codecs,
      sessionId: this.#context.sessionId(),
      onDescribed: () => {
        // Codecs or payload types may be others now.
        if (this.#arrangement.legs.has(leg) || this.#taps.has(leg)) void this.#arrange();
      },
      onClosed: () => {
        this.#removeLeg(leg);
        release?.();
      },
    });
    this.#legs.set(leg, leg);
    if (this.#closed) leg.close();
    return leg;
  }

  #removeLeg(leg: SessionLeg): void {
    this.#legs.delete(leg);
    const at = leg.path.lastMediaAt;
    if (at !== undefined) this.#lastMediaAt.set(leg.role, at);
    this.#playback.remove(leg);
    this.#keys.remove(leg);
    this.#machineEars.get(leg)?.close();
    this.#readings.delete(leg);
    this.#taps.remove(leg);
    const matters = this.#arrangement.legs.has(leg) || this.#monitoring?.concerns(leg);
    if (leg.role === 'supervisor' && matters) this.#monitoring?.end();
    this.#arrangement.remove(leg);
    if (matters && !this.#closed) void this.#arrange();
  }

  /** Tells every leg whom it hears, and under which payload types. */
  async #arrange(): Promise<void> {
    const round = ++this.#round;
    const worker = this.#worker;
    if (!worker || this.#closed) return;
    this.#followVoices();
    try {
      const exchange = await (this.#home ?? this.#exchangeOf(worker));
      // Meanwhile somebody else may have been bridged.
      if (round !== this.#round || this.#closed) return;
      this.#exchange = exchange;
      for (const leg of this.#legs.values()) this.#connect(leg, this.#apart.get(leg) ?? exchange);
      this.#endChecks();
    } catch (error) {
      this.#lost(asError(error).message);
    }
  }

  /** Whoever records the call, or listens to it, hears those who talk with each other now. */
  #followVoices(): void {
    const { caller, other } = this.#conversation;
    // Who is played something hears nobody else.
    const apart = caller && this.#arrangement.playedTo(caller) !== undefined;
    this.#recording?.follow(caller, apart ? undefined : other);
    if (!this.#monitoring?.suits(caller, other)) this.#monitoring?.end();
  }

  /** The caller, and whom the caller is bridged to for good. */
  get #conversation(): { readonly caller: SessionLeg | undefined; readonly other: SessionLeg | undefined } {
    const caller = this.#caller;
    const together = caller && this.#arrangement.bridgeOf(caller)?.early === false;
    return { caller, other: together ? this.#arrangement.otherOf(caller) : undefined };
  }

  get #caller(): SessionLeg | undefined {
    for (const leg of this.#legs.values()) if (leg.role === 'caller') return leg;
    return undefined;
  }

  /** The present one while it has all that the legs in use ask for; calls that ask for the same share one. */
  async #exchangeOf(worker: PooledWorker): Promise<Exchange> {
    const inUse = [...this.#legs.values()].filter(
      // Who only listens asks for nothing that the others must move for.
      (leg) => leg.role !== 'supervisor' && (this.#arrangement.legs.has(leg) || this.#used.has(leg)),
    );
    const wanted = new Labels(inUse.map(({ digits }) => digits.out));
    if (this.#exchange?.labels.serves(wanted)) return this.#exchange;
    // Who is played to is bridged later: whatever that one asks for should not move them.
    const usual = Labels.usual(this.#codecs.callerDigits);
    return worker.exchange(this.#arrangement.bridges.size === 0 && usual.serves(wanted) ? usual : wanted);
  }

  #connect(leg: SessionLeg, exchange: Exchange): void {
    const other = this.#arrangement.otherOf(leg);
    const played = this.#arrangement.playedTo(leg);
    const sound = this.#playback.tune(leg, {
      played,
      alone: other === undefined,
      exchange,
      codec: this.#codecs.codec ?? 'PCMU',
      onEnd: (ended) => this.#endPlay(leg, ended, 'end'),
    });
    // A leg that was never in use is left alone: nobody can hear it, and its labels are not known.
    if (!other && !sound && !this.#taps.has(leg) && !this.#used.has(leg)) return;
    this.#used.add(leg);
    const mix = played ? undefined : this.#monitoring?.heardBy(leg, exchange, other?.path);
    leg.path.connect({
      exchange,
      codecs: this.#codecs.common(...(other ? [leg, other] : [leg])),
      digitsIn: leg.digits.in,
      // Where nobody hears them, the exchange may read them all the same.
      digitsOut: other?.digits.out ?? (this.#listener.onDigit ? leg.digits.out : undefined),
      hears: mix ?? sound ?? other?.path,
      hearsDigits: leg.digits.out !== undefined,
      live: this.#arrangement.bridgeOf(leg)?.early === false,
    });
    if (this.#listener.onDigit) this.#keys.open(leg);
  }

  #endPlay(leg: SessionLeg, played: Played, how: 'end' | 'stopped'): void {
    if (this.#arrangement.stop(leg, played, how)) void this.#arrange();
  }

  #watchOneWay(bridge: Bridge): void {
    if (!this.#listener.onOneWayAudio) return;
    const { now, oneWayAfterMs } = this.#context;
    const check = new OneWayCheck({
      legs: bridge.legs,
      afterMs: oneWayAfterMs,
      now,
      onSilent: (leg) => {
        if (this.#toldOneWay.has(leg)) return;
        this.#toldOneWay.add(leg);
        this.#listener.onOneWayAudio?.(leg.role);
      },
    });
    this.#checks.set(bridge, check);
  }

  /** Those of bridges that stand no more. */
  #endChecks(): void {
    const { bridges } = this.#arrangement;
    for (const [bridge, check] of this.#checks) {
      if (bridges.has(bridge)) continue;
      check.stop();
      this.#checks.delete(bridge);
    }
    if (bridges.size === 0) this.#context.rounds.remove(this);
  }

  async #tellQuality(): Promise<void> {
    const legs = [...this.#arrangement.bridges].filter(isWithCaller).flatMap((bridge) => bridge.legs);
    const told: Partial<Record<MediaLegRole, LegStats>> = {};
    const readings = new Map<SessionLeg, LegReading>();
    await Promise.all(
      legs.map(async (leg) => {
        const reading = await leg.path.reading();
        told[leg.role] = leg.statsSince(reading, this.#readings.get(leg));
        readings.set(leg, reading);
      }),
    );
    this.#readings = readings;
    if (!this.#closed && legs.length > 0) this.#listener.onQuality?.(told);
  }

  /** Whoever hears this path hears another stream from now on. */
  #changed(path: MediaPath): void {
    for (const leg of this.#legs.values()) {
      if (leg.path !== path) continue;
      this.#taps.follow(leg);
      this.#keys.follow(leg);
    }
    for (const { legs } of this.#arrangement.bridges) {
      for (const leg of legs) {
        const other = this.#arrangement.otherOf(leg);
        if (leg.path === path) other?.path.otherChanged();
      }
    }
  }

  #silent(leg: SessionLeg): void {
    const bridge = this.#arrangement.bridgeOf(leg);
    if (this.#closed || !bridge || this.#toldSilent.has(bridge)) return;
    this.#toldSilent.add(bridge);
    if (isWithCaller(bridge)) this.#listener.onRtpTimeout(leg.role);
    else this.#listener.onConsultLost?.();
  }

  /** A leg is of no use any more. While it rings, others may answer; who asks aside of the call may ask again. */
  #legLost(leg: SessionLeg, reason: string): void {
    const bridge = this.#arrangement.bridgeOf(leg);
    const withCaller = bridge !== undefined && isWithCaller(bridge);
    if (leg.role === 'caller' || (withCaller && !bridge.early)) return this.#lost(reason);
    leg.close();
    if (leg.role === 'consult' || (bridge && !withCaller)) this.#listener.onConsultLost?.();
  }

  #lost(reason: string): void {
    if (this.#closed) return;
    this.#close(reason);
    this.#listener.onMediaLost(reason);
  }
}

/** The call itself, rather than a conversation beside it. */
function isWithCaller({ legs }: Bridge): boolean {
  return legs.some(({ role }) => role === 'caller');
}

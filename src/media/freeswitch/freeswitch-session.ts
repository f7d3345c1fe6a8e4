import { randomUUID } from 'node:crypto';
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
import type { Rounds } from '../quality/rounds';
import type { Bridge } from './arrangement';
import { Arrangement } from './arrangement';
import type { Channel, ChannelLoss } from './channel';
import { ChannelMachineEar } from './channel-machine-ear';
import { ChannelRecording } from './channel-recording';
import type { CodecName } from './descriptions';
import { openingOffer } from './descriptions';
import { Eavesdropping } from './eavesdropping';
import { Exchange } from './exchange';
import { FreeswitchLeg } from './freeswitch-leg';
import type { PooledServer, ServerPassenger } from './media-server';
import { Played, sourceOf } from './playback';
import type { ServerPool } from './server-pool';
import type { Spool } from './spool';

/** What sessions share. */
export interface SessionContext {
  readonly pool: ServerPool;
  readonly spool: Spool;
  readonly prompts: PromptStore;
  readonly promptsDir: string;
  /** Asks each session in turn to look at its legs. */
  readonly looks: Rounds;
  readonly rtpTimeoutMs: number;
  readonly oneWayAfterMs: number;
  readonly qualityEveryMs: number;
  /** Whether anybody watches how calls do. */
  readonly qualityWanted: () => boolean;
  readonly now: () => number;
  readonly sessionId: () => number;
  onClosed(session: FreeswitchSession): void;
  /** Goes on after its call: it is to be waited for. */
  onEnding(work: Promise<unknown>): void;
}

const MAX_LEGS = 256;
/** Looks in a row that a channel may leave unanswered. */
const MAX_MISSES = 3;
const MS_PER_PACKET = 20;
const DIGIT = /^[0-9*#A-D]$/;

/** What is watched of two who are bridged for good. */
interface Watch {
  readonly since: number;
  silent: boolean;
}

interface Listening {
  readonly monitoring: Eavesdropping;
  readonly supervisor: FreeswitchLeg;
  readonly bridge: Bridge;
}

/** The media of one call, all on one FreeSWITCH. */
export class FreeswitchSession implements MediaSession, ServerPassenger {
  readonly #context: SessionContext;
  readonly #listener: MediaSessionListener;
  readonly #legs = new Set<FreeswitchLeg>();
  readonly #arrangement = new Arrangement();
  readonly #exchange: Exchange;
  readonly #watched = new Map<Bridge, Watch>();
  readonly #toldOneWay = new Set<FreeswitchLeg>();
  readonly #misses = new Map<FreeswitchLeg, number>();
  /** Last media of legs that are closed already. */
  readonly #lastMediaAt = new Map<MediaLegRole, number>();
  #server: PooledServer | undefined;
  #boarding: Promise<Channel> | undefined;
  #recording: ChannelRecording | undefined;
  #recordingSoon = false;
  #listening: Listening | undefined;
  /** Who listens whether a machine answered; undefined while that begins. */
  readonly #machineEars = new Map<FreeswitchLeg, ChannelMachineEar | undefined>();
  #readings = new Map<FreeswitchLeg, LegReading>();
  #qualityAt = 0;
  #looking = false;
  #closed = false;

  constructor(context: SessionContext, listener: MediaSessionListener) {
    this.#context = context;
    this.#listener = listener;
    this.#exchange = new Exchange(
      this.#arrangement,
      {
        onJoined: (a, b) => this.#joined([a, b], true),
        onParted: (a, b) => this.#joined([a, b], false),
        onPlayed: (leg, played, whole) => {
          played.over(whole ? 'end' : 'stopped');
          if (this.#arrangement.stop(leg, played)) void this.#exchange.arrange();
        },
        onFailed: (leg, reason) => this.#legLost(leg, 'ended', reason),
      },
      context.now,
    );
  }

  get size(): number {
    return this.#legs.size;
  }

  async createLeg(role: MediaLegRole, hints: LegHints = {}): Promise<MediaLeg> {
    if (this.#closed) throw new MediaUnavailable('the session is closed');
    if (hints.transport === 'webrtc') throw new MediaUnavailable('this engine carries no browsers');
    if (this.#legs.size >= MAX_LEGS) throw new MediaUnavailable(`the call has ${MAX_LEGS} legs already`);
    const sessionId = this.#context.sessionId();
    const channel = await this.#openChannel(sessionId);
    let leg: FreeswitchLeg;
    try {
      leg = this.#addLeg(role, channel, sessionId);
    } catch (error) {
      channel.close();
      throw new MediaUnavailable(asError(error).message, { cause: error });
    }
    return leg;
  }

  async bridge(a: MediaLeg, b: MediaLeg, options: { readonly early?: boolean } = {}): Promise<void> {
    if (this.#closed) return;
    const [one, other] = [this.#own(a), this.#own(b)];
    if (!one || !other) throw new MediaUnavailable('a leg was lost before it could be bridged');
    if (one === other) throw new TypeError('a leg bridged to itself');
    const early = options.early ?? false;
    const bridge = this.#arrangement.bridge(one, other, early);
    if (!early) this.#watched.set(bridge, { since: this.#context.now(), silent: false });
    this.#forget();
    await this.#exchange.arrange();
    if (!early && this.#exchange.partnerOf(one) === other) this.#joined([one, other], true);
  }

  unbridge(leg: MediaLeg): void {
    const bridged = this.#own(leg);
    if (this.#closed || !bridged || !this.#arrangement.bridgeOf(bridged)) return;
    this.#arrangement.remove(bridged);
    this.#forget();
    void this.#exchange.arrange();
  }

  async play(leg: MediaLeg, sound: Sound | readonly Clip[]): Promise<Playing> {
    const hearer = this.#own(leg);
    if (this.#closed || !hearer) throw new MediaUnavailable('the leg is closed');
    const { spool, prompts, promptsDir } = this.#context;
    const source = sourceOf(sound, {
      prompts,
      promptsDir,
      soundFile: (name) => spool.soundFile(name),
    });
    const played: Played = new Played(source, () => {
      if (this.#arrangement.stop(hearer, played)) void this.#exchange.arrange();
    });
    this.#arrangement.play(hearer, played);
    await this.#exchange.arrange();
    return played;
  }

  async record(sink: RecordingSink): Promise<Recorder> {
    const caller = this.#caller;
    if (this.#closed || !caller) throw new MediaUnavailable('there is no caller');
    if (this.#recording || this.#recordingSoon) {
      throw new MediaUnavailable('the call is being recorded already');
    }
    this.#recordingSoon = true;
    const { spool, now, onEnding } = this.#context;
    const encoding = caller.codec === 'PCMA' ? 'PCMA' : 'PCMU';
    const file = spool.recordingFile(randomUUID(), encoding);
    try {
      const recording: ChannelRecording = await ChannelRecording.begin(
        {
          channel: caller.channel,
          file,
          format: { encoding },
          sink,
          now,
          lostMs: () => this.#lostMs(),
          onEnd: () => {
            if (this.#recording === recording) this.#recording = undefined;
            onEnding(spool.remove(file).catch(() => undefined));
          },
        },
        this.#conversationOf(caller) !== undefined,
      );
      this.#recording = recording;
    } catch (error) {
      await spool.remove(file).catch(() => undefined);
      throw error;
    } finally {
      this.#recordingSoon = false;
    }
    if (this.#closed) void this.#recording.stop();
    return this.#recording;
  }

  async monitor(leg: MediaLeg, mode: MonitorMode): Promise<Monitoring> {
    const supervisor = this.#own(leg);
    if (this.#closed || supervisor?.role !== 'supervisor' || !supervisor.settled) {
      throw new MediaUnavailable('the leg is no supervisor who can hear');
    }
    if (this.#listening) throw new MediaUnavailable('somebody listens already');
    const caller = this.#caller;
    const bridge = caller && this.#arrangement.bridgeOf(caller);
    const buyer = caller && this.#arrangement.otherOf(caller);
    if (!bridge || bridge.early || !buyer) throw new MediaUnavailable('there is no conversation');
    const monitoring = await Eavesdropping.begin(supervisor, buyer, mode, () => {
      if (this.#listening?.monitoring === monitoring) this.#listening = undefined;
    });
    this.#listening = { monitoring, supervisor, bridge };
    return monitoring;
  }

  async detectMachine(leg: MediaLeg, terms: Partial<MachineTerms> = {}): Promise<MachineFinding> {
    const answering = this.#own(leg);
    if (this.#closed || !answering) return { verdict: 'unsure', reason: 'closed' };
    if (this.#machineEars.has(answering)) throw new MediaUnavailable('the leg is listened to already');
    const { spool, onEnding } = this.#context;
    const file = spool.recordingFile(randomUUID(), 'PCMU');
    let ear: ChannelMachineEar | undefined;
    this.#machineEars.set(answering, ear);
    try {
      ear = await ChannelMachineEar.begin(answering.channel, file, new MachineDetector(terms));
      this.#machineEars.set(answering, ear);
      if (!this.#legs.has(answering) || this.#isClosed) void ear.close();
      return await ear.done;
    } catch (error) {
      if (!this.#legs.has(answering) || this.#isClosed) return { verdict: 'unsure', reason: 'closed' };
      throw error;
    } finally {
      this.#machineEars.delete(answering);
      const stopped = ear?.close() ?? Promise.resolve();
      onEnding(stopped.then(() => spool.remove(file)).catch(() => undefined));
    }
  }

  lastMediaAt(role?: MediaLegRole): number | undefined {
    const instants: number[] = [];
    for (const leg of this.#legs) {
      if ((role === undefined || leg.role === role) && leg.lastMediaAt !== undefined)
        instants.push(leg.lastMediaAt);
    }
    for (const [past, at] of this.#lastMediaAt) if (role === undefined || past === role) instants.push(at);
    return instants.length === 0 ? undefined : Math.max(...instants);
  }

  close(): void {
    this.#end(undefined);
  }

  serverLost(reason: string): void {
    this.#lost(reason);
  }

  /** Looks at every leg: whether it is heard, and how well. */
  tellQuality(): void {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    void this.#look().finally(() => {
      this.#looking = false;
    });
  }

  /** TypeScript takes a field for what it was before an await. */
  get #isClosed(): boolean {
    return this.#closed;
  }

  get #caller(): FreeswitchLeg | undefined {
    return [...this.#legs].find(({ role }) => role === 'caller');
  }

  #own(leg: MediaLeg): FreeswitchLeg | undefined {
    return leg instanceof FreeswitchLeg && this.#legs.has(leg) ? leg : undefined;
  }

  /** The first leg finds the server; the others follow it there. */
  async #openChannel(sessionId: number): Promise<Channel> {
    const offer = openingOffer(sessionId);
    await this.#boarding?.catch(() => undefined);
    let channel: Channel;
    if (this.#server) channel = await this.#server.open(offer);
    else {
      this.#boarding = this.#board(offer);
      try {
        channel = await this.#boarding;
      } finally {
        this.#boarding = undefined;
      }
    }
    if (this.#closed) {
      channel.close();
      throw new MediaUnavailable('the session is closed');
    }
    return channel;
  }

  async #board(offer: string): Promise<Channel> {
    const { channel, server } = await this.#context.pool.open(offer);
    this.#server = server;
    if (!this.#closed) server.passengers.add(this);
    return channel;
  }

  #addLeg(role: MediaLegRole, channel: Channel, sessionId: number): FreeswitchLeg {
    const leg: FreeswitchLeg = new FreeswitchLeg(role, {
      channel,
      sessionId,
      now: this.#context.now,
      preferred: () => this.#preferredBy(leg),
      digitsWished: () => (role === 'caller' ? [] : (this.#caller?.digits ?? [])),
      onClosed: () => this.#removeLeg(leg),
    });
    channel.listen({
      onDigit: (digit, durationMs) => {
        if (!this.#closed && DIGIT.test(digit)) this.#listener.onDigit?.(leg, digit, durationMs);
      },
      onGone: (loss, reason) => this.#legLost(leg, loss, reason),
    });
    this.#legs.add(leg);
    this.#exchange.add(leg);
    this.#context.looks.add(this);
    if (channel.closed) this.#legLost(leg, 'ended', 'the channel was lost at once');
    return leg;
  }

  /** Codecs that need no turning into another: of the caller what the others chose, of the others what the caller has. */
  #preferredBy(leg: FreeswitchLeg): readonly CodecName[] {
    const facing = [...this.#legs].filter(
      (other) =>
        other !== leg && (leg.role === 'caller' ? other.role !== 'supervisor' : other.role === 'caller'),
    );
    const chosen = facing.flatMap(({ codec }) => codec ?? []);
    return [...chosen.reverse(), ...facing.flatMap(({ offered }) => (leg.role === 'caller' ? [] : offered))];
  }

  #removeLeg(leg: FreeswitchLeg): void {
    if (!this.#legs.delete(leg)) return;
    if (leg.lastMediaAt !== undefined) this.#lastMediaAt.set(leg.role, leg.lastMediaAt);
    this.#misses.delete(leg);
    this.#readings.delete(leg);
    void this.#machineEars.get(leg)?.close();
    if (this.#listening?.supervisor === leg) this.#listening.monitoring.stop();
    this.#arrangement.remove(leg);
    this.#forget();
    if (this.#closed) return;
    // Whoever it is with is parked before its channel goes.
    const recorded = leg.role === 'caller' ? this.#recording?.stop() : undefined;
    void Promise.all([this.#exchange.remove(leg), recorded]).finally(() => leg.channel.close());
  }

  /** Of bridges that stand no more, nothing is watched, and nobody listens. */
  #forget(): void {
    const { bridges } = this.#arrangement;
    for (const bridge of this.#watched.keys()) if (!bridges.has(bridge)) this.#watched.delete(bridge);
    const listening = this.#listening;
    if (listening && !bridges.has(listening.bridge)) listening.monitoring.stop();
  }

  /** Whom the caller is joined with for good, by what their channels do. */
  #conversationOf(caller: FreeswitchLeg): FreeswitchLeg | undefined {
    const bridge = this.#arrangement.bridgeOf(caller);
    return bridge && !bridge.early ? this.#exchange.partnerOf(caller) : undefined;
  }

  #joined(pair: readonly FreeswitchLeg[], together: boolean): void {
    const caller = pair.find(({ role }) => role === 'caller');
    if (!caller) return;
    if (together && this.#conversationOf(caller)) this.#recording?.joined();
    if (!together) this.#recording?.parted();
  }

  #lostMs(): readonly [number, number] {
    const caller = this.#caller;
    const other = caller && this.#arrangement.otherOf(caller);
    return [
      (caller?.reading.packetsLost ?? 0) * MS_PER_PACKET,
      (other?.reading.packetsLost ?? 0) * MS_PER_PACKET,
    ];
  }

  async #look(): Promise<void> {
    const settled = [...this.#legs].filter((leg) => leg.settled);
    await Promise.all(settled.map((leg) => this.#lookAt(leg)));
    if (this.#closed) return;
    for (const [bridge, watch] of this.#watched) this.#watch(bridge, watch);
    this.#tellQuality();
  }

  async #lookAt(leg: FreeswitchLeg): Promise<void> {
    try {
      await leg.look();
      this.#misses.delete(leg);
    } catch {
      const misses = (this.#misses.get(leg) ?? 0) + 1;
      this.#misses.set(leg, misses);
      if (misses >= MAX_MISSES) this.#legLost(leg, 'ended', 'the media server does not answer');
    }
  }

  #watch(bridge: Bridge, watch: Watch): void {
    const { now, rtpTimeoutMs, oneWayAfterMs } = this.#context;
    for (const leg of bridge.legs) {
      // Who hears a sound may be silent.
      if (!leg.owesAudio || !this.#exchange.partnerOf(leg)) continue;
      const heardAt = leg.lastMediaAt ?? -Infinity;
      const silentMs = now() - Math.max(watch.since, heardAt);
      if (
        isWithCaller(bridge) &&
        heardAt < watch.since &&
        silentMs >= oneWayAfterMs &&
        !this.#toldOneWay.has(leg)
      ) {
        this.#toldOneWay.add(leg);
        this.#listener.onOneWayAudio?.(leg.role);
      }
      if (silentMs >= rtpTimeoutMs && !watch.silent) {
        watch.silent = true;
        if (isWithCaller(bridge)) this.#listener.onRtpTimeout(leg.role);
        else this.#listener.onConsultLost?.();
      }
    }
  }

  #tellQuality(): void {
    const { now, qualityEveryMs, qualityWanted } = this.#context;
    const bridges = [...this.#watched.keys()].filter(isWithCaller);
    if (bridges.length === 0 || !this.#listener.onQuality || !qualityWanted()) return;
    if (now() - this.#qualityAt < qualityEveryMs) return;
    this.#qualityAt = now();
    const told: Partial<Record<MediaLegRole, LegStats>> = {};
    const readings = new Map<FreeswitchLeg, LegReading>();
    for (const leg of bridges.flatMap(({ legs }) => legs)) {
      told[leg.role] = leg.statsSince(this.#readings.get(leg));
      readings.set(leg, leg.reading);
    }
    this.#readings = readings;
    this.#listener.onQuality(told);
  }

  /** A leg is of no use any more. While it rings, others may answer; who asks aside of the call may ask again. */
  #legLost(leg: FreeswitchLeg, loss: ChannelLoss, reason: string): void {
    if (this.#closed || !this.#legs.has(leg)) return;
    const bridge = this.#arrangement.bridgeOf(leg);
    const withCaller = bridge !== undefined && isWithCaller(bridge);
    if (leg.role === 'caller' || (withCaller && !bridge.early)) {
      if (loss === 'silent' && withCaller) this.#listener.onRtpTimeout(leg.role);
      else this.#lost(reason);
      return;
    }
    leg.close();
    if (leg.role === 'consult' || (bridge && !withCaller)) this.#listener.onConsultLost?.();
  }

  #lost(reason: string): void {
    if (this.#closed) return;
    this.#end(reason);
    this.#listener.onMediaLost(reason);
  }

  #end(lost: string | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    const { looks, onClosed, onEnding } = this.#context;
    looks.remove(this);
    this.#server?.passengers.delete(this);
    this.#exchange.close();
    const legs = [...this.#legs];
    for (const leg of legs) leg.close();
    const hangUp = (): void => {
      for (const leg of legs) leg.channel.close();
    };
    const recorded = this.#recording?.end(lost);
    if (recorded) onEnding(recorded.finally(hangUp));
    else hangUp();
    onClosed(this);
  }
}

/** The call itself, rather than a conversation beside it. */
function isWithCaller({ legs }: Bridge): boolean {
  return legs.some(({ role }) => role === 'caller');
}

import type { Monitoring, MonitorMode } from '../media-engine';
import { MediaUnavailable } from '../media-engine';
import { Mixer } from '../mixing/mixer';
import type { Party } from '../mixing/monitor-plan';
import { HEARS, PARTIES } from '../mixing/monitor-plan';
import type { RtpPacket } from '../rtp/rtp-packet';
import type { AudioCodec } from '../sdp/audio-description';
import type { Beats } from '../sounds/beats';
import type { LegTaps } from './leg-taps';
import type { Audible } from './media-path';
import { MixStream } from './mix-stream';
import type { SessionLeg } from './negotiated-leg';
import type { Exchange } from './worker-pool';

export interface MonitoringOptions {
  /** Those who talk with each other, and who listens. */
  readonly legs: Readonly<Record<Party, SessionLeg>>;
  readonly mode: MonitorMode;
  /** What all three speak. */
  readonly codec: AudioCodec;
  readonly taps: LegTaps;
  /** Every 20 ms. */
  readonly beats: Beats;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly ssrc: () => number;
  /** Somebody is to hear something else from now on. */
  onChange(): Promise<void>;
}

/** A stream that nobody is to hear any more is left to whoever heard it for so long: its packets are counted first. */
const RETIRE_MS = 250;
/** The other one of the two. */
const FACING: Readonly<Record<Party, Party | undefined>> = {
  caller: 'other',
  other: 'caller',
  supervisor: undefined,
};

/**
 * One who listens to a conversation, or speaks into it. Voices are mixed here for those who hear more than one;
 * the two of the call keep their direct way unless they are to hear the supervisor.
 */
export class CallMonitoring implements Monitoring {
  readonly #options: MonitoringOptions;
  readonly #mixer: Mixer<Party>;
  readonly #ears: readonly (() => void)[];
  readonly #stopBeats: () => void;
  readonly #mixes = new Map<Party, MixStream>();
  /** Those that are closed in a moment. */
  readonly #retired = new Map<MixStream, NodeJS.Timeout>();
  #mode: MonitorMode;
  #over = false;

  constructor(options: MonitoringOptions) {
    const { legs, mode, codec, taps, beats, now } = options;
    this.#options = options;
    this.#mode = mode;
    this.#mixer = new Mixer(codec, PARTIES, now());
    this.#ears = PARTIES.map((party) => taps.listen(legs[party], (packet) => this.#take(party, packet)));
    this.#stopBeats = beats.add((due, missed) => this.#beat(due, missed));
  }

  get mode(): MonitorMode {
    return this.#mode;
  }

  async change(mode: MonitorMode): Promise<void> {
    if (this.#over) throw new MediaUnavailable('nobody listens any more');
    if (mode === this.#mode) return;
    this.#mode = mode;
    await this.#options.onChange();
  }

  stop(): void {
    if (this.#over) return;
    this.end();
    void this.#options.onChange();
  }

  /** Whether the leg has a part in it. */
  concerns(leg: SessionLeg): boolean {
    return !this.#over && this.#partyOf(leg) !== undefined;
  }

  /** Whether it may go on while these two talk with each other. */
  suits(caller: SessionLeg | undefined, other: SessionLeg | undefined): boolean {
    const { legs } = this.#options;
    return !this.#over && caller === legs.caller && other === legs.other;
  }

  /**
   * What a leg hears of the mix; undefined where it hears none.
   * @param exchange - where the leg is
   * @param direct - whom it hears until its mix is there
   */
  heardBy(leg: SessionLeg, exchange: Exchange, direct: Audible | undefined): Audible | undefined {
    const party = this.#partyOf(leg);
    if (party === undefined) return undefined;
    const present = this.#mixes.get(party);
    const wanted = !this.#over && HEARS[this.#mode].has(party);
    if (present && (!wanted || present.exchange !== exchange)) this.#retire(party, present);
    if (!wanted) return undefined;
    const mix = this.#mixes.get(party) ?? this.#open(party, leg, exchange);
    return {
      get stream() {
        return mix.stream ?? direct?.stream;
      },
    };
  }

  /** Nobody hears the supervisor from now on, nor is heard by that one. Idempotent. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopBeats();
    for (const stop of this.#ears) stop();
    for (const [party, mix] of this.#mixes) this.#retire(party, mix);
  }

  /** The call is over. */
  close(): void {
    this.end();
    for (const [mix, timer] of this.#retired) {
      clearTimeout(timer);
      mix.close();
    }
    this.#retired.clear();
  }

  #open(party: Party, leg: SessionLeg, exchange: Exchange): MixStream {
    const { codec, ssrc } = this.#options;
    const mix = new MixStream({
      exchange,
      codec,
      ssrc: ssrc(),
      digits: leg.digits.out,
      onOpen: () => leg.path.otherChanged(),
    });
    this.#mixes.set(party, mix);
    return mix;
  }

  #retire(party: Party, mix: MixStream): void {
    this.#mixes.delete(party);
    const timer = setTimeout(() => {
      this.#retired.delete(mix);
      mix.close();
    }, RETIRE_MS);
    this.#retired.set(mix, timer);
  }

  #take(party: Party, packet: RtpPacket): void {
    this.#mixer.push(party, packet, this.#options.now());
    const facing = FACING[party];
    if (facing !== undefined) this.#mixes.get(facing)?.sendKey(packet);
  }

  #beat(due: number, missed: number): void {
    if (missed > 0) {
      this.#mixer.advance(missed);
      for (const mix of this.#mixes.values()) mix.skip(missed);
    }
    for (let frame = 0; frame < due; frame++) {
      this.#mixer.advance();
      for (const [party, mix] of this.#mixes) {
        mix.send(this.#mixer.mix(HEARS[this.#mode].get(party) ?? []));
      }
    }
  }

  #partyOf(leg: SessionLeg): Party | undefined {
    return PARTIES.find((party) => this.#options.legs[party] === leg);
  }
}

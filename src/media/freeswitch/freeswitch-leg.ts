import type { LegStats, MediaLeg, MediaLegRole, SdpResult } from '../media-engine';
import type { LegReading } from '../quality/leg-stats';
import { legStats } from '../quality/leg-stats';
import type { Direction } from '../sdp/audio-description';
import { owesAudio } from '../sdp/direction';
import type { Channel } from './channel';
import type { CodecName, Payload } from './descriptions';
import { OPENING_CODEC, SAMPLE_RATES } from './descriptions';
import { Negotiation } from './negotiation';
import { NOTHING_COUNTED, readingExpression, readReading } from './readings';

/** Of silence: one frame. */
const MOMENT = 'silence_stream://20';

export interface LegContext {
  readonly channel: Channel;
  readonly sessionId: number;
  readonly now: () => number;
  preferred(): readonly CodecName[];
  digitsWished(): readonly Payload[];
  /** The leg is closed: it is to be taken from whom it is with, and then its channel. */
  onClosed(): void;
}

/** One leg of a call: its offers and answers, and what is counted of its channel. */
export class FreeswitchLeg implements MediaLeg {
  readonly channel: Channel;
  readonly #context: LegContext;
  readonly #negotiation: Negotiation;
  #reading: LegReading = NOTHING_COUNTED;
  #lastMediaAt: number | undefined;
  /** Tones are listened to, as the peer has no other way to send digits. */
  #hears = false;
  /** What whoever taps the channel takes its audio for. */
  #sampleRate = SAMPLE_RATES[OPENING_CODEC];
  #closed = false;

  constructor(
    readonly role: MediaLegRole,
    context: LegContext,
  ) {
    const { channel, sessionId } = context;
    this.channel = channel;
    this.#context = context;
    this.#negotiation = new Negotiation(
      {
        sessionId,
        preferred: () => context.preferred(),
        digitsWished: () => context.digitsWished(),
        describe: (sdp) => channel.modify(sdp),
      },
      channel.localSdp,
    );
  }

  get closed(): boolean {
    return this.#closed;
  }

  get codec(): CodecName | undefined {
    return this.#negotiation.codec;
  }

  get offered(): readonly CodecName[] {
    return this.#negotiation.offered;
  }

  get digits(): readonly Payload[] {
    return this.#negotiation.digits;
  }

  /** Its SDP is negotiated. */
  get settled(): boolean {
    return this.#negotiation.settled;
  }

  /** Audio is due from the peer: it did not put us on hold. */
  get owesAudio(): boolean {
    return owesAudio(this.#negotiation.direction);
  }

  /** Monotonic milliseconds of the look at which audio had come since the look before. */
  get lastMediaAt(): number | undefined {
    return this.#lastMediaAt;
  }

  get reading(): LegReading {
    return this.#reading;
  }

  createOffer(): SdpResult {
    return this.#negotiation.createOffer();
  }

  applyAnswer(sdp: string): Promise<SdpResult> {
    return this.#negotiation.applyAnswer(sdp).then((result) => this.#described(result));
  }

  receiveOffer(sdp: string): SdpResult {
    return this.#negotiation.receiveOffer(sdp);
  }

  createAnswer(): Promise<SdpResult> {
    return this.#negotiation.createAnswer().then((result) => this.#described(result));
  }

  hold(held: boolean): void {
    this.#negotiation.hold(held);
  }

  remoteDirection(): Direction {
    return this.#negotiation.direction;
  }

  async stats(): Promise<LegStats> {
    // Of a channel that is gone what was read last is all there is.
    await this.look().catch(() => undefined);
    return this.statsSince();
  }

  /** @param before - from when on loss and quality are counted; from the beginning by default */
  statsSince(before?: LegReading): LegStats {
    return { ...legStats(this.#reading, before), codec: this.codec };
  }

  /** Looks whether audio came since the last look. Rejected when the channel does not say. */
  async look(): Promise<void> {
    const { channel, now } = this.#context;
    const reading = readReading(await channel.command('eval', readingExpression(channel.uuid)));
    if (!reading) return;
    if (reading.packetsReceived > this.#reading.packetsReceived) this.#lastMediaAt = now();
    this.#reading = reading;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#negotiation.close();
    this.#context.onClosed();
  }

  async #described(result: SdpResult): Promise<SdpResult> {
    const { codec } = this;
    if (!result.ok || codec === undefined) return result;
    if (SAMPLE_RATES[codec] !== this.#sampleRate) {
      this.#sampleRate = SAMPLE_RATES[codec];
      // A parked channel changes its rate when it plays something, and is recorded wrongly before.
      await this.channel.runBriefly('playback', MOMENT).catch(() => undefined);
    }
    if (!this.#hears && this.#negotiation.digitsAreHeard) {
      this.#hears = true;
      this.channel.runBriefly('start_dtmf', '').catch(() => undefined);
    }
    return result;
  }
}

import type { EndReason } from '../domain';
import type { MediaEngine, MediaLeg, MediaLegRole, MediaSession } from '../media';
import type { CallOnItsWay } from './call-on-its-way';
import { MidCall } from './mid-call';
import { Keys } from './plan/keys';
import { CallRecording } from './recording/call-recording';
import type { SessionServices } from './session-services';

/** Nothing is heard any more. */
export interface MediaLoss {
  readonly reason: Extract<EndReason, 'media_failure' | 'rtp_timeout'>;
  readonly detail: string;
  /** By the monotonic clock; undefined: nothing ever was. */
  readonly lastHeardAt: number | undefined;
}

/** What comes of a call's media by itself. */
export interface MediaLosses {
  ended(loss: MediaLoss): void;
  /** Nothing is heard of whoever is consulted. */
  consultLost(): void;
}

/** `over`: the call has ended meanwhile. `unavailable`: the engine cannot take it now. */
export type MediaOpening =
  | { readonly kind: 'open' | 'over' }
  | { readonly kind: 'unavailable'; readonly detail: string }
  | { readonly kind: 'bad_offer'; readonly reason: string };

/** The media of one call: the engine that carries it, what of a call is there with it, and what is recorded. */
export class CallMedia {
  readonly keys = new Keys();
  readonly #services: SessionServices;
  readonly #call: CallOnItsWay;
  readonly #losses: MediaLosses;
  #engine: MediaEngine;
  #session: MediaSession | undefined;
  #midCall: MidCall | undefined;
  #recording: CallRecording | undefined;

  constructor(services: SessionServices, call: CallOnItsWay, losses: MediaLosses) {
    this.#services = services;
    this.#call = call;
    this.#losses = losses;
    this.#engine = services.media;
  }

  /** That carries it, or is to. */
  get engine(): MediaEngine {
    return this.#engine;
  }

  /** Undefined before it was opened. */
  get session(): MediaSession | undefined {
    return this.#session;
  }

  /** What is there since it was opened. @throws Error before: a bug */
  get opened(): { readonly session: MediaSession; readonly midCall: MidCall } {
    const session = this.#session;
    const midCall = this.#midCall;
    if (!session || !midCall) throw new Error('a call without media');
    return { session, midCall };
  }

  /** Undefined as long as nobody wanted one. */
  get recording(): CallRecording | undefined {
    return this.#recording;
  }

  /**
   * Opens it and reads the caller's offer.
   * @param heedsKeys - somebody may wait for keys that are pressed
   */
  async open(engine: MediaEngine, { heedsKeys }: { readonly heedsKeys: boolean }): Promise<MediaOpening> {
    const call = this.#call;
    const { callId } = call.attempt();
    const session = this.#openSession(engine, callId, heedsKeys);
    let leg: MediaLeg;
    try {
      leg = await session.createLeg('caller', { signalingAddress: call.sourceAddress });
    } catch (error) {
      if (call.isOver()) return { kind: 'over' };
      session.close();
      this.#session = undefined;
      return { kind: 'unavailable', detail: error instanceof Error ? error.message : 'no media' };
    }
    if (call.isOver()) {
      leg.close();
      return { kind: 'over' };
    }
    this.#engine = engine;
    call.caller.opened(leg);
    this.#midCall = new MidCall(this.#services.onBug, callId);
    if (call.caller.offersNothing) return { kind: 'open' };
    const offer = leg.receiveOffer(call.sdp);
    return offer.ok ? { kind: 'open' } : { kind: 'bad_offer', reason: offer.reason };
  }

  #openSession(engine: MediaEngine, callId: string, heedsKeys: boolean): MediaSession {
    const call = this.#call;
    const losses = this.#losses;
    const ended = (reason: MediaLoss['reason'], detail: string, leg?: MediaLegRole): void =>
      losses.ended({ reason, detail, lastHeardAt: this.#session?.lastMediaAt(leg) });
    const session = engine.openSession(callId, {
      onMediaLost: (detail) => ended('media_failure', detail),
      onRtpTimeout: (leg) => ended('rtp_timeout', `no audio from the ${leg}`, leg),
      onConsultLost: () => losses.consultLost(),
      onOneWayAudio: (leg) => call.tell({ type: 'call.one_way_audio', leg }),
      onQuality: (legs) => call.tell({ type: 'call.quality', legs }),
      ...(heedsKeys ? { onDigit: (leg: MediaLeg, digit: string) => this.keys.pressed(leg, digit) } : {}),
    });
    this.#session = session;
    return session;
  }

  /** The recording of the call, whoever wants it. */
  recordingNow(): CallRecording {
    const { recordings, clock, onBug } = this.#services;
    const call = this.#call;
    return (this.#recording ??= new CallRecording({
      get attempt() {
        return call.attempt();
      },
      media: this.opened.session,
      recordings,
      clock,
      tell: (event) => call.tell(event),
      onBug: (error) => onBug(error, call.attempt().callId),
    }));
  }
}

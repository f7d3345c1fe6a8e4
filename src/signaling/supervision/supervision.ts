import type { MediaLeg, MediaSession, Monitoring, MonitorMode } from '../../media';
import { MediaUnavailable } from '../../media';
import type { ControlRefusal, Listener } from '../control/command';
import { MidCall } from '../mid-call';
import type { CallEvent } from '../ports';
import type { RingResult, RingServices } from '../ringing';
import { CANCEL_REASONS } from '../sip-status';
import type { SipDialog } from '../sip/sip-stack';
import type { RungSupervisor, SupervisorOrder } from './ringing-supervisor';
import { ringSupervisor } from './ringing-supervisor';

/** What it needs of the call that is listened to. */
export interface SupervisedCall {
  readonly callId: string;
  readonly services: RingServices;
  readonly media: MediaSession;
  tell(event: Omit<Extract<CallEvent, { type: 'call.monitored' }>, 'callId' | 'at'>): void;
  /** Nobody listens any more, or ever did. Told once. */
  over(): void;
  onBug(error: unknown): void;
}

/** Of an INFO (RFC 6086) that tells the phone page which fields of its card are others now, as JSON. */
const CARD_TYPE = 'application/vnd.dce.card+json';

/** How it stands, for people who look at the call. */
export interface SupervisionView {
  readonly mode: MonitorMode;
  readonly state: 'ringing' | 'on';
  readonly by: Listener;
}

/**
 * One who listens in to a call: a phone that is rung, and a leg that hears the two. The call is nothing to it: it
 * ends with the call, and the call goes on without it.
 */
export class Supervision {
  readonly by: Listener;
  readonly #call: SupervisedCall;
  #mode: MonitorMode;
  #rung: RungSupervisor | undefined;
  #dialog: SipDialog | undefined;
  #leg: MediaLeg | undefined;
  #monitoring: Monitoring | undefined;
  /** What the phone shows, as far as it was told; undefined: it shows nothing of it. */
  #shown: MonitorMode | undefined;
  #showing = false;
  /** Somebody heard the call, which was told. */
  #told = false;
  #over = false;

  constructor(call: SupervisedCall, by: Listener, mode: MonitorMode) {
    this.#call = call;
    this.by = by;
    this.#mode = mode;
  }

  get view(): SupervisionView {
    return { mode: this.#mode, state: this.#monitoring ? 'on' : 'ringing', by: this.by };
  }

  /** Rings. Resolves when a phone rings, or why none does. */
  async start(order: SupervisorOrder): Promise<ControlRefusal | undefined> {
    // Its card says how. Other phones than those of agents have no page to show it.
    if (order.place.kind !== 'target') this.#shown = this.#mode;
    const { services, media, onBug } = this.#call;
    const rung = await ringSupervisor(services, media, order).catch((error: unknown) => onBug(error));
    if (!rung) {
      this.stop();
      return 'supervisor_unreachable';
    }
    this.#rung = rung;
    if (this.#over) {
      rung.ringing.stop(CANCEL_REASONS.callEnded);
      rung.release();
      return 'over';
    }
    void this.#listen(rung).catch((error: unknown) => {
      if (!this.#over && !(error instanceof MediaUnavailable)) onBug(error);
      this.#failed('media');
    });
    return undefined;
  }

  /** Listens otherwise from here on; of a phone that rings still, once it is answered. */
  async change(mode: MonitorMode, by: Listener): Promise<ControlRefusal | undefined> {
    if (this.#mode === mode) return undefined;
    const before = this.#mode;
    this.#mode = mode;
    const monitoring = this.#monitoring;
    if (!monitoring) return undefined;
    try {
      await monitoring.change(mode);
    } catch (error) {
      if (!(error instanceof MediaUnavailable)) throw error;
      if (this.#mode === mode) this.#mode = before;
      return this.#over ? 'not_monitored' : 'media_cannot';
    }
    if (!this.#over) this.#tell(mode, by);
    void this.#show().catch((error: unknown) => this.#call.onBug(error));
    return undefined;
  }

  /** The two who speak are not those of before, or were apart: who listens hears them again. */
  async rejoined(): Promise<void> {
    const leg = this.#leg;
    const monitoring = this.#monitoring;
    if (!leg || !monitoring || this.#over) return;
    try {
      // Where it went on by itself this changes nothing.
      await monitoring.change(this.#mode);
    } catch (error) {
      if (!(error instanceof MediaUnavailable)) throw error;
      await this.#join(leg).catch((gone: unknown) => {
        // Apart still, or again: the next time.
        if (!(gone instanceof MediaUnavailable)) throw gone;
      });
    }
  }

  /** Nobody listens from here on. Idempotent. */
  stop(reason?: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#monitoring?.stop();
    this.#dialog?.bye(reason);
    this.#leg?.close();
    this.#rung?.ringing.stop(CANCEL_REASONS.callEnded);
    this.#rung?.release();
    if (this.#told) this.#tell('ended', this.by);
    this.#call.over();
  }

  async #listen({ ringing, release }: RungSupervisor): Promise<void> {
    const result: RingResult = await ringing.result;
    if (result.kind === 'failed') return this.#failed(result.outcome);
    if (result.kind !== 'answered') return this.stop();
    const { dialog, leg } = result;
    if (this.#over) {
      dialog.bye(CANCEL_REASONS.callEnded);
      leg.close();
      release();
      return;
    }
    this.#dialog = dialog;
    this.#leg = leg;
    const { callId, onBug } = this.#call;
    new MidCall((error) => onBug(error), callId).attach('buyer', dialog, leg, () => this.stop(), {
      // The call is none of theirs.
      onRefer: (refer) => refer.reject(603),
    });
    const accepted = await leg.applyAnswer(dialog.remoteSdp);
    if (accepted.ok) await this.#join(leg);
    else this.#failed('media');
  }

  /** @throws MediaUnavailable where the engine cannot, or the two are apart */
  async #join(leg: MediaLeg): Promise<void> {
    if (this.#over) return;
    const asked = this.#mode;
    const monitoring = await this.#call.media.monitor(leg, asked);
    if (this.#isOver) return monitoring.stop();
    this.#monitoring = monitoring;
    // Somebody may have wished it otherwise meanwhile.
    if (this.#mode !== asked) await monitoring.change(this.#mode);
    if (this.#isOver || this.#told) return;
    this.#told = true;
    this.#tell(this.#mode, this.by);
    void this.#show().catch((error: unknown) => this.#call.onBug(error));
  }

  /** Has the phone show how it listens now, where it shows something else: the last word counts. */
  async #show(): Promise<void> {
    if (this.#showing || this.#shown === undefined) return;
    this.#showing = true;
    while (!this.#over && this.#dialog && this.#shown !== this.#mode) {
      const mode: MonitorMode = this.#mode;
      const body = JSON.stringify({ monitoring: mode });
      // A phone that does not answer, or does not know the word, goes on as it is: it is heard all the same.
      await this.#dialog.request('INFO', CARD_TYPE, body);
      this.#shown = mode;
    }
    this.#showing = false;
  }

  /** Nobody came to listen: whoever asked for it hears why, as they hear of the rest. */
  #failed(why: string): void {
    if (!this.#over && !this.#told) this.#tell('failed', this.by, why);
    this.stop();
  }

  #tell(mode: MonitorMode | 'failed' | 'ended', { name, accountId }: Listener, detail?: string): void {
    this.#call.tell({ type: 'call.monitored', mode, by: name, accountId, detail });
  }

  /** TypeScript takes a field for what it was before an await. */
  get #isOver(): boolean {
    return this.#over;
  }
}

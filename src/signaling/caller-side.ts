import type { Clock } from '../domain';
import type { MediaLeg, SdpResult } from '../media';
import type { AnswerResult, Headers, IncomingInvite, SipDialog } from './sip/sip-stack';

/** The caller's own side of a call: what is said to its INVITE, and its dialog once it was answered. */
export class CallerSide {
  readonly #invite: IncomingInvite;
  readonly #clock: Clock;
  #leg: MediaLeg | undefined;
  #dialog: SipDialog | undefined;
  #hearsUs = false;
  #firstRingAt: number | undefined;
  #answered: { readonly at: number; readonly mono: number } | undefined;

  constructor(invite: IncomingInvite, clock: Clock) {
    this.#invite = invite;
    this.#clock = clock;
  }

  /** @throws Error before its media is open: a bug */
  get leg(): MediaLeg {
    if (!this.#leg) throw new Error('the caller has no media');
    return this.#leg;
  }

  get hasLeg(): boolean {
    return this.#leg !== undefined;
  }

  /** Since it was answered, by a buyer or by the exchange itself. */
  get dialog(): SipDialog | undefined {
    return this.#dialog;
  }

  /** Its phone makes no ringback: it hears what we send, as early media or since the answer. */
  get hearsUs(): boolean {
    return this.#hearsUs;
  }

  /** UTC epoch milliseconds of the first provisional response. */
  get firstRingAt(): number | undefined {
    return this.#firstRingAt;
  }

  /** When its 200 went out: UTC epoch milliseconds, and by the monotonic clock. */
  get answeredSince(): { readonly at: number; readonly mono: number } | undefined {
    return this.#answered;
  }

  /** The INVITE came without an offer: ours goes out with the answer (RFC 3264 §5). */
  get offersNothing(): boolean {
    return this.#invite.sdp === '';
  }

  opened(leg: MediaLeg): void {
    this.#leg = leg;
  }

  progress(status: number, sdp?: string): void {
    if (this.#dialog) return;
    if (sdp !== undefined) this.#hearsUs = true;
    this.#firstRingAt ??= this.#clock.now();
    this.#invite.progress(status, sdp);
  }

  /** Another 180 (RFC 3261 §13.3.1.1): nothing rings for the first time by it. */
  keepRinging(): void {
    if (!this.#dialog) this.#invite.progress(180);
  }

  /** What the caller is told of our media: the answer to its offer, or an offer of ours. */
  describe(): Promise<SdpResult> {
    return this.offersNothing ? Promise.resolve(this.leg.createOffer()) : this.leg.createAnswer();
  }

  /** Lets it hear us before the answer, by a 183. False where it cannot. */
  async openEarly(): Promise<boolean> {
    if (this.#hearsUs) return true;
    if (this.offersNothing) return false;
    const answer = await this.leg.createAnswer().catch(() => undefined);
    if (!answer?.ok) return false;
    this.progress(183, answer.sdp);
    return true;
  }

  /** Sends the 200. */
  answer(sdp: string): Promise<AnswerResult> {
    return this.#invite.answer(sdp);
  }

  /** The answer is on the wire. */
  answered(dialog: SipDialog): void {
    this.#dialog = dialog;
    this.#hearsUs = true;
    this.#answered = { at: this.#clock.now(), mono: this.#clock.monotonic() };
  }

  reject(status: number, headers: Headers): void {
    this.#invite.reject(status, undefined, headers);
  }
}

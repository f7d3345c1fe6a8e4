import type { MediaLeg } from '../../media';
import type { IncomingInvite, SipDialog } from '../sip/sip-stack';
import type { MidCallEvents } from '../mid-call';
import { MidCall } from '../mid-call';
import type { Reached } from './buyer-side-call';
import type { Party } from './party';
import type { Reaching } from './reaching';
import type { Place } from './place';
import { isSamePlace } from './place';
import type { Replaces } from './refer-to';

/** What a consultation needs of the buyer's side. */
export interface ConsultationHost {
  createLeg(invite: IncomingInvite): Promise<MediaLeg>;
  bridge(a: MediaLeg, b: MediaLeg): Promise<void>;
  reach(place: Place, onRinging: () => void): Reaching;
  /** Hangs up on somebody whom {@link reach} reached. */
  leave(party: Party, reason?: string): void;
  /** Such a party hung up. */
  left(party: Party): void;
  /** It is over, and the call was not handed on by it. */
  over(): void;
  onBug(error: unknown): void;
}

/** It is the call itself that is handed on. */
const NO_TRANSFER: MidCallEvents = { onRefer: (refer) => refer.reject(603) };

/**
 * An agent who asks a colleague while the caller waits: the agent's second INVITE, and whom it rings. It
 * ends by either of them hanging up, or is handed over to the call, whose caller the colleague then has.
 */
export class Consultation {
  readonly place: Place;
  readonly #invite: IncomingInvite;
  readonly #host: ConsultationHost;
  readonly #midCall: MidCall;
  #reaching: Reaching | undefined;
  #onRinging: () => void;
  #leg: MediaLeg | undefined;
  #dialog: SipDialog | undefined;
  #colleague: Party | undefined;
  #over = false;

  constructor(host: ConsultationHost, invite: IncomingInvite, place: Place, callId: string) {
    this.#host = host;
    this.#invite = invite;
    this.place = place;
    this.#midCall = new MidCall((error) => host.onBug(error), callId);
    this.#onRinging = () => invite.progress(180);
  }

  /** Both speak with each other, or are about to. */
  get colleague(): Party | undefined {
    return this.#colleague;
  }

  async run(): Promise<void> {
    this.#invite.onCancel(() => this.end());
    try {
      const leg = await this.#host.createLeg(this.#invite).catch(() => undefined);
      this.#leg = leg;
      if (!leg) return this.#refuse(503);
      if (this.#over) return leg.close();
      const offer = this.#invite.sdp === '' ? undefined : leg.receiveOffer(this.#invite.sdp);
      if (offer?.ok === false) return this.#refuse(offer.reason === 'malformed' ? 400 : 488);
      this.#reaching = this.#host.reach(this.place, () => this.#onRinging());
      await this.#reached(leg, await this.#reaching.result);
    } catch (error) {
      this.#host.onBug(error);
      this.#refuse(500);
    }
  }

  /** Whether a REFER names this consultation (RFC 3891 §3: tags of our side and theirs). */
  isNamedBy(replaces: Replaces): boolean {
    if (replaces.callId !== this.#invite.callId) return false;
    if (this.#dialog) {
      const { localTag, remoteTag } = this.#dialog.id;
      return replaces.toTag === localTag && replaces.fromTag === remoteTag;
    }
    return replaces.fromTag === /;\s*tag=([^\s;,>]+)/i.exec(this.#invite.header('From') ?? '')?.[1];
  }

  /** Whether it is those at this place, or one of them, who are asked. */
  asks(place: Place): boolean {
    const agentId = place.kind === 'agents' && place.group.kind === 'agent' ? place.group.id : undefined;
    return isSamePlace(this.place, place) || (agentId !== undefined && this.#colleague?.agentId === agentId);
  }

  /**
   * The colleague gets the caller: nothing here ends them any more. The agent's side is to be ended
   * with {@link dismiss}.
   * @param onRinging - hears of the colleague's phone from here on
   * @returns who answered, or will; undefined when it is too late, or too early
   */
  handOver(onRinging: () => void): Reaching | undefined {
    if (this.#over || !this.#reaching) return undefined;
    this.#onRinging = onRinging;
    this.#over = true;
    return this.#reaching;
  }

  /** Ends the agent's side of it. */
  dismiss(reason?: string): void {
    this.#over = true;
    this.#dialog?.bye(reason);
    this.#invite.reject(487);
    this.#leg?.close();
  }

  /** Somebody of it is gone. */
  end(): void {
    if (this.#over) return;
    this.close();
    this.#host.over();
  }

  /** Ends both sides. */
  close(reason?: string): void {
    if (this.#over) return;
    this.dismiss(reason);
    this.#reaching?.stop(reason);
    if (this.#colleague) this.#host.leave(this.#colleague, reason);
  }

  async #reached(leg: MediaLeg, reached: Reached): Promise<void> {
    // Who took it over looks after whoever answered.
    if (this.#over || reached === undefined) return;
    if (!reached.ok) return this.#refuse(reached.sipStatus >= 400 ? reached.sipStatus : 480);
    const { party } = reached;
    this.#colleague = party;
    this.#midCall.attach('buyer', party.dialog, party.leg, () => this.#host.left(party), NO_TRANSFER);
    const sdp = this.#invite.sdp === '' ? leg.createOffer() : await leg.createAnswer();
    if (this.#isOver) return;
    if (!sdp.ok || party.gone) return this.#refuse(sdp.ok ? 480 : 488);
    const answer = await this.#invite.answer(sdp.sdp);
    if (this.#isOver) {
      if (answer.ok) answer.dialog.bye();
      return;
    }
    if (!answer.ok) return this.end();
    this.#dialog = answer.dialog;
    this.#midCall.attach('caller', answer.dialog, leg, () => this.end(), NO_TRANSFER);
    if (party.gone || this.#isOver) return this.end();
    await this.#host.bridge(leg, party.leg);
  }

  /** TypeScript takes a field for what it was before an await. */
  get #isOver(): boolean {
    return this.#over;
  }

  #refuse(status: number): void {
    if (this.#over) return;
    this.#invite.reject(status);
    this.end();
  }
}

import type { CallTransfer } from '../../domain';
import { MediaUnavailable } from '../../media';
import type { Ringing } from '../ringing';
import { CANCEL_REASONS } from '../sip-status';
import type { ControlRefusal } from '../control/command';
import type { IncomingInvite, IncomingRefer, ReferProgress } from '../sip/sip-stack';
import type { BuyerSideCall } from './buyer-side-call';
import { Consultation } from './consultation';
import { HoldMusic } from './hold-music';
import type { Party } from './party';
import type { Place } from './place';
import { Reaching } from './reaching';
import { readReferTo } from './refer-to';

/** A transfer under way: the caller waits, and hears music. */
interface Handover {
  readonly at: number;
  readonly how: CallTransfer['how'];
  readonly place: Place;
  readonly transferor: Party;
  readonly progress: ReferProgress;
  /** Who answers, or has. */
  readonly reaching: Reaching;
  /** What it began with, where somebody was asked first. */
  readonly consultation: Consultation | undefined;
  /** The transferor has the caller on hold: to resume is to want the caller back. */
  onHold: boolean;
  /** Somebody answered. */
  reached: boolean;
}

/** Nobody waits for a NOTIFY where nobody sent a REFER. */
const UNASKED: Pick<IncomingRefer, 'accept'> = { accept: () => ({ notify: () => undefined }) };
/** A call that is handed on and on ends somewhere. */
const MAX_TRANSFERS = 20;
/** Reason (RFC 3326) of the BYE to who handed the call on. */
const TRANSFERRED = 'SIP;cause=200;text="Call transferred"';
const MEDIA_LOST = 'SIP;cause=500;text="Media lost"';

/**
 * Everybody on the buyer's side of a sold call, one after the other: who answered it first, whom they
 * hand it on to (REFER, RFC 3515), and whom they ask meanwhile. The caller's leg, the sale and what is
 * held for it stay the same. Whoever comes in here is hung up on exactly once.
 */
export class BuyerSide {
  readonly transfers: CallTransfer[] = [];
  readonly #call: BuyerSideCall;
  readonly #music: HoldMusic;
  /** Everybody whose part is not over, whether in the conversation or not. */
  readonly #present = new Set<Party>();
  #party: Party;
  #handover: Handover | undefined;
  /** Who is rung back after a transfer failed. */
  #back: Reaching | undefined;
  #consultation: Consultation | undefined;
  /** What the party hears while people of the exchange have the call on hold. */
  #parked: HoldMusic | undefined;
  /** The caller is bridged with nobody. */
  #apart = false;
  #closed = false;

  /** @param first - who answered; its media is bridged already, and its agent told of as answered */
  constructor(call: BuyerSideCall, first: Party) {
    this.#call = call;
    this.#music = new HoldMusic(call.media, call.callerLeg);
    this.#party = first;
    this.#present.add(first);
    this.#converse(first);
  }

  /** Who speaks with the caller, or did last. */
  get party(): Party {
    return this.#party;
  }

  /** People of the exchange, or of the buyer by the API, have it on hold. */
  get held(): boolean {
    return this.#parked !== undefined;
  }

  /** Why nothing can be done to the conversation now; undefined when it can. */
  get busy(): ControlRefusal | undefined {
    if (this.#closed) return 'over';
    if (this.#inTransition) return 'in_transfer';
    return this.#consultation ? 'in_consultation' : undefined;
  }

  /** Takes the two apart: both hear music. Without effect when they are. */
  hold(): ControlRefusal | undefined {
    const { busy } = this;
    if (busy !== undefined || this.#parked) return busy;
    const { media, callerLeg } = this.#call;
    this.#parked = new HoldMusic(media, this.#party.leg);
    this.#apart = true;
    media.unbridge(callerLeg);
    this.#music.play();
    this.#parked.play();
    return undefined;
  }

  /** Lets them hear each other again, but for who holds the call by its own phone. */
  async unhold(): Promise<void> {
    const parked = this.#parked;
    if (!parked) return;
    this.#parked = undefined;
    await parked.end();
    if (this.busy === undefined && !this.#parked) await this.#settle();
  }

  /** Hands the call on as its party might, without being asked by it. */
  transfer(place: Place): ControlRefusal | undefined {
    const { targetId } = this.#party;
    if (this.#closed) return 'over';
    if (this.#inTransition) return 'in_transfer';
    if (this.#parked) return 'held';
    if (this.transfers.length >= MAX_TRANSFERS) return 'too_many_transfers';
    const isTarget = place.kind === 'target' && place.target.id === targetId;
    if (this.#isOwnPlace(place) || isTarget) return 'has_the_call';
    this.#consultation?.close(CANCEL_REASONS.callEnded);
    const reaching = this.#reach(place, () => undefined);
    this.#begin('operator', place, UNASKED, reaching, undefined);
    return undefined;
  }

  /**
   * The agent who has the call wants to ask somebody.
   * @param invite - from a phone on which that agent is registered
   * @param sourceAddress - whence that phone sent it
   */
  consult(invite: IncomingInvite, sourceAddress: string): void {
    if (this.#closed || this.#parked || this.#inTransition || this.#consultation) return invite.reject(491);
    const found = this.#call.place(invite.requestUri);
    if (!found.ok) return invite.reject(found.status);
    if (this.#isOwnPlace(found.place)) return invite.reject(403);
    const { callId, media } = this.#call;
    const consultation: Consultation = new Consultation(
      {
        createLeg: ({ sdp }) =>
          media.createLeg('consult', {
            transport: /\bRTP\/SAVPF\b/.test(sdp) ? 'webrtc' : 'rtp',
            signalingAddress: sourceAddress,
          }),
        bridge: (a, b) => media.bridge(a, b),
        reach: (place, onRinging) => this.#reach(place, onRinging),
        leave: (party, reason) => this.#leave(party, reason),
        left: (party) => this.#left(party),
        over: () => this.#consultationOver(consultation),
        onBug: (error) => this.#failedWith(error),
      },
      invite,
      found.place,
      callId,
    );
    this.#consultation = consultation;
    this.#music.play();
    void consultation.run();
  }

  /** The media of who asks, or of who is asked, is gone. */
  consultLost(): void {
    this.#consultation?.end();
  }

  /** The call is over: everybody is hung up on, and every agent's part ends. */
  close(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#back?.stop();
    this.#consultation?.close(reason);
    const handover = this.#handover;
    if (handover) {
      handover.reaching.stop();
      handover.consultation?.dismiss(reason);
      this.#note(handover, 'canceled', undefined);
    }
    for (const party of [...this.#present]) this.#leave(party, reason);
  }

  /** The party is the one that speaks with the caller. */
  #converse(party: Party): void {
    this.#call.midCall.attach('buyer', party.dialog, party.leg, () => this.#left(party), {
      onRefer: (refer) => this.#refer(party, refer),
      onOffered: () => this.#offered(party),
    });
  }

  #reach(place: Place, onRinging: () => void): Reaching {
    const targetId = place.kind === 'target' ? place.target.id : place.targetId;
    return this.#reaching(this.#call.ring(place, onRinging), targetId);
  }

  #reaching(ringing: Ringing, targetId: string | undefined): Reaching {
    return new Reaching(ringing, targetId, {
      take: (party) => this.#take(party),
      leave: (party, reason) => this.#leave(party, reason),
    });
  }

  /** Somebody answered who is not in the conversation yet. */
  #take(party: Party): void {
    this.#present.add(party);
    party.dialog.setHandlers({
      onEnd: () => this.#left(party),
      // RFC 3261 §14.2: in a moment.
      onOffer: () => Promise.resolve({ ok: false, status: 491 }),
      onAckSdp: () => undefined,
      onRequest: () => Promise.resolve(480),
    });
  }

  /** Ends somebody's part in the call. */
  #leave(party: Party, reason?: string): void {
    party.hangUp(reason);
    if (!this.#present.delete(party)) return;
    const { agentId } = party;
    // Who was rung back has the call still.
    const stays = [...this.#present].some((other) => other.agentId === agentId);
    if (agentId !== undefined && !stays) this.#call.agents.ended(this.#call.callId, agentId);
    // What the last one heard is counted at the end of the call, which closes its leg.
    if (party !== this.#party) party.leg.close();
  }

  /** Somebody hung up. */
  #left(party: Party): void {
    party.left();
    if (this.#closed) return;
    if (this.#consultation?.colleague === party) this.#consultation.end();
    // Who has asked for a transfer may go: many phones do so at once.
    else if (party === this.#party && !this.#inTransition) this.#call.hungUp('the buyer hung up');
  }

  /** The party has put the caller on hold, or resumed. */
  #offered(party: Party): void {
    if (this.#closed || party !== this.#party) return;
    if (this.#handover) this.#offeredInHandover(this.#handover);
    else if (!this.#back && !this.#consultation && !this.#parked) void this.#settle();
  }

  /** Who asked for a transfer, and resumes before anybody has answered, wants the caller back. */
  #offeredInHandover(handover: Handover): void {
    const resumed = handover.onHold && !isOnHold(handover.transferor);
    handover.onHold = !resumed && isOnHold(handover.transferor);
    if (!resumed || handover.reached) return;
    handover.reaching.stop();
    void this.#failed(handover, 'canceled', 487);
  }

  /** Gives the caller what the party last asked for: its voice, or music while it is on hold. */
  async #settle(): Promise<void> {
    const party = this.#party;
    if (holds(party) && !this.#apart) return this.#music.play();
    if (!this.#music.playing && !this.#apart) return;
    try {
      await this.#music.end();
      if (this.#closed || this.#music.playing || party !== this.#party || party.gone) return;
      await this.#bridge(party);
      if (!this.#isClosed && holds(party)) this.#music.play();
    } catch (error) {
      this.#failedWith(error);
      if (this.#isClosed || party !== this.#party || this.#inTransition || this.#consultation) return;
      party.hangUp(MEDIA_LOST);
      await this.#ringBack(party);
    }
  }

  async #bridge(party: Party): Promise<void> {
    await this.#call.media.bridge(this.#call.callerLeg, party.leg);
    this.#apart = false;
    this.#call.rejoined?.();
  }

  /** That a leg is gone is no bug. */
  #failedWith(error: unknown): void {
    if (!this.#closed && !(error instanceof MediaUnavailable)) this.#call.onBug(error);
  }

  #refer(transferor: Party, refer: IncomingRefer): void {
    if (this.#closed || transferor !== this.#party) return refer.reject(481);
    if (this.#inTransition || this.#parked) return refer.reject(491);
    if (this.transfers.length >= MAX_TRANSFERS) return refer.reject(403);
    const to = readReferTo(refer.referTo);
    if (!to.ok) return refer.reject(to.status);
    // What rings already is told of after the 202.
    let progress: ReferProgress | undefined;
    const onRinging = (): void => progress?.notify(180, 'Ringing');
    const consultation = this.#consultation;
    if (to.replaces) {
      const reaching = consultation?.isNamedBy(to.replaces) ? consultation.handOver(onRinging) : undefined;
      if (!consultation || !reaching) return refer.reject(481);
      progress = this.#begin('attended', consultation.place, refer, reaching, consultation);
    } else {
      const found = this.#call.place(to.uri);
      if (!found.ok) return refer.reject(found.status);
      if (this.#isOwnPlace(found.place)) return refer.reject(403);
      // Who is being asked already cannot be rung once more: the call is for them.
      const asked = consultation?.asks(found.place) ? consultation.handOver(onRinging) : undefined;
      if (consultation && asked) {
        progress = this.#begin('attended', consultation.place, refer, asked, consultation);
      } else {
        // Whoever was being asked is asked no more.
        consultation?.close(CANCEL_REASONS.callEnded);
        const reaching = this.#reach(found.place, onRinging);
        progress = this.#begin('blind', found.place, refer, reaching, undefined);
      }
    }
  }

  #begin(
    how: Handover['how'],
    place: Place,
    refer: Pick<IncomingRefer, 'accept'>,
    reaching: Reaching,
    consultation: Consultation | undefined,
  ): ReferProgress {
    const progress = refer.accept();
    progress.notify(100, 'Trying');
    const at = this.#call.clock.now();
    const transferor = this.#party;
    const handover: Handover = {
      ...{ at, how, place, transferor, progress, reaching, consultation },
      onHold: isOnHold(transferor),
      reached: false,
    };
    this.#handover = handover;
    this.#consultation = undefined;
    // Who asked for it may be gone from here on, and the caller stays.
    this.#apart = true;
    this.#call.media.unbridge(transferor.leg);
    this.#music.play();
    void this.#carryOut(handover);
    return progress;
  }

  async #carryOut(handover: Handover): Promise<void> {
    const reached = await handover.reaching.result;
    // Whoever answers a call that is over was hung up on already.
    if (this.#closed || !reached) return;
    if (this.#handover !== handover) {
      if (reached.ok) this.#leave(reached.party, CANCEL_REASONS.callEnded);
      return;
    }
    handover.reached = true;
    if (!reached.ok) return this.#failed(handover, reached.outcome, reached.sipStatus);
    const joined = await this.#join(reached.party);
    if (this.#closed) return;
    if (joined) this.#succeeded(handover, reached.party);
    else {
      this.#leave(reached.party);
      await this.#failed(handover, 'failed', 480);
    }
  }

  /** Lets the caller and somebody who answered hear each other. False when that cannot be. */
  async #join(party: Party): Promise<boolean> {
    try {
      await this.#music.end();
      if (this.#closed || party.gone) return false;
      await this.#bridge(party);
      return !party.gone;
    } catch (error) {
      this.#failedWith(error);
      return false;
    }
  }

  #succeeded(handover: Handover, party: Party): void {
    const { transferor, progress, consultation } = handover;
    this.#handover = undefined;
    this.#party = party;
    this.#converse(party);
    progress.notify(200, 'OK');
    consultation?.dismiss(TRANSFERRED);
    this.#leave(transferor, TRANSFERRED);
    this.#call.transferred(this.#note(handover, 'answered', party.agentId));
  }

  async #failed(handover: Handover, outcome: CallTransfer['outcome'], sipStatus: number): Promise<void> {
    const { transferor, progress, consultation } = handover;
    this.#handover = undefined;
    // Nobody there, and timeouts, have no status of a phone.
    progress.notify(sipStatus >= 300 ? sipStatus : 480, 'Transfer Failed');
    consultation?.dismiss(CANCEL_REASONS.callEnded);
    this.#note(handover, outcome, undefined);
    if (transferor.gone) await this.#ringBack(transferor);
    else await this.#settle();
  }

  /** Who hung up after asking for a transfer, or lost its media, gets the caller back once. */
  async #ringBack(transferor: Party): Promise<void> {
    this.#music.play();
    const back = this.#reaching(this.#call.ringBack(transferor), transferor.targetId);
    this.#back = back;
    const reached = await back.result;
    if (this.#closed) return;
    const joined = reached?.ok === true && (await this.#join(reached.party));
    if (this.#isClosed) return;
    this.#back = undefined;
    if (joined) {
      this.#party = reached.party;
      this.#leave(transferor);
      this.#converse(reached.party);
    } else this.#call.hungUp('nobody on the side of the buyer has the call');
  }

  #consultationOver(consultation: Consultation): void {
    if (this.#consultation !== consultation) return;
    this.#consultation = undefined;
    if (!this.#closed && !this.#inTransition) void this.#settle();
  }

  #note(handover: Handover, outcome: CallTransfer['outcome'], agentId: string | undefined): CallTransfer {
    const { at, how, place, transferor } = handover;
    const { kind } = place;
    const group = kind === 'agents' ? place.group : undefined;
    const transfer: CallTransfer = {
      at,
      how,
      fromAgentId: transferor.agentId,
      toAgentId: agentId ?? (group?.kind === 'agent' ? group.id : undefined),
      toTargetId: kind === 'target' ? place.target.id : place.targetId,
      outcome,
      ...(outcome === 'answered' ? { takenAt: this.#call.clock.now() } : {}),
    };
    this.transfers.push(transfer);
    return transfer;
  }

  #isOwnPlace(place: Place): boolean {
    const { agentId } = this.#party;
    return place.kind === 'agents' && place.group.kind === 'agent' && place.group.id === agentId;
  }

  get #inTransition(): boolean {
    return this.#handover !== undefined || this.#back !== undefined;
  }

  /** TypeScript takes a field for what it was before an await. */
  get #isClosed(): boolean {
    return this.#closed;
  }
}

function isOnHold(party: Party): boolean {
  const direction = party.leg.remoteDirection();
  return direction === 'inactive' || direction === 'sendonly';
}

/** Whether the caller is on hold, with nothing to hear from who holds. */
function holds(party: Party): boolean {
  const direction = party.leg.remoteDirection();
  return direction === 'inactive' || (direction === 'sendonly' && party.silentOnHold);
}

import type {
  CallAttempt,
  CallBasics,
  CallState,
  CarriedLeg,
  CheckpointedCall,
  EndReason,
  Sale,
  SaleTerms,
  Trunk,
} from '../domain';
import { canTransition } from '../domain';
import { collectMediaStats } from './call-figures';
import type { CallOnItsWay, Ending } from './call-on-its-way';
import { CallWay } from './call-way';
import { CallerSide } from './caller-side';
import { CarriedLegs, followFrom, metered } from './carried-legs';
import type { CallCommand, ControlResult, RecordCommand } from './control/command';
import { Ladder } from './ladder/ladder';
import { RecordedInvite } from './ladder/recorded-invite';
import { RecordedStack } from './ladder/recorded-stack';
import type { CallEndedRecord } from './ports';
import { carryOutRecord } from './recording/carry-out';
import type { CallNews, LiveCall, SessionServices } from './session-services';
import { reasonHeader, statusFor } from './sip-status';
import type { IncomingInvite } from './sip/sip-stack';
import type { AnsweredTarget } from './target-attempt';

export type { LiveCall, SessionServices } from './session-services';

const SHOWN = ['record', 'monitor'] as const;

/**
 * One call from its INVITE to its CDR: what it is to others while it is up, and its one end. Which way it takes
 * is for {@link CallWay} to say; each way out of that leads through {@link CallSession.finish}.
 */
export class CallSession {
  readonly trunk: Trunk;
  readonly #services: SessionServices;
  readonly #invite: IncomingInvite;
  readonly #ladder: Ladder;
  readonly #carried: CarriedLegs;
  readonly #caller: CallerSide;
  readonly #way: CallWay;
  readonly #receivedMono: number;
  readonly #onFinished: (session: CallSession) => void;
  #attempt: CallAttempt;
  #state: CallState = 'received';
  #ending: Ending | undefined;

  constructor(
    services: SessionServices,
    invite: IncomingInvite,
    attempt: CallAttempt,
    trunk: Trunk,
    onFinished: (session: CallSession) => void,
  ) {
    this.#ladder = new Ladder(() => services.clock.now());
    this.#carried = new CarriedLegs(services.clock);
    const stack = new RecordedStack(services.stack, this.#ladder, this.#carried);
    this.#services = { ...services, stack };
    this.#invite = new RecordedInvite(invite, this.#ladder);
    this.#caller = new CallerSide(this.#invite, services.clock);
    this.trunk = trunk;
    this.#attempt = attempt;
    this.#onFinished = onFinished;
    this.#receivedMono = services.clock.monotonic();
    this.#way = new CallWay(this.#services, this.#onItsWay());
  }

  get callId(): string {
    return this.attempt.callId;
  }

  /** As it came; since it was offered by a plan with the tags of that. */
  get attempt(): CallAttempt {
    return this.#attempt;
  }

  get state(): CallState {
    return this.#state;
  }

  /** A buyer has answered, whether they speak still or not. */
  get wasAnswered(): boolean {
    return this.#way.taken.answeredAt !== undefined;
  }

  /** The call as it stands now. */
  live(): LiveCall {
    const { attempt } = this;
    const { taken, target, conversation } = this.#way;
    const { recording, engine } = this.#way.media;
    return {
      callId: this.callId,
      state: this.#state,
      attempt,
      receivedAt: attempt.receivedAt,
      answeredAt: taken.answeredAt,
      target,
      agentId: this.agentId,
      held: conversation?.control.held ?? false,
      recording: {
        state: recording?.state ?? 'off',
        recordingId: recording?.recordingId,
        resumesAt: recording?.resumesAt,
      },
      monitoring: conversation?.control.supervision,
      can: SHOWN.filter((capability) => engine.capabilities.has(capability)),
    };
  }

  /** Milliseconds of conversation so far; 0 before the answer. */
  connectedMs(): number {
    return this.#way.taken.connectedMs();
  }

  /** What is to be known of the call if this node is lost; undefined as long as nobody has answered anybody. */
  checkpoint(): CheckpointedCall | undefined {
    const { taken } = this.#way;
    const legs = this.#legs();
    if (legs.length === 0) return undefined;
    const [connectedMs, sale] = [this.connectedMs(), taken.sale];
    const inConversation = sale !== undefined && this.#state === 'answered' && !this.#way.attendedAt;
    const plain = inConversation && legs.length <= (sale.target.trunkId === undefined ? 1 : 2);
    return { callId: this.callId, connectedMs, ...(plain ? {} : { carried: legs }) };
  }

  /** The agent who has the call now. */
  get agentId(): string | undefined {
    return this.#ending ? undefined : this.#way.conversation?.side.party.agentId;
  }

  /**
   * The agent who has the call wants to ask somebody else.
   * @param sourceAddress - whence the agent's phone sent the INVITE
   */
  consult(invite: IncomingInvite, sourceAddress: string = invite.sourceAddress): void {
    const { conversation } = this.#way;
    if (conversation) conversation.side.consult(invite, sourceAddress);
    else invite.reject(481);
  }

  /**
   * Does to the conversation what somebody asks for who is no part of it.
   * @returns why not; undefined when it is done, or begun
   */
  async control(command: CallCommand): Promise<ControlResult> {
    if (this.#ending) return 'over';
    switch (command.kind) {
      case 'hangup':
        this.end('admin_hangup', command.detail);
        return undefined;
      case 'record':
        return this.#record(command);
      default:
        return this.#way.conversation?.control.carryOut(command) ?? 'not_answered';
    }
  }

  /** A message that the caller leaves is paused and ended as a conversation is. */
  #record(command: RecordCommand): ControlResult | Promise<ControlResult> {
    const { media, conversation, target } = this.#way;
    const { recording } = media;
    if (conversation) return carryOutRecord(media.recordingNow(), command, target);
    return recording && command.action !== 'start'
      ? carryOutRecord(recording, command, target)
      : 'not_answered';
  }

  /** Takes the call through its life. Resolves when it rings no more: answered, or ended. */
  async run(): Promise<void> {
    this.#invite.onCancel(() =>
      this.finish({ state: 'canceled', reason: 'caller_cancel', detail: 'the caller gave up' }),
    );
    this.#tell({ type: 'call.received', attempt: this.attempt });
    this.#transition('deciding');
    try {
      await this.#way.go();
    } catch (error) {
      this.#services.onBug(error, this.callId);
      const state = this.#way.endState('failed');
      this.finish({ state, reason: 'internal_error', detail: 'internal error' });
    }
  }

  /** Ends the call from outside: an admin, a wallet that is empty, a drain deadline, a lost SIP server. */
  end(
    reason: Extract<EndReason, 'admin_hangup' | 'insufficient_funds' | 'shutdown' | 'signaling_lost'>,
    detail: string,
  ): void {
    const isLost = reason === 'signaling_lost';
    const lastHeardAt = isLost ? this.#way.media.session?.lastMediaAt() : undefined;
    this.finish({
      state: this.#way.endState('failed'),
      reason,
      detail,
      ...(lastHeardAt === undefined ? {} : { lastHeardAt, lost: 'everybody' }),
    });
  }

  /**
   * The one way out. The first caller decides how the call ended; everything the call holds is
   * given back here, and its one record is written.
   */
  finish(ending: Ending): void {
    if (this.#ending) return;
    this.#ending = ending;
    const endedMono = this.#services.clock.monotonic();
    const endedAt = this.#services.clock.now();
    const sipStatus = this.#way.wasTaken ? 200 : (ending.sipStatus ?? statusFor(ending.reason));
    const reason = reasonHeader(ending.reason, ending.detail);
    if (this.#caller.dialog) this.#caller.dialog.bye(reason);
    else if (ending.reason !== 'caller_cancel') {
      const retry: Record<string, string> = sipStatus === 503 ? { 'Retry-After': '5' } : {};
      this.#caller.reject(sipStatus, { Reason: reason, ...retry });
    }
    this.#way.stop(reason);
    this.#transition(ending.state);
    void this.#conclude(ending, sipStatus, endedAt, endedMono);
  }

  async #conclude(ending: Ending, sipStatus: number, endedAt: number, endedMono: number): Promise<void> {
    const { recorder, funds } = this.#services;
    const way = this.#way;
    const { taken, transfers, planRecord: plan, attendedAt } = way;
    const { current: ringOut, attempts } = way.ringing;
    const legs = this.#legs(endedMono, ending);
    const unused = ringOut?.takeHeld();
    if (unused) funds.release(unused);
    try {
      const media = way.wasTaken ? await collectMediaStats(...way.legs) : undefined;
      const connectedMs = taken.connectedUntil(endedMono, ending.lastHeardAt);
      await taken.settle(connectedMs, [...(ringOut?.takeReserved() ?? []), ...way.sale.takeLimits()]);
      const record: CallEndedRecord = {
        ...this.#basics(),
        state: ending.state,
        reason: ending.reason,
        sipStatus,
        detail: ending.detail,
        firstRingAt: this.#caller.firstRingAt,
        ...(attendedAt === undefined ? {} : { attendedAt }),
        answeredAt: taken.answeredAt,
        endedAt,
        connectedMs,
        attempts,
        sale: taken.sale,
        media,
        ...(transfers.length === 0 ? {} : { transfers }),
        ladder: this.#ladder.entries,
        ...(plan === undefined ? {} : { plan }),
        ...(isToldBy(legs, taken.sale, connectedMs) ? {} : { carried: legs }),
      };
      recorder.ended(record);
      this.#tell({ type: 'call.ended', record });
    } catch (error) {
      this.#services.onBug(error, this.callId);
    } finally {
      way.media.session?.close();
      this.#onFinished(this);
    }
  }

  /** What its way needs of it. */
  #onItsWay(): CallOnItsWay {
    const { recorder } = this.#services;
    const { callId: sipCallId, sdp, sourceAddress } = this.#invite;
    return {
      sipCallId,
      sdp,
      sourceAddress,
      caller: this.#caller,
      attempt: () => this.#attempt,
      tagged: (tags) => (this.#attempt = { ...this.#attempt, tags }),
      state: () => this.#state,
      isOver: () => this.#ending !== undefined,
      become: (state) => this.#transition(state),
      finish: (ending) => this.finish(ending),
      tell: (event) => this.#tell(event),
      attended: (attendedAt) => {
        recorder.attended({ ...this.#basics(), attendedAt, carried: this.#legs() });
        this.#tell({ type: 'call.attended' });
      },
      sold: (answered, terms) => this.#sold(answered, terms),
      pdd: () => this.#pdd(),
    };
  }

  /** On its way: whoever is killed from here on finds that the call was sold. */
  #sold({ target, agentId, ringMs }: AnsweredTarget, terms: SaleTerms): void {
    const { clock, recorder } = this.#services;
    const setupMs = this.#pdd();
    const sale = { target, terms, setupMs, ringMs, ...(agentId === undefined ? {} : { agentId }) };
    this.#way.taken.sold(sale);
    recorder.answered({ ...this.#basics(), sale, answeredAt: clock.now() });
  }

  /** Legs that were answered, up to now: the caller's, then the others in the order of their answers. */
  #legs(endedMono = this.#services.clock.monotonic(), ending?: Ending): CarriedLeg[] {
    const { lost, lastHeardAt } = ending ?? {};
    const legs = this.#carried.list(lost === 'everybody' ? lastHeardAt : undefined);
    const since = this.#caller.answeredSince;
    if (!since) return legs;
    const caller: CarriedLeg = {
      direction: 'inbound',
      trunkId: this.trunk.id,
      number: this.attempt.to,
      answeredAt: Math.round(since.at),
      durationMs: metered(since.mono, endedMono, lost === undefined ? undefined : lastHeardAt),
    };
    return [caller, ...legs];
  }

  #basics(): CallBasics {
    const { callId, from, to, receivedAt } = this.attempt;
    return {
      callId,
      sipCallId: this.#invite.callId,
      trunkId: this.trunk.id,
      from,
      to,
      origin: this.#way.sale.origin,
      receivedAt,
      ...this.#way.source,
    };
  }

  /** Post-dial delay: milliseconds from the INVITE to now. */
  #pdd(): number {
    return Math.round(this.#services.clock.monotonic() - this.#receivedMono);
  }

  #transition(to: CallState): void {
    const from = this.#state;
    if (!canTransition(from, to)) {
      this.#services.onBug(new Error(`call state ${from} cannot become ${to}`), this.callId);
    }
    this.#state = to;
    if (to === 'attended' && (from === 'ringing' || from === 'answered')) {
      this.#tell({ type: 'call.returned', from });
    }
  }

  #tell(event: CallNews): void {
    this.#services.observer.onCall({ ...event, callId: this.callId, at: this.#services.clock.now() });
  }
}

/** Whether the sale tells all that carriers are paid by. */
function isToldBy(legs: readonly CarriedLeg[], sale: Sale | undefined, connectedMs: number): boolean {
  return sale === undefined ? legs.length === 0 : followFrom(legs, { connectedMs, target: sale.target });
}

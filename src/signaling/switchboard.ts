import type { CheckpointedCall, Trunk } from '../domain';
import type { AdmissionControl } from './admission';
import type { LiveCall, SessionServices } from './call-session';
import { CallSession } from './call-session';
import type { CallCommand, ControlResult } from './control/command';
import type { ReservedAddress } from './intake';
import { readAttempt, reservedUser } from './intake';
import type { TrunkDirectory } from './ports';
import type { Flow } from './registrar/bindings';
import type { Asker } from './relay/asker-tokens';
import type { Relay } from './relay/relay';
import { reasonHeader, statusFor } from './sip-status';
import type { IncomingInvite } from './sip/sip-stack';

/** What an INVITE from an address that belongs to no trunk gets. */
export type UnknownSourcePolicy = 'drop' | 'forbid';

export interface SwitchboardServices extends SessionServices {
  readonly admission: AdmissionControl;
  readonly trunks: TrunkDirectory;
  /** Whose phone registered on a connection of this node. */
  agentOfFlow(flow: Flow): string | undefined;
  /** What nodes pass on to each other: INVITEs for phones, and of agents whose call another one has. */
  readonly relay: Pick<Relay, 'take' | 'sendAsker' | 'askerOf'>;
  /** A fresh id for a call; unique over all nodes. */
  newCallId(): string;
}

const FINAL_WAIT_MS = 2_000;

/** Takes every INVITE: refuses it honestly, or makes it a {@link CallSession} and keeps it until its end. */
export class Switchboard {
  readonly #services: SwitchboardServices;
  readonly #unknownSource: UnknownSourcePolicy;
  readonly #sessions = new Map<string, CallSession>();
  #onIdle: (() => void) | undefined;

  constructor(services: SwitchboardServices, unknownSource: UnknownSourcePolicy) {
    this.#services = services;
    this.#unknownSource = unknownSource;
    services.stack.onInvite((invite) => this.#accept(invite));
    services.stack.onLost(() => this.#endAll('signaling_lost', 'the SIP server went away'));
  }

  /** Every call that is up. */
  calls(): LiveCall[] {
    return [...this.#sessions.values()].map((session) => session.live());
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Answered calls with their conversation so far in milliseconds. */
  answered(): { callId: string; connectedMs: number }[] {
    const calls: { callId: string; connectedMs: number }[] = [];
    for (const session of this.#sessions.values()) {
      if (session.wasAnswered) calls.push({ callId: session.callId, connectedMs: session.connectedMs() });
    }
    return calls;
  }

  /** What is to be known of the calls that are up if this node is lost. */
  checkpoints(): CheckpointedCall[] {
    return [...this.#sessions.values()].flatMap((session) => session.checkpoint() ?? []);
  }

  /** Who is on a call; undefined when it is not up, or nobody's. */
  agentOf(callId: string): string | undefined {
    return this.#sessions.get(callId)?.agentId;
  }

  /** Ends one call. False when no such call is up. */
  hangup(callId: string, detail: string): boolean {
    const session = this.#sessions.get(callId);
    session?.end('admin_hangup', detail);
    return session !== undefined;
  }

  /** One call as it stands now; undefined when no such call is up. */
  call(callId: string): LiveCall | undefined {
    return this.#sessions.get(callId)?.live();
  }

  /**
   * Does to one call what somebody asks for who is no part of it.
   * @returns why not; undefined when it is done, or begun
   */
  control(callId: string, command: CallCommand): Promise<ControlResult> {
    return this.#sessions.get(callId)?.control(command) ?? Promise.resolve('over');
  }

  /** Ends a call whose buyer can pay for no more of it. */
  endUncovered(callId: string): void {
    this.#sessions.get(callId)?.end('insufficient_funds', 'the wallet covers no more of the call');
  }

  /**
   * Takes no new calls, lets those that are up finish, and ends what is left at the deadline.
   * Resolves when the last record is written.
   * @param deadlineMs - milliseconds the running calls may still take
   */
  async drain(deadlineMs: number): Promise<void> {
    this.#services.admission.drain();
    await this.#idle(deadlineMs);
    this.#endAll('shutdown', 'the node is going down');
    await this.#idle(FINAL_WAIT_MS);
  }

  #accept(invite: IncomingInvite): void {
    const { trunks, admission, relay } = this.#services;
    if (relay.take(invite)) return;
    const asker = relay.askerOf(invite);
    if (asker !== undefined) {
      if (asker === 'bad') invite.reject(403);
      else this.#consultFor(invite, asker);
      return;
    }
    const { transport, sourceAddress: address, sourcePort: port } = invite;
    const agentId = this.#services.agentOfFlow({ transport, address, port });
    if (agentId !== undefined) {
      this.#consult(invite, agentId);
      return;
    }
    const isPage = transport === 'ws' || transport === 'wss';
    // An address may be a carrier's and that of people with browsers behind the same NAT.
    const trunk = isPage ? undefined : trunks.trunkBySource(address);
    if (!trunk) {
      this.#refused('bad_request', 403, address);
      // A dropped INVITE gets no answer from here: the SIP server keeps strangers out before this. On
      // connections that phones may make it lets them in, and keeps their INVITE until it is answered.
      if (this.#unknownSource === 'forbid' || isPage || transport === 'tls') invite.reject(403);
      return;
    }
    const admitted = admission.admit(trunk);
    if (!admitted.ok) {
      const sipStatus = statusFor(admitted.reason);
      this.#refused(admitted.reason, sipStatus, invite.sourceAddress);
      invite.reject(sipStatus, undefined, {
        'Retry-After': String(admitted.retryAfter),
        Reason: reasonHeader(admitted.reason, admitted.detail),
      });
      return;
    }
    const user = reservedUser(invite);
    if (user === undefined) this.#open(invite, trunk);
    else void this.#openReserved(invite, trunk, user);
  }

  /** Agents call only to ask somebody about the call that they have. */
  #consult(invite: IncomingInvite, agentId: string): void {
    const named = this.#sessions.get(invite.header('X-DCE-Call-ID') ?? '');
    const session =
      named?.agentId === agentId
        ? named
        : [...this.#sessions.values()].find((live) => live.agentId === agentId);
    if (session) session.consult(invite);
    else void this.#consultElsewhere(invite, agentId);
  }

  /** The agent's phone is connected to this node, and the call is perhaps another's. */
  async #consultElsewhere(invite: IncomingInvite, agentId: string): Promise<void> {
    const call = await this.#services.agents.callOf(agentId);
    if (!call) invite.reject(403);
    else if (!this.#services.relay.sendAsker(invite, { agentId, ...call })) invite.reject(480);
  }

  /** Another node vouches for who asks. It is not passed on once more. */
  #consultFor(invite: IncomingInvite, { agentId, callId, sourceAddress }: Asker): void {
    const session = this.#sessions.get(callId);
    if (session?.agentId === agentId) session.consult(invite, sourceAddress);
    else invite.reject(481);
  }

  /** A call to the address of a reservation is a call to the number that it stands for. */
  async #openReserved(invite: IncomingInvite, trunk: Trunk, user: string): Promise<void> {
    let canceled = false;
    invite.onCancel(() => (canceled = true));
    const number = await this.#services.desk.reservedNumber(user);
    if (canceled) this.#services.admission.release(trunk.id);
    else this.#open(invite, trunk, number === undefined ? undefined : { user, number });
  }

  #open(invite: IncomingInvite, trunk: Trunk, reserved?: ReservedAddress): void {
    const { admission, clock, newCallId } = this.#services;
    const intake = readAttempt(invite, trunk, newCallId(), clock.now(), reserved);
    if (!intake.ok) {
      admission.release(trunk.id);
      this.#refused(
        intake.sipStatus === 404 ? 'unknown_number' : 'bad_request',
        intake.sipStatus,
        invite.sourceAddress,
      );
      const unsupported: Record<string, string> =
        intake.unsupported === undefined ? {} : { Unsupported: intake.unsupported };
      invite.reject(intake.sipStatus, undefined, {
        Reason: reasonHeader('bad_request', intake.detail),
        ...unsupported,
      });
      return;
    }
    const session = new CallSession(this.#services, invite, intake.attempt, trunk, (over) =>
      this.#finished(over),
    );
    this.#sessions.set(session.callId, session);
    void session.run();
  }

  #finished(session: CallSession): void {
    if (!this.#sessions.delete(session.callId)) return;
    this.#services.admission.release(session.trunk.id);
    if (this.#sessions.size === 0) this.#onIdle?.();
  }

  #refused(
    reason: 'bad_request' | 'overload' | 'trunk_limit' | 'unknown_number',
    sipStatus: number,
    source: string,
  ): void {
    this.#services.observer.onCall({
      type: 'call.refused',
      callId: '',
      at: this.#services.clock.now(),
      reason,
      sipStatus,
      source,
    });
  }

  #endAll(reason: 'signaling_lost' | 'shutdown', detail: string): void {
    for (const session of [...this.#sessions.values()]) session.end(reason, detail);
  }

  async #idle(withinMs: number): Promise<void> {
    if (this.#sessions.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#onIdle = undefined;
  }
}

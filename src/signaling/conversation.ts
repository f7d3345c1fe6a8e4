import type { CallAttempt, CallCard, MediaCapability, RingTarget } from '../domain';
import type { MediaLeg, MediaSession, MonitorMode } from '../media';
import { CallControl } from './control/call-control';
import type { MidCall } from './mid-call';
import type { CallRecording } from './recording/call-recording';
import type { Presentation } from './ringing';
import type { CallNews, SessionServices } from './session-services';
import type { SipDialog } from './sip/sip-stack';
import { BuyerSide } from './transfer/buyer-side';
import type { Party } from './transfer/party';
import { RingingAddress, RingingBack, ringPlace } from './transfer/ringing-place';

/** What a conversation needs of the call that it is part of. */
export interface SpokenCall {
  readonly callId: string;
  readonly attempt: CallAttempt;
  readonly media: MediaSession;
  /** What the engine of its media can. */
  readonly capabilities: ReadonlySet<MediaCapability>;
  recording(): CallRecording;
  readonly caller: { readonly dialog: SipDialog; readonly leg: MediaLeg };
  readonly midCall: MidCall;
  presentationTo(target: RingTarget): Presentation;
  tell(event: CallNews): void;
  /** Nobody is left on the buyer's side. */
  buyerHungUp(detail: string): void;
  /** It lasts as long as it may. */
  tooLong(): void;
}

/** A caller and whoever answered for a buyer, from the moment they hear each other. */
export class Conversation {
  readonly target: RingTarget;
  readonly side: BuyerSide;
  /** What may be done to it from outside. */
  readonly control: CallControl;
  readonly #maxDuration: NodeJS.Timeout;

  constructor(services: SessionServices, call: SpokenCall, target: RingTarget, party: Party) {
    this.target = target;
    this.side = sideOf(services, call, target, party, () => this.control.rejoined());
    this.control = new CallControl(
      {
        ...{ callId: call.callId, media: call.media, capabilities: call.capabilities, services },
        caller: call.caller,
        place: (to, buyerId = target.buyerId) => services.placeNamed(to, buyerId),
        mayMonitor: () => {
          const { attempt } = call;
          return services.recordings.mayMonitor({
            attempt,
            target,
            announcedAt: call.recording().announcedAt,
          });
        },
        toSupervisor: (id, mode) => toSupervisor(services.desk.card(call.attempt, target, true), id, mode),
        monitored: (event) => call.tell(event),
        changed: (held) => call.tell({ type: held ? 'call.held' : 'call.resumed' }),
        played: (sound, to) => call.tell({ type: 'call.sound_played', sound, to }),
        onBug: (error) => services.onBug(error, call.callId),
      },
      this.side,
    );
    this.#maxDuration = setTimeout(() => call.tooLong(), target.maxDurationMs);
  }

  /** It is over, for this reason (RFC 3326): whoever is on the buyer's side is hung up on. */
  close(reason: string): void {
    clearTimeout(this.#maxDuration);
    this.control.close(reason);
    this.side.close(reason);
  }
}

/** Whoever has the call for the buyer may hand it on within the buyer: it stays one sale. */
function sideOf(
  services: SessionServices,
  call: SpokenCall,
  target: RingTarget,
  party: Party,
  rejoined: () => void,
): BuyerSide {
  const { callId, media, midCall } = call;
  const { agents, clock, onBug } = services;
  const context = { callId, media };
  const orderOf = (onRinging: () => void) => ({
    buyerId: target.buyerId,
    ringTimeoutMs: target.ringTimeoutMs,
    toAgents: call.presentationTo({ ...target, kind: 'softphone' }),
    toOthers: call.presentationTo({ ...target, kind: 'sip' }),
    onRinging,
  });
  return new BuyerSide(
    {
      callId,
      media,
      callerLeg: call.caller.leg,
      midCall,
      agents,
      clock,
      place: (uri) => services.findPlace(uri, target.buyerId),
      ring: (place, onRinging) => ringPlace(services, context, place, orderOf(onRinging), clock),
      ringBack: ({ agentId }) => {
        const order = orderOf(() => undefined);
        return agentId === undefined
          ? new RingingAddress(services, context, target, order)
          : new RingingBack(services, context, agentId, order);
      },
      transferred: (transfer) => call.tell({ type: 'call.transferred', transfer }),
      rejoined,
      hungUp: (detail) => call.buyerHungUp(detail),
      onBug: (error) => onBug(error, callId),
    },
    party,
  );
}

/** Who listens in sees what the agent sees of the call. */
function toSupervisor(card: CallCard, id: string, monitoring: MonitorMode): Presentation {
  const told = { ...card, callId: id, monitoring };
  return {
    callingNumber: 'listening',
    headers: {
      'X-DCE-Call-ID': id,
      'X-DCE-Card': Buffer.from(JSON.stringify(told)).toString('base64url'),
    },
  };
}

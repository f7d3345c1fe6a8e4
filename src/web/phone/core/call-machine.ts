import type { CallCard } from './card';
import type { TroubleCode } from './troubles';

/** Whom a call may be handed to. */
export interface TransferTarget {
  readonly kind: 'agent' | 'team' | 'target' | 'number';
  readonly id: string;
  readonly name: string;
  readonly sipUri: string;
}

/** Why a call is over, as the agent is told. */
export type EndedBy =
  | 'caller'
  | 'agent'
  | 'declined'
  | 'missed'
  | 'elsewhere'
  | 'transferred'
  /** The connection or the switch lost it. */
  | 'lost'
  /** The microphone or the browser's media would not start. */
  | 'failed';

export type Transfer =
  | { readonly step: 'none'; readonly failed?: { readonly target: TransferTarget; readonly status: number } }
  | { readonly step: 'choosing' }
  /** REFER is sent; the switch rings the target. */
  | { readonly step: 'blind'; readonly target: TransferTarget }
  /** The target is being rung by ourselves, or spoken to, while the caller is on hold. */
  | { readonly step: 'consulting'; readonly target: TransferTarget; readonly talking: boolean }
  /** The target hung up, or would not talk: the caller is still on hold. */
  | { readonly step: 'consult_over'; readonly target: TransferTarget; readonly status: number }
  | { readonly step: 'completing'; readonly target: TransferTarget };

interface Known {
  readonly callId: string;
  readonly card: CallCard;
}

export type CallState =
  | { readonly phase: 'idle' }
  | (Known & {
      readonly phase: 'ringing';
      readonly since: number;
      readonly trouble: TroubleCode | undefined;
    })
  | (Known & { readonly phase: 'answering'; readonly since: number })
  | (Known & {
      readonly phase: 'active';
      readonly answeredAt: number;
      /** Whether the card is the one that may be seen after the answer. */
      readonly learned: boolean;
      readonly muted: boolean;
      /** What the switch has agreed to; `changing` while it is asked. */
      readonly held: boolean;
      readonly changing: boolean;
      readonly heldByPeer: boolean;
      /** The connection was lost and is being restored. */
      readonly restoring: boolean;
      readonly transfer: Transfer;
      /** Keys pressed, the last ones. */
      readonly digits: string;
    })
  | (Known & {
      readonly phase: 'ended';
      readonly by: EndedBy;
      /** Undefined: it was never answered. */
      readonly answeredAt: number | undefined;
      readonly endedAt: number;
      readonly disposition:
        { readonly code: string; readonly state: 'saving' | 'saved' | 'failed' } | undefined;
    });

export type CallEvent =
  | { readonly type: 'invited'; readonly callId: string; readonly card: CallCard; readonly at: number }
  | { readonly type: 'answering' }
  /** The call still rings: the agent may mend it and try again. */
  | { readonly type: 'answer_failed'; readonly trouble: TroubleCode }
  | { readonly type: 'established'; readonly at: number }
  | { readonly type: 'card'; readonly card: CallCard }
  /** Of a call that is listened to. */
  | { readonly type: 'monitoring'; readonly mode: NonNullable<CallCard['monitoring']> }
  | { readonly type: 'ended'; readonly by: EndedBy; readonly at: number }
  | { readonly type: 'muted'; readonly on: boolean }
  | { readonly type: 'hold_asked' }
  | { readonly type: 'hold_settled'; readonly held: boolean }
  | { readonly type: 'peer_hold'; readonly on: boolean }
  | { readonly type: 'flow_lost' }
  | { readonly type: 'flow_restored' }
  | { readonly type: 'digit'; readonly digit: string }
  | { readonly type: 'transfer_opened' }
  | { readonly type: 'transfer_closed' }
  | { readonly type: 'transfer_blind'; readonly target: TransferTarget }
  | { readonly type: 'transfer_consult'; readonly target: TransferTarget }
  | { readonly type: 'consult_answered' }
  | { readonly type: 'consult_over'; readonly status: number }
  | { readonly type: 'transfer_completing' }
  /** `alone`: the colleague is not there any more. */
  | { readonly type: 'transfer_failed'; readonly status: number; readonly alone: boolean }
  | { readonly type: 'disposition'; readonly code: string; readonly state: 'saving' | 'saved' | 'failed' }
  | { readonly type: 'done' };

export const IDLE: CallState = { phase: 'idle' };
const NO_TRANSFER: Transfer = { step: 'none' };
/** Keys that are shown. */
const MAX_DIGITS = 24;

/**
 * What has become of the call. An event that cannot happen in a state leaves it as it is: what comes
 * late from the network (an answer to a call that is over) must not bring a call back.
 */
export function callReducer(state: CallState, event: CallEvent): CallState {
  if (event.type === 'invited') return invited(state, event);
  switch (state.phase) {
    case 'idle':
      return state;
    case 'ringing':
      if (event.type === 'answering')
        return { phase: 'answering', callId: state.callId, card: state.card, since: state.since };
      if (event.type === 'ended') return over(state, event.by, event.at, undefined);
      return state;
    case 'answering':
      return whileAnswering(state, event);
    case 'active':
      return whileActive(state, event);
    case 'ended':
      if (event.type === 'disposition')
        return { ...state, disposition: { code: event.code, state: event.state } };
      if (event.type === 'card') return { ...state, card: event.card };
      if (event.type === 'done') return IDLE;
      return state;
  }
}

/** Only a phone that is not in a call rings; what is left of the last call gives way. */
function invited(state: CallState, event: Extract<CallEvent, { type: 'invited' }>): CallState {
  if (isBusy(state)) return state;
  return { phase: 'ringing', callId: event.callId, card: event.card, since: event.at, trouble: undefined };
}

function whileAnswering(state: Extract<CallState, { phase: 'answering' }>, event: CallEvent): CallState {
  const { callId, card } = state;
  switch (event.type) {
    case 'answer_failed':
      return { phase: 'ringing', callId, card, since: state.since, trouble: event.trouble };
    case 'established':
      return {
        phase: 'active',
        callId,
        card,
        answeredAt: event.at,
        learned: false,
        muted: false,
        held: false,
        changing: false,
        heldByPeer: false,
        restoring: false,
        transfer: NO_TRANSFER,
        digits: '',
      };
    case 'ended':
      return over(state, event.by, event.at, undefined);
    default:
      return state;
  }
}

function whileActive(state: Extract<CallState, { phase: 'active' }>, event: CallEvent): CallState {
  switch (event.type) {
    case 'ended':
      return over(state, event.by, event.at, state.answeredAt);
    case 'card':
      return { ...state, card: event.card, learned: true };
    case 'monitoring':
      // A call of one's own does not become somebody else's.
      if (state.card.monitoring === undefined) return state;
      return { ...state, card: { ...state.card, monitoring: event.mode } };
    case 'muted':
      return { ...state, muted: event.on };
    case 'hold_asked':
      return { ...state, changing: true };
    case 'hold_settled':
      return { ...state, changing: false, held: event.held };
    case 'peer_hold':
      return { ...state, heldByPeer: event.on };
    case 'flow_lost':
      return { ...state, restoring: true };
    case 'flow_restored':
      return { ...state, restoring: false };
    case 'digit':
      return { ...state, digits: (state.digits + event.digit).slice(-MAX_DIGITS) };
    default:
      return { ...state, transfer: transferReducer(state.transfer, event) };
  }
}

function transferReducer(transfer: Transfer, event: CallEvent): Transfer {
  switch (event.type) {
    case 'transfer_opened':
      return transfer.step === 'none' ? { step: 'choosing' } : transfer;
    case 'transfer_closed':
      // A REFER cannot be taken back.
      return transfer.step === 'blind' || transfer.step === 'completing' ? transfer : NO_TRANSFER;
    case 'transfer_blind':
      return transfer.step === 'choosing' ? { step: 'blind', target: event.target } : transfer;
    case 'transfer_consult':
      return transfer.step === 'choosing'
        ? { step: 'consulting', target: event.target, talking: false }
        : transfer;
    case 'consult_answered':
      return transfer.step === 'consulting' ? { ...transfer, talking: true } : transfer;
    case 'consult_over':
      // While it is being completed the switch ends our part; what came of it comes as its own event.
      return transfer.step === 'consulting'
        ? { step: 'consult_over', target: transfer.target, status: event.status }
        : transfer;
    case 'transfer_completing':
      return transfer.step === 'consulting' && transfer.talking
        ? { step: 'completing', target: transfer.target }
        : transfer;
    case 'transfer_failed':
      if (transfer.step === 'blind')
        return { step: 'none', failed: { target: transfer.target, status: event.status } };
      if (transfer.step !== 'completing') return transfer;
      return event.alone
        ? { step: 'consult_over', target: transfer.target, status: event.status }
        : { step: 'consulting', target: transfer.target, talking: true };
    default:
      return transfer;
  }
}

function over(known: Known, by: EndedBy, endedAt: number, answeredAt: number | undefined): CallState {
  return {
    phase: 'ended',
    callId: known.callId,
    card: known.card,
    by,
    answeredAt,
    endedAt,
    disposition: undefined,
  };
}

/** Whether another call must be refused. */
export const isBusy = (state: CallState): boolean =>
  state.phase === 'ringing' || state.phase === 'answering' || state.phase === 'active';

/** Whether closing the page would cut somebody off. */
export const isTalking = (state: CallState): boolean =>
  state.phase === 'answering' || state.phase === 'active';

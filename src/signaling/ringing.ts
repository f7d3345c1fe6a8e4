import type { MediaLeg, MediaSession } from '../media';
import type { AgentDesk, RingAttempt } from './ports';
import type { Headers, SipDialog, SipStack } from './sip/sip-stack';

/** What ringing a target came to, whoever stands behind it. */
export type RingResult = RingEnd & {
  /** The agents whose phones were rung, in their order; absent where none was. */
  readonly rung?: readonly string[] | undefined;
};

type RingEnd =
  | {
      readonly kind: 'answered';
      readonly dialog: SipDialog;
      /** Its answer has not been applied yet. */
      readonly leg: MediaLeg;
      /** Who answered, where agents were rung. */
      readonly agentId: string | undefined;
      /** Milliseconds of ringing, where the caller waited in a queue as well. */
      readonly ringMs?: number;
    }
  | {
      readonly kind: 'failed';
      readonly outcome: RingAttempt['outcome'];
      readonly sipStatus: number;
      readonly agentId?: string | undefined;
    }
  /** The call ended meanwhile; whatever rang has been cancelled. */
  | { readonly kind: 'stopped' };

/** A target being rung: ends exactly once. */
export interface Ringing {
  readonly result: Promise<RingResult>;
  /** Gives up because the call itself is over. */
  stop(reason: string): void;
}

/** With what targets are rung. */
export interface RingServices {
  readonly stack: SipStack;
  readonly agents: AgentDesk;
  /** Milliseconds a phone has for its first response of any kind; undefined: its whole ring time. */
  readonly responseTimeoutMs: number | undefined;
}

/** What is rung for: of one call, the same for every target. */
export interface RingContext {
  readonly callId: string;
  readonly media: MediaSession;
  /** What those are to the call who are rung: its buyer's, unless they only listen in. */
  readonly role?: 'buyer' | 'supervisor' | undefined;
}

/** What whoever is rung is told of the call. */
export interface Presentation {
  /** User part of From and Contact: an agent's phone shows it. */
  readonly callingNumber: string;
  readonly headers: Headers;
}

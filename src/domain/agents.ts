/** A person of a buyer who answers calls: on the phone page, or on a SIP phone that registers. */
export interface Agent {
  readonly id: string;
  readonly buyerId: string;
  readonly name: string;
  /** Signs in with it; unique, and the user part of the agent's address of record. Lower case. */
  readonly username: string;
  readonly status: 'active' | 'disabled';
  /** What the agent can do, 1 (a little) … 10 (masters), e.g. `{ spanish: 8 }`. */
  readonly skills: Readonly<Record<string, number>> | undefined;
  /** Phones that may be registered at once; the one registered longest ago gives way. 1 … 10. */
  readonly maxContacts: number;
  /** Milliseconds after a call in which the agent gets no other; 0 = none. */
  readonly wrapUpMs: number;
  /** UTC epoch milliseconds: what was handed out to its phones before then is good no more. */
  readonly signedOutAt?: number | undefined;
}

/**
 * Who of a team is rung: all who are free at once, or one after the other, beginning with who has
 * waited longest for a call, or who is next in turn.
 */
export const DISTRIBUTIONS = ['simultaneous', 'longest_idle', 'round_robin'] as const;
export type Distribution = (typeof DISTRIBUTIONS)[number];

/** Where callers wait while nobody of a team is free. */
export interface TeamQueue {
  /** Milliseconds a caller waits at most; then the next buyer is rung. */
  readonly maxWaitMs: number;
  /** Callers that may wait at once. */
  readonly maxLength: number;
}

/** Agents of one buyer who share calls. */
export interface Team {
  readonly id: string;
  readonly buyerId: string;
  readonly name: string;
  readonly status: 'active' | 'disabled';
  readonly agentIds: readonly string[];
  readonly distribution: Distribution;
  /** Milliseconds one agent rings before the next is tried; of no account where all ring at once. */
  readonly ringMs: number;
  /** Undefined: a call that finds nobody free goes to the next buyer at once. */
  readonly queue: TeamQueue | undefined;
}

/**
 * What an agent is doing. `offline`: no phone is registered. `away` is the agent's own choice;
 * `ringing`, `on_call` and `wrap_up` are the switch's.
 */
export const PRESENCES = ['offline', 'available', 'ringing', 'on_call', 'wrap_up', 'away'] as const;
export type Presence = (typeof PRESENCES)[number];

/** Whom a softphone target rings. */
export interface AgentGroup {
  readonly kind: 'agent' | 'team';
  readonly id: string;
}

const GROUP_URI = /^(agent|team):([A-Za-z0-9_.~-]{1,64})$/;

/** Reads the address of a softphone target, `agent:ID` or `team:ID`; undefined when it is neither. */
export function agentGroupOf(uri: string): AgentGroup | undefined {
  const [, kind, id] = GROUP_URI.exec(uri) ?? [];
  return id === undefined ? undefined : { kind: kind as AgentGroup['kind'], id };
}

/** What an agent may know of a call before and after answering it, as the campaign allows. */
export interface CallCardPolicy {
  /** When the caller's number is shown. */
  readonly number: 'ringing' | 'answered' | 'never';
  /** Whether what the call costs the buyer is shown. */
  readonly price: boolean;
  /** Tags of the call that are shown, at most 20. */
  readonly tags: readonly string[];
}

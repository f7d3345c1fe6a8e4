import type { AgentRelease } from '../signaling';
import type { Presence } from '../domain';

/** A call rings for the agent, or has it. */
export interface CallTask {
  readonly kind: 'ringing' | 'on_call';
  readonly callId: string;
  /** The node that has the call. */
  readonly node: string;
  /** UTC epoch milliseconds. */
  readonly until: number;
}

/** What the switch has an agent do. It lapses at `until`, unless whoever set it says again that it holds. */
export type AgentTask = CallTask | { readonly kind: 'wrap_up'; readonly until: number };

/** All that is remembered of an agent's state. Instants are UTC epoch milliseconds. */
export interface AgentRecord {
  /** Grows with every change: which of two is the newer. */
  readonly version: number;
  /** What the agent chose; it shows while the switch has nothing for the agent. */
  readonly chosen: 'available' | 'away';
  /** When the last registration of the agent's phones ends; 0: none is registered. */
  readonly reachableUntil: number;
  readonly task: AgentTask | undefined;
  /** Since when the agent waits for a call: who waits longest is rung first. */
  readonly idleSince: number;
  /** Calls in a row that rang in vain. */
  readonly missed: number;
  /** Since when the agent is in the state that shows; 0: nothing is known of the agent. */
  readonly since: number;
}

/** What happens to an agent. Instants are UTC epoch milliseconds. */
export type AgentEvent =
  /** Rings for a call, which only who is available may. */
  | {
      readonly kind: 'claim';
      readonly callId: string;
      readonly node: string;
      readonly until: number;
      readonly reachableUntil: number;
    }
  /** The call is up or rings, and goes on holding the agent: also when this had been forgotten. */
  | {
      readonly kind: 'hold';
      readonly task: 'ringing' | 'on_call';
      readonly callId: string;
      readonly node: string;
      readonly until: number;
    }
  | { readonly kind: 'end'; readonly callId: string; readonly wrapUpMs: number }
  | {
      readonly kind: 'release';
      readonly callId: string;
      readonly why: AgentRelease;
      /** Calls in a row that may ring in vain; with the last of them the agent is away. */
      readonly missedBeforeAway: number;
    }
  | { readonly kind: 'choose'; readonly status: 'available' | 'away' }
  /** When the last registration ends; 0: there is none. */
  | { readonly kind: 'reach'; readonly until: number };

/** Of whom nothing is known: free, once a phone is registered. */
export const UNKNOWN_AGENT: AgentRecord = {
  version: 0,
  chosen: 'available',
  reachableUntil: 0,
  task: undefined,
  idleSince: 0,
  missed: 0,
  since: 0,
};

/** What the agent does for a call, if it has one. */
export function callTaskOf({ task }: AgentRecord): CallTask | undefined {
  return task?.kind === 'wrap_up' ? undefined : task;
}

/** The state that shows. A call goes on for whom no phone is registered any more. */
export function presenceOf(record: AgentRecord): Presence {
  const { task, reachableUntil, chosen } = record;
  const busy = callTaskOf(record);
  if (busy) return busy.kind;
  if (reachableUntil === 0) return 'offline';
  return task ? 'wrap_up' : chosen;
}

/** When something of it lapses, in UTC epoch milliseconds; 0: nothing does. */
export function nextLapse({ task, reachableUntil }: AgentRecord): number {
  if (!task) return reachableUntil;
  return reachableUntil === 0 ? task.until : Math.min(task.until, reachableUntil);
}

/** Lets lapse what has, each thing at its own time. The same record when nothing has. */
export function settle(record: AgentRecord, now: number): AgentRecord {
  let settled = record;
  for (;;) {
    const at = nextLapse(settled);
    if (at === 0 || at > now) return settled;
    settled = changed(
      settled,
      settled.task && settled.task.until <= at
        ? { ...settled, task: undefined, idleSince: at }
        : { ...settled, reachableUntil: 0 },
      at,
    );
  }
}

/**
 * What an event makes of an agent; of one that does not apply (an answer for a call that has not got
 * the agent, say), nothing but what has lapsed. The same record when nothing changes.
 */
export function change(record: AgentRecord, event: AgentEvent, now: number): AgentRecord {
  const refreshed = refresh(record, event, now);
  const settled = settle(refreshed, now);
  const after = apply(settled, event, now);
  if (after !== settled || refreshed === record)
    return after === settled ? settled : changed(settled, after, now);
  return changed(record, settled, now);
}

/** A registration that was renewed did not lapse in between, though it is learnt late. */
function refresh(record: AgentRecord, event: AgentEvent, now: number): AgentRecord {
  const until = event.kind === 'reach' ? event.until : event.kind === 'claim' ? event.reachableUntil : 0;
  const { reachableUntil } = record;
  return until > now && reachableUntil > 0 && reachableUntil <= now
    ? { ...record, reachableUntil: until }
    : record;
}

/** Whether a call has the agent: it rings for it, or is on it. */
export function isHeldBy(record: AgentRecord, callId: string): boolean {
  return callTaskOf(record)?.callId === callId;
}

/**
 * One record of two that nodes wrote while they could not reach each other: a call that another node
 * has stays, all else is as this node knows it.
 */
export function merge(shared: AgentRecord, own: AgentRecord, node: string, now: number): AgentRecord {
  const task = callTaskOf(settle(shared, now));
  const merged = task && task.node !== node ? { ...own, task } : own;
  return changed(own, { ...merged, version: Math.max(own.version, shared.version) }, now);
}

function apply(record: AgentRecord, event: AgentEvent, now: number): AgentRecord {
  const { task } = record;
  switch (event.kind) {
    case 'claim': {
      const reached = apply(record, { kind: 'reach', until: event.reachableUntil }, now);
      if (presenceOf(reached) !== 'available') return record;
      const { callId, node, until } = event;
      return { ...reached, task: { kind: 'ringing', callId, node, until } };
    }
    case 'hold': {
      if (callTaskOf(record) && !isHeldBy(record, event.callId)) return record;
      const { callId, node, until } = event;
      const missed = event.task === 'on_call' ? 0 : record.missed;
      return { ...record, missed, task: { kind: event.task, callId, node, until } };
    }
    case 'end': {
      if (!isHeldBy(record, event.callId)) return record;
      // Who chose to be away during the call is away now.
      const wrapUp = event.wrapUpMs > 0 && record.chosen === 'available';
      const until = now + event.wrapUpMs;
      return { ...record, task: wrapUp ? { kind: 'wrap_up', until } : undefined, idleSince: now };
    }
    case 'release':
      return isHeldBy(record, event.callId) ? released(record, event, now) : record;
    case 'choose': {
      const wrappingUp = task?.kind === 'wrap_up';
      if (record.chosen === event.status && !wrappingUp) return record;
      return {
        ...record,
        chosen: event.status,
        task: wrappingUp ? undefined : task,
        idleSince: now,
        missed: 0,
      };
    }
    case 'reach': {
      const until = event.until > now ? event.until : 0;
      if (until === record.reachableUntil) return record;
      const idleSince = record.reachableUntil === 0 ? now : record.idleSince;
      return { ...record, reachableUntil: until, idleSince };
    }
  }
}

/** Whose phone did not lead to a conversation goes to the back of the line, else calls would find it first again and again. */
function released(
  record: AgentRecord,
  { why, missedBeforeAway }: Extract<AgentEvent, { kind: 'release' }>,
  now: number,
): AgentRecord {
  const free = { ...record, task: undefined };
  switch (why) {
    case 'answered_elsewhere':
    case 'caller_gone':
      return free;
    case 'unreachable':
    case 'failed':
      return { ...free, idleSince: now };
    case 'declined':
      return { ...free, idleSince: now, missed: 0 };
    case 'no_answer': {
      const missed = record.missed + 1;
      if (missed < missedBeforeAway) return { ...free, idleSince: now, missed };
      return { ...free, idleSince: now, missed: 0, chosen: 'away' };
    }
  }
}

function changed(before: AgentRecord, after: AgentRecord, at: number): AgentRecord {
  const since = presenceOf(after) === presenceOf(before) ? after.since : at;
  return { ...after, since, version: Math.max(before.version, after.version) + 1 };
}

import type { PlanEvent, PlanWish } from './commands';
import { answersTo } from './commands';
import type { PlanFacts } from './conditions';
import type { PlanState, Turn } from './machine';
import { advancePlan, beginPlan } from './machine';
import type { Plan } from './plan';

/** A call that is only thought of: what it brings, and what people do in it. */
export interface SimulatedCall {
  readonly facts: PlanFacts;
  /** UTC epoch milliseconds. */
  readonly at: number;
  /** What comes of each wish, in this order. */
  readonly answers: readonly PlanEvent[];
  /** Whether it goes on by what is most usual where they end, as it does by default, or stands there. */
  readonly usual?: boolean;
}

/** One turn of a simulation. */
export interface SimulatedTurn extends Turn {
  /** What led to it; undefined of the first. */
  readonly event: PlanEvent | undefined;
}

export type Simulated =
  | { readonly ok: true; readonly turns: readonly SimulatedTurn[] }
  | {
      readonly ok: false;
      readonly turns: readonly SimulatedTurn[];
      /** The answer that does not fit, from 0, and what would. */
      readonly answer: number;
      readonly instead: readonly PlanEvent['kind'][];
    };

/** Takes a call through a plan: to its end, to an answer that cannot be, or to where nothing more is said of it. */
export function simulatePlan(plan: Plan, { facts, at, answers, usual = true }: SimulatedCall): Simulated {
  const turns: SimulatedTurn[] = [{ ...beginPlan(plan, facts, at), event: undefined }];
  for (let next = 0; ; next++) {
    const { state } = turns.at(-1) as SimulatedTurn;
    if (state.wish.kind === 'hangup' || (!usual && next >= answers.length)) return { ok: true, turns };
    const event = answers[next] ?? usualAnswer(state.wish);
    const instead = answersTo(state.wish);
    if (event.kind !== 'time_up' && !instead.includes(event.kind))
      return { ok: false, turns, answer: next, instead };
    turns.push({ ...advancePlan(plan, state, event, at), event });
  }
}

/** What most calls answer: they listen, press nothing, are sold, and end with their conversation. */
function usualAnswer(wish: PlanWish): PlanEvent {
  return wish.kind === 'gather' ? { kind: 'keys', keys: '' } : { kind: answersTo(wish)[0] as 'done' };
}

/** What there is to find in a plan by going every way through it. */
export interface ExploredPlan {
  /** Steps that some call enters. */
  readonly entered: ReadonlySet<string>;
  /** How calls end: the details of their hang-ups. */
  readonly ends: ReadonlySet<string>;
  /** False when there were more states than were to be looked at. */
  readonly whole: boolean;
}

/**
 * Goes every way through a plan: each state with each answer that may come.
 * @param calls - what calls bring along, and when they come
 * @param most - states to look at
 */
export function explorePlan(
  plan: Plan,
  calls: readonly Pick<SimulatedCall, 'facts' | 'at'>[],
  most = 20_000,
): ExploredPlan {
  const entered = new Set<string>();
  const ends = new Set<string>();
  const seen = new Set<string>();
  const open: { state: PlanState; at: number }[] = [];
  const visit = ({ state, entered: steps }: Turn, at: number): void => {
    for (const step of steps) entered.add(step);
    if (state.wish.kind === 'hangup') {
      ends.add(state.wish.detail);
      return;
    }
    // How many steps it took does not matter here, but for the limit, which ends every call.
    const key = JSON.stringify([{ ...state, steps: 0 }, at]);
    if (seen.has(key)) return;
    seen.add(key);
    open.push({ state, at });
  };
  for (const { facts, at } of calls) visit(beginPlan(plan, facts, at), at);
  for (let next = open.pop(); next && seen.size <= most; next = open.pop()) {
    const { state, at } = next;
    for (const event of eventsOf(plan, state)) visit(advancePlan(plan, state, event, at), at);
  }
  return { entered, ends, whole: open.length === 0 };
}

/** Everything that may come of what a state waits for; of keys, one of each sort. */
export function eventsOf(plan: Plan, { step: name, wish }: PlanState): PlanEvent[] {
  return answersTo(wish).flatMap((kind): PlanEvent[] =>
    kind === 'keys' ? keysFor(plan, name).map((keys) => ({ kind, keys })) : [{ kind }],
  );
}

function keysFor(plan: Plan, name: string): string[] {
  const step = plan.steps[name];
  if (step?.do === 'menu') return ['', ...Object.keys(step.keys)];
  if (step?.do !== 'gather') return [''];
  const values = plan.tags[step.as];
  return ['', ...(Array.isArray(values) ? values : ['1'.repeat(step.digits.min)])];
}

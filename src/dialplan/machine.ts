import type { Meeting, PlanDeed, PlanEvent, PlanWish } from './commands';
import { answersTo } from './commands';
import type { PlanFacts } from './conditions';
import { holds } from './conditions';
import type { Plan, Prompt, Step, StepOf } from './plan';

/** Where a call is in its plan: plain data, so that it can be kept and told. */
export interface PlanState {
  readonly step: string;
  /** Steps entered so far. */
  readonly steps: number;
  /** Tries of this step that failed. */
  readonly tries: number;
  readonly facts: PlanFacts;
  /** Tags that nobody is told of. */
  readonly secrets: readonly string[];
  readonly answered: boolean;
  /** What is waited for. After `hangup` nothing follows. */
  readonly wish: PlanWish;
}

/** What one event leads to. */
export interface Turn {
  readonly state: PlanState;
  /** To be done now, in this order, before the wish. */
  readonly deeds: readonly PlanDeed[];
  /** Steps that were entered, in this order. */
  readonly entered: readonly string[];
}

type Answer = Exclude<PlanEvent, { kind: 'time_up' }>;

const hangUp = (detail: string): PlanWish => ({ kind: 'hangup', code: 480, detail });
const TOO_MANY_STEPS = hangUp('the plan took too many steps');
const TOO_LONG = hangUp('the plan took too long');
const CONVERSATION_OVER = hangUp('the conversation is over');

/** The same step once more. */
const AGAIN = Symbol('again');
type Next = string | typeof AGAIN | undefined;

/**
 * Begins a plan.
 * @param at - UTC epoch milliseconds
 */
export function beginPlan(plan: Plan, facts: PlanFacts, at: number): Turn {
  const state = { step: plan.start, steps: 0, tries: 0, facts, secrets: [], answered: false, wish: TOO_LONG };
  return new Run(plan, state, at).enter(plan.start);
}

/**
 * Goes on from what the plan wished for.
 * @param at - UTC epoch milliseconds
 * @throws Error for an event that cannot come of the wish: a bug of whoever carries it out
 */
export function advancePlan(plan: Plan, state: PlanState, event: PlanEvent, at: number): Turn {
  const { wish } = state;
  const fits = event.kind === 'time_up' ? wish.kind !== 'hangup' : answersTo(wish).includes(event.kind);
  if (!fits) throw new Error(`${event.kind} is no answer to ${wish.kind}`);
  const run = new Run(plan, state, at);
  return event.kind === 'time_up' ? run.end(TOO_LONG) : run.take(event);
}

/** Tags that others may know: those of the state but its secrets. */
export function openTags({ facts, secrets }: PlanState): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(facts.tags).filter(([tag]) => !secrets.includes(tag)));
}

/** One turn while it is made. */
class Run {
  readonly #plan: Plan;
  readonly #at: number;
  #state: PlanState;
  readonly #deeds: PlanDeed[] = [];
  readonly #entered: string[] = [];

  constructor(plan: Plan, state: PlanState, at: number) {
    this.#plan = plan;
    this.#state = state;
    this.#at = at;
  }

  /** Enters one step after the other until one waits for something. */
  enter(first: string): Turn {
    let name = first;
    for (;;) {
      if (this.#state.steps >= this.#plan.limits.steps) return this.end(TOO_MANY_STEPS);
      const step = this.#step(name);
      this.#state = { ...this.#state, step: name, steps: this.#state.steps + 1, tries: 0 };
      this.#entered.push(name);
      const next = this.#pass(step);
      if (next === undefined) return this.#wishFor(step);
      name = next;
    }
  }

  take(event: Answer): Turn {
    // Whoever spoke with a buyer was answered, by whoever joined them.
    if (event.kind === 'ended') this.#state = { ...this.#state, answered: true };
    const step = this.#step(this.#state.step);
    const next = this.#exit(step, event);
    if (next === undefined) return this.end(CONVERSATION_OVER);
    if (next !== AGAIN) return this.enter(next);
    this.#state = { ...this.#state, tries: this.#state.tries + 1 };
    return this.#wishFor(step);
  }

  end(wish: PlanWish): Turn {
    return this.#turn(wish);
  }

  /** The step after one that waits for nothing; undefined for one that waits. */
  #pass(step: Step): string | undefined {
    switch (step.do) {
      case 'set':
        this.#setTags(step.tags);
        return step.next;
      case 'branch':
        return step.on.find(({ when }) => holds(when, this.#state.facts, this.#at))?.go ?? step.otherwise;
      case 'record':
        this.#deeds.push({ kind: 'record', set: step.set });
        return step.next;
      default:
        return undefined;
    }
  }

  /** Undefined where the plan ends with the conversation. */
  #exit(step: Step, event: Answer): Next {
    switch (step.do) {
      case 'announce':
        return event.kind === 'failed' ? (step.otherwise ?? step.next) : step.next;
      case 'menu':
        return event.kind === 'keys' ? this.#choice(step, event.keys) : step.otherwise;
      case 'gather':
        return event.kind === 'keys' ? this.#digits(step, event.keys) : step.otherwise;
      case 'auction':
        return event.kind === 'sold' ? step.sold : step.refused;
      case 'ring':
        return event.kind === 'nobody' ? step.exhausted : step.ended;
      case 'queue':
        return event.kind === 'nobody' ? step.timeout : step.ended;
      case 'voicemail':
        return step.next;
      case 'callback':
        return event.kind === 'failed' ? step.otherwise : step.next;
      case 'transfer':
        return event.kind === 'failed' ? step.failed : step.ended;
      default:
        throw new Error(`nothing comes of ${step.do}`);
    }
  }

  #choice(step: StepOf<'menu'>, keys: string): Next {
    return Object.hasOwn(step.keys, keys) ? step.keys[keys] : this.#againOr(step);
  }

  #digits(step: StepOf<'gather'>, keys: string): Next {
    const { as, digits, secret, next } = step;
    const values = this.#plan.tags[as];
    const known = !Array.isArray(values) || values.includes(keys);
    if (!known || keys.length < digits.min || keys.length > digits.max) return this.#againOr(step);
    if (secret)
      this.#state = { ...this.#state, secrets: [...this.#state.secrets.filter((tag) => tag !== as), as] };
    this.#setTags({ [as]: keys });
    return next;
  }

  #againOr({ tries, otherwise }: StepOf<'menu' | 'gather'>): Next {
    return this.#state.tries + 1 < tries ? AGAIN : otherwise;
  }

  #setTags(tags: Readonly<Record<string, string>>): void {
    const { facts, secrets } = this.#state;
    this.#state = { ...this.#state, facts: { ...facts, tags: { ...facts.tags, ...tags } } };
    const told = Object.entries(tags).filter(([tag]) => !secrets.includes(tag));
    if (told.length > 0) this.#deeds.push({ kind: 'tags', tags: Object.fromEntries(told) });
  }

  #wishFor(step: Step): Turn {
    const wish = wishOf(step, this.#state);
    if (!this.#state.answered && isHeard(wish)) {
      this.#deeds.push({ kind: 'answer' });
      this.#state = { ...this.#state, answered: true };
    }
    return this.#turn(wish);
  }

  #turn(wish: PlanWish): Turn {
    return { state: { ...this.#state, wish }, deeds: this.#deeds, entered: this.#entered };
  }

  #step(name: string): Step {
    const step = Object.hasOwn(this.#plan.steps, name) ? this.#plan.steps[name] : undefined;
    if (!step) throw new Error(`the plan ${this.#plan.name} has no step ${name}`);
    return step;
  }
}

/** What a step waits for. */
function wishOf(step: Step, state: PlanState): PlanWish {
  switch (step.do) {
    case 'announce':
      return { kind: 'play', prompts: step.play, early: step.early };
    case 'menu':
      return {
        kind: 'gather',
        prompts: promptsOf(step, state),
        max: 1,
        end: undefined,
        firstMs: step.waitMs,
        betweenMs: step.waitMs,
        secret: false,
      };
    case 'gather':
      return {
        kind: 'gather',
        prompts: promptsOf(step, state),
        max: step.digits.max,
        end: step.digits.end,
        firstMs: step.waitMs,
        betweenMs: step.betweenMs,
        secret: step.secret,
      };
    case 'auction':
      return { kind: 'auction', tags: openTags(state) };
    case 'ring':
      return { kind: 'ring', atOnce: step.atOnce, detectMachine: step.detectMachine, ...meetingOf(step) };
    case 'queue':
      return {
        kind: 'queue',
        prompts: step.play ?? [],
        announce: step.announce,
        againMs: step.againMs,
        maxWaitMs: step.maxWaitMs,
        ...meetingOf(step),
      };
    case 'voicemail':
      return { kind: 'voicemail', prompts: step.play, maxMs: step.maxMs };
    case 'callback':
      return {
        kind: 'callback',
        prompts: step.play ?? [],
        number: step.number === 'caller' ? undefined : (state.facts.tags[step.number.tag] ?? ''),
        withinMs: step.withinMs,
      };
    case 'transfer':
      return { kind: 'transfer', targetId: step.target };
    case 'hangup':
      return { kind: 'hangup', code: step.code, detail: step.detail ?? 'the plan ended the call' };
    default:
      throw new Error(`${step.do} waits for nothing`);
  }
}

/** Whoever tries again hears first what was wrong, where the plan says that. */
function promptsOf({ play, again = [] }: StepOf<'menu' | 'gather'>, { tries }: PlanState): readonly Prompt[] {
  return tries === 0 ? play : [...again, ...play];
}

function meetingOf({ whisper = [], accept, record }: StepOf<'ring' | 'queue'>): Meeting {
  return { whisper, accept, record };
}

/** Whether the caller must have been answered for it. */
function isHeard(wish: PlanWish): boolean {
  switch (wish.kind) {
    case 'play':
      return !wish.early;
    case 'gather':
    case 'queue':
    case 'voicemail':
      return true;
    case 'callback':
      return wish.prompts.length > 0;
    default:
      return false;
  }
}

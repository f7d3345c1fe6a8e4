import type { Plan, PlanProblem, PlanWorld } from '../dialplan';
import { readPlan } from '../dialplan';
import type { CallPlan } from '../signaling';

/** A text of a plan that is to be live. */
export interface OfferedPlan {
  readonly text: string;
  /** From 1; of a file 0. */
  readonly version: number;
}

/** What of the text that was offered last is wrong, and whether calls take it nevertheless. */
export interface PlanTrouble {
  readonly isLive: boolean;
  /** Of the text that it is about. */
  readonly version: number;
  readonly problems: readonly PlanProblem[];
}

/** One plan as a node has it: the version that calls take, and what is wrong with the newest. */
export class ShelvedPlan {
  readonly #published: boolean;
  #offered: OfferedPlan | undefined;
  #live: { readonly call: CallPlan; readonly text: string } | undefined;
  #trouble: PlanTrouble | undefined;

  /**
   * @param published - it was checked when it was published: what went away since, prompts or engines, is told of
   *   but takes it from nobody
   */
  constructor(published: boolean) {
    this.#published = published;
  }

  /** What calls take; undefined while no text was good. Never changed: who has it, keeps it. */
  get call(): CallPlan | undefined {
    return this.#live?.call;
  }

  get trouble(): PlanTrouble | undefined {
    return this.#trouble;
  }

  /** The text of what calls take. */
  get text(): string | undefined {
    return this.#live?.text;
  }

  /**
   * Takes a text, unless it is refused: then the one before stays.
   * @returns whether calls take this text now
   */
  offer(offered: OfferedPlan, world: PlanWorld): boolean {
    this.#offered = offered;
    const { text, version } = offered;
    const isLive = this.#live?.text === text && this.#live.call.version === version;
    const read = readPlan(text, world);
    if (read.ok) {
      this.#trouble = undefined;
      if (!isLive) this.#live = { call: callPlanOf(read.plan, version), text };
      return true;
    }
    const { prompts: _prompts, engines: _engines, ...lasting } = world;
    const lenient = this.#published && !isLive ? readPlan(text, lasting) : undefined;
    if (lenient?.ok) this.#live = { call: callPlanOf(lenient.plan, version), text };
    const taken = isLive || lenient?.ok === true;
    this.#trouble = { isLive: taken, version, problems: read.problems };
    return taken;
  }

  /** A text that was good once, where the one that was offered is not, and nothing is there in its place. */
  fallBack({ text, version }: OfferedPlan, { prompts: _, engines: __, ...lasting }: PlanWorld): boolean {
    const read = readPlan(text, lasting);
    if (this.#live || !read.ok) return false;
    this.#live = { call: callPlanOf(read.plan, version), text };
    return true;
  }

  /** Looks at it again: prompts or engines are others. */
  again(world: PlanWorld): void {
    if (this.#offered) this.offer(this.#offered, world);
  }
}

function callPlanOf(plan: Plan, version: number): CallPlan {
  return Object.freeze({ plan: frozen(plan), version });
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}

import type { PlanRecord } from '../../domain';
import type { PlanDeed, PlanEvent, PlanFacts, PlanWish, Turn } from '../../dialplan';
import { advancePlan, beginPlan } from '../../dialplan';
import type { CallPlan } from '../ports';
import type { RungOut } from '../ring-out';
import { gatherKeys } from './gathering';
import { hear } from './heard';
import { PlanJournal, wordFor } from './plan-journal';
import { PlanTime } from './plan-time';
import type { PlannedCall } from './planned-call';
import { holdAndRing } from './queue-step';
import { takeMessage } from './voicemail';

type WishOf<K extends PlanWish['kind']> = Extract<PlanWish, { kind: K }>;

/** Carries out what a plan wishes for a call, one wish after the other, until the call is over. */
export class PlanRunner {
  readonly #call: PlannedCall;
  readonly #plan: CallPlan;
  readonly #facts: PlanFacts;
  readonly #journal: PlanJournal;
  readonly #time: PlanTime;
  #turn: Turn | undefined;
  /** Ends the wish in hand. */
  #stop = new AbortController();
  #timeIsUp = false;

  constructor(call: PlannedCall, plan: CallPlan, facts: PlanFacts) {
    this.#call = call;
    this.#plan = plan;
    this.#facts = facts;
    this.#journal = new PlanJournal(plan.plan.name, plan.version);
    this.#time = new PlanTime(call.clock, plan.plan.limits.ms, () => {
      this.#timeIsUp = true;
      this.#stop.abort();
    });
  }

  /** How the call went so far; undefined before its first step. */
  get record(): PlanRecord | undefined {
    return this.#turn && this.#journal.record(this.#turn.state);
  }

  /** The call is over: nothing is waited for any more. */
  stop(): void {
    this.#time.stop();
    this.#stop.abort();
  }

  /** Resolves when the call is over. */
  async run(): Promise<void> {
    const { plan } = this.#plan;
    const now = (): number => this.#call.clock.now();
    this.#time.run();
    try {
      let turn = beginPlan(plan, this.#facts, now());
      this.#entered(turn, undefined);
      for (;;) {
        for (const deed of turn.deeds) if (!(await this.#do(deed))) return;
        const { wish } = turn.state;
        if (wish.kind === 'hangup') {
          this.#call.end(wish.code, wish.detail);
          return;
        }
        const masked = this.#call.recording.masksKeys;
        const event = await this.#answerTo(wish);
        if (!event || this.#call.isOver()) return;
        // What is pressed while nothing is recorded is written down as little.
        const unkept = masked || this.#call.recording.masksKeys;
        const secret = unkept || (wish.kind === 'gather' && wish.secret);
        turn = advancePlan(plan, turn.state, event, now());
        this.#entered(turn, wordFor(event, secret));
      }
    } finally {
      this.#time.stop();
    }
  }

  #entered(turn: Turn, after: string | undefined): void {
    this.#turn = turn;
    let led = after;
    for (const step of turn.entered) {
      this.#journal.note(this.#call.clock.now(), step, led);
      this.#call.tell({ type: 'call.plan_step', plan: this.#plan.plan.name, step });
      led = undefined;
    }
  }

  /** False: the call is over. */
  async #do(deed: PlanDeed): Promise<boolean> {
    const { caller, wanted } = this.#call;
    switch (deed.kind) {
      case 'answer':
        if (!(await this.#call.attend())) return false;
        await wanted.mayBegin();
        break;
      case 'tags':
        // They are the plan's own state, and go into its auction and its record.
        break;
      case 'record':
        await wanted.set(deed.set, caller.dialog !== undefined);
        break;
    }
    return !this.#call.isOver();
  }

  /** Undefined: the call is over. */
  async #answerTo(wish: Exclude<PlanWish, { kind: 'hangup' }>): Promise<PlanEvent | undefined> {
    if (this.#timeIsUp) return { kind: 'time_up' };
    this.#stop = new AbortController();
    const event = await this.#carryOut(wish, this.#stop.signal);
    if (this.#call.isOver()) return undefined;
    return this.#timeIsUp ? { kind: 'time_up' } : event;
  }

  /** What it gives where it was stopped is of no matter. */
  async #carryOut(
    wish: Exclude<PlanWish, { kind: 'hangup' }>,
    stop: AbortSignal,
  ): Promise<PlanEvent | undefined> {
    switch (wish.kind) {
      case 'play':
        return this.#play(wish, stop);
      case 'gather':
        return this.#gather(wish, stop);
      case 'auction':
        return { kind: (await this.#call.auction(wish.tags)) ? 'sold' : 'refused' };
      case 'ring':
        return this.#ring(wish, stop);
      case 'queue':
        return this.#rung(await holdAndRing(this.#call, wish, this.#stays, stop), 'nobody');
      case 'voicemail':
        return { kind: (await takeMessage(this.#call, wish, stop)) ? 'done' : 'failed' };
      case 'callback':
        return this.#callback(wish, stop);
      case 'transfer':
        return this.#rung(await this.#call.transfer(wish.targetId, this.#stays, stop), 'failed');
    }
  }

  async #play({ prompts, early }: WishOf<'play'>, stop: AbortSignal): Promise<PlanEvent> {
    const { caller, media, recording, wanted } = this.#call;
    if (early && !(await caller.openEarly())) return { kind: 'failed' };
    const heard = await hear(media, caller.leg, prompts, stop);
    if (heard !== 'end') return { kind: 'failed' };
    const step = this.#step;
    if (step?.do === 'announce' && step.tells === 'recording') {
      recording.announced();
      if (caller.dialog) await wanted.mayBegin();
    }
    return { kind: 'done' };
  }

  async #gather(wish: WishOf<'gather'>, stop: AbortSignal): Promise<PlanEvent | undefined> {
    const { media, caller, keys } = this.#call;
    const gathered = await gatherKeys({ media, leg: caller.leg, keys }, wish, stop);
    if (gathered === undefined) return undefined;
    return gathered === 'failed' ? { kind: 'failed' } : { kind: 'keys', keys: gathered.keys };
  }

  async #ring(wish: WishOf<'ring'>, stop: AbortSignal): Promise<PlanEvent | undefined> {
    const { atOnce } = wish;
    const order = { atOnce, meeting: wish, sound: undefined, stays: this.#stays };
    return this.#rung(await this.#call.ring(order, stop), 'nobody');
  }

  /** Whoever was joined is spoken with: that takes nothing of the plan's time. */
  async #rung(rung: RungOut, otherwise: 'nobody' | 'failed'): Promise<PlanEvent | undefined> {
    if (rung === 'stopped') return undefined;
    if (rung === 'nobody') return { kind: otherwise };
    this.#time.stop();
    this.#timeIsUp = false;
    await this.#call.spoken();
    if (this.#call.isOver()) return undefined;
    this.#time.run();
    return { kind: 'ended' };
  }

  async #callback(wish: WishOf<'callback'>, stop: AbortSignal): Promise<PlanEvent> {
    const { plans, attempt, clock, media, caller } = this.#call;
    const { number, withinMs, prompts } = wish;
    if (number === '') return { kind: 'failed' };
    const notAfter = clock.now() + withinMs;
    if (!(await plans.callback({ attempt, number, notAfter }))) return { kind: 'failed' };
    await hear(media, caller.leg, prompts, stop);
    return { kind: 'done' };
  }

  get #step() {
    const name = this.#turn?.state.step;
    return name === undefined ? undefined : this.#plan.plan.steps[name];
  }

  /** The plan has something for a caller whose buyer has hung up. */
  get #stays(): boolean {
    const step = this.#step;
    return step !== undefined && 'ended' in step && step.ended !== undefined;
  }
}

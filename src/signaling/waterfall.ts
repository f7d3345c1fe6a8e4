import type { CapLimit, RingTarget } from '../domain';
import type { RingSound } from './caller-sound';
import type { HeldFunds, RingAttempt } from './ports';
import { CANCEL_REASONS } from './sip-status';
import type { AnsweredTarget, AttemptServices, RungCall } from './target-attempt';
import { TargetAttempt } from './target-attempt';

export interface WaterfallOrder {
  readonly targets: readonly RingTarget[];
  /** How many ring together; 1: one after the other. */
  readonly atOnce: number;
  /** The caller may hear the early audio of whoever rings alone. */
  readonly earlyMedia: boolean;
}

export type WaterfallResult = AnsweredTarget | { readonly kind: 'exhausted' | 'stopped' };

/**
 * Rings the targets of a sold call until one answers: one after the other, or some at once, of whom the first
 * to answer has the call. When all that ring have failed, the next ones are rung at once.
 */
export class Waterfall {
  readonly #services: AttemptServices;
  readonly #call: RungCall;
  readonly #sound: RingSound;
  readonly #order: WaterfallOrder;
  #left: readonly RingTarget[];
  /** Those that ring, and whoever answered. */
  readonly #live = new Set<TargetAttempt>();
  #winner: TargetAttempt | undefined;
  /** Targets that were cancelled because another one answered: they may still take the call. */
  #passedOver: RingTarget[] = [];
  #stopped = false;

  /** @param sound - what the caller hears meanwhile */
  constructor(services: AttemptServices, call: RungCall, sound: RingSound, order: WaterfallOrder) {
    this.#services = services;
    this.#call = call;
    this.#sound = sound;
    this.#order = order;
    this.#left = order.targets;
  }

  /** Nobody is to be rung any more, for this reason: whoever rings now is cancelled. */
  stop(reason: string = CANCEL_REASONS.callerGone): void {
    this.#stopped = true;
    this.#sound.close();
    for (const attempt of this.#live) attempt.stop(reason);
  }

  /** The limits held for whoever answered, or rings alone, handed over to be released at the end. */
  takeReserved(): readonly CapLimit[] {
    return this.#inHand()?.takeReserved() ?? [];
  }

  /** The money held for whoever answered, or rings alone, handed over: to be given back, or to stay for the settlement. */
  takeHeld(): HeldFunds | undefined {
    return this.#inHand()?.takeHeld();
  }

  /** Rings on until somebody answers, or nobody is left. */
  async next(): Promise<WaterfallResult> {
    const { atOnce } = this.#order;
    while (this.#left.length > 0) {
      if (this.#stopped) return { kind: 'stopped' };
      const wave = this.#left.slice(0, atOnce);
      this.#left = this.#left.slice(atOnce);
      const answered = await this.#ring(wave);
      if (answered) return answered;
    }
    return this.#stopped ? { kind: 'stopped' } : { kind: 'exhausted' };
  }

  /** Who had answered turned out useless: it failed after all, and its dialog is over. */
  lost({ leg, agentId }: AnsweredTarget, outcome: RingAttempt['outcome']): void {
    const attempt = this.#winner;
    if (!attempt) return;
    this.#winner = undefined;
    this.#live.delete(attempt);
    attempt.lost(leg, agentId, outcome);
    this.#left = [...this.#passedOver, ...this.#left];
    this.#passedOver = [];
  }

  #inHand(): TargetAttempt | undefined {
    if (this.#winner) return this.#winner;
    const [first, second] = this.#live;
    // Of several each gives back its own.
    return second ? undefined : first;
  }

  /** Resolves with the first that answers, without waiting for the others; undefined when all have failed. */
  #ring(targets: readonly RingTarget[]): Promise<AnsweredTarget | undefined> {
    const alone = targets.length === 1;
    return new Promise((resolve, reject) => {
      let open = targets.length;
      const wave = targets.map((target) => {
        const attempt: TargetAttempt = new TargetAttempt(
          this.#services,
          this.#call,
          this.#sound,
          target,
          alone && this.#order.earlyMedia,
          (limit) => this.#isShared(limit, attempt),
        );
        this.#live.add(attempt);
        return attempt;
      });
      for (const attempt of wave) {
        const over = (): void => {
          if (attempt !== this.#winner) this.#live.delete(attempt);
          if (--open === 0) resolve(undefined);
        };
        attempt.run().then((result) => {
          if (result.kind === 'answered') {
            if (this.#winner) tooLate(attempt, result);
            else {
              this.#answered(attempt, wave);
              resolve(result);
            }
          }
          over();
        }, reject);
      }
    });
  }

  #answered(attempt: TargetAttempt, wave: readonly TargetAttempt[]): void {
    this.#winner = attempt;
    for (const other of wave) {
      if (!this.#live.has(other) || other === attempt) continue;
      this.#passedOver.push(other.target);
      other.stop(CANCEL_REASONS.answeredElsewhere);
    }
  }

  /** Whether another one of the call holds the limit as well, which is taken once for all of them. */
  #isShared(limit: CapLimit, self: TargetAttempt): boolean {
    for (const other of this.#live) if (other !== self && other.holds(limit)) return true;
    return false;
  }
}

/** Two answered in one instant: the call is with the other. */
function tooLate(attempt: TargetAttempt, { dialog, leg, agentId }: AnsweredTarget): void {
  dialog.bye(CANCEL_REASONS.answeredElsewhere);
  attempt.lost(leg, agentId, 'canceled');
}

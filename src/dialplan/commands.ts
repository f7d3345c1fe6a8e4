import type { Accept, Prompt } from './plan';

/** What is done at once, and waited for by nobody. */
export type PlanDeed =
  | { readonly kind: 'answer' }
  | { readonly kind: 'tags'; readonly tags: Readonly<Record<string, string>> }
  | { readonly kind: 'record'; readonly set: 'on' | 'paused' | 'off' };

/** How whoever answers for a buyer is met. */
export interface Meeting {
  readonly whisper: readonly Prompt[];
  readonly accept: Accept | undefined;
  readonly record: boolean;
}

/** What the plan waits for next. The last one of every call is `hangup`. */
export type PlanWish =
  | {
      readonly kind: 'play';
      readonly prompts: readonly Prompt[];
      /** Before the answer, if the call is not answered yet. */
      readonly early: boolean;
    }
  | {
      readonly kind: 'gather';
      readonly prompts: readonly Prompt[];
      readonly max: number;
      /** The key that ends it earlier. */
      readonly end: string | undefined;
      /** Milliseconds from the end of the prompts to the first key. */
      readonly firstMs: number;
      readonly betweenMs: number;
      readonly secret: boolean;
    }
  | { readonly kind: 'auction'; readonly tags: Readonly<Record<string, string>> }
  | ({ readonly kind: 'ring'; readonly atOnce: number; readonly detectMachine: boolean } & Meeting)
  | ({
      readonly kind: 'queue';
      readonly prompts: readonly Prompt[];
      readonly announce: { readonly play: readonly Prompt[]; readonly everyMs: number } | undefined;
      readonly againMs: number;
      readonly maxWaitMs: number;
    } & Meeting)
  | { readonly kind: 'voicemail'; readonly prompts: readonly Prompt[]; readonly maxMs: number }
  | {
      readonly kind: 'callback';
      readonly prompts: readonly Prompt[];
      /** A tag's value, or undefined for the caller's own number. */
      readonly number: string | undefined;
      readonly withinMs: number;
    }
  | { readonly kind: 'transfer'; readonly targetId: string }
  | { readonly kind: 'hangup'; readonly code: number; readonly detail: string };

/** What came of a wish; {@link answersTo} says what may. */
export type PlanEvent =
  /** Played, stored, noted. */
  | { readonly kind: 'done' }
  /** It could not be done. */
  | { readonly kind: 'failed' }
  /** Keys, or none in time. */
  | { readonly kind: 'keys'; readonly keys: string }
  | { readonly kind: 'sold' }
  | { readonly kind: 'refused' }
  /** Nobody took the call. */
  | { readonly kind: 'nobody' }
  /** The conversation is over, and the caller still there. */
  | { readonly kind: 'ended' }
  /** The time of the whole plan is up; at any wish. */
  | { readonly kind: 'time_up' };

const ANSWERS: Readonly<Record<PlanWish['kind'], readonly PlanEvent['kind'][]>> = {
  play: ['done', 'failed'],
  gather: ['keys', 'failed'],
  auction: ['sold', 'refused'],
  ring: ['ended', 'nobody'],
  queue: ['ended', 'nobody'],
  voicemail: ['done', 'failed'],
  callback: ['done', 'failed'],
  transfer: ['ended', 'failed'],
  hangup: [],
};

/** What may come of a wish, `time_up` aside. */
export function answersTo(wish: PlanWish): readonly PlanEvent['kind'][] {
  return ANSWERS[wish.kind];
}

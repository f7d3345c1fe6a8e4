import type { PlanDeed, PlanEvent, PlanWish } from './commands';
import type { Prompt } from './plan';

/** What people read, and write, of what a plan does and of what comes of it. */

const ANSWERS = ['done', 'failed', 'sold', 'refused', 'nobody', 'ended', 'time_up'] as const;

/** Every word for what comes of a wait: `keys:` stands before the keys, of which there may be none. */
export const ANSWER_WORD = /^(?:keys:[0-9*#]{0,32}|done|failed|sold|refused|nobody|ended|time_up)$/;

/** As in {@link ANSWER_WORD}; undefined of what is none. */
export function answerOfWord(word: string): PlanEvent | undefined {
  if (!ANSWER_WORD.test(word)) return undefined;
  if (word.startsWith('keys:')) return { kind: 'keys', keys: word.slice('keys:'.length) };
  const kind = ANSWERS.find((known) => known === word);
  return kind && { kind };
}

export function wordOfAnswer(event: PlanEvent): string {
  return event.kind === 'keys' ? `keys:${event.keys}` : event.kind;
}

export function deedText(deed: PlanDeed): string {
  if (deed.kind === 'tags')
    return Object.entries(deed.tags)
      .map(([tag, value]) => `${tag} = ${value}`)
      .join(', ');
  return deed.kind === 'record' ? `recording ${deed.set}` : deed.kind;
}

export function wishText(wish: PlanWish): string {
  switch (wish.kind) {
    case 'play':
      return `play ${promptText(wish.prompts)}${wish.early ? ' before the answer' : ''}`;
    case 'gather':
      return `play ${promptText(wish.prompts)}, take up to ${wish.max} keys`;
    case 'auction':
      return 'auction';
    case 'ring':
      return `ring, ${wish.atOnce} at once`;
    case 'queue':
      return `wait up to ${wish.maxWaitMs / 1000} s, ringing again every ${wish.againMs / 1000} s`;
    case 'voicemail':
      return `play ${promptText(wish.prompts)}, take a message`;
    case 'callback':
      return `note a callback to ${wish.number ?? 'the caller'}`;
    case 'transfer':
      return `transfer to ${wish.targetId}`;
    case 'hangup':
      return `hang up: ${wish.detail} (${wish.code} where not answered)`;
  }
}

function promptText(prompts: readonly Prompt[]): string {
  return prompts
    .map((prompt) => (typeof prompt === 'string' ? prompt : `${prompt.silenceMs} ms of silence`))
    .join(', ');
}

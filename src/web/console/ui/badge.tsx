import { wordsOf } from '../core/format';

export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'accent';

/** Tones of the words that states of things have in the API. */
const TONES: Readonly<Record<string, Tone>> = {
  active: 'good',
  answered: 'good',
  completed: 'plain',
  ok: 'good',
  pass: 'good',
  allow: 'good',
  open: 'accent',
  ringing: 'accent',
  deciding: 'accent',
  received: 'accent',
  draft: 'plain',
  paused: 'warn',
  suspended: 'bad',
  flag: 'warn',
  challenge: 'warn',
  pending: 'warn',
  invited: 'warn',
  rejected: 'bad',
  failed: 'bad',
  block: 'bad',
  blocked: 'bad',
  overdue: 'bad',
  disabled: 'plain',
  canceled: 'plain',
  archived: 'plain',
};

/** A state in a word, told by its text as well as by its colour. */
export function Badge({
  state,
  tone,
  text,
}: {
  readonly state: string;
  readonly tone?: Tone;
  readonly text?: string;
}) {
  return (
    <span class={`badge ${tone ?? TONES[state] ?? 'plain'}`} data-state={state}>
      {text ?? wordsOf(state)}
    </span>
  );
}

import type { CallState } from './call-machine';

/** What a single key does. */
export type Command =
  | 'answer'
  | 'decline'
  | 'mute'
  | 'hold'
  | 'keypad'
  | 'transfer'
  | 'recording'
  | 'hang_up'
  | 'ready'
  | 'close'
  | 'help'
  | { readonly digit: string };

/** What lies open over the call. */
export interface KeyContext {
  readonly call: CallState;
  readonly keypadOpen: boolean;
}

/** What a key press means now; undefined: nothing, it is left to the browser. */
export function commandFor(key: string, { call, keypadOpen }: KeyContext): Command | undefined {
  if (key === 'Escape') return 'close';
  if (key === '?') return 'help';
  const letter = key.toLowerCase();
  switch (call.phase) {
    case 'ringing':
      if (letter === 'a') return 'answer';
      return letter === 'd' ? 'decline' : undefined;
    case 'active':
      // Who listens in has nothing to do with the call.
      if (call.card.monitoring !== undefined)
        return letter === 'm' || letter === 'e' ? IN_A_CALL[letter] : undefined;
      if (keypadOpen && /^[0-9*#]$/.test(key)) return { digit: key };
      return IN_A_CALL[letter];
    case 'ended':
      return letter === 'r' ? 'ready' : undefined;
    case 'answering':
      return letter === 'd' || letter === 'e' ? 'decline' : undefined;
    case 'idle':
      return undefined;
  }
}

const IN_A_CALL: Readonly<Record<string, Command>> = {
  m: 'mute',
  h: 'hold',
  k: 'keypad',
  t: 'transfer',
  p: 'recording',
  e: 'hang_up',
};

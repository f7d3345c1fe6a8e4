/** What keeps the phone from being online. */
export type ConnectionTrouble = 'network' | 'refused' | 'api';

export type Connection =
  | { readonly phase: 'offline' }
  /** `again`: it was online before, so somebody may be waiting. */
  | { readonly phase: 'connecting'; readonly attempt: number; readonly again: boolean }
  | { readonly phase: 'online' }
  /** Between two attempts. */
  | {
      readonly phase: 'waiting';
      readonly attempt: number;
      readonly again: boolean;
      readonly trouble: ConnectionTrouble;
    };

export type ConnectionEvent =
  | { readonly type: 'start' }
  | { readonly type: 'registered' }
  | { readonly type: 'failed'; readonly trouble: ConnectionTrouble }
  /** It is time for the next attempt, or the network has come back. */
  | { readonly type: 'retry' }
  | { readonly type: 'stop' };

export const OFFLINE: Connection = { phase: 'offline' };

export function connectionReducer(state: Connection, event: ConnectionEvent): Connection {
  switch (event.type) {
    case 'stop':
      return OFFLINE;
    case 'start':
      return state.phase === 'offline' ? { phase: 'connecting', attempt: 1, again: false } : state;
    case 'registered':
      return state.phase === 'connecting' ? { phase: 'online' } : state;
    case 'failed':
      if (state.phase === 'online')
        return { phase: 'waiting', attempt: 0, again: true, trouble: event.trouble };
      return state.phase === 'connecting'
        ? { phase: 'waiting', attempt: state.attempt, again: state.again, trouble: event.trouble }
        : state;
    case 'retry':
      return state.phase === 'waiting'
        ? { phase: 'connecting', attempt: state.attempt + 1, again: state.again }
        : state;
  }
}

/** How the state is named where it is shown: three words that a program may read too. */
export function connectionWord(state: Connection): 'online' | 'connecting' | 'offline' {
  if (state.phase === 'online') return 'online';
  return state.phase === 'offline' ? 'offline' : 'connecting';
}

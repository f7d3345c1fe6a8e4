import type { CallEntry, CallRecording, Colleague, Me, PresenceState } from './api/api-types';
import type { Devices } from './audio/devices';
import { NO_DEVICES } from './audio/devices';
import { IDLE } from './core/call-machine';
import type { CallState } from './core/call-machine';
import { OFFLINE } from './core/connection-machine';
import type { Connection } from './core/connection-machine';
import type { LegQuality, Quality } from './core/quality';
import type { TroubleCode } from './core/troubles';

/** Why nobody is signed in. */
export type SignedOutWhy = 'fresh' | 'expired' | 'signed_out' | 'taken_over';

export type Screen =
  /** `waiting`: the exchange does not answer; it is asked again. */
  | { readonly name: 'starting'; readonly waiting: boolean }
  | {
      readonly name: 'sign_in';
      readonly why: SignedOutWhy;
      readonly busy: boolean;
      readonly failed: 'credentials' | 'locked' | 'no_answer' | 'other' | undefined;
      readonly retryAfterMs: number | undefined;
    }
  /** The agent's phone is open in another tab of this browser. */
  | { readonly name: 'other_tab'; readonly talking: boolean }
  | { readonly name: 'phone' };

/** What is told besides, until it is put away. */
export type Notice =
  | { readonly kind: 'status_failed' }
  | { readonly kind: 'microphone_changed' }
  | { readonly kind: 'microphone_gone'; readonly trouble: TroubleCode }
  | { readonly kind: 'hold_failed' }
  | { readonly kind: 'disposition_failed' }
  | { readonly kind: 'recording_failed' }
  /** Signing out would end the call. */
  | { readonly kind: 'in_call' }
  | { readonly kind: 'expires' };

export type Panel = 'none' | 'sound' | 'help' | 'keypad';

export interface PhoneState {
  readonly screen: Screen;
  readonly me: Me | undefined;
  readonly presence: { readonly state: PresenceState; readonly since: number };
  /** A status that was chosen and is not confirmed yet. */
  readonly choosing: 'available' | 'away' | undefined;
  readonly connection: Connection;
  readonly call: CallState;
  readonly quality: Quality | undefined;
  readonly legs: Readonly<Record<string, LegQuality>>;
  /** No sound has arrived for some seconds. */
  readonly silent: boolean;
  /** Of the call in hand; undefined: nothing is known of it. */
  readonly recording: CallRecording | undefined;
  readonly calls: readonly CallEntry[];
  readonly colleagues: readonly Colleague[];
  /** Agents of the same buyer. */
  readonly presences: ReadonlyMap<string, PresenceState>;
  /** Callers who wait, by team. */
  readonly queues: ReadonlyMap<string, number>;
  readonly devices: Devices;
  readonly microphone: 'unknown' | 'ok' | TroubleCode;
  readonly soundAllowed: boolean;
  readonly settings: Settings;
  readonly panel: Panel;
  readonly notice: Notice | undefined;
}

/** What this browser remembers. */
export interface Settings {
  /** Device ids; empty: the system's default. */
  readonly input: string;
  readonly output: string;
  readonly ring: string;
  /** Single keys act. They can be switched off (WCAG 2.1.4). */
  readonly shortcuts: boolean;
  /** The microphone was checked once. */
  readonly checked: boolean;
}

export const DEFAULT_SETTINGS: Settings = {
  input: '',
  output: '',
  ring: '',
  shortcuts: true,
  checked: false,
};

export const INITIAL: PhoneState = {
  screen: { name: 'starting', waiting: false },
  me: undefined,
  presence: { state: 'offline', since: 0 },
  choosing: undefined,
  connection: OFFLINE,
  call: IDLE,
  quality: undefined,
  legs: {},
  silent: false,
  recording: undefined,
  calls: [],
  colleagues: [],
  presences: new Map(),
  queues: new Map(),
  devices: NO_DEVICES,
  microphone: 'unknown',
  soundAllowed: true,
  settings: DEFAULT_SETTINGS,
  panel: 'none',
  notice: undefined,
};

/** The one place where the state of the page is kept. */
export class Store {
  #state = INITIAL;
  readonly #listeners = new Set<(state: PhoneState) => void>();

  get state(): PhoneState {
    return this.#state;
  }

  set(change: Partial<PhoneState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of [...this.#listeners]) listener(this.#state);
  }

  /** @returns a function that ends it */
  subscribe(listener: (state: PhoneState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

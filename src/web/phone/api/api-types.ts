/** What an agent is doing, as the switch says. */
export const PRESENCE_STATES = ['offline', 'available', 'ringing', 'on_call', 'wrap_up', 'away'] as const;
export type PresenceState = (typeof PRESENCE_STATES)[number];

export interface Presence {
  readonly state: PresenceState;
  /** ISO 8601, or epoch milliseconds. */
  readonly since: string | number;
}

export interface Session {
  readonly token: string;
  readonly expiresAt: string | number;
}

export interface Me {
  readonly agent: {
    readonly id: string;
    readonly name: string;
    readonly username: string;
    readonly wrapUpMs: number;
  };
  readonly teams: readonly { readonly id: string; readonly name: string }[];
  readonly presence: Presence;
  readonly dispositions: readonly { readonly code: string; readonly label: string }[];
  readonly today: { readonly answered: number; readonly missed: number; readonly talkMs: number };
}

export interface PhoneCredentials {
  readonly sip: {
    readonly uri: string;
    readonly username: string;
    readonly password: string;
    readonly expiresAt: string | number;
    readonly websocketUrls: readonly string[];
  };
  readonly iceServers: readonly {
    readonly urls: readonly string[] | string;
    readonly username?: string;
    readonly credential?: string;
  }[];
  readonly iceTransportPolicy: 'all' | 'relay';
}

export interface CallEntry {
  readonly callId: string;
  readonly at: string | number;
  readonly outcome: 'answered' | 'missed';
  readonly talkMs: number;
  readonly campaign: string;
  readonly state?: string;
  readonly number?: string;
  readonly disposition?: string;
}

export interface Colleague {
  readonly kind: 'agent' | 'team' | 'target';
  readonly id: string;
  readonly name: string;
  readonly sipUri: string;
  /** Of agents; a text, or as `Presence`. */
  readonly presence?: PresenceState | Presence;
}

/** Whether the call in hand is recorded. */
export interface CallRecording {
  readonly state: 'off' | 'on' | 'paused';
  /** When a pause ends by itself: UTC epoch milliseconds. */
  readonly resumesAt: number | null;
}

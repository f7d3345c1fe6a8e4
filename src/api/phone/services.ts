import type { Account, Agent, Buyer, CallCard, E164, Presence, Target, Team } from '../../domain';
import type { SignInTry, SignInTurn } from '../../storage';

/** What of the market the people of a buyer see. */
export interface PhoneMarket {
  account(id: string): Account | undefined;
  buyer(id: string): Buyer | undefined;
  agent(id: string): Agent | undefined;
  /** Every agent there is. */
  agents(): Iterable<Agent>;
  agentsOfBuyer(buyerId: string): readonly Agent[];
  team(id: string): Team | undefined;
  teamsOf(agentId: string): readonly Team[];
  teamsOfBuyer(buyerId: string): readonly Team[];
  targetsOfBuyer(buyerId: string): readonly Target[];
}

/** What an agent does, since when (UTC epoch milliseconds). */
export interface AgentPresence {
  readonly state: Presence;
  readonly since: number;
}

/** What agents do, on whichever node. */
export interface Presences {
  of(agentIds: readonly string[]): Promise<ReadonlyMap<string, AgentPresence>>;
  /** What the agent wants to be. */
  choose(agentId: string, status: 'available' | 'away'): Promise<unknown>;
  onChange(handler: (change: AgentPresence & { readonly agentId: string }) => void): void;
}

/** What is read of a call for its card. */
export interface CardSource {
  readonly callId: string;
  readonly from: E164 | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

/** With what a phone signs in to SIP and to TURN servers. */
export interface PhoneCredentials {
  readonly sip: {
    /** Address of record. */
    readonly uri: string;
    readonly username: string;
    readonly password: string;
    /** UTC epoch milliseconds. */
    readonly expiresAt: number;
    readonly websocketUrls: readonly string[];
  };
  readonly iceServers: readonly {
    readonly urls: readonly string[];
    readonly username?: string;
    readonly credential?: string;
  }[];
  readonly iceTransportPolicy: 'all' | 'relay';
}

/** How a page reached the API: the SIP server is at the same host, where nothing else is configured. */
export interface ReachedBy {
  /** Without the port. */
  readonly host: string;
  readonly secure: boolean;
}

/** What may be said of a call. */
export interface Disposition {
  readonly code: string;
  readonly label: string;
}

/** News for phones, besides presence. */
export interface PhoneNews {
  /** How many callers wait for a team, whenever that changes. */
  onQueue(handler: (queue: { readonly teamId: string; readonly waiting: number }) => void): void;
  /** How the legs of a call sound, for the agent who is on it. */
  onQuality(
    handler: (quality: { readonly agentId: string; readonly callId: string; readonly legs: unknown }) => void,
  ): void;
}

/** What the phones of agents need of the switch. */
export interface PhoneServices {
  readonly market: PhoneMarket;
  readonly presences: Presences;
  readonly news: PhoneNews;
  readonly lockout: {
    take(attempt: SignInTry): Promise<SignInTurn>;
    forget(username: string): Promise<void>;
  };
  /** Domain of addresses of record, and realm of passwords. */
  readonly domain: string;
  /** Milliseconds for which an agent is signed in. */
  readonly sessionMs: number;
  readonly dispositions: readonly Disposition[];
  /** Made for this agent, for a while. */
  credentials(agent: Pick<Agent, 'id' | 'username' | 'signedOutAt'>, by: ReachedBy): PhoneCredentials;
  /** Where pages that were loaded from there may reach SIP. */
  websocketUrls(by: ReachedBy): readonly string[];
  /** @param sold - the bid that brings the call, and what it costs, where that is known */
  card(
    call: CardSource,
    sold: { readonly bidId: string; readonly price: number | undefined },
    answered: boolean,
  ): CallCard;
  /** The agent may not be rung any more by what registered so far. Never throws. */
  signedOut(agentId: string): void;
}

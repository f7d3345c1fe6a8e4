import type { Agent } from '../domain';
import { asError } from '../domain';
import type { DigestAlgorithm } from '../signaling';
import type { AgentSecret } from '../storage';

export interface SipPasswordsOptions {
  /** Asks the database. */
  readonly find: (agentId: string) => Promise<AgentSecret | undefined>;
  readonly agent: (agentId: string) => Pick<Agent, 'signedOutAt'> | undefined;
  /** Realm of the passwords, in lower case. */
  readonly domain: string;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

interface Kept {
  readonly secret: AgentSecret;
  /** UTC epoch milliseconds. */
  readonly readAt: number;
}

const MAX_KEPT = 20_000;
/** A database that is away is asked once in so many milliseconds: nobody else waits for it. */
const AWAY_MS = 5_000;

/**
 * What SIP phones prove their passwords by. The database is asked each time, so that a new password counts
 * at once and known users take as long as made-up ones; while it is away, what it said last counts.
 */
export class SipPasswords {
  readonly #options: SipPasswordsOptions;
  /** Who was asked for longest ago stands first. */
  readonly #kept = new Map<string, Kept>();
  /** Monotonic milliseconds; undefined: the database answers. */
  #awayUntil: number | undefined;

  constructor(options: SipPasswordsOptions) {
    this.#options = options;
  }

  /**
   * H(username:realm:password) in hexadecimal; undefined when there is none, or it was set when the domain had
   * another name: it proves nothing here.
   * @throws Error when the database is away, and nothing is known of the agent
   */
  async ha1(agentId: string, algorithm: DigestAlgorithm): Promise<string | undefined> {
    const secret = await this.#secretOf(agentId);
    if (secret?.realm !== this.#options.domain) return undefined;
    return algorithm === 'MD5' ? secret.ha1Md5 : secret.ha1Sha256;
  }

  async #secretOf(agentId: string): Promise<AgentSecret | undefined> {
    const { find, now, monotonic } = this.#options;
    if (this.#awayUntil !== undefined) {
      if (monotonic() < this.#awayUntil) return this.#lastOf(agentId, new Error('the database is away'));
      this.#awayUntil = monotonic() + AWAY_MS;
    }
    const readAt = now();
    try {
      const secret = await find(agentId);
      this.#awayUntil = undefined;
      this.#keep(agentId, secret && { secret, readAt });
      return secret;
    } catch (error) {
      this.#awayUntil = monotonic() + AWAY_MS;
      return this.#lastOf(agentId, asError(error));
    }
  }

  #keep(agentId: string, kept: Kept | undefined): void {
    this.#kept.delete(agentId);
    if (!kept) return;
    this.#kept.set(agentId, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  #lastOf(agentId: string, away: Error): AgentSecret | undefined {
    const agent = this.#options.agent(agentId);
    if (!agent) return undefined;
    const kept = this.#kept.get(agentId);
    // A password that was changed since proves nothing.
    if (!kept || (agent.signedOutAt ?? 0) > kept.readAt) throw away;
    return kept.secret;
  }
}

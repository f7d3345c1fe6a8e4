import { Signatures } from './signed';

/** Seconds within which an INVITE must be on its way; clocks of nodes differ a little. */
const LIFE_SECONDS = 120;

/** An agent who asks somebody about a call that another node has. */
export interface Asker {
  readonly agentId: string;
  readonly callId: string;
  /** Whence the agent's phone sent the INVITE. */
  readonly sourceAddress: string;
}

/** By which one node vouches to another for whose phone sent an INVITE. */
export class AskerTokens {
  readonly #signatures: Signatures;
  readonly #now: () => number;

  /** @param now - UTC epoch milliseconds */
  constructor(secret: Buffer, now: () => number) {
    this.#signatures = new Signatures(secret, 'asker');
    this.#now = now;
  }

  /** @param sipCallId - of the INVITE, for which alone it is good; for two minutes */
  seal({ agentId, callId, sourceAddress }: Asker, sipCallId: string): string {
    const expiry = Math.floor(this.#now() / 1000) + LIFE_SECONDS;
    return this.#signatures.sign(JSON.stringify([expiry, agentId, callId, sourceAddress]), sipCallId);
  }

  /** Undefined when no node of ours wrote it, for this INVITE and not long ago. */
  open(token: string, sipCallId: string): Asker | undefined {
    const text = this.#signatures.read(token, sipCallId);
    if (text === undefined) return undefined;
    const [expiry, agentId, callId, sourceAddress] = JSON.parse(text) as [number, string, string, string];
    return expiry * 1000 < this.#now() ? undefined : { agentId, callId, sourceAddress };
  }
}

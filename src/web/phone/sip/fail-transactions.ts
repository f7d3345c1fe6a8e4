import type { UserAgent } from 'sip.js';

/** What is called of a transaction when its connection is gone (RFC 3261 §17.1.4). */
interface Transaction {
  readonly state: string;
  onTransportError(error: Error): void;
}

/** States in which a final answer is still to come (§17.1.1.2, §17.1.2.2). */
const UNANSWERED: ReadonlySet<string> = new Set(['Calling', 'Trying', 'Proceeding']);

/**
 * Tells every request that waits for an answer on a lost connection that none will come. sip.js does so
 * only for what is sent afterwards, and a re-INVITE that waits for half a minute keeps all others back.
 */
export function failTransactions(agent: UserAgent, error: Error): void {
  for (const client of [...agent.userAgentCore.userAgentClients.values()]) {
    const { transaction } = client as unknown as { transaction: Transaction };
    if (!UNANSWERED.has(transaction.state)) continue;
    try {
      transaction.onTransportError(error);
    } catch {
      // It had just ended by itself.
    }
  }
}

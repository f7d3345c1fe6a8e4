import type { Agent } from '../../domain';
import type { DigestAlgorithm } from './digest';

/** What the registrar knows of an agent. */
export type PhoneUser = Pick<Agent, 'id' | 'username' | 'status' | 'maxContacts' | 'signedOutAt'>;

/** Who may register. Agents are looked up in memory; only passwords of hardware phones are asked for. */
export interface PhoneDirectory {
  agent(agentId: string): PhoneUser | undefined;
  byUsername(username: string): PhoneUser | undefined;
  /**
   * H(username:realm:password) of the agent's SIP password, in lower-case hexadecimal; undefined when there is
   * none. Asked for users that there are not too, so that time does not tell them apart.
   * @throws Error when it cannot be read now
   */
  ha1(agentId: string, algorithm: DigestAlgorithm): Promise<string | undefined>;
}

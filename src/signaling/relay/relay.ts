import type { AgentContact } from '../ports';
import type { Binding } from '../registrar/bindings';
import type { IncomingInvite } from '../sip/sip-stack';
import type { Asker } from './asker-tokens';
import { AskerTokens } from './asker-tokens';
import { FlowTokens } from './flow-tokens';
import { flowUri } from './flow-uri';

export interface RelayOptions {
  /** The same on every node. */
  readonly secret: Buffer;
  /** Where the SIP server of another node is reached, as a URI; undefined when it is not there. */
  addressOf(nodeId: string): string | undefined;
  /** UTC epoch milliseconds. */
  now(): number;
}

/** An agent's call, and who has it. */
export interface AskerRoute {
  readonly agentId: string;
  readonly callId: string;
  readonly nodeId: string;
}

/** Header by which a node says whose phone sent an INVITE that it passes on. */
const ASKER_HEADER = 'X-DCE-Asker';

/** Rings phones whose connections other nodes hold, and hands on what other nodes send to this one's. */
export class Relay {
  readonly #tokens: FlowTokens;
  readonly #askers: AskerTokens;
  readonly #addressOf: (nodeId: string) => string | undefined;

  constructor({ secret, addressOf, now }: RelayOptions) {
    this.#tokens = new FlowTokens(secret, now);
    this.#askers = new AskerTokens(secret, now);
    this.#addressOf = addressOf;
  }

  /** How a phone of another node is reached; undefined when that node is not there. */
  routeVia(binding: Binding): Pick<AgentContact, 'uri' | 'route'> | undefined {
    const route = this.#addressOf(binding.nodeId);
    if (route === undefined) return undefined;
    return { uri: this.#tokens.seal(binding.contact, binding.flow), route };
  }

  /**
   * Takes an INVITE that another node sent for a phone of ours, and hands it on.
   * @returns false when it is none
   */
  take(invite: IncomingInvite): boolean {
    const flow = this.#tokens.open(invite.requestUri);
    if (flow === undefined) return false;
    if (flow === 'bad') invite.reject(403);
    else void invite.relay(flowUri(flow));
    return true;
  }

  /**
   * Passes an agent's INVITE on to the node that has the agent's call.
   * @returns false when that node is not there
   */
  sendAsker(invite: IncomingInvite, { agentId, callId, nodeId }: AskerRoute): boolean {
    const route = this.#addressOf(nodeId);
    if (route === undefined) return false;
    const { sourceAddress } = invite;
    const token = this.#askers.seal({ agentId, callId, sourceAddress }, invite.callId);
    void invite.relay(route, { [ASKER_HEADER]: token });
    return true;
  }

  /** Who asks, of an INVITE that another node passed on. `bad`: no node did; undefined: it is none such. */
  askerOf(invite: IncomingInvite): Asker | 'bad' | undefined {
    const token = invite.header(ASKER_HEADER);
    return token === undefined ? undefined : (this.#askers.open(token, invite.callId) ?? 'bad');
  }
}

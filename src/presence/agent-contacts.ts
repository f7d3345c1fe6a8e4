import type { AgentContact, Binding } from '../signaling';
import { flowUri } from '../signaling';

/** How an INVITE reaches a phone whose connection another node holds; undefined when there is no way. */
export type RouteVia = (binding: Binding) => Pick<AgentContact, 'uri' | 'route'> | undefined;

export interface ContactRules {
  /** This node. */
  readonly nodeId: string;
  readonly routeVia: RouteVia;
  /** Other nodes' phones are left out. */
  readonly ownOnly: boolean;
}

/** The phones of an agent that can be rung from here, in the order of their bindings. */
export function contactsOf(bindings: readonly Binding[], rules: ContactRules): AgentContact[] {
  return bindings.flatMap((binding) => {
    const target = targetOf(binding, rules);
    if (!target) return [];
    const { agentId, flow } = binding;
    return [{ agentId, binding, ...target, webrtc: flow.transport === 'ws' || flow.transport === 'wss' }];
  });
}

function targetOf(
  binding: Binding,
  { nodeId, routeVia, ownOnly }: ContactRules,
): Pick<AgentContact, 'uri' | 'route'> | undefined {
  if (binding.nodeId === nodeId) return { uri: binding.contact, route: flowUri(binding.flow) };
  return ownOnly ? undefined : routeVia(binding);
}

import type { SipTransport } from '../sip/sip-stack';

/** A connection of a phone; for UDP, where it sends from. */
export interface Flow {
  readonly transport: SipTransport;
  readonly address: string;
  readonly port: number;
}

/** One phone of an agent as the registrar knows it (RFC 3261 §10, RFC 5626 §6). */
export interface Binding {
  readonly agentId: string;
  /** Unique among the agent's bindings: instance and reg-id where the phone gave them, else its URI. */
  readonly key: string;
  /** Contact URI as registered; what a Request-URI is made of. */
  readonly contact: string;
  /** `+sip.instance` (RFC 5626 §4.1), e.g. `urn:uuid:…`. */
  readonly instanceId: string | undefined;
  /** Which of the phone's connections it is (RFC 5626 §4.2). */
  readonly regId: number | undefined;
  /** The node that holds the phone's connection; any node for a phone reached by its URI. */
  readonly nodeId: string;
  /** On which it registered. */
  readonly flow: Flow;
  readonly userAgent: string | undefined;
  /** Call-ID and CSeq of the REGISTER: an older one changes nothing (RFC 3261 §10.3). */
  readonly callId: string;
  readonly cseq: number;
  /** UTC epoch milliseconds. */
  readonly registeredAt: number;
  /** UTC epoch milliseconds. */
  readonly expiresAt: number;
}

/** What one REGISTER does to an agent's bindings. */
export interface BindingChange {
  readonly put: readonly Binding[];
  /** Keys. */
  readonly remove: readonly string[];
}

/**
 * Where bindings are kept so that every node finds them. Nothing here rejects: without the store, a node knows
 * its own. `now` is UTC epoch milliseconds.
 */
export interface BindingStore {
  /** True while only phones of this node are known. */
  readonly degraded: boolean;
  /** Live bindings, by the clock given: the oldest registration first. */
  of(agentId: string, now: number): Promise<readonly Binding[]>;
  /** The same of many agents; an agent without any is absent. */
  ofAll(agentIds: readonly string[], now: number): Promise<ReadonlyMap<string, readonly Binding[]>>;
  /** Replaces what `of` told, atomically; false when somebody else changed the agent's bindings meanwhile. */
  apply(agentId: string, expected: readonly Binding[], change: BindingChange, now: number): Promise<boolean>;
  /** A phone turned out unreachable: its binding goes, unless it registered again since. */
  drop(binding: Binding): Promise<void>;
  /** Whose phone registered on a connection of this node; undefined when none did, or its time is over. */
  agentOfFlow(flow: Flow, now: number): string | undefined;
  /** Calls for each change of an agent's bindings: on whichever node it was made, and when they expire. */
  onChange(handler: (agentId: string) => void): void;
}

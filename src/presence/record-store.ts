import type { AgentRecord } from './agent-record';

/** A record as it was read, with what it must still be when it is written. */
export interface StoredRecord {
  readonly record: AgentRecord;
  /** '' when there was none. */
  readonly text: string;
}

export interface Reading {
  /** The store's clock, common to all who read it: UTC epoch milliseconds. */
  readonly now: number;
  /** Of every agent that was asked for. */
  readonly records: ReadonlyMap<string, StoredRecord>;
  /** Whom the team's last call rang. */
  readonly lastRung: string | undefined;
}

/** A change of one agent, made only if the agent is still as it was read. */
export interface Swap {
  readonly agentId: string;
  readonly expected: string;
  readonly record: AgentRecord;
}

/**
 * Where the states of agents are kept. Rules are applied to what was read, and written only over just
 * that: so they need to be known here alone, and never to the store.
 */
export interface RecordStore {
  /** @param teamId - whose last rung agent is asked for as well */
  read(agentIds: readonly string[], teamId?: string): Promise<Reading>;
  /**
   * Makes the first `most` of the changes that can be made, in one step.
   * @param teamId - of which the last one is remembered as rung
   * @returns whom it changed
   */
  swap(swaps: readonly Swap[], most: number, teamId?: string): Promise<readonly string[]>;
}

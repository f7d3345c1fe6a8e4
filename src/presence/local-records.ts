import type { AgentRecord } from './agent-record';
import { UNKNOWN_AGENT } from './agent-record';
import { decodeRecord, encodeRecord } from './record-codec';
import type { Reading, RecordStore, StoredRecord, Swap } from './record-store';

/**
 * What this node knows of agents: a copy of what all nodes share, and while that is away the states
 * of its own agents.
 */
export class LocalRecords implements RecordStore {
  readonly #now: () => number;
  readonly #onChange: (agentId: string, record: AgentRecord) => void;
  readonly #texts = new Map<string, string>();
  readonly #lastRung = new Map<string, string>();
  /** Changed here alone: the others are to be told. */
  readonly #unshared = new Set<string>();

  /**
   * @param now - UTC epoch milliseconds
   * @param onChange - told of what is changed here, and of what was learnt
   */
  constructor(now: () => number, onChange: (agentId: string, record: AgentRecord) => void) {
    this.#now = now;
    this.#onChange = onChange;
  }

  get agentIds(): readonly string[] {
    return [...this.#texts.keys()];
  }

  of(agentId: string): StoredRecord {
    const text = this.#texts.get(agentId);
    return text === undefined ? { record: UNKNOWN_AGENT, text: '' } : { record: decodeRecord(text), text };
  }

  /** Takes over what all nodes share; what is older than what is known, or was changed here, stays. */
  learn(agentId: string, text: string): void {
    const known = this.#texts.get(agentId);
    if (known === text || this.#unshared.has(agentId)) return;
    const record = decodeRecord(text);
    if (known !== undefined && decodeRecord(known).version >= record.version) return;
    this.#texts.set(agentId, text);
    this.#onChange(agentId, record);
  }

  forget(agentId: string): void {
    this.#texts.delete(agentId);
    this.#unshared.delete(agentId);
  }

  /** Agents that were changed here alone, of whom the others are to be told. */
  get unshared(): ReadonlySet<string> {
    return this.#unshared;
  }

  /**
   * What was known here has been told, and is shared from now on; not what was changed since.
   * @param told - what was known when it was told
   */
  share(agentId: string, told: string, text: string): void {
    if ((this.#texts.get(agentId) ?? '') !== told) return;
    this.#unshared.delete(agentId);
    if (told === text) return;
    this.#texts.set(agentId, text);
    this.#onChange(agentId, decodeRecord(text));
  }

  read(agentIds: readonly string[], teamId?: string): Promise<Reading> {
    return Promise.resolve({
      now: this.#now(),
      records: new Map(agentIds.map((agentId) => [agentId, this.of(agentId)])),
      lastRung: teamId === undefined ? undefined : this.#lastRung.get(teamId),
    });
  }

  swap(swaps: readonly Swap[], most: number, teamId?: string): Promise<readonly string[]> {
    const done: string[] = [];
    for (const { agentId, expected, record } of swaps) {
      if (done.length >= most) break;
      if ((this.#texts.get(agentId) ?? '') !== expected) continue;
      this.#texts.set(agentId, encodeRecord(record));
      this.#unshared.add(agentId);
      done.push(agentId);
      this.#onChange(agentId, record);
    }
    const last = done.at(-1);
    if (teamId !== undefined && last !== undefined) this.#lastRung.set(teamId, last);
    return Promise.resolve(done);
  }
}

import { asError } from '../domain';
import type { AgentRecord } from './agent-record';
import { callTaskOf, change, merge, presenceOf } from './agent-record';
import type { LocalRecords } from './local-records';
import { encodeRecord } from './record-codec';
import type { RedisRecords } from './redis-records';
import type { StoredRecord } from './record-store';

export interface Sharing {
  readonly shared: RedisRecords;
  readonly local: LocalRecords;
  /** This node. */
  readonly node: string;
  /** Whether a call of this node has the agent, or is about to. */
  readonly holds: (agentId: string, callId: string) => boolean;
  /** Something in Redis could not be read: it is passed over. */
  readonly onError?: ((error: Error) => void) | undefined;
}

const ROUNDS = 4;
/** Who has not been seen for so many milliseconds is forgotten. */
const FORGET_MS = 30 * 86_400_000;

/**
 * Brings together what this node knows and what all nodes share: what was changed here while Redis was
 * away, what Redis has forgotten, and whom it takes to be held by calls that this node no longer has.
 *
 * @returns who was changed here alone, whose registrations are to be looked at again
 * @throws Error when Redis is away: what was not told by then is told the next time
 */
export async function shareRecords(sharing: Sharing): Promise<readonly string[]> {
  const { shared, local } = sharing;
  const unshared = [...local.unshared];
  const { now } = await shared.read([]);
  const found = new Set<string>();
  const forgotten: string[] = [];
  let open = new Set<string>(unshared);
  for await (const [agentId, text] of shared.all()) {
    found.add(agentId);
    try {
      local.learn(agentId, text);
    } catch (error) {
      sharing.onError?.(asError(error));
    }
    const { record, text: known } = local.of(agentId);
    if (isStale(record, now)) forgotten.push(agentId);
    else if (known !== text || isLeftOver(sharing, agentId, record)) open.add(agentId);
  }
  for (const agentId of local.agentIds) if (!found.has(agentId)) open.add(agentId);
  for (let round = 0; round < ROUNDS && open.size > 0; round++) open = await shareAll(sharing, open);
  await shared.remove(forgotten);
  for (const agentId of forgotten) local.forget(agentId);
  return unshared;
}

/** @returns who was changed by others meanwhile */
async function shareAll(sharing: Sharing, agentIds: ReadonlySet<string>): Promise<Set<string>> {
  const { shared, local } = sharing;
  const { now, records } = await shared.read([...agentIds]);
  const swaps = [...records].flatMap(([agentId, stored]) => {
    const own = local.of(agentId);
    const record = together(sharing, agentId, stored, own, now);
    if (record !== stored.record) return [{ agentId, expected: stored.text, record, own: own.text }];
    local.share(agentId, own.text, stored.text);
    return [];
  });
  const done = new Set(swaps.length === 0 ? [] : await shared.swap(swaps, swaps.length));
  for (const { agentId, record, own } of swaps) {
    if (done.has(agentId)) local.share(agentId, own, encodeRecord(record));
  }
  return new Set(swaps.map(({ agentId }) => agentId).filter((agentId) => !done.has(agentId)));
}

function together(
  sharing: Sharing,
  agentId: string,
  stored: StoredRecord,
  own: StoredRecord,
  now: number,
): AgentRecord {
  const newer = sharing.local.unshared.has(agentId) || own.record.version > stored.record.version;
  const known = newer ? merge(stored.record, own.record, sharing.node, now) : stored.record;
  const task = callTaskOf(known);
  if (!task || !isLeftOver(sharing, agentId, known)) return known;
  const { callId } = task;
  return change(known, { kind: 'release', callId, why: 'caller_gone', missedBeforeAway: Infinity }, now);
}

/** Held by a call that this node had, and no longer has. */
function isLeftOver({ node, holds }: Sharing, agentId: string, record: AgentRecord): boolean {
  const task = callTaskOf(record);
  return task !== undefined && task.node === node && !holds(agentId, task.callId);
}

function isStale(record: AgentRecord, now: number): boolean {
  return presenceOf(record) === 'offline' && record.since < now - FORGET_MS;
}

import type { AgentRecord, AgentTask } from './agent-record';

const TASKS = ['ringing', 'on_call', 'wrap_up'] as const;

/** A record as one line of text: the same record gives the same text. */
export function encodeRecord(record: AgentRecord): string {
  const { version, chosen, reachableUntil, task, idleSince, missed, since } = record;
  const fields = [version, chosen === 'away' ? 1 : 0, reachableUntil, idleSince, missed, since];
  return JSON.stringify(task ? [...fields, ...taskFields(task)] : fields);
}

/** @throws Error for text that is no record */
export function decodeRecord(text: string): AgentRecord {
  const fields = JSON.parse(text) as unknown;
  if (!Array.isArray(fields)) throw new Error(`not an agent's state: ${text.slice(0, 80)}`);
  const numbers = fields.slice(0, 6).map(Number);
  if (numbers.length < 6 || !numbers.every(Number.isFinite)) {
    throw new Error(`not an agent's state: ${text.slice(0, 80)}`);
  }
  const [version = 0, away = 0, reachableUntil = 0, idleSince = 0, missed = 0, since = 0] = numbers;
  const task = taskOf(fields.slice(6));
  return {
    version,
    chosen: away === 1 ? 'away' : 'available',
    reachableUntil,
    task,
    idleSince,
    missed,
    since,
  };
}

function taskFields(task: AgentTask): (string | number)[] {
  const kind = TASKS.indexOf(task.kind);
  return task.kind === 'wrap_up' ? [kind, task.until] : [kind, task.until, task.callId, task.node];
}

function taskOf([kind, until, callId, node]: readonly unknown[]): AgentTask | undefined {
  if (kind === undefined) return undefined;
  const name = TASKS[Number(kind)];
  if (name === undefined || !Number.isFinite(until)) throw new Error(`not an agent's task: ${String(kind)}`);
  if (name === 'wrap_up') return { kind: name, until: Number(until) };
  return { kind: name, until: Number(until), callId: String(callId), node: String(node) };
}

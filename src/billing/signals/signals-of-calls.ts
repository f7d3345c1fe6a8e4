import type { CallSignal } from '../../domain';
import { groupBy } from '../../domain';
import type { Queryable } from '../../storage';

/** A signal as it is kept. */
export interface StoredSignal extends CallSignal {
  readonly id: number;
  readonly callId: string;
  readonly source: string;
  readonly receivedAt: Date;
}

/** Signals of calls, the first first; calls of which nothing became known are left out. */
export async function signalsOfCalls(
  db: Queryable,
  callIds: readonly string[],
): Promise<Map<string, CallSignal[]>> {
  const { rows } = await db.query<CallSignal & { callId: string }>({
    name: 'signals-of-calls',
    text: `select call_id as "callId", kind, value, at from call_signals where call_id = any($1) order by id`,
    values: [callIds],
  });
  return groupBy(
    rows,
    ({ callId }) => callId,
    ({ callId: _callId, ...signal }) => signal,
  );
}

/** Everything that became known of a call, the first first. */
export async function listSignals(db: Queryable, callId: string): Promise<StoredSignal[]> {
  const { rows } = await db.query<StoredSignal>({
    name: 'signals-list',
    text: `select id, call_id as "callId", kind, value, at, source, received_at as "receivedAt"
      from call_signals where call_id = $1 order by id`,
    values: [callId],
  });
  return rows;
}

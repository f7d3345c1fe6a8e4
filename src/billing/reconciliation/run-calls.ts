import type { Database } from '../../storage';
import type { DocumentPeriod } from '../invoices/document';
import type { SettlementSources } from '../settlement/settlement-sources';
import { STORED_SOURCES } from '../settlement/settlement-sources';
import { reconcileCalls } from './reconcile-calls';
import type { BegunRun, FinishedRun } from './runs';
import { beginRun, carryOut, keepDifferences, MAX_KEPT } from './runs';

/** How calls are reconciled, whichever they are. */
export interface CallsRunOptions {
  /** UTC epoch milliseconds. */
  readonly now: number;
  readonly sources?: SettlementSources;
  readonly graceMs?: number;
  readonly stopped?: () => boolean;
}

export interface CallsRun extends CallsRunOptions {
  readonly period: DocumentPeriod;
  /** Who asked for it; undefined of the daily job. */
  readonly requestedBy: string | undefined;
}

/**
 * Reconciles the calls of a period and keeps the result.
 * @returns undefined when the daily run of that period is somebody else's
 */
export async function runCallsReconciliation(
  database: Database,
  run: CallsRun,
): Promise<FinishedRun | undefined> {
  const begun = await beginRun(database, { kind: 'calls', period: run.period, requestedBy: run.requestedBy });
  return begun && performCalls(database, begun, run);
}

/** Carries out a run that was begun. @throws Error when it failed, which is noted */
export function performCalls(
  database: Database,
  { id, period }: BegunRun,
  options: CallsRunOptions,
): Promise<FinishedRun> {
  return carryOut(database, id, async () => {
    let differences = 0;
    const request = { ...options, period, sources: options.sources ?? STORED_SOURCES };
    const totals = await reconcileCalls(database, request, async (found) => {
      const room = Math.max(0, MAX_KEPT - differences);
      differences += found.length;
      if (room > 0) await keepDifferences(database, id, found.slice(0, room));
    });
    return { totals, differences };
  });
}

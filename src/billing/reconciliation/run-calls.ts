import { asError } from '../../domain';
import type { Database } from '../../storage';
import type { DocumentPeriod } from '../invoices/document';
import type { SettlementSources } from '../settlement/settlement-sources';
import { STORED_SOURCES } from '../settlement/settlement-sources';
import { reconcileCalls } from './reconcile-calls';
import type { BegunRun } from './runs';
import { beginRun, endRun, failRun, keepDifferences, MAX_KEPT } from './runs';

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

export interface FinishedRun {
  readonly id: number;
  readonly differences: number;
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
export async function performCalls(
  database: Database,
  { id, period }: BegunRun,
  options: CallsRunOptions,
): Promise<FinishedRun> {
  try {
    let differences = 0;
    const request = { ...options, period, sources: options.sources ?? STORED_SOURCES };
    const totals = await reconcileCalls(database, request, async (found) => {
      const room = Math.max(0, MAX_KEPT - differences);
      differences += found.length;
      if (room > 0) await keepDifferences(database, id, found.slice(0, room));
    });
    await endRun(database, id, { totals, differences });
    return { id, differences };
  } catch (error) {
    // While the database is away nobody can be told: the run is taken for dead later.
    await failRun(database, id, asError(error).message).catch(() => undefined);
    throw error;
  }
}

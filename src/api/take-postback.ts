import type { SignalReport } from '../billing';
import { findCall, recordSignal } from '../billing';
import { AppError } from '../domain';
import type { Queryable } from '../storage';
import type { MoneyServices } from './money-rules';
import { signalRules } from './money-rules';

/** What somebody tells of a call that it names by our id, or by the buyer's. */
export interface ToldOfCall extends Omit<SignalReport, 'callId' | 'at'> {
  readonly call: string;
  /** UTC epoch milliseconds; now by default. */
  readonly at?: number | undefined;
}

/** A signal as it was taken. */
export interface TakenSignal {
  readonly callId: string;
  /** False when it was known. */
  readonly isNew: boolean;
  readonly at: number;
}

/**
 * Records what somebody tells of a call.
 * @throws AppError `validation`, `not_found`, `conflict`, `unprocessable`, each with why
 */
export async function takeSignal(
  db: Queryable,
  services: MoneyServices,
  told: ToldOfCall,
): Promise<TakenSignal> {
  const { call, at: when, ...signal } = told;
  const rules = signalRules(services);
  const found = await findCall(db, call, told.accountId);
  if (!found.ok) {
    if (found.reason === 'unknown_call') throw unknownCall(call);
    throw new AppError(
      'conflict',
      'reference_ambiguous',
      `several calls have the reference ${call}: name one by its id`,
    );
  }
  const { callId } = found;
  const at = when ?? rules.now;
  const recorded = await recordSignal(db, { ...signal, callId, at }, rules);
  if (recorded.ok) return { callId, isNew: recorded.isNew, at };
  switch (recorded.reason) {
    case 'unknown_call':
      throw unknownCall(call);
    case 'not_sold':
      throw new AppError('unprocessable', 'call_not_sold', `nobody bought call ${callId}`);
    case 'too_late':
      throw new AppError(
        'unprocessable',
        'signal_too_late',
        `call ${callId} ended more than ${services.rules.signalDays} days ago`,
      );
    case 'too_many':
      throw new AppError('unprocessable', 'too_many_signals', `too many signals of call ${callId} are known`);
  }
}

function unknownCall(call: string): AppError {
  return new AppError('not_found', 'call_not_found', `there is no call ${call} that you may tell of`);
}

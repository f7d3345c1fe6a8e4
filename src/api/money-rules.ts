import type { Micros, Principal } from '../domain';
import { OPERATOR_ACCOUNT, AppError, micros, principalName } from '../domain';

/** What the configuration says of money after the fact. */
export interface MoneyRules {
  /** Days after the end of a call in which signals of it are taken. */
  readonly signalDays: number;
  /** Days after its settlement in which a call may be disputed, where an account has no window of its own. */
  readonly disputeDays: number;
  /** Micro-units that one person may move by hand alone. */
  readonly maxAdjustmentMicros: number;
}

export const MONEY_RULES: MoneyRules = {
  signalDays: 30,
  disputeDays: 14,
  maxAdjustmentMicros: 100_000_000,
};

/** The rules, and the clock they go by. */
export interface MoneyServices {
  readonly rules: MoneyRules;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
}

const DAY_MS = 86_400_000;

export function signalRules({ rules, now }: MoneyServices): { windowMs: number; now: number } {
  return { windowMs: rules.signalDays * DAY_MS, now: Math.round(now()) };
}

export function disputeRules({ rules, now }: MoneyServices): { days: number; now: number } {
  return { days: rules.disputeDays, now: Math.round(now()) };
}

export function adjustmentRules({ rules }: MoneyServices): { mostAlone: Micros } {
  return { mostAlone: micros(rules.maxAdjustmentMicros) };
}

/** @throws AppError `forbidden` for people of other accounts */
export function assertOperator({ accountId }: Principal): void {
  if (accountId === OPERATOR_ACCOUNT) return;
  throw new AppError('forbidden', 'operator_only', 'this is for keys of the exchange');
}

/** A caller as the one who did something. */
export function actorOf(caller: Principal): { keyId: string; accountId: string } {
  return { keyId: principalName(caller), accountId: caller.accountId };
}

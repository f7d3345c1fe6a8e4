import type { Micros } from '../domain';
import { AppError, micros } from '../domain';
import { OPERATOR_ACCOUNT } from '../billing';
import type { ApiKeyIdentity } from '../storage';

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

/** Whose things a key may see: those of its account; undefined for keys of the exchange, which see all. */
export function ownOnly({ accountId }: ApiKeyIdentity): string | undefined {
  return accountId === OPERATOR_ACCOUNT ? undefined : accountId;
}

/** @throws AppError `forbidden` for keys of others */
export function assertOperator({ accountId }: ApiKeyIdentity): void {
  if (accountId === OPERATOR_ACCOUNT) return;
  throw new AppError('forbidden', 'operator_only', 'this is for keys of the exchange');
}

/** A key as the one who did something. */
export function actorOf({ keyId, accountId }: ApiKeyIdentity): { keyId: string; accountId: string } {
  return { keyId, accountId };
}

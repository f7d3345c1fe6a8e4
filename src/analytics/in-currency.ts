import type { FigureSums, GrowingSums } from '../storage';
import { NO_FIGURES } from '../storage';
import type { ReportRow } from './call-report';
import type { MoneySum } from './figures';
import { addFigures, MONEY_SUMS } from './figures';

/** Figures of one bucket and key: counts are of all calls, money is of one currency. */
export interface CurrencyRow {
  readonly start: number;
  readonly key: string | null;
  readonly sums: FigureSums;
}

const NO_MONEY = { revenue: 0, payout: 0, fees: 0, taxes: 0, carrierCost: 0 };

/** Rows with the money of one currency: that of others is left out, never added to it. */
export function inCurrency(rows: readonly ReportRow[], currency: string): CurrencyRow[] {
  const merged: { start: number; key: string | null; sums: GrowingSums }[] = [];
  for (const { start, key, currency: own, sums } of rows) {
    let last = merged.at(-1);
    if (last?.start !== start || last.key !== key) {
      last = { start, key, sums: { ...NO_FIGURES } };
      merged.push(last);
    }
    addFigures(last.sums, own === currency ? sums : { ...sums, ...NO_MONEY });
  }
  return merged;
}

/** Currencies that there is money of. @param of - what of it counts; all by default */
export function currenciesOf(rows: readonly ReportRow[], of: readonly MoneySum[] = MONEY_SUMS): string[] {
  const currencies = new Set<string>();
  for (const { currency, sums } of rows) {
    if (currency !== null && of.some((sum) => sums[sum] !== 0)) currencies.add(currency);
  }
  return [...currencies].sort();
}

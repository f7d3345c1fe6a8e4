import type { Currency, Micros } from '../../domain';
import { decimalText as exactDecimal, micros, minorDecimals } from '../../domain';

const MICRO_DECIMALS = 6;
/** Eight digits are the most that Stripe takes for one charge (its documentation of currencies). */
const MOST = 99_999_999;

/** Micro-units in the smallest unit in which a currency is paid, e.g. 10,000 in a cent. */
export function microsPerMinorUnit(currency: Currency): number {
  return 10 ** (MICRO_DECIMALS - minorDecimals(currency));
}

/** An amount as those who move money count it, or why it cannot be written so. */
export type MinorUnits =
  { readonly ok: true; readonly units: number } | { readonly ok: false; readonly reason: string };

/** Writes an amount in the currency's smallest unit, exactly or not at all. */
export function minorUnitsOf(amount: Micros, currency: Currency): MinorUnits {
  const unit = microsPerMinorUnit(currency);
  if (!Number.isSafeInteger(amount) || amount <= 0) return { ok: false, reason: 'must be more than nothing' };
  if (amount % unit !== 0) {
    return { ok: false, reason: `must be a whole number of ${unit} micro-units: ${currency} has no less` };
  }
  const units = amount / unit;
  return units > MOST ? { ok: false, reason: `must be ${MOST * unit} at most` } : { ok: true, units };
}

/** Reads an amount in the currency's smallest unit. @throws RangeError when it is not a safe integer */
export function microsOfMinorUnits(units: number, currency: Currency): Micros {
  return micros(units * microsPerMinorUnit(currency));
}

/** The most that can be paid of an amount: what is finer than the smallest unit stays. */
export function wholeMinorUnits(amount: Micros, currency: Currency): Micros {
  return micros(amount - (amount % microsPerMinorUnit(currency)));
}

/** An amount in units of the currency with its decimals, e.g. `12.50`. */
export function decimalText(amount: Micros, currency: Currency): string {
  if (amount % microsPerMinorUnit(currency) !== 0) {
    throw new RangeError(`${amount} is finer than ${currency} is paid`);
  }
  return exactDecimal(amount, minorDecimals(currency));
}

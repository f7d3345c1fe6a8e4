/**
 * Money as integer micro-units (1 USD = 1,000,000) with an ISO 4217 currency. Nothing here divides
 * without saying which way it rounds, and nothing leaves the safe integer range unnoticed.
 */
declare const microsBrand: unique symbol;

/** An amount in millionths of a currency unit: always a safe integer, may be negative. */
export type Micros = number & { readonly [microsBrand]: true };

export const CURRENCIES = ['USD', 'EUR', 'GBP', 'CAD', 'AUD', 'CHF', 'JPY'] as const;
/** ISO 4217 code of a currency the exchange settles in. */
export type Currency = (typeof CURRENCIES)[number];

/** Decimals of the smallest unit (ISO 4217, "minor unit"); two where nothing is said. */
const MINOR_DECIMALS: Readonly<Partial<Record<Currency, number>>> = { JPY: 0 };

/** Decimals of the smallest unit in which a currency is paid (ISO 4217): 2 of USD, 0 of JPY. */
export function minorDecimals(currency: Currency): number {
  return MINOR_DECIMALS[currency] ?? 2;
}

/** An amount of one currency. */
export interface Money {
  readonly amount: Micros;
  readonly currency: Currency;
}

export const ZERO_MICROS = 0 as Micros;

/** Narrows an integer to {@link Micros}. @throws RangeError when it is not a safe integer. */
export function micros(value: number): Micros {
  if (!Number.isSafeInteger(value))
    throw new RangeError(`not a safe integer amount of micro-units: ${value}`);
  return (value === 0 ? 0 : value) as Micros;
}

/** Sum of two amounts of one currency. @throws RangeError on overflow. */
export function addMicros(a: Micros, b: Micros): Micros {
  return micros(a + b);
}

/** Difference of two amounts of one currency. @throws RangeError on overflow. */
export function subtractMicros(a: Micros, b: Micros): Micros {
  return micros(a - b);
}

/** An amount the other way round. */
export function negateMicros(amount: Micros): Micros {
  return subtractMicros(ZERO_MICROS, amount);
}

/**
 * `amount × numerator ÷ denominator`, exact in between, rounded half away from zero at the end.
 * @throws RangeError when the denominator is not a positive integer or the result overflows.
 */
export function multiplyRatio(amount: Micros, numerator: number, denominator: number): Micros {
  if (!Number.isSafeInteger(numerator) || !Number.isSafeInteger(denominator) || denominator <= 0) {
    throw new RangeError(`not a ratio of integers: ${numerator}/${denominator}`);
  }
  const product = BigInt(amount) * BigInt(numerator);
  const magnitude = product < 0n ? -product : product;
  const divisor = BigInt(denominator);
  const rounded = (magnitude * 2n + divisor) / (divisor * 2n);
  return micros(Number(product < 0n ? -rounded : rounded));
}

/** Writes an amount for people, e.g. `12.50 USD`; drops trailing zeros past the second decimal. */
export function formatMoney(money: Money): string {
  return `${formatMicros(money.amount)} ${money.currency}`;
}

/** An amount as an exact decimal, e.g. `12.50`, `-0.000001`; at least two decimals. */
export function formatMicros(amount: Micros): string {
  return decimalText(amount, 2);
}

/** Micro-units as an exact decimal: as many decimals as the amount needs, and at least so many. */
export function decimalText(amount: number | bigint, least = 0): string {
  const exact = BigInt(amount);
  const magnitude = exact < 0n ? -exact : exact;
  const fraction = (magnitude % 1_000_000n).toString().padStart(6, '0').replace(/0+$/, '').padEnd(least, '0');
  return `${exact < 0n ? '-' : ''}${magnitude / 1_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
}

/** True when the text is a currency code the exchange settles in. */
export function isCurrency(text: string): text is Currency {
  return (CURRENCIES as readonly string[]).includes(text);
}

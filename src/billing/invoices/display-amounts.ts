import type { Currency } from '../../domain';
import { decimalText, minorDecimals } from '../../domain';
import { microsPerMinorUnit } from '../payments/minor-units';

const MICRO_DECIMALS = 6;

/**
 * How amounts of one document are written: all with the same number of decimals, as many as the finest of
 * them needs and at least the currency's own. Nothing is rounded, so that what is shown adds up.
 */
export class AmountFormat {
  readonly decimals: number;
  readonly #format: Intl.NumberFormat;

  /** @param amounts - every amount that will be shown, in micro-units */
  constructor(locale: string, currency: Currency, amounts: Iterable<number>) {
    let decimals = minorDecimals(currency);
    for (const amount of amounts) decimals = Math.max(decimals, decimalsOf(amount));
    this.decimals = decimals;
    this.#format = new Intl.NumberFormat(locale, {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
  }

  /** @throws RangeError when the amount is finer than those that were announced */
  text(amount: number): string {
    if (decimalsOf(amount) > this.decimals) throw new RangeError(`${amount} was not announced`);
    return plain(this.#format.format(decimalText(amount) as unknown as number));
  }
}

/** The amount to the smallest unit that can be paid, half away from zero, in micro-units. */
export function payable(amount: number, currency: Currency): number {
  const unit = microsPerMinorUnit(currency);
  const raised = Math.abs(amount) + unit / 2;
  const rounded = raised - (raised % unit);
  return amount < 0 ? -rounded : rounded;
}

/** Some locales write spaces and signs that the standard fonts do not have; others look the same. */
export function plain(text: string): string {
  return text.replace(/[\u2009\u202f]/g, '\u00a0').replace(/\u2212/g, '-');
}

function decimalsOf(amount: number): number {
  let decimals = MICRO_DECIMALS;
  let rest = Math.abs(amount);
  if (rest === 0) return 0;
  while (decimals > 0 && rest % 10 === 0) {
    rest /= 10;
    decimals--;
  }
  return decimals;
}

import type { AccountTerms, Currency, FeeRule, Micros, TaxRule } from '../domain';
import { addMicros, micros, multiplyRatio, ZERO_MICROS } from '../domain';
import type { RatedLine } from './rated-sale';

const MINUTE_MS = 60_000;
const WHOLE_BP = 10_000;
const WHOLE_PPM = 1_000_000;

/** What fees and taxes of one party follow from. */
export interface FeeBasis {
  /** Milliseconds from the answer. */
  readonly answerMs: number;
  /** What the party pays for the call; of a seller, what it earns. */
  readonly price: Micros;
  /** What of that the exchange charges it for, and so may tax: of a seller nothing. */
  readonly taxable: Micros;
  readonly currency: Currency;
}

/** The fees of a party for one call, and the taxes on what it is charged; nothing that comes to nothing. */
export function chargesBesides(terms: AccountTerms, basis: FeeBasis): RatedLine[] {
  const { accountId } = terms;
  const { currency, taxable } = basis;
  const lines: RatedLine[] = [];
  let fees = ZERO_MICROS;
  for (const fee of terms.fees) {
    const amount = feeOf(fee, basis);
    if (amount === 0) continue;
    fees = addMicros(fees, amount);
    lines.push({ kind: 'fee', accountId, code: fee.code, text: fee.name, amount, currency });
  }
  for (const tax of terms.taxes) {
    const amount = taxOf(tax, taxable, fees);
    if (amount > 0) lines.push({ kind: 'tax', accountId, code: tax.code, text: tax.name, amount, currency });
  }
  return lines;
}

function feeOf({ basis, amount, shareBp, on }: FeeRule, { answerMs, price }: FeeBasis): Micros {
  if (on === 'converted' && price === 0) return ZERO_MICROS;
  switch (basis) {
    case 'per_call':
      return amount;
    case 'per_minute':
      return multiplyRatio(amount, Math.ceil(answerMs / MINUTE_MS), 1);
    case 'share':
      return multiplyRatio(price, shareBp, WHOLE_BP);
  }
}

function taxOf({ on, ratePpm }: TaxRule, revenue: Micros, fees: Micros): Micros {
  const base = (on.includes('revenue') ? revenue : 0) + (on.includes('fees') ? fees : 0);
  return multiplyRatio(micros(base), ratePpm, WHOLE_PPM);
}

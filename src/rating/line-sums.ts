import type { Currency, Micros } from '../domain';
import { addMicros, ZERO_MICROS } from '../domain';
import type { RatedLine } from './rated-sale';

/** Sums of lines, in the currency of the sale; lines in another one, of carriers' legs, are in no sum. */
export interface LineSums {
  readonly revenue: Micros;
  readonly payout: Micros;
  /** Of the buyer and of the seller; {@link RatedLine.accountId} tells whose. */
  readonly fees: Micros;
  readonly taxes: Micros;
  readonly carrierCost: Micros;
}

/** What lines come to, kind by kind. @throws RangeError when a sum is more than can be counted */
export function sumsOf(lines: readonly RatedLine[], currency: Currency | undefined): LineSums {
  const sum = (kind: RatedLine['kind']): Micros =>
    lines.reduce(
      (total, line) =>
        line.kind === kind && line.currency === currency ? addMicros(total, line.amount) : total,
      ZERO_MICROS,
    );
  return {
    revenue: sum('revenue'),
    payout: sum('payout'),
    fees: sum('fee'),
    taxes: sum('tax'),
    carrierCost: sum('carrier_cost'),
  };
}

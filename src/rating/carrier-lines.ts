import { charge } from './charge';
import { connectedTimes } from './call-times';
import type { CarrierLeg } from './carrier-leg';
import type { RatedLine } from './rated-sale';

/**
 * A carrier is paid for every leg that was up, whatever the call was worth to others, and for as long as that leg
 * was up, whoever spoke over it.
 *
 * @throws RangeError when a duration is none, or an amount more than can be counted
 */
export function carrierLines(legs: readonly CarrierLeg[]): RatedLine[] {
  return legs.flatMap((leg): RatedLine[] => {
    const { accountId, direction, nth, prefix, plan, currency, trunkId, durationMs } = leg;
    const amount = charge(plan, connectedTimes(durationMs));
    if (amount === 0) return [];
    const text = `${direction === 'inbound' ? 'Incoming' : 'Outgoing'} over ${trunkId}, numbers in ${prefix}`;
    const code = nth === 1 ? direction : `${direction}/${nth}`;
    return [{ kind: 'carrier_cost', accountId, code, text, amount, currency }];
  });
}

import type { Micros } from '../domain';
import { micros } from '../domain';

/**
 * Divides an amount in proportion to shares, so that the parts are the amount again to the micro-unit:
 * each gets what is due rounded down, and what is left goes, one micro-unit each, to those who lost most
 * by that; the earlier of equals first.
 *
 * @param total - may be negative, as of a reversal: its parts are those of the amount, negative
 * @param shares - integers ≥ 0, not all 0
 * @throws RangeError for anything else
 */
export function splitMicros(total: Micros, shares: readonly number[]): Micros[] {
  for (const share of shares) {
    if (!Number.isSafeInteger(share) || share < 0) throw new RangeError(`not a share: ${share}`);
  }
  const whole = shares.reduce((sum, share) => sum + BigInt(share), 0n);
  if (whole === 0n) throw new RangeError('nobody has a share');
  const sign = total < 0 ? -1 : 1;
  const amount = BigInt(Math.abs(total));
  const parts = shares.map((share) => {
    const due = amount * BigInt(share);
    return { part: due / whole, lost: due % whole };
  });
  let left = amount - parts.reduce((sum, { part }) => sum + part, 0n);
  const byLoss = [...parts].sort((a, b) => (a.lost === b.lost ? 0 : a.lost > b.lost ? -1 : 1));
  for (const one of byLoss) {
    if (left === 0n) break;
    one.part += 1n;
    left -= 1n;
  }
  return parts.map(({ part }) => micros(sign * Number(part)));
}

import type { E164 } from './phone-number';
import { parsePhoneNumber } from './phone-number';

/**
 * A leg of a call over a carrier's trunk, as the carrier meters it: from its 200 OK to its end (ITU-T E.230,
 * chargeable duration), whoever spoke over it, and whether the call was ever sold.
 */
export interface CarriedLeg {
  /** The caller came in over it, or somebody was reached over it. */
  readonly direction: 'inbound' | 'outbound';
  readonly trunkId: string;
  /** The number that was called over it, in E.164. */
  readonly number: string;
  /** UTC epoch milliseconds. */
  readonly answeredAt: number;
  /** By the monotonic clock, an integer ≥ 0. */
  readonly durationMs: number;
}

/** Legs outward that are kept of one call: those beyond are not metered. No plan's limits let so many answer. */
export const MAX_CARRIED_LEGS = 500;

/** The number that a SIP or tel address stands for: its user part, without what carriers append to it. */
export function numberInUri(uri: string): E164 | undefined {
  const user = /^(?:sips?|tel):([^@;?]+)/i.exec(uri)?.[1];
  const parsed = user === undefined ? undefined : parsePhoneNumber(user);
  return parsed?.ok === true ? parsed.number : undefined;
}

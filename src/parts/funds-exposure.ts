import type { Micros } from '../domain';
import { addMicros, subtractMicros, ZERO_MICROS } from '../domain';

/** What one account may cost without cover. */
interface Exposure {
  /** Of calls that ring or are up. */
  live: Micros;
  /** Of calls that ended meanwhile and cannot be settled yet. */
  spent: Micros;
}

/**
 * How far calls are let through whose money nobody could set aside, account by account: calls that are up
 * count with what they may cost, those that ended since with what they came to, until wallets can be asked
 * again.
 */
export class UnheldExposure {
  readonly #most: number;
  readonly #accounts = new Map<string, Exposure>();

  /** @param most - micro-units for each account and outage */
  constructor(most: number) {
    this.#most = most;
  }

  /** Micro-units of all accounts. */
  get total(): number {
    let sum = 0;
    for (const { live, spent } of this.#accounts.values()) sum += live + spent;
    return sum;
  }

  /** Lets a call through that may cost so much. False: that would be too much. */
  take(account: string, amount: Micros): boolean {
    const known = this.#accounts.get(account) ?? { live: ZERO_MICROS, spent: ZERO_MICROS };
    if (amount > this.#most - known.live - known.spent) return false;
    known.live = addMicros(known.live, amount);
    this.#accounts.set(account, known);
    return true;
  }

  /**
   * A call that was let through is over.
   * @param cost - what it came to, if it cannot be settled yet
   */
  giveBack(account: string, amount: Micros, cost: Micros = ZERO_MICROS): void {
    const known = this.#accounts.get(account);
    if (!known) throw new RangeError(`nothing was let through for ${account}`);
    known.live = subtractMicros(known.live, amount);
    known.spent = addMicros(known.spent, cost);
    this.#forget(account, known);
  }

  /** Wallets can be asked again: what ended is settled soon. */
  outageOver(): void {
    for (const [account, known] of this.#accounts) {
      known.spent = ZERO_MICROS;
      this.#forget(account, known);
    }
  }

  #forget(account: string, { live, spent }: Exposure): void {
    if (live === 0 && spent === 0) this.#accounts.delete(account);
  }
}

import type { AccountTerms } from '../../domain';
import type { Queryable } from '../../storage';
import type { TermsOfAccount } from './account-terms-store';
import { CLOSED_AFTER_MS, readTerms } from './account-terms-store';

/** At whose terms it is looked, and when. */
export interface WantedTerms {
  readonly accountId: string;
  /** UTC epoch milliseconds. */
  readonly at: number;
}

export interface AccountTermsBookOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds for which what was read is believed of the present; 1,000 by default. */
  readonly freshMs?: number;
  /** Accounts remembered; 10,000 by default. */
  readonly accounts?: number;
}

interface Remembered extends TermsOfAccount {
  /** Monotonic. */
  readonly until: number;
}

/**
 * Fees and taxes of accounts at instants, for whole batches: one statement for all that is not remembered.
 * Nobody adds terms to a closed past, so what was read holds for that as long as it is remembered; what was
 * added within the last second may not be seen yet.
 */
export class AccountTermsBook {
  readonly #now: () => number;
  readonly #freshMs: number;
  readonly #most: number;
  readonly #remembered = new Map<string, Remembered>();

  constructor({ now, freshMs = 1_000, accounts = 10_000 }: AccountTermsBookOptions) {
    this.#now = now;
    this.#freshMs = freshMs;
    this.#most = accounts;
  }

  /**
   * Terms of accounts at one instant, by account; those that are charged nothing are left out.
   *
   * @param instant - UTC epoch milliseconds
   */
  async at(
    db: Queryable,
    accountIds: readonly string[],
    instant: number,
  ): Promise<ReadonlyMap<string, AccountTerms>> {
    const wanted = [...new Set(accountIds)].map((accountId) => ({ accountId, at: instant }));
    const terms = await this.find(db, wanted);
    return new Map(terms.flatMap((one) => (one ? [[one.accountId, one] as const] : [])));
  }

  /** The terms of each, in the same order; undefined of who is charged nothing then. */
  async find(db: Queryable, wanted: readonly WantedTerms[]): Promise<(AccountTerms | undefined)[]> {
    const now = this.#now();
    const found = new Map<string, readonly AccountTerms[]>();
    const unknown = new Set<string>();
    for (const one of wanted) {
      const known = this.#remembered.get(one.accountId);
      if (known && holds(known, one.at, now)) found.set(one.accountId, known.terms);
      else unknown.add(one.accountId);
    }
    if (unknown.size > 0) {
      const read = await readTerms(db, [...unknown]);
      for (const [accountId, { terms }] of read) found.set(accountId, terms);
      this.#remember(read, now + this.#freshMs);
    }
    return wanted.map(({ accountId, at }) =>
      found.get(accountId)?.find(({ effectiveFrom }) => effectiveFrom <= at),
    );
  }

  #remember(read: ReadonlyMap<string, TermsOfAccount>, until: number): void {
    if (this.#remembered.size + read.size > this.#most) this.#remembered.clear();
    for (const [accountId, terms] of read) {
      if (this.#remembered.size < this.#most) this.#remembered.set(accountId, { ...terms, until });
    }
  }
}

/** Whether what is remembered is all that there can be of an instant. */
function holds({ until, readAt }: Remembered, at: number, now: number): boolean {
  return now < until || at < readAt - CLOSED_AFTER_MS;
}

import type { RatedCall } from '../../rating';
import type { Queryable } from '../../storage';
import type { CallBook } from './call-book';
import { ratingChanges } from './call-lines';
import type { BookedRevision } from './revise-call';
import { reviseCall } from './revise-call';

/** A rating that goes before that of the settlement. */
export interface Correction {
  /** Why, for programs, e.g. `late_end:<call>`: it happens once. */
  readonly cause: string;
  /** Under which the ledger takes it once. */
  readonly key: string;
  /** For people. */
  readonly reason: string;
  readonly rated: Pick<RatedCall, 'lines' | 'priced' | 'earned'>;
  /** How many signals were known when it was rated. */
  readonly signals: number;
}

/**
 * Brings what is booked for a call in line with another rating of it, carriers' legs included. What was given
 * back stays given back.
 * @param book - locked by this database transaction
 * @returns undefined when it stands so already
 */
export async function correctCall(
  tx: Queryable,
  book: CallBook,
  { cause, key, reason, rated, signals }: Correction,
): Promise<BookedRevision | undefined> {
  const lines = ratingChanges(book.standing, rated.lines, true);
  if (lines.length === 0) return undefined;
  return reviseCall(tx, book, {
    kind: 'correction',
    cause,
    key: () => key,
    reason,
    lines,
    rated: { priced: rated.priced, earned: rated.earned, signals },
  });
}

import type { Queryable } from '../../storage';

/** A settlement that no retry helped, with why. */
export interface DeadLetter {
  readonly callId: string;
  readonly reason: string;
  /** UTC epoch milliseconds. */
  readonly diedAt: number;
}

const MAX_LISTED = 200;
const MAX_REASON = 1_000;

/**
 * Settlements that are for people: to be looked at, and driven again. They are marked in the outbox,
 * next to what has to be done, and not in Redis, which may forget.
 */
export class DeadLetters {
  readonly #db: Queryable;

  constructor(db: Queryable) {
    this.#db = db;
  }

  /**
   * Takes a call out of what is sent again by itself.
   * @returns the letter, or undefined when the call was settled meanwhile
   * @throws Error when the database is away: then the call is still open, and is sent again
   */
  async add(callId: string, reason: string): Promise<DeadLetter | undefined> {
    const { rows } = await this.#db.query<DeadLetter>({
      name: 'dead-letter-add',
      text: `update outbox set dead_at = now(), dead_reason = $2
        where type = 'call.ended' and subject = $1 and done_at is null
        returning ${LETTER}`,
      values: [callId, storable(reason).slice(0, MAX_REASON)],
    });
    return rows[0];
  }

  /** The oldest first, 200 at most. */
  async list(): Promise<DeadLetter[]> {
    const { rows } = await this.#db.query<DeadLetter>(
      `select ${LETTER} from outbox where type = 'call.ended' and dead_at is not null
       order by dead_at, id limit $1`,
      [MAX_LISTED],
    );
    return rows;
  }

  /** Has it settled again, by the relay's next round. @returns false when there is no such letter */
  async redrive(callId: string): Promise<boolean> {
    const { rowCount } = await this.#db.query(
      `update outbox set dead_at = null, dead_reason = null, dispatched_at = null
       where type = 'call.ended' and subject = $1 and dead_at is not null`,
      [callId],
    );
    return rowCount === 1;
  }
}

const LETTER = `subject as "callId", dead_reason as reason,
  floor(extract(epoch from dead_at) * 1000)::bigint as "diedAt"`;

/** PostgreSQL's text knows no U+0000. */
function storable(reason: string): string {
  return reason.replaceAll('\0', '\ufffd');
}

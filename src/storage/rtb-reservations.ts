import type { Reservation, ReservationState } from '../domain';
import type { Database, Queryable } from './database';

/** What became of taking a reservation up. */
export type StoredClaim = 'claimed' | 'used' | 'expired' | 'cancelled' | 'unknown';

interface Row {
  readonly id: string;
  readonly state: ReservationState;
  readonly callId: string | null;
  readonly content: Reservation;
}

const FIELDS = 'id, state, call_id as "callId", content';
const SWEEP_BATCH = 500;
/** Another request for the same caller may come in between, once or twice. */
const MAX_TRIES = 3;

/** Reservations in PostgreSQL: the books, and who took up what. */
export class PostgresReservations {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Stores a reservation, unless there is one that waits for the same caller with the same tags.
   * @returns that other one
   * @throws Error when the database is away
   */
  async insert(reservation: Reservation, now: number): Promise<Reservation | undefined> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const { rowCount } = await this.#database.query({
        name: 'rtb-reserve',
        text: `insert into rtb_reservations (id, seller_id, campaign_id, number, caller_hash, tags_key, price,
            currency, content, node_id, created_at, expires_at)
          values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
          on conflict (number, caller_hash, tags_key) where state = 'reserved' and caller_hash is not null
          do nothing`,
        values: [
          reservation.id,
          reservation.sellerId,
          reservation.campaignId,
          reservation.number,
          reservation.callerHash ?? null,
          reservation.tagsKey,
          reservation.price,
          reservation.currency,
          JSON.stringify(reservation),
          reservation.nodeId,
          reservation.createdAt,
          reservation.expiresAt,
        ],
      });
      if (rowCount === 1) return undefined;
      const other = await this.#waiting(reservation);
      if (other && other.expiresAt > now) return other;
      if (other) await this.expire([other.id], now);
    }
    throw new Error('the reservation could not be stored: others came first every time');
  }

  /** @throws Error when the database is away */
  async find(id: string): Promise<{ reservation: Reservation; state: ReservationState } | undefined> {
    const { rows } = await this.#database.query<Row>({
      name: 'rtb-find',
      text: `select ${FIELDS} from rtb_reservations where id = $1`,
      values: [id],
    });
    const [row] = rows;
    return row && { reservation: row.content, state: row.state };
  }

  /** The latest that waits for a caller at a number. @throws Error when the database is away */
  async findByCaller(number: string, callerHash: string, now: number): Promise<Reservation | undefined> {
    const { rows } = await this.#database.query<Row>({
      name: 'rtb-find-by-caller',
      text: `select ${FIELDS} from rtb_reservations
        where number = $1 and caller_hash = $2 and state = 'reserved' and expires_at > $3
        order by created_at desc, id desc limit 1`,
      values: [number, callerHash, now],
    });
    return rows[0]?.content;
  }

  /** Takes a reservation up for a call; of many that try, one gets it. Idempotent. @throws Error when the database is away */
  async claim(id: string, callId: string, now: number): Promise<StoredClaim> {
    const { rowCount } = await this.#database.query({
      name: 'rtb-claim',
      text: `update rtb_reservations set state = 'used', call_id = $2, ended_at = $3
        where id = $1 and state = 'reserved' and expires_at > $3`,
      values: [id, callId, now],
    });
    if (rowCount === 1) return 'claimed';
    const { rows } = await this.#database.query<Row>({
      name: 'rtb-find',
      text: `select ${FIELDS} from rtb_reservations where id = $1`,
      values: [id],
    });
    const [row] = rows;
    if (!row) return 'unknown';
    if (row.state === 'reserved') return 'expired';
    return row.state === 'used' && row.callId === callId ? 'claimed' : row.state;
  }

  /** Writes down that a call took a reservation up while the database was away. @throws Error when it still is */
  async recordClaim(id: string, callId: string, at: number): Promise<void> {
    await this.#database.query(
      `update rtb_reservations set state = 'used', call_id = $2, ended_at = $3
       where id = $1 and state in ('reserved', 'expired')`,
      [id, callId, at],
    );
  }

  /** Ends those that still wait. @throws Error when the database is away */
  async expire(ids: readonly string[], now: number): Promise<void> {
    await this.#database.query(
      `update rtb_reservations set state = 'expired', ended_at = $2
       where id = any($1::text[]) and state = 'reserved' and expires_at <= $2`,
      [ids, now],
    );
  }

  /** False when there is none of that name and seller that waits. @throws Error when the database is away */
  async cancel(id: string, sellerId: string | undefined, now: number): Promise<boolean> {
    const { rowCount } = await this.#database.query(
      `update rtb_reservations set state = 'cancelled', ended_at = $3
       where id = $1 and ($2::text is null or seller_id = $2) and state = 'reserved' and expires_at > $3`,
      [id, sellerId ?? null, now],
    );
    return rowCount === 1;
  }

  /** Which of these are over. @throws Error when the database is away */
  async ended(ids: readonly string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    const { rows } = await this.#database.query<{ id: string }>(
      `select id from rtb_reservations where id = any($1::text[]) and state <> 'reserved'`,
      [ids],
    );
    return rows.map(({ id }) => id);
  }

  /** Reservations of a seller that wait. @throws Error when the database is away */
  async waiting(sellerId: string, now: number): Promise<number> {
    const { rows } = await this.#database.query<{ count: number }>({
      name: 'rtb-waiting',
      text: `select count(*)::integer as count from rtb_reservations
        where seller_id = $1 and state = 'reserved' and expires_at > $2`,
      values: [sellerId, now],
    });
    return rows[0]?.count ?? 0;
  }

  async #waiting({ number, callerHash, tagsKey }: Reservation): Promise<Reservation | undefined> {
    const { rows } = await this.#database.query<Row>(
      `select ${FIELDS} from rtb_reservations
       where number = $1 and caller_hash = $2 and tags_key = $3 and state = 'reserved'`,
      [number, callerHash ?? null, tagsKey],
    );
    return rows[0]?.content;
  }
}

/**
 * Ends reservations whose time is over, whichever node made them: one that died cannot do it.
 * @returns how many
 * @throws Error when the database is away
 */
export async function sweepReservations(db: Queryable, now: number): Promise<number> {
  let swept = 0;
  for (;;) {
    const { rowCount } = await db.query(
      `update rtb_reservations set state = 'expired', ended_at = expires_at where id in (
         select id from rtb_reservations where state = 'reserved' and expires_at <= $1
         order by expires_at limit ${SWEEP_BATCH} for update skip locked)`,
      [now],
    );
    swept += rowCount ?? 0;
    if ((rowCount ?? 0) < SWEEP_BATCH) return swept;
  }
}

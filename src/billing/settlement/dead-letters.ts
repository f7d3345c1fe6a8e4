import type { Queryable } from '../../storage';
import { storableReason } from './outbox-events';

/** A settlement that no retry helped, with why. */
export interface DeadLetter {
  readonly callId: string;
  readonly reason: string;
  /** UTC epoch milliseconds. */
  readonly diedAt: number;
}

/** Something that befell a settlement. */
export interface SettlementIncident {
  /** A round of tries came to nothing; it became a dead letter; somebody had it tried again. */
  readonly event: 'round_failed' | 'died' | 'redriven';
  readonly reason: string | null;
  /** Who had it tried again. */
  readonly by: string | null;
  readonly at: Date;
}

/** A letter with everything that is known of it. */
export interface ExplainedLetter extends DeadLetter {
  /** UTC epoch milliseconds: when the call's end was stored. */
  readonly endedAt: number;
  /** Oldest first, the newest 100 at most. */
  readonly history: readonly SettlementIncident[];
}

export interface LetterFilter {
  readonly limit: number;
  /** The last one of the page before. */
  readonly after?: Pick<DeadLetter, 'callId' | 'diedAt'> | undefined;
}

/** A round of tries that came to nothing. */
export interface FailedRound {
  /** With this one; undefined when the call was settled meanwhile. */
  readonly rounds: number | undefined;
  /** It was one too many. */
  readonly letter: DeadLetter | undefined;
}

const MAX_HISTORY = 100;
/** Letters that are sent on together. */
const REDRIVE_BATCH = 500;

const LETTER = `subject as "callId", dead_reason as reason,
  floor(extract(epoch from dead_at) * 1000)::bigint as "diedAt"`;
const DEAD = `type = 'call.ended' and dead_at is not null`;
/** Done, and still without its money: nodes of a release that knew nothing of it may have passed it over. */
const PASSED_OVER = `type = 'call.ended' and done_at is not null
  and exists (select 1 from calls c where c.id = subject and c.ended_at is not null and (c.sale is not null or c.carried is not null))
  and not exists (select 1 from settlements s where s.call_id = subject)`;

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
   * @returns the letter, or undefined when the call was settled meanwhile, or is a letter already
   * @throws Error when the database is away: then the call is still open, and is sent again
   */
  async add(callId: string, reason: string): Promise<DeadLetter | undefined> {
    const { rows } = await this.#db.query<DeadLetter>({
      name: 'dead-letter-add',
      text: `with died as (
          update outbox set dead_at = now(), dead_reason = $2
          where type = 'call.ended' and subject = $1 and done_at is null and dead_at is null
          returning subject, dead_reason, dead_at),
        told as (
          insert into settlement_history (call_id, event, reason) select subject, 'died', dead_reason from died)
        select ${LETTER} from died`,
      values: [callId, storableReason(reason)],
    });
    return rows[0];
  }

  /**
   * Counts a round of tries that took too long; after so many it is a letter.
   * @throws Error when the database is away: then nothing is counted
   */
  async failRound(callId: string, reason: string, maxRounds: number): Promise<FailedRound> {
    const { rows } = await this.#db.query<DeadLetter & { rounds: number; died: boolean }>({
      name: 'dead-letter-round',
      text: `with counted as (
          update outbox set rounds = rounds + 1,
            dead_at = case when rounds + 1 >= $3 then now() end,
            dead_reason = case when rounds + 1 >= $3 then $2 end
          where type = 'call.ended' and subject = $1 and done_at is null and dead_at is null
          returning subject, rounds, dead_reason, dead_at),
        told as (
          insert into settlement_history (call_id, event, reason)
          select subject, case when dead_at is null then 'round_failed' else 'died' end, $2 from counted)
        select rounds, dead_at is not null as died, ${LETTER} from counted`,
      values: [callId, storableReason(reason), maxRounds],
    });
    const [row] = rows;
    if (!row) return { rounds: undefined, letter: undefined };
    const { rounds, died, ...letter } = row;
    return { rounds, letter: died ? letter : undefined };
  }

  /** The oldest first. */
  async list({ limit, after }: LetterFilter): Promise<DeadLetter[]> {
    const { rows } = await this.#db.query<DeadLetter>({
      name: 'dead-letters-list',
      text: `select ${LETTER} from outbox
        where ${DEAD} and ($2::bigint is null or (date_trunc('milliseconds', dead_at), subject) > (to_timestamp($2 / 1000.0), $3))
        order by date_trunc('milliseconds', dead_at), subject limit $1`,
      values: [limit, after?.diedAt ?? null, after?.callId ?? null],
    });
    return rows;
  }

  /** @returns undefined when there is no such letter */
  async get(callId: string): Promise<ExplainedLetter | undefined> {
    const { rows } = await this.#db.query<DeadLetter & { endedAt: number }>({
      name: 'dead-letter-get',
      text: `select ${LETTER}, floor(extract(epoch from created_at) * 1000)::bigint as "endedAt"
        from outbox where ${DEAD} and subject = $1`,
      values: [callId],
    });
    const [letter] = rows;
    return letter && { ...letter, history: await this.#historyOf(callId) };
  }

  /**
   * Has it settled again, by the relay's next round; also a call that has no settlement though it may cost somebody
   * something, as reconciliation finds it (`unsettled`).
   * @param by - who wants it so
   * @returns false when there is neither such a letter nor such a call
   */
  async redrive(callId: string, by: string): Promise<boolean> {
    return (await this.#redrive(`((${DEAD}) or (${PASSED_OVER})) and subject = $2`, [by, callId])) === 1;
  }

  /**
   * Has all of them settled again that are letters now.
   * @returns how many
   * @throws Error when the database goes away; those sent on until then are on their way
   */
  async redriveAll(by: string): Promise<number> {
    const { rows } = await this.#db.query<{ now: Date }>('select now() as now');
    let redriven = 0;
    for (;;) {
      const batch = await this.#redrive(
        `${DEAD} and id in (select id from outbox where ${DEAD} and dead_at <= $2 order by dead_at, id limit $3)`,
        [by, rows[0]?.now, REDRIVE_BATCH],
      );
      redriven += batch;
      if (batch < REDRIVE_BATCH) return redriven;
    }
  }

  async #redrive(condition: string, values: readonly unknown[]): Promise<number> {
    const { rowCount } = await this.#db.query(
      `with redriven as (
         update outbox set dead_at = null, dead_reason = null, dispatched_at = null, done_at = null, rounds = 0,
           payload = payload - 'sold'
         where ${condition} returning subject)
       insert into settlement_history (call_id, event, by_whom) select subject, 'redriven', $1 from redriven`,
      values,
    );
    return rowCount ?? 0;
  }

  async #historyOf(callId: string): Promise<SettlementIncident[]> {
    const { rows } = await this.#db.query<SettlementIncident>({
      name: 'dead-letter-history',
      text: `select event, reason, by_whom as by, at from settlement_history where call_id = $1 order by id desc limit $2`,
      values: [callId, MAX_HISTORY],
    });
    return rows.reverse();
  }
}

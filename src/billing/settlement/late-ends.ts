import { asError } from '../../domain';
import type { Database, Queryable } from '../../storage';
import { RecurringWork } from '../../storage';
import { lateDifference } from './late-end';
import { finishEvent } from './outbox-events';
import { openDifference } from './settlement-differences';
import type { SettlementSources } from './settlement-sources';
import { STORED_SOURCES } from './settlement-sources';
import { isAway } from './trouble';

export interface LateEndsOptions {
  /** Milliseconds from one look to the next. */
  readonly everyMs?: number;
  readonly sources?: SettlementSources;
  /** Told of calls whose money would have been otherwise: they are for people. */
  readonly onDifference?: (callId: string) => void;
  readonly onError?: (error: Error) => void;
}

const EVERY_MS = 30_000;
/** Late ends that are looked at in one go; the rest has its turn the next time. */
const MAX_A_RUN = 1_000;
/** Longest to wait for whoever has a call's money in hand: it has its turn the next time. */
const LOCK_MS = 2_000;

/** The next late end of a call that is settled, or of which nothing was sold. */
const NEXT = {
  name: 'late-ends-next',
  text: `select o.id, o.subject as "callId" from outbox o
    where o.type = 'call.ended_late' and o.done_at is null and o.id > $1
      and not exists (select 1 from outbox e where e.type = 'call.ended' and e.subject = o.subject and e.done_at is null)
    order by o.id limit 1 for update of o skip locked`,
};
/** An open case of a call whose money was changed since. */
const NEXT_STALE = {
  name: 'late-ends-stale',
  text: `select d.call_id as "callId" from settlement_differences d
    where d.state = 'open' and d.call_id > $1
      and exists (select 1 from settlement_revisions r where r.call_id = d.call_id and r.n > d.revisions)
    order by d.call_id limit 1 for update of d skip locked`,
};

/**
 * Reads the ends of calls that came after these had been closed for their node. When the call would have
 * cost or earned something else, a case for people is opened; money is never moved by itself. Any number
 * of these jobs may run.
 */
export class LateEnds extends RecurringWork {
  readonly #database: Database;
  readonly #options: LateEndsOptions;
  readonly #sources: SettlementSources;

  constructor(database: Database, options: LateEndsOptions = {}) {
    super({ everyMs: options.everyMs ?? EVERY_MS, onError: options.onError });
    this.#database = database;
    this.#options = options;
    this.#sources = options.sources ?? STORED_SOURCES;
  }

  protected async run(stopped: () => boolean): Promise<void> {
    let position = 0;
    for (let looks = 0; looks < MAX_A_RUN && !stopped(); looks++) {
      const next = await this.#lookAtNext(position);
      if (next === undefined) break;
      position = next;
    }
    let stale = '';
    for (let looks = 0; looks < MAX_A_RUN && !stopped(); looks++) {
      const next = await this.#refreshNext(stale);
      if (next === undefined) break;
      stale = next;
    }
  }

  /** @returns the number of the event that was looked at */
  #lookAtNext(position: number): Promise<number | undefined> {
    return this.#alone(async (tx, note) => {
      const { rows } = await tx.query<{ id: number; callId: string }>({ ...NEXT, values: [position] });
      const [next] = rows;
      if (!next) return undefined;
      note(next.id);
      const found = await lateDifference(tx, this.#sources, next.callId);
      if (found) await openDifference(tx, next.callId, found);
      await finishEvent(tx, next.id);
      return { at: next.id, told: found ? next.callId : undefined };
    });
  }

  /** @returns the call whose case was looked at */
  #refreshNext(after: string): Promise<string | undefined> {
    return this.#alone(async (tx, note) => {
      const { rows } = await tx.query<{ callId: string }>({ ...NEXT_STALE, values: [after] });
      const [next] = rows;
      if (!next) return undefined;
      note(next.callId);
      const found = await lateDifference(tx, this.#sources, next.callId);
      if (found) await openDifference(tx, next.callId, found);
      else {
        await tx.query(
          `update settlement_differences set state = 'dismissed', resolved_at = now(),
             note = 'the money of the call was changed meanwhile: there is no difference any more'
           where call_id = $1`,
          [next.callId],
        );
      }
      return { at: next.callId, told: undefined };
    });
  }

  /** One case in one transaction; what is wrong with it is told, and does not stand in the way of others. */
  async #alone<Place>(
    work: (
      tx: Queryable,
      note: (at: Place) => void,
    ) => Promise<{ readonly at: Place; readonly told: string | undefined } | undefined>,
  ): Promise<Place | undefined> {
    let place: Place | undefined;
    try {
      const looked = await this.#database.transaction(async (tx) => {
        await tx.query(`set local lock_timeout = ${LOCK_MS}`);
        return work(tx, (at) => (place = at));
      });
      if (looked?.told !== undefined) this.#options.onDifference?.(looked.told);
      return looked?.at;
    } catch (error) {
      if (place === undefined || isAway(error)) throw error;
      this.#options.onError?.(asError(error));
      return place;
    }
  }
}

import { asError } from '../../domain';
import type { Database } from '../../storage';
import { RecurringWork } from '../../storage';
import { rateAgain } from '../revisions/rate-again';
import { finishEvent } from '../settlement/outbox-events';
import type { SettlementSources } from '../settlement/settlement-sources';
import { STORED_SOURCES } from '../settlement/settlement-sources';
import { isAway, isRivalry, isTooSlow } from '../settlement/trouble';
import type { DeadSignal } from './signal-events';
import { claimSignalEvent, failSignalEvent, postponeSignalEvent } from './signal-events';

export interface ReratingOptions {
  /** Milliseconds from one run to the next. */
  readonly everyMs?: number;
  readonly sources?: SettlementSources;
  /** A signal is for people from now on. */
  readonly onDead?: (signal: DeadSignal) => void;
  readonly onError?: (error: Error) => void;
}

const EVERY_MS = 1_000;
/** Signals of one run; what is left is due in the next. */
const MAX_A_RUN = 1_000;
/** Longest to wait for whoever has a call's money in hand: it is tried again later. */
const LOCK_MS = 2_000;
/** Why a signal waits, should it wait too long. */
const NOT_SETTLED = 'its call is not there or was not settled';
const IN_OTHER_HANDS = "somebody else has had its call's money in hand";

/**
 * Brings the money of settled calls in line with signals that came since. Any number of these may run: each
 * signal is worked on by one, its call's settlement is locked, and what is posted is the difference to what
 * is booked, so that it is posted once.
 */
export class ReratingJob extends RecurringWork {
  readonly #database: Database;
  readonly #options: ReratingOptions;
  readonly #sources: SettlementSources;

  constructor(database: Database, options: ReratingOptions = {}) {
    super({ everyMs: options.everyMs ?? EVERY_MS, onError: options.onError });
    this.#database = database;
    this.#options = options;
    this.#sources = options.sources ?? STORED_SOURCES;
  }

  /** Works on what is due. @throws Error when the database is away: what is left stays due */
  async run(stopped: () => boolean = () => false): Promise<void> {
    for (let done = 0; done < MAX_A_RUN && !stopped(); done++) {
      if (!(await this.#next())) return;
    }
  }

  /** @returns false when nothing is due */
  async #next(): Promise<boolean> {
    let eventId: number | undefined;
    try {
      const worked = await this.#database.transaction(async (tx) => {
        const event = await claimSignalEvent(tx);
        if (!event) return undefined;
        eventId = event.id;
        await tx.query(`set local lock_timeout = ${LOCK_MS}`);
        const outcome = await rateAgain(tx, this.#sources, event.callId);
        if (outcome === 'not_settled') {
          return { dead: await postponeSignalEvent(tx, event.id, NOT_SETTLED) };
        }
        await finishEvent(tx, event.id);
        return { dead: undefined };
      });
      if (worked?.dead) this.#options.onDead?.(worked.dead);
      return worked !== undefined;
    } catch (error) {
      if (eventId === undefined || isAway(error)) throw error;
      if (isRivalry(error) || isTooSlow(error)) {
        // Somebody else has the call's money in hand: no fault of the signal.
        const gaveUp = await postponeSignalEvent(this.#database, eventId, IN_OTHER_HANDS);
        if (gaveUp) this.#options.onDead?.(gaveUp);
        return true;
      }
      this.#options.onError?.(asError(error));
      const dead = await failSignalEvent(this.#database, eventId, asError(error).message);
      if (dead) this.#options.onDead?.(dead);
      return true;
    }
  }
}

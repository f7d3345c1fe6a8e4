import type { CallAttempt, CapLimit, Clock, Reservation, ReservationProblem } from '../../domain';
import { asError, NEVER_CONNECTED } from '../../domain';
import type { CapService, Market } from '../../market';
import type { CallerHasher } from '../caller-hash';
import { Deadlines } from '../deadlines';
import type { ReservationBoard, ReservationBooks } from './ports';

export interface ReservationsParts {
  readonly books: ReservationBooks;
  readonly board: ReservationBoard;
  readonly caps: CapService;
  readonly market: Pick<Market, 'numberByE164' | 'seller'>;
  readonly hasher: CallerHasher;
  readonly clock: Clock;
  /** Something did not work that is made up for: Redis or PostgreSQL is away. */
  readonly onTrouble?: (error: Error) => void;
}

/** What a call gets that names a reservation, or whose caller has one. */
export type Claim =
  | { readonly ok: true; readonly reservation: Reservation }
  | { readonly ok: false; readonly problem: ReservationProblem };

/** A claim that PostgreSQL has not heard of. */
interface Unrecorded {
  readonly id: string;
  readonly callId: string;
  readonly at: number;
}

const ID = /^r[0-9a-f]{30}$/;
/** Who took up what was given up; no call is called so. */
const CANCELLED = 'cancelled';
const MAX_UNRECORDED = 10_000;
const RETRY_MS = 1_000;
/** Nobody waits longer; so long after a failure the board may not know of all that wait. */
const LONGEST_MS = 3_600_000;

/** True for the user part of a SIP address that is a reservation's own. */
export function isReservationId(user: string): boolean {
  return ID.test(user);
}

/** The name under which capacity is held for a reservation, until its call comes. */
function holderOf(id: string): string {
  return `rtb:${id}`;
}

/**
 * Reservations of sellers. The node that makes one holds capacity for it until its call comes, to
 * whichever node that may be, or its time is over; when the node dies, what it held lapses. PostgreSQL
 * and Redis both know of each: a call takes one up exactly once as long as either can be asked.
 */
export class Reservations {
  readonly #parts: ReservationsParts;
  readonly #deadlines: Deadlines;
  /** Those that this node holds capacity for. */
  readonly #held = new Map<string, { readonly reservation: Reservation; readonly forget: () => void }>();
  #unrecorded: Unrecorded[] = [];
  #recording = false;
  #retry: NodeJS.Timeout | undefined;
  /** Until then (monotonic) the board may lack some. */
  #doubtUntil = 0;

  constructor(parts: ReservationsParts) {
    this.#parts = parts;
    this.#deadlines = new Deadlines(() => parts.clock.monotonic());
  }

  /** Reservations that this node holds capacity for. */
  get held(): number {
    return this.#held.size;
  }

  /** Claims that PostgreSQL has still to be told of. */
  get unrecorded(): number {
    return this.#unrecorded.length;
  }

  /**
   * Holds capacity and stores the reservation.
   * @returns what is reserved: this one, or one that waits for the same caller with the same tags already;
   * undefined when there is no capacity
   * @throws Error when PostgreSQL is away
   */
  async reserve(reservation: Reservation): Promise<Reservation | undefined> {
    const { board, books, caps, clock } = this.#parts;
    const { id, limits } = reservation;
    const taken = await caps.reserve(holderOf(id), limits);
    if (!taken.ok) return undefined;
    let other: Reservation | undefined;
    try {
      other = await books.insert(reservation, clock.now());
    } catch (error) {
      await this.#release(id, limits);
      throw error;
    }
    if (other) {
      await this.#release(id, limits);
      return other;
    }
    this.#hold(reservation);
    await board.put(reservation, clock.now()).catch((error: unknown) => this.#boardFailed(error));
    return reservation;
  }

  /** The reservation that waits for this caller at this number with these tags. */
  async waiting(
    number: Reservation['number'],
    callerHash: string,
    tagsKey: string,
  ): Promise<Reservation | undefined> {
    const found = await this.#byCaller(number, callerHash);
    return found?.tagsKey === tagsKey && found.expiresAt > this.#parts.clock.now() ? found : undefined;
  }

  /** True for a number whose seller sends bid requests: its calls may have been reserved. */
  concerns(number: CallAttempt['to']): boolean {
    const { market } = this.#parts;
    const seller = market.seller(market.numberByE164(number)?.sellerId ?? '');
    return seller !== undefined && seller.bidRequestsPerSecond > 0;
  }

  /** The reservation of a SIP address, whatever has become of it: for its number. */
  async find(user: string): Promise<Reservation | undefined> {
    if (!isReservationId(user)) return undefined;
    const found = await this.#byId(user);
    return found === 'unavailable' ? undefined : found;
  }

  /**
   * Takes up the reservation that a call is for: by the user part of the address it came to, or by
   * its caller. What was held for it is free from then on, for this call to take. Never rejects.
   *
   * @param user - the user part, when it is a reservation's own
   * @returns undefined when the call is for none, which of a call to an ordinary number is nothing bad
   */
  async claim(
    attempt: Pick<CallAttempt, 'callId' | 'from' | 'to'>,
    user: string | undefined,
  ): Promise<Claim | undefined> {
    const { clock, hasher } = this.#parts;
    const callerHash = attempt.from === undefined ? undefined : hasher.lasting(attempt.from);
    if (user === undefined) {
      const found = callerHash === undefined ? undefined : await this.#byCaller(attempt.to, callerHash);
      if (!found || clock.now() >= found.expiresAt) return undefined;
      const claim = await this.#take(found, attempt.callId);
      // Another call of this caller took it up just now: this one is an ordinary call.
      return claim.ok ? claim : undefined;
    }
    const found = isReservationId(user) ? await this.#byId(user) : undefined;
    if (found === 'unavailable') return { ok: false, problem: 'unavailable' };
    if (!found) return { ok: false, problem: 'unknown' };
    if (found.callerHash !== undefined && found.callerHash !== callerHash) {
      return { ok: false, problem: 'other_caller' };
    }
    return this.#take(found, attempt.callId);
  }

  /**
   * Gives a reservation up before its call has come.
   * @param sellerId - undefined: whosever it is
   * @returns false when there is none of that seller that waits
   * @throws Error when PostgreSQL is away
   */
  async cancel(id: string, sellerId: string | undefined): Promise<boolean> {
    const { board, books, clock } = this.#parts;
    const found = await books.find(id);
    if (!found || !(await books.cancel(id, sellerId, clock.now()))) return false;
    // Redis must not give it to a call while PostgreSQL is away.
    await Promise.all([board.claim(id, CANCELLED), board.drop(found.reservation)]).catch((error: unknown) =>
      this.#boardFailed(error),
    );
    await this.#free(found.reservation);
    return true;
  }

  /** Frees what is held here for reservations that ended elsewhere. @throws Error when PostgreSQL is away */
  async freeEnded(): Promise<void> {
    const ended = await this.#parts.books.ended([...this.#held.keys()]);
    await Promise.all(
      ended.map(async (id) => {
        const held = this.#held.get(id);
        if (held) await this.#free(held.reservation);
      }),
    );
  }

  /** Frees everything that is held here; calls may still come to other nodes. */
  async close(): Promise<void> {
    clearTimeout(this.#retry);
    await this.#recordAll();
    clearTimeout(this.#retry);
    await Promise.all([...this.#held.values()].map(({ reservation }) => this.#free(reservation)));
    this.#deadlines.close();
  }

  #hold(reservation: Reservation): void {
    const { clock } = this.#parts;
    const left = reservation.expiresAt - clock.now();
    const forget = this.#deadlines.add(clock.monotonic() + left, () => void this.#expire(reservation));
    this.#held.set(reservation.id, { reservation, forget });
  }

  async #expire(reservation: Reservation): Promise<void> {
    const { books, clock } = this.#parts;
    await this.#free(reservation);
    // A moment early by the clock, perhaps; and who sweeps does it when this fails.
    const now = Math.max(clock.now(), reservation.expiresAt);
    await books.expire([reservation.id], now).catch((error: unknown) => this.#trouble(error));
  }

  /** What was held for a reservation is free, whichever node held it. */
  async #free({ id, limits }: Reservation): Promise<void> {
    this.#held.get(id)?.forget();
    this.#held.delete(id);
    await this.#release(id, limits);
  }

  async #release(id: string, limits: readonly CapLimit[]): Promise<void> {
    await this.#parts.caps.release(holderOf(id), limits, NEVER_CONNECTED);
  }

  /** Of all calls that try, one gets it: Redis and PostgreSQL must agree as far as they can be asked. */
  async #take(reservation: Reservation, callId: string): Promise<Claim> {
    const { board, books, clock } = this.#parts;
    const now = clock.now();
    const { id } = reservation;
    if (now >= reservation.expiresAt) return { ok: false, problem: 'expired' };
    const first = await board.claim(id, callId).catch((error: unknown) => this.#boardFailed(error));
    if (first === false) return { ok: false, problem: 'used' };
    const stored = await books.claim(id, callId, now).catch((error: unknown) => this.#trouble(error));
    if (stored === undefined && first === undefined) return { ok: false, problem: 'unavailable' };
    if (stored !== undefined && stored !== 'claimed') return { ok: false, problem: stored };
    if (stored === undefined) this.#recordLater({ id, callId, at: now });
    if (first === true) {
      void board.drop(reservation).catch((error: unknown) => this.#boardFailed(error));
    }
    await this.#free(reservation);
    return { ok: true, reservation };
  }

  async #byId(id: string): Promise<Reservation | undefined | 'unavailable'> {
    const { board, books } = this.#parts;
    const fast = await board.find(id).catch((error: unknown) => this.#boardFailed(error));
    if (fast) return fast;
    try {
      return (await books.find(id))?.reservation;
    } catch (error) {
      this.#trouble(error);
      return 'unavailable';
    }
  }

  async #byCaller(number: Reservation['number'], callerHash: string): Promise<Reservation | undefined> {
    const { board, books, clock } = this.#parts;
    const fast = await board
      .findByCaller(number, callerHash)
      .catch((error: unknown) => this.#boardFailed(error));
    if (fast || clock.monotonic() >= this.#doubtUntil) return fast;
    return books
      .findByCaller(number, callerHash, clock.now())
      .catch((error: unknown) => this.#trouble(error));
  }

  /** Redis is away, or was: until all that wait now are over, PostgreSQL is asked as well. */
  #boardFailed(error: unknown): undefined {
    this.#doubtUntil = this.#parts.clock.monotonic() + LONGEST_MS;
    return this.#trouble(error);
  }

  #trouble(error: unknown): undefined {
    this.#parts.onTrouble?.(asError(error));
    return undefined;
  }

  #recordLater(claim: Unrecorded): void {
    if (this.#unrecorded.length < MAX_UNRECORDED) this.#unrecorded.push(claim);
    this.#retryLater();
  }

  #retryLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#recordAll(), RETRY_MS);
    this.#retry.unref();
  }

  async #recordAll(): Promise<void> {
    if (this.#recording) return;
    this.#recording = true;
    try {
      for (let claim = this.#unrecorded[0]; claim; claim = this.#unrecorded[0]) {
        await this.#parts.books.recordClaim(claim.id, claim.callId, claim.at);
        this.#unrecorded.shift();
      }
    } catch {
      this.#retryLater();
    } finally {
      this.#recording = false;
    }
  }
}

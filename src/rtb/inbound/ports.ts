import type { E164, Reservation, ReservationProblem, ReservationState } from '../../domain';

/** Reservations where they are kept for good; each method rejects when that is away. */
export interface ReservationBooks {
  /** Stores it, or gives the one that waits for the same caller with the same tags. */
  insert(reservation: Reservation, now: number): Promise<Reservation | undefined>;
  find(
    id: string,
  ): Promise<{ readonly reservation: Reservation; readonly state: ReservationState } | undefined>;
  findByCaller(number: string, callerHash: string, now: number): Promise<Reservation | undefined>;
  claim(
    id: string,
    callId: string,
    now: number,
  ): Promise<'claimed' | Extract<ReservationProblem, 'used' | 'expired' | 'cancelled' | 'unknown'>>;
  recordClaim(id: string, callId: string, at: number): Promise<void>;
  expire(ids: readonly string[], now: number): Promise<void>;
  cancel(id: string, sellerId: string | undefined, now: number): Promise<boolean>;
  /** Which of these wait no longer. */
  ended(ids: readonly string[]): Promise<string[]>;
  waiting(sellerId: string, now: number): Promise<number>;
}

/** Reservations where every node finds them fast; each method rejects when that is away. */
export interface ReservationBoard {
  put(reservation: Reservation, now: number): Promise<void>;
  find(id: string): Promise<Reservation | undefined>;
  findByCaller(number: E164, callerHash: string): Promise<Reservation | undefined>;
  /** False when another call was first. */
  claim(id: string, callId: string): Promise<boolean>;
  /** Its caller is not recognised any more. */
  drop(reservation: Reservation): Promise<void>;
  /** One more request of a seller in this second; how many there have been. */
  count(sellerId: string, now: number): Promise<number>;
}

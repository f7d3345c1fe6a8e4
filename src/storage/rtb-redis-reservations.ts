import type { Redis } from 'ioredis';
import type { Reservation } from '../domain';

/** Reservations are remembered for so long after their time, so that a late call learns that it is late. */
const AFTERWARDS_MS = 60_000;

/**
 * Reservations in Redis, where every node finds them in one round trip, and which decides who took up
 * what while PostgreSQL is away. Every method rejects when Redis is away.
 */
export class RedisReservations {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async put(reservation: Reservation, now: number): Promise<void> {
    const { id, number, callerHash, expiresAt } = reservation;
    const left = Math.max(1, expiresAt - now);
    const writes: Promise<unknown>[] = [
      this.#redis.set(nameOf(id), JSON.stringify(reservation), 'PX', left + AFTERWARDS_MS),
    ];
    if (callerHash !== undefined) {
      writes.push(this.#redis.set(callerName(number, callerHash), id, 'PX', left));
    }
    await Promise.all(writes);
  }

  async find(id: string): Promise<Reservation | undefined> {
    const text = await this.#redis.get(nameOf(id));
    return text === null ? undefined : (JSON.parse(text) as Reservation);
  }

  async findByCaller(number: string, callerHash: string): Promise<Reservation | undefined> {
    const id = await this.#redis.get(callerName(number, callerHash));
    return id === null ? undefined : this.find(id);
  }

  /** Marks a reservation as taken up by a call. False when another call was first. Idempotent. */
  async claim(id: string, callId: string): Promise<boolean> {
    const name = `rtb:u:${id}`;
    if ((await this.#redis.set(name, callId, 'PX', AFTERWARDS_MS * 60, 'NX')) === 'OK') return true;
    return (await this.#redis.get(name)) === callId;
  }

  /** Its caller is recognised by it no more. What it is stays known, so that who names it learns that it is over. */
  async drop({ id, number, callerHash }: Reservation): Promise<void> {
    if (callerHash === undefined) return;
    const name = callerName(number, callerHash);
    // Another reservation of the same caller may have come since.
    if ((await this.#redis.get(name)) === id) await this.#redis.del(name);
  }

  /** One more of a seller in this second; how many there have been. */
  async count(sellerId: string, now: number): Promise<number> {
    const name = `rtb:n:${sellerId}:${Math.floor(now / 1000)}`;
    const [counted] = (await this.#redis.multi().incr(name).pexpire(name, 2_000).exec()) ?? [];
    return Number(counted?.[1] ?? 0);
  }
}

function nameOf(id: string): string {
  return `rtb:r:${id}`;
}

function callerName(number: string, callerHash: string): string {
  return `rtb:c:${number}:${callerHash}`;
}

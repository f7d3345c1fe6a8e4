import { sourceOf } from './source';
import type { StrikesPolicy } from './strikes';
import { Strikes } from './strikes';

export interface LockoutOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Names and pairs of each kind that are remembered. */
  readonly maxNames?: number;
}

/** Whose password was tried from where, and how it may be locked. */
export interface Attempt {
  /** Undefined: there is no such user, or guessing the password is hopeless and locks nobody out. */
  readonly userId: string | undefined;
  /** A name that no user has. It has to wait like a user's, or else the pauses told which names there are. */
  readonly stranger?: string | undefined;
  readonly address: string;
}

const MAX_NAMES = 50_000;
/** No user's name is longer. */
const MAX_NAME = 64;
const SECOND = 1_000;
const MINUTE = 60_000;
const DAY = 86_400_000;
/** So long a place where a user got in stays known to be the user's. */
const KNOWN_MS = 30 * DAY;

type Policy = Omit<StrikesPolicy, 'maxNames'>;
const OF_USER: Policy = {
  free: 10,
  firstPauseMs: 10 * SECOND,
  maxPauseMs: 15 * MINUTE,
  forgetMs: 60 * MINUTE,
};
const OF_SOURCE: Policy = {
  free: 20,
  firstPauseMs: 10 * SECOND,
  maxPauseMs: 30 * MINUTE,
  forgetMs: 120 * MINUTE,
};
const OF_PLACE: Policy = {
  free: 30,
  firstPauseMs: 5 * SECOND,
  maxPauseMs: 5 * MINUTE,
  forgetMs: 30 * MINUTE,
};

/**
 * Who must wait after wrong passwords. Failures count against the user, so that many addresses gain nothing,
 * and against the address, so that many users gain nothing. A place where that user got in before is judged by
 * its own failures alone: neither an attack on the user from elsewhere, nor one on others out of the same
 * office, keeps the user out there.
 */
export class Lockout {
  readonly #now: () => number;
  readonly #maxNames: number;
  readonly #users: Strikes;
  /** Apart, so that made-up names do not push those of users out. */
  readonly #strangers: Strikes;
  readonly #sources: Strikes;
  readonly #places: Strikes;
  /** When a user last got in from there. */
  readonly #known = new Map<string, number>();

  constructor({ now, maxNames = MAX_NAMES }: LockoutOptions) {
    this.#now = now;
    this.#maxNames = maxNames;
    this.#users = new Strikes({ ...OF_USER, maxNames });
    this.#strangers = new Strikes({ ...OF_USER, maxNames });
    this.#sources = new Strikes({ ...OF_SOURCE, maxNames });
    this.#places = new Strikes({ ...OF_PLACE, maxNames });
  }

  /** Milliseconds to wait before a password is looked at; 0 = none. */
  pauseOf({ userId, stranger, address }: Attempt): number {
    const now = this.#now();
    const source = sourceOf(address);
    if (userId !== undefined && this.#isKnown(userId, source, now)) {
      return this.#places.left(placeOf(userId, source), now);
    }
    const ofUser = userId === undefined ? 0 : this.#users.left(userId, now);
    const ofStranger = stranger === undefined ? 0 : this.#strangers.left(stranger.slice(0, MAX_NAME), now);
    return Math.max(ofUser, ofStranger, this.#sources.left(source, now));
  }

  /** The password was wrong. @returns true when somebody has to wait from now on */
  failed({ userId, stranger, address }: Attempt): boolean {
    const now = this.#now();
    const source = sourceOf(address);
    if (userId !== undefined && this.#isKnown(userId, source, now)) {
      return this.#places.add(placeOf(userId, source), now);
    }
    const ofUser = userId !== undefined && this.#users.add(userId, now);
    const ofStranger = stranger !== undefined && this.#strangers.add(stranger.slice(0, MAX_NAME), now);
    return this.#sources.add(source, now) || ofUser || ofStranger;
  }

  /** The user got in: the place is known from here on. Failures are not forgiven, or one account would pay for attacks on others. */
  succeeded(userId: string, address: string): void {
    const place = placeOf(userId, sourceOf(address));
    this.#known.delete(place);
    this.#known.set(place, this.#now());
    const [oldest] = this.#known.keys();
    if (this.#known.size > this.#maxNames && oldest !== undefined) this.#known.delete(oldest);
  }

  #isKnown(userId: string, source: string, now: number): boolean {
    const at = this.#known.get(placeOf(userId, source));
    return at !== undefined && now - at < KNOWN_MS;
  }
}

function placeOf(userId: string, source: string): string {
  return `${userId} ${source}`;
}

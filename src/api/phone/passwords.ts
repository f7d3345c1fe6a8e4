import { createHash } from 'node:crypto';
import { Algorithm, hash, verify } from '@node-rs/argon2';
import { AppError } from '../../domain';
import type { AgentSecret } from '../../storage';

/** OWASP's first choice for argon2id: 19 MiB, two passes. */
const ARGON2: Argon2Cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/**
 * Each hash takes a core, and one of the few threads that files and names are looked up by, for some 20 ms:
 * one is made at a time, and so many milliseconds pass from one to the next.
 */
const APART_MS = 50;
const MAX_WAITING = 64;

/** What a hash costs. */
export interface Argon2Cost {
  /** KiB. */
  readonly memoryCost: number;
  readonly timeCost: number;
  readonly parallelism: number;
}

/**
 * Makes and compares hashes of passwords, one after the other: who signs in must not take the switch's time.
 * A process has one of these.
 */
export class Passwords {
  readonly #apartMs: number;
  readonly #options: Argon2Cost & { readonly algorithm: Algorithm };
  readonly #waiting: (() => void)[] = [];
  #busy = false;
  #decoy: Promise<string> | undefined;

  /** @param apartMs - milliseconds from the beginning of one hash to the next */
  constructor(apartMs = APART_MS, cost: Argon2Cost = ARGON2) {
    this.#apartMs = apartMs;
    this.#options = { ...cost, algorithm: Algorithm.Argon2id };
  }

  /**
   * What is kept of a password, in PHC format.
   * @throws AppError `unavailable` when too many wait
   */
  hashOf(password: string): Promise<string> {
    return this.#run(() => hash(password, this.#options));
  }

  /**
   * What is kept of an agent's password.
   * @param realm - of SIP digests
   * @throws AppError `unavailable` when too many wait
   */
  async secretOf(username: string, realm: string, password: string): Promise<AgentSecret> {
    const passwordHash = await this.hashOf(password);
    const told = `${username}:${realm}:${password}`;
    const digest = (algorithm: string): string => createHash(algorithm).update(told, 'utf8').digest('hex');
    return { passwordHash, realm, ha1Md5: digest('md5'), ha1Sha256: digest('sha256') };
  }

  /**
   * Whether a password is right. Takes as long where there is no hash to compare it with.
   * @throws AppError `unavailable` when too many wait
   */
  isRight(passwordHash: string | undefined, password: string): Promise<boolean> {
    return this.#run(async () => {
      const right = await verify(passwordHash ?? (await this.#decoyHash()), password);
      return right && passwordHash !== undefined;
    });
  }

  #decoyHash(): Promise<string> {
    return (this.#decoy ??= hash('nobody has this password', this.#options));
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy) {
      if (this.#waiting.length >= MAX_WAITING) {
        throw new AppError('unavailable', 'too_many_sign_ins', 'too many sign in at once: try again');
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#busy = true;
    const rest = new Promise<void>((resolve) => setTimeout(resolve, this.#apartMs).unref());
    try {
      return await work();
    } finally {
      // Whoever waits takes over the place.
      void rest.then(() => {
        const next = this.#waiting.shift();
        if (next) next();
        else this.#busy = false;
      });
    }
  }
}

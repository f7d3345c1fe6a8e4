import type { Response } from 'express';
import { sendProblem } from '../problem';
import { WindowCounter } from './window-counter';

/** Slows down who guesses secrets: so many wrong ones of an address in a minute, and no more is looked at. */
export class Guesses {
  readonly #most: number;
  readonly #problem: { readonly code: string; readonly text: string };
  readonly #wrong: WindowCounter;

  /**
   * @param most - wrong secrets that one address may try in a minute
   * @param problem - what it is told then
   * @param now - monotonic milliseconds
   */
  constructor(most: number, problem: { readonly code: string; readonly text: string }, now: () => number) {
    this.#most = most;
    this.#problem = problem;
    this.#wrong = new WindowCounter(now);
  }

  /** Answers for an address that has guessed too often; true when it did. */
  refuse(address: string, response: Response): boolean {
    const { count, resetSeconds } = this.#wrong.add(address, 0);
    if (count < this.#most) return false;
    response.setHeader('Retry-After', resetSeconds);
    sendProblem(response, 429, this.#problem.code, this.#problem.text);
    return true;
  }

  /** What the address sent was wrong. */
  wrong(address: string): void {
    this.#wrong.add(address);
  }
}

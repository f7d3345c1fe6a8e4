import type { E164 } from '../../domain';
import { isNanp } from '../../domain';

/** What people put between digits. */
const BETWEEN = '[ ()./_\\u00a0-]{0,3}';

/**
 * Finds a number in text however it is written: `+12125550123`, `1 (212) 555-0123`, `2125550123`,
 * `sip:12125550123@…`, `tel:+1-212-555-0123`, `%2B12125550123`. Digits that are part of a longer number
 * are another number. Other names of it, keyed hashes of another room, are found as they are.
 */
export class NumberPattern {
  /** For PostgreSQL's `~`. */
  readonly posix: string;
  readonly #expression: RegExp;

  constructor(
    readonly number: E164,
    aliases: readonly string[] = [],
  ) {
    const digits = number.slice(1);
    const joined = (text: string): string => text.split('').join(BETWEEN);
    const written = isNanp(number)
      ? `(?:(?:\\+|00|011)?1${BETWEEN})?${joined(digits.slice(1))}`
      : `(?:\\+|00|011)?${joined(digits)}`;
    const plain = aliases.map((alias) => alias.replace(/[^A-Za-z0-9_-]/g, '\\$&'));
    this.posix = [`(?<![0-9])\\(?${written}(?![0-9])`, ...plain].join('|');
    this.#expression = new RegExp(this.posix, 'g');
  }

  test(text: string): boolean {
    this.#expression.lastIndex = 0;
    return this.#expression.test(text);
  }

  replace(text: string, by: string): string {
    return text.replace(this.#expression, by);
  }
}

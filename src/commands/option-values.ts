import { InvalidArgumentError } from 'commander';

/** Reads one of so many words. */
export function oneOf<T extends string>(...values: readonly T[]): (text: string) => T {
  return (text) => {
    const value = values.find((each) => each === text);
    if (value === undefined) throw new InvalidArgumentError(`it is one of ${values.join(', ')}`);
    return value;
  };
}

/** Reads a number of things: one at least. */
export function countUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1 || value > most) {
      throw new InvalidArgumentError(`must be an integer from 1 to ${most}`);
    }
    return value;
  };
}

/** What a test has started, to be ended in reverse order: each of it, whatever fails on the way. */
export class Leftovers {
  readonly #ends: (() => unknown)[] = [];

  /** @param end - ends something that has been started just now */
  add(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** @throws the first error, once everything was tried */
  async end(): Promise<void> {
    const errors: unknown[] = [];
    for (const end of this.#ends.splice(0).reverse()) {
      try {
        await end();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

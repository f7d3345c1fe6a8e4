const NOTHING: ReadonlySet<string> = new Set();

/** One-to-many links between ids. */
export class Links {
  readonly #byOne = new Map<string, Set<string>>();

  of(one: string): ReadonlySet<string> {
    return this.#byOne.get(one) ?? NOTHING;
  }

  add(one: string, many: string): void {
    const set = this.#byOne.get(one);
    if (set) set.add(many);
    else this.#byOne.set(one, new Set([many]));
  }

  delete(one: string, many: string): void {
    const set = this.#byOne.get(one);
    if (!set) return;
    set.delete(many);
    if (set.size === 0) this.#byOne.delete(one);
  }
}

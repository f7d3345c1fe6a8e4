/**
 * Small integers for ids, so that facts about entities can live in typed arrays. A released ordinal
 * is used again under a new generation, by which an array row left over from before is recognised.
 */
export class Ordinals {
  readonly #byId = new Map<string, number>();
  readonly #free: number[] = [];
  readonly #generations: number[] = [];

  /** The ordinal of an id, or -1. */
  of(id: string): number {
    return this.#byId.get(id) ?? -1;
  }

  /** The ordinal of an id, given now if it has none. */
  assign(id: string): number {
    let ordinal = this.#byId.get(id);
    if (ordinal === undefined) {
      ordinal = this.#free.pop() ?? this.#generations.push(0) - 1;
      this.#byId.set(id, ordinal);
    }
    return ordinal;
  }

  release(id: string): void {
    const ordinal = this.#byId.get(id);
    if (ordinal === undefined) return;
    this.#byId.delete(id);
    this.#generations[ordinal] = this.generationOf(ordinal) + 1;
    this.#free.push(ordinal);
  }

  generationOf(ordinal: number): number {
    return this.#generations[ordinal] ?? 0;
  }
}

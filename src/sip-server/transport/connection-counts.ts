/** How many connections there are, in all and from each address; shared by listeners of a kind. */
export class ConnectionCounts {
  readonly #perSource = new Map<string, number>();
  readonly #max: number;
  readonly #maxPerSource: number;
  #all = 0;

  constructor(max: number, maxPerSource: number) {
    this.#max = max;
    this.#maxPerSource = maxPerSource;
  }

  get all(): number {
    return this.#all;
  }

  /** Is there room for one more in all? */
  get room(): boolean {
    return this.#all < this.#max;
  }

  /** Is there room for one more from here? */
  roomFor(address: string): boolean {
    return this.room && (this.#perSource.get(address) ?? 0) < this.#maxPerSource;
  }

  add(address: string): void {
    this.#all++;
    this.#perSource.set(address, (this.#perSource.get(address) ?? 0) + 1);
  }

  remove(address: string): void {
    this.#all--;
    const left = (this.#perSource.get(address) ?? 1) - 1;
    if (left > 0) this.#perSource.set(address, left);
    else this.#perSource.delete(address);
  }
}

/** Room for so many at once; further ones wait in turn, and no more wait than there is room for. */
export class Slots {
  readonly #size: number;
  #taken = 0;
  readonly #waiting: ((taken: boolean) => void)[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * @returns true with a slot that {@link give} takes back; false when there was none within the time, or
   * when too many wait already
   */
  take(withinMs: number): Promise<boolean> {
    if (this.#taken < this.#size) {
      this.#taken++;
      return Promise.resolve(true);
    }
    if (this.#waiting.length >= this.#size) return Promise.resolve(false);
    return new Promise((resolve) => {
      const turn = (taken: boolean): void => {
        clearTimeout(timer);
        resolve(taken);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        resolve(false);
      }, withinMs);
      this.#waiting.push(turn);
    });
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next) next(true);
    else this.#taken--;
  }
}

/** So many a second, with a second's worth at once. */
export class TokenBucket {
  #tokens: number | undefined;
  #at = 0;

  /**
   * Takes one token.
   * @param perSecond - the rate now; what was saved up under a higher one is cut
   * @param now - monotonic milliseconds
   */
  take(perSecond: number, now: number): boolean {
    const size = Math.max(1, perSecond);
    const before = this.#tokens ?? size;
    this.#tokens = Math.min(size, before + (Math.max(0, now - this.#at) * perSecond) / 1000);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

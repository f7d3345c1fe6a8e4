/** Goes through the text of a header, from the left. */
export class HeaderReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Nothing is left. */
  get done(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Whether this character is the next. */
  sees(char: string): boolean {
    return this.#text[this.#at] === char;
  }

  /** Goes past this character, if it is the next. */
  skip(char: string): boolean {
    const seen = this.sees(char);
    if (seen) this.#at++;
    return seen;
  }

  /**
   * Goes past what comes next, if it is that.
   * @param pattern - sticky
   */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text) ?? undefined;
    if (match) this.#at += match[0].length;
    return match;
  }
}

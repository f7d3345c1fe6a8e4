import { plain } from './display-amounts';

/** What the standard fonts of PDF can write (Windows code page 1252) beyond Latin-1. */
const BEYOND_LATIN_1 = new Set('€‚ƒ„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œžŸŽ');

export type Weight = 'regular' | 'bold';

/** A text as it will be written, and the font that it needs. */
export interface WrittenText {
  readonly text: string;
  readonly font: string;
}

/** Fonts of a document, and what they lack. */
export class DocumentFonts {
  readonly #hasGlyph: (codePoint: number) => boolean;
  /** Some character had to be written as its code point. */
  lacking = false;

  /** @param hasGlyph - whether the wide fonts have a glyph for a code point */
  constructor(hasGlyph: (codePoint: number) => boolean) {
    this.#hasGlyph = hasGlyph;
  }

  /**
   * Nothing is dropped: what the standard fonts lack is written in ones that know the scripts of Europe and
   * more, and what those lack too as its code point, e.g. `[U+5F20]`.
   */
  write(text: string, weight: Weight): WrittenText {
    const clean = plain(text).replace(/[\t\r\n]/g, ' ');
    if ([...clean].every(isStandard)) {
      return { text: clean, font: weight === 'bold' ? 'Helvetica-Bold' : 'Helvetica' };
    }
    let written = '';
    for (const character of clean)
      written += this.#hasGlyph(codeOf(character)) ? character : this.#name(character);
    return { text: written, font: weight === 'bold' ? 'Wide-Bold' : 'Wide' };
  }

  #name(character: string): string {
    this.lacking = true;
    return `[U+${codeOf(character).toString(16).toUpperCase().padStart(4, '0')}]`;
  }
}

function isStandard(character: string): boolean {
  const code = codeOf(character);
  return (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xff) || BEYOND_LATIN_1.has(character);
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}

/** A column of one bit a row, 32 rows a word. */
export class BitColumn {
  words: Int32Array;

  constructor(words: number) {
    this.words = new Int32Array(words);
  }

  set(row: number): void {
    this.words[row >>> 5] = (this.words[row >>> 5] as number) | (1 << (row & 31));
  }

  clear(row: number): void {
    this.words[row >>> 5] = (this.words[row >>> 5] as number) & ~(1 << (row & 31));
  }

  put(row: number, on: boolean): void {
    if (on) this.set(row);
    else this.clear(row);
  }

  has(row: number): boolean {
    return (((this.words[row >>> 5] as number) >>> (row & 31)) & 1) === 1;
  }

  /** Places of the words that have any bit set. */
  places(): Int32Array {
    const places = new Int32Array(this.words.length);
    let count = 0;
    for (let word = 0; word < places.length; word++) if (this.words[word] !== 0) places[count++] = word;
    return places.slice(0, count);
  }

  grow(words: number): void {
    const wider = new Int32Array(words);
    wider.set(this.words);
    this.words = wider;
  }
}

/** A column that knows how many of its bits are set. */
export class CountedColumn extends BitColumn {
  #size = 0;

  get size(): number {
    return this.#size;
  }

  override set(row: number): void {
    if (!this.has(row)) this.#size++;
    super.set(row);
  }

  override clear(row: number): void {
    if (this.has(row)) this.#size--;
    super.clear(row);
  }
}

/** Number of bits set in a 32-bit word (Warren, Hacker's Delight §5-1). */
export function popcount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** A well-mixed 32-bit value of two (finaliser of MurmurHash3). */
export function mix32(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ b;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** 32-bit hash of an id (FNV-1a, then mixed). */
export function hashId(id: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) h = Math.imul(h ^ id.charCodeAt(i), 0x01000193);
  return mix32(h, id.length);
}

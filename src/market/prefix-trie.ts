import type { IpAddress, IpBlock } from './address';

const ROOTS = { 4: 0, 6: 1 } as const;
const NONE = -1;

/**
 * Longest-prefix match over IPv4 and IPv6 blocks: a binary trie in one growing typed array, so that
 * a look-up is at most 32 or 128 dependent loads and no allocation.
 */
export class PrefixTrie<Value> {
  /** Two children a node; 0 = none, since no edge leads back to a root. */
  #children = new Int32Array(256);
  #values = new Int32Array(128).fill(NONE);
  #nodes = 2;
  readonly #stored: Value[] = [];

  /** Adds a block. The first value of a block stays. */
  add(block: IpBlock, value: Value): void {
    let node: number = ROOTS[block.address.family];
    for (let depth = 0; depth < block.prefix; depth++) {
      const edge = node * 2 + bitAt(block.address, depth);
      let next = this.#children[edge] as number;
      if (next === 0) {
        next = this.#newNode();
        this.#children[edge] = next;
      }
      node = next;
    }
    if (this.#values[node] !== NONE) return;
    this.#values[node] = this.#stored.length;
    this.#stored.push(value);
  }

  /** The value of the longest block that holds the address. */
  find(address: IpAddress): Value | undefined {
    const bits = address.family === 4 ? 32 : 128;
    let node: number = ROOTS[address.family];
    let best = this.#values[node] as number;
    for (let depth = 0; depth < bits; depth++) {
      node = this.#children[node * 2 + bitAt(address, depth)] as number;
      if (node === 0) break;
      const value = this.#values[node] as number;
      if (value !== NONE) best = value;
    }
    return best === NONE ? undefined : this.#stored[best];
  }

  #newNode(): number {
    const node = this.#nodes++;
    if (node === this.#values.length) {
      const values = new Int32Array(node * 2).fill(NONE);
      values.set(this.#values);
      this.#values = values;
      const children = new Int32Array(node * 4);
      children.set(this.#children);
      this.#children = children;
    }
    return node;
  }
}

function bitAt(address: IpAddress, depth: number): number {
  return ((address.words[depth >>> 5] as number) >>> (31 - (depth & 31))) & 1;
}

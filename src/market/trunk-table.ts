import type { Trunk } from '../domain';
import { parseAddress, parseBlock } from './address';
import { PrefixTrie } from './prefix-trie';

/** Trunks by id and by source address. Trunks change seldom, so the index is made anew when they do. */
export class TrunkTable {
  readonly #trunks = new Map<string, Trunk>();
  #index: PrefixTrie<Trunk> | undefined;

  get(id: string): Trunk | undefined {
    return this.#trunks.get(id);
  }

  /** @throws RangeError when a source is no address or block; the trunk then stays as it was */
  put(trunk: Trunk): void {
    for (const source of trunk.sources) {
      if (!parseBlock(source)) throw new RangeError(`not an address or block: ${source}`);
    }
    this.#trunks.set(trunk.id, trunk);
    this.#index = undefined;
  }

  delete(id: string): void {
    this.#trunks.delete(id);
    this.#index = undefined;
  }

  clear(): void {
    this.#trunks.clear();
    this.#index = undefined;
  }

  /**
   * The active trunk whose longest block holds an address. Among trunks of one block an active one
   * goes first, then the smallest id; a disabled one shuts its block, also within a wider one.
   */
  bySource(address: string): Trunk | undefined {
    const parsed = parseAddress(address);
    if (!parsed) return undefined;
    this.#index ??= this.#compile();
    const trunk = this.#index.find(parsed);
    return trunk?.status === 'active' ? trunk : undefined;
  }

  /** Every address and block of the active trunks. */
  activeSources(): string[] {
    return [...this.#trunks.values()].flatMap(({ status, sources }) => (status === 'active' ? sources : []));
  }

  #compile(): PrefixTrie<Trunk> {
    const trie = new PrefixTrie<Trunk>();
    const rank = ({ status }: Trunk): number => (status === 'active' ? 0 : 1);
    const trunks = [...this.#trunks.values()].sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
    for (const trunk of trunks) {
      for (const source of trunk.sources) {
        const block = parseBlock(source);
        if (block) trie.add(block, trunk);
      }
    }
    return trie;
  }
}

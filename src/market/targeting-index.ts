import type { Attestation, BidTargeting } from '../domain';
import { BitColumn } from './bits';
import { RowSet } from './row-set';

/** A tag that some bids require: who does, and who is content with each value. */
export interface TagColumn {
  readonly required: BitColumn;
  /** Rows content with a value. */
  readonly byValue: Map<string, RowSet>;
}

const ATTESTATIONS = ['A', 'B', 'C', null] as const;
/** Each required tag is a pass over the book, so their number is bounded. */
const MAX_TAG_KEYS = 64;

/** Which rows of a book want which calls, one bit a row for each value asked for. */
export class TargetingIndex {
  readonly anyState = new BitColumn(1);
  readonly states = new Map<string, BitColumn>();
  readonly anyNpa = new BitColumn(1);
  readonly npas = new Map<string, BitColumn>();
  readonly tags = new Map<string, TagColumn>();
  readonly #attested = ATTESTATIONS.map(() => new BitColumn(1));
  #words = 1;

  /** @throws RangeError when the bids of the book would require too many different tags */
  check({ tags }: BidTargeting): void {
    if (!tags) return;
    let wanted = this.tags.size;
    for (const key of Object.keys(tags)) if (!this.tags.has(key)) wanted++;
    if (wanted > MAX_TAG_KEYS && wanted > this.tags.size) {
      throw new RangeError(`bids of one campaign require more than ${MAX_TAG_KEYS} different tags`);
    }
  }

  put(row: number, { states, npas, attestation, tags }: BidTargeting): void {
    this.anyState.put(row, states === undefined);
    for (const state of states ?? []) this.#columnOf(this.states, state).set(row);
    this.anyNpa.put(row, npas === undefined);
    for (const npa of npas ?? []) this.#columnOf(this.npas, npa).set(row);
    for (const [index, level] of ATTESTATIONS.entries()) {
      (this.#attested[index] as BitColumn).put(row, attestation === undefined || attestation.includes(level));
    }
    for (const [key, value] of Object.entries(tags ?? {})) {
      let column = this.tags.get(key);
      if (!column) {
        column = { required: new BitColumn(this.#words), byValue: new Map() };
        this.tags.set(key, column);
      }
      column.required.set(row);
      let rows = column.byValue.get(value);
      if (!rows) {
        rows = new RowSet();
        column.byValue.set(value, rows);
      }
      rows.add(row, this.#words);
    }
  }

  /** Takes out what {@link put} wrote for the same targeting. */
  take(row: number, { states, npas, tags }: BidTargeting): void {
    for (const state of states ?? []) this.states.get(state)?.clear(row);
    for (const npa of npas ?? []) this.npas.get(npa)?.clear(row);
    for (const [key, value] of Object.entries(tags ?? {})) {
      const column = this.tags.get(key);
      if (!column) continue;
      column.required.clear(row);
      const rows = column.byValue.get(value);
      rows?.delete(row);
      if (rows?.size === 0) column.byValue.delete(value);
      if (column.byValue.size === 0) this.tags.delete(key);
    }
  }

  /** Rows that accept a call of this attestation. */
  accepting(attestation: Attestation | undefined): Int32Array {
    return (this.#attested[ATTESTATIONS.indexOf(attestation ?? null)] as BitColumn).words;
  }

  grow(words: number): void {
    this.#words = words;
    for (const column of [this.anyState, this.anyNpa, ...this.#attested]) column.grow(words);
    for (const column of this.states.values()) column.grow(words);
    for (const column of this.npas.values()) column.grow(words);
    for (const { required, byValue } of this.tags.values()) {
      required.grow(words);
      for (const rows of byValue.values()) rows.grow(words);
    }
  }

  #columnOf(columns: Map<string, BitColumn>, key: string): BitColumn {
    let column = columns.get(key);
    if (!column) {
      column = new BitColumn(this.#words);
      columns.set(key, column);
    }
    return column;
  }
}

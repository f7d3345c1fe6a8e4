import type { Attestation, BidTargeting } from '../domain';
import { Circles } from './circles';
import { TagColumns } from './tag-columns';
import { ChoiceColumns, ValueColumns } from './value-columns';

/** What the line of a caller is; `unknown` when nobody looked it up. */
export const LINE_TYPES = ['mobile', 'landline', 'voip', 'unknown'] as const;
export type LineType = (typeof LINE_TYPES)[number];

/** Which rows of a book want which calls, one bit a row for each value asked for. */
export class TargetingIndex {
  readonly states = new ValueColumns();
  readonly npas = new ValueColumns();
  readonly zips = new ValueColumns();
  readonly languages = new ValueColumns();
  /** The sellers that rows do not buy from. */
  readonly excluded = new ValueColumns();
  readonly attestations = new ChoiceColumns<Attestation | null>(['A', 'B', 'C', null]);
  readonly lineTypes = new ChoiceColumns<LineType>(LINE_TYPES);
  readonly circles = new Circles();
  readonly tags = new TagColumns();

  /** @throws RangeError when there would be too many different tags, or a ZIP code to be near to is unknown */
  check({ tags, near }: BidTargeting): void {
    this.tags.check(tags);
    this.circles.check(near);
  }

  put(row: number, targeting: BidTargeting): void {
    this.states.put(row, targeting.states);
    this.npas.put(row, targeting.npas);
    this.zips.put(row, targeting.zips);
    this.languages.put(row, targeting.languages);
    this.excluded.put(row, targeting.excludedSellers);
    this.attestations.put(row, targeting.attestation);
    this.lineTypes.put(row, targeting.lineTypes);
    this.circles.put(row, targeting.near);
    this.tags.put(row, targeting.tags);
  }

  /** Takes out what {@link put} wrote for the same targeting. */
  take(row: number, targeting: BidTargeting): void {
    this.states.take(row, targeting.states);
    this.npas.take(row, targeting.npas);
    this.zips.take(row, targeting.zips);
    this.languages.take(row, targeting.languages);
    this.excluded.take(row, targeting.excludedSellers);
    this.attestations.take(targeting.attestation);
    this.lineTypes.take(targeting.lineTypes);
    this.circles.take(row);
    this.tags.take(row, targeting.tags);
  }

  grow(words: number): void {
    for (const columns of [this.states, this.npas, this.zips, this.languages, this.excluded]) {
      columns.grow(words);
    }
    this.attestations.grow(words);
    this.lineTypes.grow(words);
    this.circles.grow(words);
    this.tags.grow(words);
  }
}

/** Do two targetings ask for the same calls, said in the same words? */
export function sameTargeting(a: BidTargeting, b: BidTargeting): boolean {
  return (
    a === b ||
    (sameList(a.states, b.states) &&
      sameList(a.npas, b.npas) &&
      sameList(a.zips, b.zips) &&
      sameList(a.languages, b.languages) &&
      sameList(a.excludedSellers, b.excludedSellers) &&
      sameList(a.attestation, b.attestation) &&
      sameList(a.lineTypes, b.lineTypes) &&
      a.near?.zip === b.near?.zip &&
      a.near?.miles === b.near?.miles &&
      sameTags(a.tags, b.tags))
  );
}

function sameTags(a: BidTargeting['tags'], b: BidTargeting['tags']): boolean {
  if (a === b) return true;
  if (!a || !b) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => {
      const [one, two] = [a[key], Object.hasOwn(b, key) ? b[key] : undefined];
      if (typeof one === 'string' || typeof two === 'string') return one === two;
      return sameList(one, two);
    })
  );
}

function sameList<Value>(a: readonly Value[] | undefined, b: readonly Value[] | undefined): boolean {
  if (a === b) return true;
  if (a?.length !== b?.length || !a || !b) return false;
  for (let n = 0; n < a.length; n++) if (a[n] !== b[n]) return false;
  return true;
}

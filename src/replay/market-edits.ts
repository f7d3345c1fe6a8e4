import type { Bid } from '../domain';
import { AppError } from '../domain';
import type { MarketChange, MarketEntity } from '../market';
import type { Alteration } from '../storage';

type Fields = Readonly<Record<string, unknown>>;

/** What is to be otherwise in a market: some fields (by their paths), a new entity, or one less. */
export type MarketEdit =
  | { readonly entity: MarketEntity; readonly id: string; readonly set: Fields }
  | { readonly entity: MarketEntity; readonly id: string; readonly add: Fields }
  | { readonly entity: MarketEntity; readonly id: string; readonly remove: true };

/**
 * Says whether fields may have such values, and gives them as the market takes them.
 *
 * @param whole - all fields of a new entity, its id among them; else those that change
 * @throws Error naming the field
 */
export type CheckFields = (entity: MarketEntity, fields: Fields, whole: boolean) => Fields;

/** Fields of each kind that can be changed. */
export type KnownFields = (entity: string) => readonly string[] | undefined;

const MAX_DEPTH = 8;

/**
 * Reads `<entity>.<id>.<field>=<value>`, e.g. `campaign.solar.margin.minimum=2000000`. An id may have dots:
 * the last name in it that is a field of the entity begins the field. A value is JSON, or else text.
 *
 * @throws AppError `validation` for anything else
 */
export function parseEdit(text: string, fieldsOf: KnownFields): MarketEdit {
  const equals = text.indexOf('=');
  const names = text.slice(0, Math.max(equals, 0)).split('.');
  const entity = names[0] ?? '';
  const fields = fieldsOf(entity);
  const wrong = (why: string): AppError => new AppError('validation', 'not_a_change', `${text}: ${why}`);
  if (equals < 0 || names.length < 3) throw wrong('must look like campaign.solar.reservePrice=5000000');
  if (!fields) throw wrong(`there is no kind of entity called ${entity}`);
  const at = names.findLastIndex((name, n) => n >= 2 && fields.includes(name));
  if (at < 0) throw wrong(`a ${entity} has ${fields.join(', ')}`);
  const path = names.slice(at);
  if (path.length > MAX_DEPTH) throw wrong('nested too deep');
  return {
    entity: entity as MarketEntity,
    id: names.slice(1, at).join('.'),
    set: { [path.join('.')]: readValue(text.slice(equals + 1)) },
  };
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Edits as a past market takes them; those of one entity are made one after the other. */
export class MarketEdits {
  readonly #byId = new Map<string, MarketEdit[]>();
  readonly #check: CheckFields;
  readonly #met = new Set<string>();

  constructor(edits: readonly MarketEdit[], check: CheckFields) {
    this.#check = check;
    for (const edit of edits) {
      const key = `${edit.entity}/${edit.id}`;
      this.#byId.set(key, [...(this.#byId.get(key) ?? []), edit]);
    }
  }

  /** Every entity that is to be otherwise. */
  get named(): { readonly entity: MarketEntity; readonly id: string }[] {
    return [...this.#byId.values()].flatMap(([first]) =>
      first ? [{ entity: first.entity, id: first.id }] : [],
    );
  }

  /** Entities that were never met: nothing came of their edits. */
  get unmet(): string[] {
    return [...this.#byId.keys()].filter((key) => !this.#met.has(key));
  }

  /** What is there that never was. @throws Error for a value that cannot be */
  get added(): MarketChange[] {
    const changes: MarketChange[] = [];
    for (const [key, edits] of this.#byId) {
      const last = edits.findLast((edit) => 'add' in edit);
      if (!last || !('add' in last)) continue;
      this.#met.add(key);
      const { entity, id } = last;
      const value = this.#whole(entity, id, last.add);
      const change = this.#make({ entity, op: 'upsert', value } as unknown as MarketChange, key);
      if (change) changes.push(change);
    }
    return changes;
  }

  /** What the market is given instead of a change. @throws Error for a value that cannot be */
  readonly alter: Alteration = (change) => {
    if (change.op === 'remove') {
      // What was added stays whatever becomes of one of that name.
      const edits = this.#byId.get(`${change.entity}/${change.id}`);
      return edits?.some((edit) => 'add' in edit) ? undefined : change;
    }
    const { id } = change.value as unknown as { readonly id: string };
    const key = `${change.entity}/${id}`;
    if (!this.#byId.has(key)) return change;
    this.#met.add(key);
    return this.#make(change, key);
  };

  #make(change: MarketChange, key: string): MarketChange | undefined {
    let value = 'value' in change ? (change.value as unknown as Fields) : undefined;
    for (const edit of this.#byId.get(key) ?? []) {
      if ('remove' in edit) return { entity: edit.entity, op: 'remove', id: edit.id };
      if ('add' in edit) value = this.#whole(edit.entity, edit.id, edit.add);
      else if (value) value = this.#set(edit.entity, value, edit.set);
    }
    return { entity: change.entity, op: 'upsert', value } as unknown as MarketChange;
  }

  #whole(entity: MarketEntity, id: string, fields: Fields): Fields {
    return { ...this.#check(entity, { ...fields, id }, true), id };
  }

  #set(entity: MarketEntity, value: Fields, fields: Fields): Fields {
    const changed: Record<string, unknown> = {};
    for (const [path, to] of Object.entries(fields)) {
      const [field = '', ...deeper] = path.split('.');
      changed[field] = put(changed[field] ?? value[field], deeper, to);
    }
    const checked = this.#check(entity, changed, false);
    const after = { ...value, ...checked };
    return entity === 'bid' ? withOnePrice(after, checked) : after;
  }
}

/** The price of a per-call bid without conversions is the amount of its plan: who changes one of the two means both. */
function withOnePrice(bid: Fields, changed: Fields): Fields {
  const { plan, conversions = [] } = bid as unknown as Pick<Bid, 'plan' | 'conversions'>;
  if (plan.kind !== 'per_call' || conversions.length > 0) return bid;
  return 'price' in changed
    ? { ...bid, plan: { ...plan, amount: bid['price'] } }
    : { ...bid, price: plan.amount };
}

/** A copy with one place in it otherwise; null takes a field away (RFC 7396). */
function put(value: unknown, path: readonly string[], to: unknown): unknown {
  const [name, ...deeper] = path;
  if (name === undefined) return to;
  const there = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  if (Array.isArray(value)) {
    const copy = [...(value as unknown[])];
    const index = Number(name);
    if (!Number.isInteger(index) || index < 0 || index > copy.length) {
      throw new AppError(
        'validation',
        'not_a_change',
        `there is no place ${name} in a list of ${copy.length}`,
      );
    }
    copy[index] = put(copy[index], deeper, to);
    return copy;
  }
  const { [name]: before, ...others } = there;
  const after = put(before, deeper, to);
  return after === null ? others : { ...others, [name]: after };
}

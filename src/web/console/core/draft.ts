import type { FieldError } from '../api/problem';
import type { Codec } from './codec';
import { partsOf, putAt, valueAt, without } from './pointer';

/** One field of a form. */
export interface FieldSpec {
  /** Where its value stands in the body (JSON pointer). */
  readonly at: string;
  readonly codec: Codec;
  /** What is said when it is left empty; a field without it may be. */
  readonly required?: string;
  /** What it begins with in a form of something new. */
  readonly initial?: unknown;
  /** The object it stands in may be empty, but not absent. */
  readonly standing?: boolean;
  /** For people of the exchange alone to say. */
  readonly ofExchange?: boolean;
  /** Whether it counts, by what stands in the others. */
  readonly when?: (draft: Draft) => boolean;
}

/** The fields of a form that somebody may say. */
export const specsFor = (specs: readonly FieldSpec[], isOperator: boolean): readonly FieldSpec[] =>
  isOperator ? specs : specs.filter(({ ofExchange }) => ofExchange !== true);

/** What stands in a form, as text, by pointer. */
export type Draft = Readonly<Record<string, string>>;
/** What is wrong, by pointer. */
export type Errors = Readonly<Record<string, string>>;

/** A form's texts for something that is there, or for something new. */
export function draftOf(specs: readonly FieldSpec[], entity?: unknown): Draft {
  const draft: Record<string, string> = {};
  for (const { at, codec, initial } of specs) {
    draft[at] = codec.show(entity === undefined ? initial : valueAt(entity, at));
  }
  return draft;
}

/** What a form says, as the body of a request, or what is wrong with it. Empty fields are left out. */
export function bodyOf(
  specs: readonly FieldSpec[],
  draft: Draft,
):
  | { readonly ok: true; readonly body: Record<string, unknown> }
  | { readonly ok: false; readonly errors: Errors } {
  const body: Record<string, unknown> = {};
  const errors: Record<string, string> = {};
  for (const { at, codec, required, when } of specs) {
    if (when && !when(draft)) continue;
    const typed = draft[at] ?? '';
    if (typed.trim() === '') {
      if (required !== undefined) errors[at] = required;
      continue;
    }
    const reading = codec.read(typed);
    if (reading.ok) putAt(body, at, reading.value);
    else errors[at] = reading.message;
  }
  return Object.keys(errors).length === 0 ? { ok: true, body } : { ok: false, errors };
}

/**
 * The fields in which one body differs from another, each whole; null for one that is to be absent.
 */
export function changesBetween(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (!isSame(before[field], after[field])) changes[field] = after[field] ?? null;
  }
  return changes;
}

/**
 * What the body of a PATCH says of one field of an entity: what the form says, over what the form does not show.
 * @param said - undefined when the form leaves it empty
 * @returns null for a field that is to be absent
 */
export function fieldOf(specs: readonly FieldSpec[], entity: unknown, field: string, said: unknown): unknown {
  const ofField = specs.filter(({ at }) => partsOf(at)[0] === field);
  const kept = ofField.reduce((rest, { at }) => without(rest, at), entity);
  const below = valueAt(kept, `/${field}`);
  if (said !== undefined && said !== null) return laidOver(below, said);
  const rest = isPlain(below) ? below : {};
  return Object.keys(rest).length > 0 || ofField.some(({ standing }) => standing === true) ? rest : null;
}

/**
 * The merge patch that makes one value of another (RFC 7396): of objects the fields that differ, null for those
 * that are to be absent.
 */
export function patchBetween(before: unknown, after: unknown): unknown {
  if (!isPlain(before) || !isPlain(after)) return after;
  const patch: Record<string, unknown> = {};
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const was = before[field];
    const said = after[field];
    if (!isSame(was, said)) patch[field] = said === undefined ? null : patchBetween(was, said);
  }
  return patch;
}

/** What lies below with what lies above put over it. */
function laidOver(below: unknown, above: unknown): unknown {
  if (!isPlain(below) || !isPlain(above)) return above;
  const whole: Record<string, unknown> = { ...below };
  for (const [field, value] of Object.entries(above)) whole[field] = laidOver(below[field], value);
  return whole;
}

/**
 * What a problem says of fields, each at the field of the form that is nearest above it.
 * @returns what belongs to no field besides
 */
export function placeErrors(
  specs: readonly FieldSpec[],
  errors: readonly FieldError[],
): { readonly placed: Errors; readonly rest: readonly FieldError[] } {
  const placed: Record<string, string> = {};
  const rest: FieldError[] = [];
  for (const error of errors) {
    const at = nearest(specs, error.pointer);
    if (at === undefined) rest.push(error);
    else placed[at] ??= error.message;
  }
  return { placed, rest };
}

function nearest(specs: readonly FieldSpec[], pointer: string): string | undefined {
  for (let parts = partsOf(pointer); parts.length > 0; parts = parts.slice(0, -1)) {
    const at = `/${parts.join('/')}`;
    if (specs.some((spec) => spec.at === at)) return at;
  }
  // What is said of an object is shown at its first field.
  return specs.find((spec) => spec.at.startsWith(`${pointer}/`))?.at;
}

/** Whether two values of JSON are the same, in whatever order their fields stand. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, at) => isSame(value, other[at]));
  }
  if (!isPlain(one) || !isPlain(other)) return false;
  const fields = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...fields].every((field) => isSame(one[field], other[field]));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import { z } from 'zod';
import { validationProblem } from './problem';

/** RFC 7396 §4: a PATCH in plain JSON is read as one too. */
export const MERGE_PATCH_TYPE = 'application/merge-patch+json';

/** Far beyond what any field holds: what is deeper is taken as it is, for the schema to refuse. */
const MAX_DEPTH = 16;

type Fields = Readonly<Record<string, unknown>>;

/**
 * What becomes of a value by a merge patch (RFC 7396 §2): objects are merged field by field, null takes one away,
 * whatever else there is stands in place of what was there.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  return merged(target, patch, () => false, 0);
}

/** True for fields that hold an object, of which a change may send a part. */
export function isMergeable(type: z.ZodType): boolean {
  const plain = unwrapped(type);
  if (plain instanceof z.ZodUnion) return (plain.options as z.ZodType[]).every(isMergeable);
  return plain instanceof z.ZodObject || plain instanceof z.ZodRecord;
}

/** The body of a change of such a field: any part of it, that is looked at once it is merged. */
export function partOf(type: z.ZodType): z.ZodType {
  const { $schema: _schema, ...whole } = z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' });
  return z.record(z.string(), z.unknown()).meta(loosened(whole) as Fields);
}

/**
 * A field with a part of it changed.
 * @param target - as a client is shown it; undefined where it is absent
 * @throws AppError `validation` with a pointer to what is wrong with the whole
 */
export function mergeField(field: string, type: z.ZodType, target: unknown, patch: Fields): unknown {
  const value = ofItsKind(type, merged(target, patch, (at) => takesNull(type, at), 0) as Fields, patch);
  const parsed = z.object({ [field]: type }).safeParse({ [field]: value });
  if (parsed.success) return parsed.data[field];
  throw validationProblem(parsed.error, 'body');
}

/** @param isNull - whether null at a place is a value, and takes nothing away */
function merged(
  target: unknown,
  patch: unknown,
  isNull: (at: readonly string[]) => boolean,
  depth: number,
  at: readonly string[] = [],
): unknown {
  if (!isPlain(patch) || depth > MAX_DEPTH) return patch;
  const fields = new Map(Object.entries(isPlain(target) ? target : {}));
  for (const [field, value] of Object.entries(patch)) {
    const place = [...at, field];
    if (value === null && !isNull(place)) fields.delete(field);
    else fields.set(field, merged(fields.get(field), value, isNull, depth + 1, place));
  }
  // A field may be called `__proto__`: it is one like any other.
  return Object.fromEntries(fields);
}

/**
 * What was of another kind goes with it: of a plan by the minute that becomes one by the call, the rate. Nothing
 * that a patch by the letter makes a good whole of is touched.
 */
function ofItsKind(type: z.ZodType, value: Fields, patch: Fields): Fields {
  const plain = unwrapped(type);
  if (!(plain instanceof z.ZodDiscriminatedUnion)) return value;
  const { discriminator } = plain.def;
  const options = plain.options as readonly z.ZodObject[];
  const kind = options.find(
    ({ shape }) => (shape[discriminator] as z.ZodType).safeParse(value[discriminator]).success,
  );
  if (!kind) return value;
  const kept = Object.entries(value).filter(([field]) => field in kind.shape || field in patch);
  return Object.fromEntries(kept);
}

/** Whether null is a value of a field, as of one that is never shown and taken away by it. */
function takesNull(type: z.ZodType, at: readonly string[]): boolean {
  const [field, ...rest] = at;
  if (field === undefined) return type.safeParse(null).success;
  const plain = unwrapped(type);
  if (!(plain instanceof z.ZodObject)) return false;
  const next = (plain.shape as Record<string, z.ZodType>)[field];
  return next !== undefined && takesNull(next, rest);
}

function unwrapped(type: z.ZodType): z.ZodType {
  return type instanceof z.ZodOptional || type instanceof z.ZodDefault || type instanceof z.ZodNullable
    ? unwrapped(type.unwrap() as z.ZodType)
    : type;
}

/** A JSON schema of which no field has to be there, and each may be null. */
function loosened(schema: unknown): unknown {
  if (!isPlain(schema)) return schema;
  const { required: _required, properties, ...rest } = schema;
  const loose: Record<string, unknown> = { ...rest };
  for (const word of ['anyOf', 'oneOf', 'allOf']) {
    if (Array.isArray(rest[word])) loose[word] = (rest[word] as unknown[]).map(loosened);
  }
  if (isPlain(properties)) {
    const fields = Object.entries(properties);
    loose['properties'] = Object.fromEntries(
      fields.map(([field, type]) => [field, { anyOf: [loosened(type), { type: 'null' }] }]),
    );
  }
  return loose;
}

function isPlain(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

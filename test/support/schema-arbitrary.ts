import fc from 'fast-check';

/** As much of JSON Schema 2020-12 as the API's document uses. */
export interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly propertyNames?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

/** Values for the fields of this name, where a schema alone cannot say what is good. */
export type Hints = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** Values that a schema describes; those that the schema alone cannot make come from hints by field name. */
export function fromSchema(schema: Schema, hints: Hints = {}, field = ''): fc.Arbitrary<unknown> {
  const hint = hints[field];
  if (hint) return hint;
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map((choice) => fromSchema(choice, hints, field)));
  switch (schema.type) {
    case 'object':
      return objects(schema, hints);
    case 'array':
      return fc.array(fromSchema(schema.items ?? {}, hints), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 5, (schema.minItems ?? 0) + 5),
      });
    case 'integer':
    case 'number':
      return numbers(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'string':
      return strings(schema);
    default:
      return fc.jsonValue();
  }
}

/** Whole ones, where there are any between its bounds. */
function numbers({ minimum, exclusiveMinimum, maximum = Number.MAX_SAFE_INTEGER }: Schema) {
  const least = minimum ?? (exclusiveMinimum === undefined ? -1e9 : Math.floor(exclusiveMinimum) + 1);
  const [min, max] = [Math.ceil(least), Math.floor(maximum)];
  return min <= max ? fc.integer({ min, max }) : fc.double({ min: least, max: maximum, noNaN: true });
}

function objects(
  { properties = {}, required = [], propertyNames, additionalProperties }: Schema,
  hints: Hints,
) {
  if (propertyNames || (typeof additionalProperties === 'object' && Object.keys(properties).length === 0)) {
    const values = typeof additionalProperties === 'object' ? additionalProperties : {};
    return fc.dictionary(strings(propertyNames ?? {}), fromSchema(values, hints), { maxKeys: 4 });
  }
  const fields = Object.entries(properties).map(([name, schema]) => [name, fromSchema(schema, hints, name)]);
  return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>, {
    requiredKeys: [...required],
  });
}

function strings({ pattern, minLength = 0, maxLength }: Schema): fc.Arbitrary<string> {
  // Surrogates are beyond stringMatching; lengths it does not know of.
  if (pattern !== undefined && !pattern.includes('\\ud800')) {
    return matching(pattern).filter(
      (text) => text.length >= minLength && text.length <= (maxLength ?? Infinity),
    );
  }
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength ?? 40, minLength + 30) });
}

/** @throws Error with the pattern, when it is one that no text can be made of: an empty group, say */
function matching(pattern: string): fc.Arbitrary<string> {
  try {
    return fc.stringMatching(new RegExp(pattern));
  } catch (error) {
    throw new Error(`no text can be made of the pattern ${pattern}`, { cause: error });
  }
}

import { z } from 'zod';
import { configSchema } from './schema';

/** One setting, by its dotted name. */
export interface ConfigKey {
  /** e.g. `sip.drachtio.host`. */
  readonly path: string;
  /** e.g. `DCE_SIP_DRACHTIO_HOST`. */
  readonly env: string;
  readonly description: string;
  readonly secret: boolean;
  /** A list of what is no plain text is written as JSON where only text can be. */
  readonly kind: 'string' | 'number' | 'boolean' | 'list' | 'json';
  /** The only values there are, where it is a choice. */
  readonly choices: readonly string[] | undefined;
}

/** Every setting there is, read off the schema. */
export const CONFIG_KEYS: readonly ConfigKey[] = collect(configSchema, []);

function collect(schema: z.ZodType, path: readonly string[]): ConfigKey[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) {
    return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([name, child]) =>
      collect(child, [...path, name]),
    );
  }
  return [
    {
      path: path.join('.'),
      env: `DCE_${path.map(screaming).join('_')}`,
      description: schema.description ?? '',
      secret: schema.meta()?.['secret'] === true,
      kind:
        inner instanceof z.ZodNumber
          ? 'number'
          : inner instanceof z.ZodBoolean
            ? 'boolean'
            : inner instanceof z.ZodArray
              ? unwrap(inner.element as z.ZodType) instanceof z.ZodObject
                ? 'json'
                : 'list'
              : 'string',
      choices: inner instanceof z.ZodEnum ? inner.options.map(String) : undefined,
    },
  ];
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap() as z.ZodType);
  }
  return schema;
}

/** `buyerPort1` → `BUYER_PORT1`. */
function screaming(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}

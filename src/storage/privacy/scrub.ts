import type { NumberPattern } from './number-pattern';

/** A number and what stands in its place. */
export interface Replacement {
  readonly pattern: NumberPattern;
  readonly by: string;
}

/** True when the number stands in a text or in the name of a field. */
export function names(value: unknown, pattern: NumberPattern): boolean {
  if (typeof value === 'string') return pattern.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) => pattern.test(name) || names(inner, pattern));
}

/**
 * A JSON value without numbers, in texts and in names of fields; a number of JSON is an amount or an
 * instant. What holds none of them is handed back as it is, so that nothing is written without need.
 */
export function scrub<T>(value: T, replacements: readonly Replacement[]): T {
  return scrubbed(value, replacements) as T;
}

function scrubbed(value: unknown, replacements: readonly Replacement[]): unknown {
  if (typeof value === 'string') return scrubText(value, replacements);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => scrubbed(item, replacements));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  let changed = false;
  const fields = Object.entries(value).map(([name, inner]) => {
    const clean = scrubText(name, replacements);
    const cleanInner = scrubbed(inner, replacements);
    changed ||= clean !== name || cleanInner !== inner;
    return [clean, cleanInner] as const;
  });
  return changed ? Object.fromEntries(fields) : value;
}

function scrubText(text: string, replacements: readonly Replacement[]): string {
  return replacements.reduce((clean, { pattern, by }) => pattern.replace(clean, by), text);
}

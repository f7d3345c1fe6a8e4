import { isRecord } from '../../shared/is-record';

/** Names of the fields on the way to a place (RFC 6901 §4). */
export function partsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What stands at a place; undefined when nothing does. */
export function valueAt(whole: unknown, pointer: string): unknown {
  let value = whole;
  for (const part of partsOf(pointer)) {
    if (Array.isArray(value)) value = value[Number(part)] as unknown;
    else if (isRecord(value)) value = value[part];
    else return undefined;
  }
  return value;
}

/** Puts a value at a place of an object; what is missing on the way is made. */
export function putAt(whole: Record<string, unknown>, pointer: string, value: unknown): void {
  const parts = partsOf(pointer);
  const last = parts.pop();
  if (last === undefined) return;
  let owner = whole;
  for (const part of parts) {
    const next = owner[part];
    if (isRecord(next)) owner = next;
    else {
      const made: Record<string, unknown> = {};
      owner[part] = made;
      owner = made;
    }
  }
  owner[last] = value;
}

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

/** The same without what stands at a place; objects that it leaves empty go as well. */
export function without(whole: unknown, pointer: string): unknown {
  const [first, ...rest] = partsOf(pointer);
  if (first === undefined || !isRecord(whole) || !(first in whole)) return whole;
  const { [first]: value, ...others } = whole;
  if (rest.length === 0) return others;
  const left = without(value, `/${rest.map(escaped).join('/')}`);
  return isRecord(left) && Object.keys(left).length === 0 ? others : { ...whole, [first]: left };
}

const escaped = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * The value at a JSON Pointer (RFC 6901); undefined when there is none. Only what the document itself
 * holds is found, not what its objects inherit.
 */
export function atPointer(document: unknown, pointer: string): unknown {
  if (pointer === '') return document;
  let at = document;
  for (const token of tokensOf(pointer)) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, token)) return undefined;
    if (Array.isArray(at) && !/^(0|[1-9]\d*)$/.test(token)) return undefined;
    at = (at as Record<string, unknown>)[token];
  }
  return at;
}

/** @throws RangeError for a text that is no pointer */
export function checkPointer(pointer: string): void {
  if (pointer !== '' && (!pointer.startsWith('/') || /~(?![01])/.test(pointer))) {
    throw new RangeError(`${JSON.stringify(pointer)} is no JSON Pointer (RFC 6901)`);
  }
}

function tokensOf(pointer: string): string[] {
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replace(/~1/g, '/').replace(/~0/g, '~'));
}

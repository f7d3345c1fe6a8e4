/** A tree of settings while it is put together. */
export type Tree = Record<string, unknown>;

/** Puts a value at a dotted name, making the sections on the way. */
export function setPath(target: Tree, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let at = target;
  for (const name of names) {
    const child = at[name];
    const next: Tree = isTree(child) ? child : {};
    at[name] = next;
    at = next;
  }
  at[last] = value;
}

/** The value at a dotted name; undefined when there is none. */
export function getPath(source: unknown, path: string): unknown {
  let at = source;
  for (const name of path.split('.')) at = isTree(at) ? at[name] : undefined;
  return at;
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The order in which to try SRV records (RFC 2782): lowest priority first; within one priority by
 * chance, in proportion to the weights, so that the first ones share the load as they are meant to.
 * @param random - from 0 up to, but not including, 1
 */
export function srvOrder<T extends { readonly priority: number; readonly weight: number }>(
  records: readonly T[],
  random: () => number,
): T[] {
  // Weight 0 first: those have a small chance, but not none.
  const left = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight);
  const ordered: T[] = [];
  while (left.length > 0) {
    const priority = left[0]?.priority;
    const group = left.filter((record) => record.priority === priority);
    const chosen = byWeight(group, random());
    left.splice(left.indexOf(chosen), 1);
    ordered.push(chosen);
  }
  return ordered;
}

function byWeight<T extends { readonly weight: number }>(group: readonly T[], chance: number): T {
  const total = group.reduce((sum, { weight }) => sum + weight, 0);
  let mark = chance * total;
  const found =
    total === 0
      ? group[Math.floor(chance * group.length)]
      : (group.find(({ weight }) => (mark -= weight) <= 0) ?? group.at(-1));
  if (!found) throw new Error('no SRV record to choose from');
  return found;
}

/** Further away than this, a name was not mistyped but invented. */
const MAX_DISTANCE = 5;
const MAX_SHOWN = 3;

/** `; did you mean …?` for a name close to known ones, the closest first; empty when none is close. */
export function didYouMean(name: string, known: readonly string[]): string {
  const close = known
    .map((candidate) => ({ candidate, away: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ away }) => away < MAX_DISTANCE)
    .sort((a, b) => a.away - b.away)
    .slice(0, MAX_SHOWN)
    .map(({ candidate }) => candidate);
  return close.length === 0 ? '' : `; did you mean ${close.join(' or ')}?`;
}

/** Levenshtein distance, given up at {@link MAX_DISTANCE}. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) >= MAX_DISTANCE) return MAX_DISTANCE;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? MAX_DISTANCE;
}

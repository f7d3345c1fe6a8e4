/** A call of ours and a record of the carrier that may be the same. */
export interface Candidate {
  readonly ours: number;
  readonly theirs: number;
  /** How far apart they are: the less, the sooner they are taken for the same. */
  readonly distance: number;
}

export interface Match {
  readonly ours: number;
  readonly theirs: number;
}

/**
 * Matches one to one, the closest first; of equally close ones the lower numbers. The order in which candidates
 * come makes no difference.
 */
export function matchClosest(candidates: readonly Candidate[]): Match[] {
  const sorted = [...candidates].sort(
    (a, b) => a.distance - b.distance || a.ours - b.ours || a.theirs - b.theirs,
  );
  const [ours, theirs] = [new Set<number>(), new Set<number>()];
  const matches: Match[] = [];
  for (const candidate of sorted) {
    if (ours.has(candidate.ours) || theirs.has(candidate.theirs)) continue;
    ours.add(candidate.ours);
    theirs.add(candidate.theirs);
    matches.push({ ours: candidate.ours, theirs: candidate.theirs });
  }
  return matches;
}

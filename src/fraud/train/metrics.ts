/** How well scores tell fraud from honest calls. Equal scores are equal: no order among them counts. */

/** Rows by falling score. */
function byScore(scores: Float64Array): Uint32Array {
  return Uint32Array.from(scores, (_, row) => row).sort(
    (a, b) => (scores[b] as number) - (scores[a] as number) || a - b,
  );
}

/** Calls each of the score groups, from the highest: how many frauds and honest ones were passed so far. */
function* groups(
  scores: Float64Array,
  labels: Uint8Array,
): Generator<{ readonly score: number; readonly frauds: number; readonly honest: number }> {
  const order = byScore(scores);
  let frauds = 0;
  let honest = 0;
  for (let i = 0; i < order.length; i++) {
    const row = order[i] as number;
    if (labels[row] === 1) frauds++;
    else honest++;
    const score = scores[row] as number;
    const next = order[i + 1];
    if (next === undefined || scores[next] !== score) yield { score, frauds, honest };
  }
}

/** Share of pairs of a fraud and an honest call that are in the right order; ½ = by chance. NaN without both. */
export function rocAuc(scores: Float64Array, labels: Uint8Array): number {
  let area = 0;
  let frauds = 0;
  let honest = 0;
  for (const group of groups(scores, labels)) {
    area += ((group.honest - honest) * (group.frauds + frauds)) / 2;
    ({ frauds, honest } = group);
  }
  return area / (frauds * honest);
}

/** Average precision: the area under precision over recall. */
export function prAuc(scores: Float64Array, labels: Uint8Array): number {
  let area = 0;
  let frauds = 0;
  for (const group of groups(scores, labels)) {
    area += ((group.frauds - frauds) * group.frauds) / (group.frauds + group.honest);
    frauds = group.frauds;
  }
  return area / frauds;
}

/** The lowest score such that no more than this share of honest calls have it or more; Infinity when there is none. */
export function thresholdAt(scores: Float64Array, labels: Uint8Array, fpr: number): number {
  let honestCalls = 0;
  for (const label of labels) if (label === 0) honestCalls++;
  let threshold = Infinity;
  for (const { score, honest } of groups(scores, labels)) {
    if (honest > fpr * honestCalls) break;
    threshold = score;
  }
  return threshold;
}

/** Share of frauds found when no more than this share of honest calls is accused. */
export function recallAt(scores: Float64Array, labels: Uint8Array, fpr: number): number {
  return recallFrom(scores, labels, thresholdAt(scores, labels, fpr));
}

/** Share of frauds with this score or more. */
export function recallFrom(scores: Float64Array, labels: Uint8Array, threshold: number): number {
  let frauds = 0;
  let found = 0;
  for (let row = 0; row < scores.length; row++) {
    if (labels[row] !== 1) continue;
    frauds++;
    if ((scores[row] as number) >= threshold) found++;
  }
  return found / frauds;
}

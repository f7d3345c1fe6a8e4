/** A line of two texts: in both, or in one of them. */
export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
  /** Where it stands in the text before and after, from 1. */
  readonly before?: number;
  readonly after?: number;
}

/** Beyond so many pairs of lines that differ, the middle is told as removed and added as a whole. */
const MOST_PAIRS = 4_000_000;

/** What became of a text, line by line: the longest lines that stayed stay (LCS). */
export function lineDiff(before: string, after: string): readonly DiffLine[] {
  const [a, b] = [before.split('\n'), after.split('\n')];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const lines: DiffLine[] = [];
  const same = (i: number, j: number): void =>
    void lines.push({ kind: 'same', text: a[i] ?? '', before: i + 1, after: j + 1 });
  const removed = (i: number): void => void lines.push({ kind: 'removed', text: a[i] ?? '', before: i + 1 });
  const added = (j: number): void => void lines.push({ kind: 'added', text: b[j] ?? '', after: j + 1 });

  for (let i = 0; i < head; i++) same(i, i);
  const [rows, columns] = [a.length - head - tail, b.length - head - tail];
  if (rows * columns > MOST_PAIRS) {
    for (let i = 0; i < rows; i++) removed(head + i);
    for (let j = 0; j < columns; j++) added(head + j);
  } else {
    const width = columns + 1;
    // Of each pair of places, how many lines stay from there on.
    const stay = new Uint16Array((rows + 1) * width);
    const at = (i: number, j: number): number => stay[i * width + j] ?? 0;
    for (let i = rows - 1; i >= 0; i--) {
      for (let j = columns - 1; j >= 0; j--) {
        stay[i * width + j] =
          a[head + i] === b[head + j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
      }
    }
    let [i, j] = [0, 0];
    while (i < rows || j < columns) {
      if (i < rows && j < columns && a[head + i] === b[head + j]) same(head + i++, head + j++);
      else if (i < rows && (j === columns || at(i + 1, j) >= at(i, j + 1))) removed(head + i++);
      else added(head + j++);
    }
  }
  for (let k = tail; k > 0; k--) same(a.length - k, b.length - k);
  return lines;
}

/** Only what differs, with some lines around it; undefined stands for what is left out. */
export function hunksOf(lines: readonly DiffLine[], around = 3): readonly (DiffLine | undefined)[] {
  const shown = new Set<number>();
  lines.forEach(({ kind }, at) => {
    if (kind === 'same') return;
    for (let near = at - around; near <= at + around; near++) shown.add(near);
  });
  return lines.flatMap((line, at) => {
    if (shown.has(at)) return [line];
    return at === 0 || shown.has(at - 1) ? [undefined] : [];
  });
}

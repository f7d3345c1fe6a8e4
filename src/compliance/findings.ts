import type { Finding } from '../domain';

/** What the rules found of one call, in the order in which they were asked. */
export class Findings {
  readonly all: Finding[] = [];
  /** The first that blocks. */
  blocked: Finding | undefined;

  add(finding: Finding): void {
    this.all.push(finding);
    if (finding.outcome === 'block') this.blocked ??= finding;
  }

  addAll(findings: readonly Finding[]): void {
    for (const finding of findings) this.add(finding);
  }
}

/** A finding with its detail; the citation is left out where there is none. */
export function finding(
  rule: string,
  outcome: Finding['outcome'],
  citation: string,
  detail: string,
): Finding {
  return { rule, outcome, citation, detail };
}

const DAY_MS = 86_400_000;
/** Furthest instant that a Date can hold. */
const MAX_INSTANT = 8.64e15;
/** Dates written so far, by their day: facts speak of few days. */
const dates = new Map<number, string>();
const MAX_DATES = 4_000;

/** `2026-11-21` of an instant, UTC. */
export function dateOf(instant: number): string {
  if (!(Math.abs(instant) <= MAX_INSTANT)) return 'no date';
  const day = Math.floor(instant / DAY_MS);
  let text = dates.get(day);
  if (text === undefined) {
    text = new Date(instant).toISOString().slice(0, 10);
    if (dates.size >= MAX_DATES) dates.clear();
    dates.set(day, text);
  }
  return text;
}

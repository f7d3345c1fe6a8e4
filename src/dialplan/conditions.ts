import type { Attestation } from '../domain';
import { isOpen } from './hours';
import type { Condition, Fact } from './plan';

/** What conditions are judged by. */
export interface PlanFacts {
  /** Tags that came with the call, and those that the plan has set. */
  readonly tags: Readonly<Record<string, string>>;
  /** Fraud score, 0 … 1; undefined where none was made. */
  readonly score: number | undefined;
  readonly attestation: Attestation | undefined;
}

/** @param at - UTC epoch milliseconds */
export function holds(condition: Condition, facts: PlanFacts, at: number): boolean {
  if ('all' in condition) return condition.all.every((fact) => isSo(fact, facts, at));
  if ('any' in condition) return condition.any.some((fact) => isSo(fact, facts, at));
  if ('not' in condition) return !isSo(condition.not, facts, at);
  return isSo(condition, facts, at);
}

function isSo(fact: Fact, { tags, score, attestation }: PlanFacts, at: number): boolean {
  if ('open' in fact) return isOpen(fact.open, at);
  if ('score' in fact) return score !== undefined && score >= fact.score;
  if ('attestation' in fact) return fact.attestation.includes(attestation ?? 'none');
  const value = Object.hasOwn(tags, fact.tag) ? tags[fact.tag] : undefined;
  return 'known' in fact ? (value !== undefined) === fact.known : fact.is.includes(value ?? '');
}

/** Tags that a condition reads, and the values that it compares them with. */
export function tagsReadBy(
  condition: Condition,
): readonly { readonly tag: string; readonly values: readonly string[] }[] {
  return factsOf(condition).flatMap((fact) =>
    'tag' in fact ? [{ tag: fact.tag, values: 'is' in fact ? fact.is : [] }] : [],
  );
}

function factsOf(condition: Condition): readonly Fact[] {
  if ('all' in condition) return condition.all;
  if ('any' in condition) return condition.any;
  return ['not' in condition ? condition.not : condition];
}

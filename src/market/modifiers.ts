import type { BidModifier, TagRule } from '../domain';
import type { BidQuery } from './bid-query';
import type { PlanTable } from './plan-table';
import { meetsRule, tagOf } from './tag-columns';

/** A modifier with its schedule compiled. */
export interface CompiledModifier {
  readonly modifier: BidModifier;
  readonly tags: readonly (readonly [key: string, rule: TagRule])[];
  /** In the book's plan table. */
  readonly plan: number;
}

const WHOLE_BP = 10_000;

/** @throws RangeError when a schedule or a factor cannot be used; nothing is kept of the others then */
export function compileModifiers(
  modifiers: readonly BidModifier[],
  plans: PlanTable,
): readonly CompiledModifier[] | undefined {
  if (modifiers.length === 0) return undefined;
  const compiled: CompiledModifier[] = [];
  try {
    for (const modifier of modifiers) {
      if (!Number.isSafeInteger(modifier.factorBp)) {
        throw new RangeError(`not a factor in whole basis points: ${modifier.factorBp}`);
      }
      const tags = Object.entries(modifier.tags ?? {});
      compiled.push({ modifier, tags, plan: plans.acquire(modifier.schedule) });
    }
  } catch (error) {
    releaseModifiers(compiled, plans);
    throw error;
  }
  return compiled;
}

export function releaseModifiers(compiled: readonly CompiledModifier[] | undefined, plans: PlanTable): void {
  for (const { plan } of compiled ?? []) plans.release(plan);
}

/**
 * What a bid of `price` (micro-units) offers for one call: all modifiers that fit, one after the
 * other in their order, each rounded down; undefined when one says not to bid.
 */
export function modifiedPrice(
  price: number,
  compiled: readonly CompiledModifier[],
  query: BidQuery,
  plans: PlanTable,
): number | undefined {
  let offer = price;
  for (const each of compiled) {
    if (!fits(each, query, plans)) continue;
    const { factorBp } = each.modifier;
    if (factorBp <= 0) return undefined;
    offer = scaleDown(offer, factorBp);
  }
  return offer;
}

function fits({ modifier, tags, plan }: CompiledModifier, query: BidQuery, plans: PlanTable): boolean {
  const { states, npas, sellers } = modifier;
  if (states && (query.state === undefined || !states.includes(query.state))) return false;
  if (npas && (query.npa === undefined || !npas.includes(query.npa))) return false;
  if (sellers && !sellers.includes(query.sellerId)) return false;
  for (const [key, rule] of tags) if (!meetsRule(rule, tagOf(query.tags, key))) return false;
  return plans.isOpen(plan, query.now);
}

/** Basis points of an amount, rounded down; the largest safe integer when it is more. */
function scaleDown(amount: number, bp: number): number {
  const product = amount * bp;
  if (Number.isSafeInteger(product)) return Math.floor(product / WHOLE_BP);
  const exact = (BigInt(amount) * BigInt(bp)) / BigInt(WHOLE_BP);
  return Math.min(Number(exact), Number.MAX_SAFE_INTEGER);
}

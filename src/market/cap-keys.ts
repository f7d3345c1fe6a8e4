import type { CapCounter, CapPeriod, CapReason, CapSubject } from '../domain';
import { CAP_METRICS, CAP_PERIODS, CAP_SUBJECTS } from '../domain';

/** What a counter of calendar periods or totals is named by, or one of concurrency or spacing. */
export type CapScope =
  | { readonly counter: 'concurrent' | 'spacing'; readonly period?: undefined }
  | { readonly counter: Exclude<CapCounter, 'concurrent' | 'spacing'>; readonly period: CapPeriod };

/** What a cap key says. */
export interface CapKey {
  readonly subject: CapSubject;
  readonly id: string;
  readonly reason: CapReason;
}

const SUBJECTS: ReadonlySet<string> = new Set(CAP_SUBJECTS);
const METRICS: ReadonlySet<string> = new Set(CAP_METRICS);
const PERIODS: ReadonlySet<string> = new Set(CAP_PERIODS);

/**
 * Name of a counter, the one format for memory, Redis and reports: `bid:<id>:connections:hour:2026-11-21T05`,
 * `bid:<id>:revenue:month:2026-11`, `seller:<id>:attempts:total`, `target:<id>:concurrent`.
 *
 * @param label - of the calendar period in the account's zone; absent for totals, concurrency and spacing
 */
export function capKey(
  subject: CapSubject,
  id: string,
  { counter, period }: CapScope,
  label?: string,
): string {
  const name = period === undefined ? `${subject}:${id}:${counter}` : `${subject}:${id}:${counter}:${period}`;
  return label === undefined ? name : `${name}:${label}`;
}

/** Reads a counter's name; undefined when it is not one of ours. Ids may hold colons. */
export function parseCapKey(key: string): CapKey | undefined {
  const parts = key.split(':');
  const subject = parts[0] as string;
  if (!SUBJECTS.has(subject)) return undefined;
  const last = parts[parts.length - 1] as string;
  if (last === 'concurrent' || last === 'spacing') return named(parts, 1, `cap_${last}`);
  const labelled = last === 'total' ? 0 : 1;
  const counter = parts[parts.length - 2 - labelled] ?? '';
  const period = parts[parts.length - 1 - labelled] ?? '';
  if (!METRICS.has(counter) || !PERIODS.has(period) || (period === 'total') !== (last === 'total'))
    return undefined;
  return named(parts, 2 + labelled, `cap_${counter}_${period}` as CapReason);
}

/** @param behind - parts behind the id */
function named(parts: readonly string[], behind: number, reason: CapReason): CapKey | undefined {
  if (parts.length < 2 + behind) return undefined;
  return { subject: parts[0] as CapSubject, id: parts.slice(1, -behind).join(':'), reason };
}

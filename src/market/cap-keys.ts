import type { CalendarPeriod, IneligibleReason } from '../domain';
import type { CapSubject } from './cap-blocks';

/** How far one cap counts. */
export type CapScope = CalendarPeriod | 'total' | 'concurrent';

/** What a cap key says. */
export interface CapKey {
  readonly subject: CapSubject;
  readonly id: string;
  readonly scope: CapScope;
}

const REASONS = {
  hour: 'cap_hourly',
  day: 'cap_daily',
  month: 'cap_monthly',
  total: 'cap_total',
  concurrent: 'cap_concurrent',
} as const satisfies Record<CapScope, IneligibleReason>;

/** The reason told when a cap of this scope is exhausted. */
export function capReason(scope: CapScope): (typeof REASONS)[CapScope] {
  return REASONS[scope];
}

/**
 * Name of a counter, the one format for memory, Redis and reports: `bid:<id>:hour:2026-11-21T05`,
 * `bid:<id>:day:2026-11-21`, `bid:<id>:month:2026-11`, `bid:<id>:total`, `target:<id>:concurrent`.
 *
 * @param label - of the calendar period in the buyer account's zone; absent for totals and concurrency
 */
export function capKey(subject: CapSubject, id: string, scope: CapScope, label?: string): string {
  return label === undefined ? `${subject}:${id}:${scope}` : `${subject}:${id}:${scope}:${label}`;
}

/** Reads a counter's name; undefined when it is not one of ours. Ids may hold colons. */
export function parseCapKey(key: string): CapKey | undefined {
  const parts = key.split(':');
  const subject = parts[0];
  if (subject !== 'bid' && subject !== 'target' && subject !== 'buyer') return undefined;
  const last = parts[parts.length - 1];
  if (parts.length >= 3 && (last === 'total' || last === 'concurrent')) {
    return { subject, id: parts.slice(1, -1).join(':'), scope: last };
  }
  const scope = parts[parts.length - 2];
  if (parts.length >= 4 && (scope === 'hour' || scope === 'day' || scope === 'month')) {
    return { subject, id: parts.slice(1, -2).join(':'), scope };
  }
  return undefined;
}

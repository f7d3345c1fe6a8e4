import type { CapLimit, CapOutcome } from '../../src/domain';

const HOUR_MS = 3_600_000;

export const concurrent = (key: string, limit: number): CapLimit => ({
  key: `bid:${key}:concurrent`,
  counter: 'concurrent',
  limit,
  amount: 1,
  resetsAt: 0,
});

/** A limit of one metric in the hour that begins now. */
export const limitOf = (
  counter: 'attempts' | 'connections' | 'conversions' | 'revenue',
  key: string,
  limit: number,
  more: Partial<CapLimit> = {},
): CapLimit => ({
  key: `bid:${key}:${counter}:hour:2026-11-21T10`,
  counter,
  limit,
  amount: 1,
  resetsAt: Date.now() + HOUR_MS,
  ...more,
});

export const spacing = (key: string, ms: number): CapLimit => ({
  key: `bid:${key}:spacing`,
  counter: 'spacing',
  limit: ms,
  amount: ms,
  resetsAt: 0,
});

export const UNANSWERED: CapOutcome = { connected: false, converted: false, revenue: 0 };
export const CONNECTED: CapOutcome = { connected: true, converted: false, revenue: 0 };
/** Connected, and the buyer owes so many micro-units. */
export const soldFor = (revenue: number): CapOutcome => ({ connected: true, converted: true, revenue });

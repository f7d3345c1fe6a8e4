import { readFileSync } from 'node:fs';
import type { CapLimit, CapOutcome } from '../../../src/domain';
import type { CapsEvent } from './caps-node';

/** A call as its node wrote it down. */
export interface LoggedCall {
  readonly id: string;
  readonly limits: readonly number[];
  /** Microseconds of the shared clock. */
  readonly from: number;
  /** Until when it was up for certain; Infinity while nobody said that it is over. */
  until: number;
  answered: boolean;
  outcome: CapOutcome | undefined;
}

/** One node's log. A line that was cut off by the node's death is left out: nothing follows from it. */
export function readLog(file: string): CapsEvent[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as CapsEvent);
}

/** The calls of a log. */
export function callsOf(events: readonly CapsEvent[]): LoggedCall[] {
  const calls = new Map<string, LoggedCall>();
  for (const event of events) {
    if (event[1] === 'took') {
      const [from, , id, limits] = event;
      calls.set(id, { id, limits, from, until: Infinity, answered: false, outcome: undefined });
    } else if (event[1] !== 'lapsed') {
      const call = calls.get(event[2]);
      if (!call) continue;
      if (event[1] === 'answered') call.answered = true;
      else {
        call.until = event[0];
        call.outcome = event[3];
      }
    }
  }
  return [...calls.values()];
}

/** Units of a limit that were used for good by these calls. */
export function usedBy(calls: readonly LoggedCall[], limits: readonly CapLimit[], n: number): number {
  const { counter } = limits[n] as CapLimit;
  let used = 0;
  for (const call of calls) {
    if (!call.limits.includes(n)) continue;
    if (counter === 'attempts' || counter === 'spacing') used++;
    else if (counter === 'connections') used += call.answered ? 1 : 0;
    else if (counter === 'conversions') used += call.outcome?.converted ? 1 : 0;
    else if (counter === 'revenue') used += call.outcome?.revenue ?? 0;
  }
  return used;
}

/** The most calls that were up at one instant with a limit. */
export function mostAtOnce(calls: readonly LoggedCall[], n: number): number {
  const turns = calls
    .filter((call) => call.limits.includes(n) && call.until > call.from)
    .flatMap(
      ({ from, until }) =>
        [
          [from, 1],
          [until, -1],
        ] as const,
    );
  // Of two things at one instant the end comes first: its line was written before its unit went back.
  turns.sort(([at, change], [other, otherChange]) => at - other || change - otherChange);
  let up = 0;
  let most = 0;
  for (const [, change] of turns) {
    up += change;
    most = Math.max(most, up);
  }
  return most;
}

import type { Stored } from '../../api/types';

export interface PlanProblem {
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly reason: string;
  readonly severity: 'error' | 'warning';
}

export interface Dialplan extends Stored {
  readonly accountId: string | null;
  readonly name: string;
  readonly status: 'draft' | 'live' | 'archived';
  readonly latest: number;
  readonly live: number | null;
}
export interface WholeDialplan extends Dialplan {
  readonly yaml: string;
  readonly problems: readonly PlanProblem[];
}

export interface DialplanVersion {
  readonly number: number;
  readonly author: string;
  readonly problems: readonly PlanProblem[];
  readonly createdAt: string;
  readonly publishedAt: string | null;
}

export interface ShippedPlan {
  readonly name: string;
  readonly yaml: string | null;
  readonly problems: readonly PlanProblem[];
}

export interface SimulatedTurn {
  readonly answer: string | null;
  readonly entered: readonly string[];
  readonly did: readonly string[];
  readonly waitsFor: string;
  readonly text: string;
  readonly answers: readonly string[];
}

/** What a plan begins with that is not there yet. */
export const FIRST_TEXT = `dialplan: 1
name: my-plan
description: What happens to a caller, from the first word to the last

start: sell
steps:
  sell:
    do: auction
    sold: ring
    refused: bye
  ring:
    do: ring
    exhausted: bye
  bye:
    do: hangup
    code: 480
`;

/** As the text calls itself, on a line of its own. */
export function nameIn(yaml: string): string | undefined {
  return /^name: *["']?([a-z][a-z0-9_-]{0,39})["']? *(?:#.*)?$/m.exec(yaml)?.[1];
}

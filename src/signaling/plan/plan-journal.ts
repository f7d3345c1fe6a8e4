import type { PlanRecord, PlanStepRecord } from '../../domain';
import type { PlanEvent, PlanState } from '../../dialplan';
import { openTags } from '../../dialplan';
import { EndsOfMany } from '../ends-of-many';

/** How a call goes through its plan, for the record of the call: bounded, and without what is secret. */
export class PlanJournal {
  readonly #name: string;
  readonly #version: number;
  readonly #steps = new EndsOfMany<PlanStepRecord>();

  constructor(name: string, version: number) {
    this.#name = name;
    this.#version = version;
  }

  /** @param after - what the step before came to; undefined of the first */
  note(at: number, step: string, after: string | undefined): void {
    this.#steps.add({ at: Math.round(at), step, ...(after === undefined ? {} : { after }) });
  }

  record(state: PlanState): PlanRecord {
    return {
      name: this.#name,
      version: this.#version,
      steps: this.#steps.all,
      tags: openTags(state),
    };
  }
}

/** What a step came to, e.g. `keys 1`. Keys that are secret are stars. */
export function wordFor(event: PlanEvent, secret: boolean): string {
  if (event.kind !== 'keys') return event.kind;
  const keys = secret ? '*'.repeat(event.keys.length) : event.keys;
  return keys === '' ? 'no keys' : `keys ${keys}`;
}

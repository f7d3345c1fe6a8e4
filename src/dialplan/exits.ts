import type { Step } from './plan';

/** One way out of a step. */
export interface Exit {
  /** Where the plan names it, from the step on, e.g. `['keys', '1']`. */
  readonly path: readonly (string | number)[];
  /** The step that follows. */
  readonly to: string;
}

/** Every way out of a step that leads to another. */
export function exitsOf(step: Step): readonly Exit[] {
  switch (step.do) {
    case 'announce':
      return named(step, ['next', 'otherwise']);
    case 'menu':
      return [
        ...Object.entries(step.keys).map(([key, to]) => ({ path: ['keys', key], to })),
        ...named(step, ['otherwise']),
      ];
    case 'gather':
    case 'callback':
      return named(step, ['next', 'otherwise']);
    case 'set':
    case 'record':
    case 'voicemail':
      return named(step, ['next']);
    case 'branch':
      return [
        ...step.on.map(({ go }, index) => ({ path: ['on', index, 'go'], to: go })),
        ...named(step, ['otherwise']),
      ];
    case 'auction':
      return named(step, ['sold', 'refused']);
    case 'ring':
      return named(step, ['ended', 'exhausted']);
    case 'queue':
      return named(step, ['ended', 'timeout']);
    case 'transfer':
      return named(step, ['ended', 'failed']);
    case 'hangup':
      return [];
  }
}

function named<S extends Step>(step: S, names: readonly (keyof S & string)[]): Exit[] {
  return names.flatMap((name) => {
    const to = step[name];
    return typeof to === 'string' ? [{ path: [name], to }] : [];
  });
}

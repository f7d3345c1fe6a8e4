import { z } from 'zod';
import { AppError, MAX_SCOPES, SCOPE, SCOPE_EXAMPLES } from '../../domain';

/** What a key, a user or a client may do within its role. */
export const scopes = z
  .array(z.string().regex(SCOPE, SCOPE_EXAMPLES))
  .min(1)
  .max(MAX_SCOPES)
  .describe('`*`, `*:read`, `calls:*`, `calls:read` …');

/** True when whatever the scope allows is allowed by others. */
export function covers(others: readonly string[], scope: string): boolean {
  return others.some((other) => meet(other, scope) === normal(scope));
}

/** What two sets of scopes both allow. */
export function meetOf(some: readonly string[], others: readonly string[]): string[] {
  const both = some.flatMap((one) => others.flatMap((other) => meet(one, other) ?? []));
  return [...new Set(both)];
}

/**
 * Nobody gives away what they do not have.
 * @throws AppError `scope_too_wide`
 */
export function assertCovered(own: readonly string[], wanted: readonly string[]): void {
  const errors = wanted.flatMap((scope, index) =>
    covers(own, scope) ? [] : [{ in: 'body', pointer: `/scopes/${index}`, message: 'is more than you have' }],
  );
  if (errors.length === 0) return;
  throw new AppError('forbidden', 'scope_too_wide', 'nobody gives away scopes that they do not have', {
    errors,
  });
}

function meet(one: string, other: string): string | undefined {
  const [resource, action] = partsOf(one);
  const [otherResource, otherAction] = partsOf(other);
  const both = (a: string, b: string): string | undefined =>
    a === '*' ? b : b === '*' || a === b ? a : undefined;
  const meetResource = both(resource, otherResource);
  const meetAction = both(action, otherAction);
  if (meetResource === undefined || meetAction === undefined) return undefined;
  return normal(`${meetResource}:${meetAction}`);
}

function normal(scope: string): string {
  return scope === '*:*' ? '*' : scope;
}

function partsOf(scope: string): readonly [resource: string, action: string] {
  const [resource = '', action = '*'] = scope.split(':');
  return [resource, action];
}

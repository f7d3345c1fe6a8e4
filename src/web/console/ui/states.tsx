import type { ComponentChildren } from 'preact';
import type { ApiProblem } from '../api/problem';
import { Button } from './button';

/** Something is on its way; it is told of to whoever hears the page. */
export function Loading({ what = 'Loading' }: { readonly what?: string }) {
  return (
    <p class="state" role="status" data-testid="loading">
      <span class="spinner" aria-hidden="true" />
      {what}…
    </p>
  );
}

export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="state empty" data-testid="empty">
      <p class="state-title">{title}</p>
      {children !== undefined && <div class="quiet">{children}</div>}
    </div>
  );
}

/** Why something is not shown, and a way to try again. */
export function Failure({
  problem,
  onRetry,
}: {
  readonly problem: ApiProblem;
  onRetry?: (() => void) | undefined;
}) {
  return (
    <div class="state failure" role="alert" data-testid="failure">
      <p class="state-title">{titleOf(problem)}</p>
      <p class="quiet">
        {sentence(problem.message)}
        {problem.requestId !== undefined && <span class="mono"> Request {problem.requestId}</span>}
      </p>
      {onRetry !== undefined && problem.status !== 403 && problem.status !== 404 && (
        <Button onClick={onRetry}>Try again</Button>
      )}
    </div>
  );
}

/** What a problem says, as a sentence. */
export function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

function titleOf({ status }: ApiProblem): string {
  if (status === 0) return 'No connection';
  if (status === 403) return 'You may not see this';
  if (status === 404) return 'There is no such thing';
  return status === 429 ? 'Too many requests' : 'This could not be loaded';
}

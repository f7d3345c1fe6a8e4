import type { ComponentChildren } from 'preact';

/** What a list is narrowed by: each field works as it is changed, there is nothing to send. */
export function Filters({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}) {
  return (
    <form class="filters" role="search" aria-label={label} onSubmit={(event) => event.preventDefault()}>
      {children}
    </form>
  );
}

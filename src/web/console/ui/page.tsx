import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';

interface Props {
  readonly title: string;
  /** Where this page is below. */
  readonly up?: { readonly href: string; readonly label: string };
  readonly aside?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A page's heading, which takes the focus when somebody comes to it, and what is below. */
export function Page({ title, up, aside, actions, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    document.title = `${title} · DCE Console`;
  }, [title]);
  return (
    <>
      <header class="page-head">
        <div class="page-title">
          {up !== undefined && (
            <a class="page-up" href={up.href}>
              ← {up.label}
            </a>
          )}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {aside}
        </div>
        {actions !== undefined && <div class="page-actions">{actions}</div>}
      </header>
      {children}
    </>
  );
}

interface PanelProps {
  readonly title: string;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
  /** Without space around what is in it: a table has its own. */
  readonly flush?: boolean;
  readonly testId?: string;
}

/** A part of a page, under a heading of its own. */
export function Panel({ title, actions, children, flush = false, testId }: PanelProps) {
  const id = useId();
  return (
    <section class={flush ? 'panel flush' : 'panel'} aria-labelledby={id} data-testid={testId}>
      <div class="panel-head">
        <h2 id={id}>{title}</h2>
        {actions}
      </div>
      <div class="panel-body">{children}</div>
    </section>
  );
}

/** One figure. */
export function Stat({
  label,
  value,
  note,
  testId,
}: {
  readonly label: string;
  readonly value: ComponentChildren;
  readonly note?: ComponentChildren;
  readonly testId?: string;
}) {
  return (
    <div class="stat" data-testid={testId}>
      <dt>{label}</dt>
      <dd>{value}</dd>
      {note !== undefined && <dd class="stat-note">{note}</dd>}
    </div>
  );
}

/** Names and values, one below the other. */
export function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [label: string, value: ComponentChildren])[];
}) {
  return (
    <dl class="facts">
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

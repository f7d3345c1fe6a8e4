import { useMemo } from 'preact/hooks';

/** Anything, as JSON that can be read and scrolled by keys. */
export function JsonView({ value, label }: { readonly value: unknown; readonly label: string }) {
  const text = useMemo(() => JSON.stringify(value, null, 2) ?? 'null', [value]);
  return <CodeView text={text} label={label} />;
}

export function CodeView({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    // What scrolls must be reachable by keys (WCAG 2.1.1).
    <pre class="code" tabIndex={0} role="group" aria-label={label}>
      <code>{text}</code>
    </pre>
  );
}

import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';

export interface Tab {
  readonly key: string;
  readonly label: string;
  readonly body: () => ComponentChildren;
}

/** One of several views at a time; arrows go from tab to tab (WAI-ARIA Authoring Practices). */
export function Tabs({
  tabs,
  label,
  first,
}: {
  readonly tabs: readonly Tab[];
  readonly label: string;
  readonly first?: string;
}) {
  const id = useId();
  const [chosen, choose] = useState(first ?? tabs[0]?.key);
  const at = Math.max(
    0,
    tabs.findIndex(({ key }) => key === chosen),
  );
  const current = tabs[at];
  const move = (event: KeyboardEvent): void => {
    const last = tabs.length - 1;
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    };
    const next = tabs[steps[event.key] ?? -1];
    if (next === undefined) return;
    event.preventDefault();
    choose(next.key);
    document.getElementById(`${id}-${next.key}`)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
        {tabs.map((tab) => (
          <button
            key={tab.key}
            type="button"
            role="tab"
            id={`${id}-${tab.key}`}
            aria-selected={tab === current ? 'true' : 'false'}
            aria-controls={`${id}-panel`}
            tabIndex={tab === current ? 0 : -1}
            class="tab"
            data-testid={`tab-${tab.key}`}
            onClick={() => choose(tab.key)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${current?.key ?? ''}`}
        tabIndex={0}
        class="tab-panel"
      >
        {current?.body()}
      </div>
    </>
  );
}

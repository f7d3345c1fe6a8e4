import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { Mark } from '../shell-mark';

/** A page of somebody who is not signed in: one card. */
export function Alone({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  useEffect(() => {
    document.title = `${title} · DCE Console`;
  }, [title]);
  return (
    <main class="alone">
      <div class="alone-card">
        <p class="mark">
          <Mark />
          <span>DCE Console</span>
        </p>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}

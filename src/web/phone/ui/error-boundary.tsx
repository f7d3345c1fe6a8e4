import { Component } from 'preact';
import type { ComponentChildren } from 'preact';
import { TEXT } from '../texts';

/** Says so when a component has thrown, instead of an empty page. */
export class ErrorBoundary extends Component<{ children: ComponentChildren }, { failed: boolean }> {
  override state = { failed: false };

  static override getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <main class="center">
        <section class="panel narrow" role="alert">
          <h1>{TEXT.crash.heading}</h1>
          <p>{TEXT.crash.text}</p>
          <button class="button primary" onClick={() => window.location.reload()}>
            {TEXT.crash.reload}
          </button>
        </section>
      </main>
    );
  }
}

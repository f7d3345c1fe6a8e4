import { Component } from 'preact';
import type { ComponentChildren } from 'preact';

interface Props {
  readonly children: ComponentChildren;
}

/** A mistake of ours in a page is told; the rest goes on once somebody goes elsewhere. */
export class ErrorBoundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  override componentDidCatch(): void {
    this.setState({ failed: true });
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div class="state failure" role="alert" data-testid="page-error">
        <p class="state-title">This page has failed</p>
        <p class="quiet">What you saved is saved. Load the page again to go on.</p>
        <button type="button" class="button" onClick={() => window.location.reload()}>
          Load again
        </button>
      </div>
    );
  }
}

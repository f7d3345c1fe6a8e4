import type { Toast } from '../console';

/** What came of things; told as well to whoever hears the page. */
export function Toasts({
  toasts,
  onClose,
}: {
  readonly toasts: readonly Toast[];
  onClose(id: number): void;
}) {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.map(({ id, kind, text }) => (
        <p key={id} class={`toast ${kind}`} data-testid={`toast-${kind}`}>
          <span>{text}</span>
          <button type="button" class="toast-close" aria-label="Dismiss" onClick={() => onClose(id)}>
            ×
          </button>
        </p>
      ))}
    </div>
  );
}

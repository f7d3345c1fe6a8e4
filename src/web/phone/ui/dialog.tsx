import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface Props {
  readonly heading: string;
  readonly closeText: string;
  readonly children: ComponentChildren;
  onClose(): void;
}

/** Lies over the page; the browser keeps the focus in it, and gives it back afterwards. */
export function Dialog({ heading, closeText, children, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="panel dialog"
      aria-labelledby="dialog-heading"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <div class="dialog-body">
        <h2 id="dialog-heading">{heading}</h2>
        {children}
        <button type="button" class="button primary wide" data-testid="dialog-close" onClick={onClose}>
          {closeText}
        </button>
      </div>
    </dialog>
  );
}

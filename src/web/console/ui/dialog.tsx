import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Button } from './button';

interface Props {
  readonly heading: string;
  readonly children: ComponentChildren;
  /** What stands below: ways out. */
  readonly actions: ComponentChildren;
  readonly wide?: boolean;
  onClose(): void;
}

/** Lies over the page; the browser keeps the focus in it, and it goes back to where it was afterwards. */
export function Dialog({ heading, children, actions, wide = false, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isOver = useRef(false);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      isOver.current = true;
      element?.close();
      // What is taken out of the page while it has the focus leaves it nowhere.
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={id}
      data-testid="dialog"
      onCancel={(event) => {
        // Whoever chooses no file after all tells so by an event of the same name.
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        onClose();
      }}
      // A browser asks once before Escape closes it, not each time.
      onClose={() => {
        if (!isOver.current) onClose();
      }}
    >
      <h2 id={id}>{heading}</h2>
      <div class="dialog-body">{children}</div>
      <div class="dialog-actions">{actions}</div>
    </dialog>
  );
}

interface ConfirmProps {
  readonly heading: string;
  readonly children: ComponentChildren;
  readonly confirm: string;
  readonly danger?: boolean;
  readonly busy?: boolean;
  onConfirm(): void;
  onClose(): void;
}

/** Asks before something is done that cannot be taken back. */
export function ConfirmDialog(props: ConfirmProps) {
  return (
    <Dialog
      heading={props.heading}
      onClose={props.onClose}
      actions={
        <>
          <Button onClick={props.onClose} testId="dialog-cancel">
            Cancel
          </Button>
          <Button
            kind={props.danger === true ? 'danger' : 'primary'}
            busy={props.busy ?? false}
            onClick={props.onConfirm}
            testId="dialog-confirm"
          >
            {props.confirm}
          </Button>
        </>
      }
    >
      {props.children}
    </Dialog>
  );
}

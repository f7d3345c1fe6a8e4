import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { Button } from './button';
import { Dialog } from './dialog';
import { FormProblem } from './form';
import type { Form } from './use-form';

interface Props {
  readonly heading: string;
  readonly form: Form;
  /** On the button that sends it. */
  readonly confirm: string;
  /** What stands above the form. */
  readonly intro?: ComponentChildren;
  readonly children: ComponentChildren;
  /** Rejects with what is shown at the fields. */
  send(body: Record<string, unknown>): Promise<void>;
  onClose(): void;
}

/** A form over the page: sent by its button, or by Enter in one of its fields. */
export function FormDialog({ heading, form, confirm, intro, children, send, onClose }: Props) {
  // Enter sends a form of several fields where it has a button that does.
  const id = useId();
  return (
    <Dialog
      heading={heading}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form={id} kind="primary" busy={form.busy} testId="dialog-confirm">
            {confirm}
          </Button>
        </>
      }
    >
      {intro}
      <form
        id={id}
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void form.submit(send);
        }}
      >
        <FormProblem form={form} />
        {children}
      </form>
    </Dialog>
  );
}

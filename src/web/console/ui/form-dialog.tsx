import type { ComponentChildren } from 'preact';
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
  const submit = (): void => void form.submit(send);
  return (
    <Dialog
      heading={heading}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={form.busy} onClick={submit} testId="dialog-confirm">
            {confirm}
          </Button>
        </>
      }
    >
      {intro}
      <form
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <FormProblem form={form} />
        {children}
      </form>
    </Dialog>
  );
}

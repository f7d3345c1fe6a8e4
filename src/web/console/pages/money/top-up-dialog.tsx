import { useRef } from 'preact/hooks';
import { useConsole } from '../../console';
import { money, text } from '../../core/codec';
import type { FieldSpec } from '../../core/draft';
import { draftOf } from '../../core/draft';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { FormProblem, FormText } from '../../ui/form';
import { useForm } from '../../ui/use-form';
import type { Wallet } from './types';

const SPECS: readonly FieldSpec[] = [
  { at: '/amount', codec: money, required: 'say how much' },
  { at: '/reference', codec: text, required: 'what does the bank call it?' },
  { at: '/note', codec: text },
];

/** Books money that came in outside; the same reference is never booked twice. */
export function TopUpDialog({
  wallet,
  onClose,
  onDone,
}: {
  readonly wallet: Wallet;
  onClose(): void;
  onDone(): void;
}) {
  const { api, toast } = useConsole();
  const form = useForm(SPECS, () => draftOf(SPECS));
  const key = useRef(crypto.randomUUID?.() ?? String(Math.random()).slice(2));
  const send = (): Promise<void> =>
    form.submit(async (body) => {
      await api.post(
        `/wallets/${encodeURIComponent(wallet.accountId)}/top-ups`,
        { ...body, currency: wallet.currency },
        { idempotencyKey: key.current },
      );
      toast('good', 'The money is booked');
      onDone();
    });
  return (
    <Dialog
      heading="Book money that came in"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={form.busy} onClick={() => void send()} testId="dialog-confirm">
            Book
          </Button>
        </>
      }
    >
      <form
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <FormProblem form={form} />
        <FormText form={form} at="/amount" label="Amount" before={wallet.currency} inputMode="decimal" />
        <FormText form={form} at="/reference" label="Reference" hint="What the bank calls it" />
        <FormText form={form} at="/note" label="Note" />
      </form>
    </Dialog>
  );
}

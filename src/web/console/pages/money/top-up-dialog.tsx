import { useConsole } from '../../console';
import { money, text } from '../../core/codec';
import type { FieldSpec } from '../../core/draft';
import { draftOf } from '../../core/draft';
import { FormText } from '../../ui/form';
import { FormDialog } from '../../ui/form-dialog';
import { useForm } from '../../ui/use-form';
import { useIdempotencyKey } from '../../ui/use-idempotency-key';
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
  const idempotencyKey = useIdempotencyKey();
  const send = async (body: Record<string, unknown>): Promise<void> => {
    await api.post(
      `/wallets/${encodeURIComponent(wallet.accountId)}/top-ups`,
      { ...body, currency: wallet.currency },
      { idempotencyKey },
    );
    toast('good', 'The money is booked');
    onDone();
  };
  return (
    <FormDialog heading="Book money that came in" form={form} confirm="Book" send={send} onClose={onClose}>
      <FormText form={form} at="/amount" label="Amount" before={wallet.currency} inputMode="decimal" />
      <FormText form={form} at="/reference" label="Reference" hint="What the bank calls it" />
      <FormText form={form} at="/note" label="Note" />
    </FormDialog>
  );
}

import { useConsole } from '../../console';
import { text } from '../../core/codec';
import type { FieldSpec } from '../../core/draft';
import { draftOf } from '../../core/draft';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { FormArea, FormProblem, FormSelect } from '../../ui/form';
import { useForm } from '../../ui/use-form';

export interface FraudCase {
  readonly callId: string;
  readonly state: 'open' | 'confirmed' | 'cleared';
  readonly score: number;
  readonly level: string;
  readonly reasons: readonly string[];
  readonly caller: string | null;
  readonly sellerId: string | null;
  readonly receivedAt: number;
  readonly note: string | null;
}

const SPECS: readonly FieldSpec[] = [
  { at: '/state', codec: text, required: 'say what it was' },
  { at: '/note', codec: text },
];
const FINDINGS = [
  ['confirmed', 'It was fraud'],
  ['cleared', 'It was honest'],
  ['open', 'Not known yet'],
] as const;

/** Says what a call was. */
export function ResolveDialog({
  found,
  onClose,
  onDone,
}: {
  readonly found: FraudCase;
  onClose(): void;
  onDone(): void;
}) {
  const { api, toast } = useConsole();
  const form = useForm(SPECS, () =>
    draftOf(SPECS, { state: found.state === 'open' ? 'confirmed' : found.state, note: found.note }),
  );
  const send = (): Promise<void> =>
    form.submit(async (body) => {
      await api.post(`/fraud/cases/${encodeURIComponent(found.callId)}/resolve`, body);
      toast('good', 'The finding is recorded');
      onDone();
    });
  return (
    <Dialog
      heading="What was this call?"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" busy={form.busy} onClick={() => void send()} testId="dialog-confirm">
            Record
          </Button>
        </>
      }
    >
      <p class="quiet">Its seller, number, trunk and block of numbers are judged by it from then on.</p>
      <form
        class="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <FormProblem form={form} />
        <FormSelect form={form} at="/state" label="Finding" options={FINDINGS} />
        <FormArea form={form} at="/note" label="Note" rows={3} />
      </form>
    </Dialog>
  );
}

import { useConsole } from '../../console';
import { text } from '../../core/codec';
import type { FieldSpec } from '../../core/draft';
import { draftOf } from '../../core/draft';
import { FormArea, FormSelect } from '../../ui/form';
import { FormDialog } from '../../ui/form-dialog';
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
  const send = async (body: Record<string, unknown>): Promise<void> => {
    await api.post(`/fraud/cases/${encodeURIComponent(found.callId)}/resolve`, body);
    toast('good', 'The finding is recorded');
    onDone();
  };
  return (
    <FormDialog
      heading="What was this call?"
      form={form}
      confirm="Record"
      send={send}
      onClose={onClose}
      intro={
        <p class="quiet">Its seller, number, trunk and block of numbers are judged by it from then on.</p>
      }
    >
      <FormSelect form={form} at="/state" label="Finding" options={FINDINGS} />
      <FormArea form={form} at="/note" label="Note" rows={3} />
    </FormDialog>
  );
}

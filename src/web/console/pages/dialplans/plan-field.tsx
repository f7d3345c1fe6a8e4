import { FormSelect } from '../../ui/form';
import type { Form } from '../../ui/use-form';
import { usePlanNames } from './use-plan-names';

interface Props {
  readonly form: Form;
  /** Whose plans may be chosen besides those that are for any call. */
  readonly sellerId?: string | undefined;
  /** What is when none is chosen. */
  readonly none?: string;
  readonly hint?: string;
}

/** Which plan calls take: one that is live, or a file. */
export function PlanField({
  form,
  sellerId,
  none = 'None: sold at once',
  hint = 'What its callers hear and are asked; a number may have its own.',
}: Props) {
  const names = usePlanNames(sellerId);
  const chosen = form.draft['/dialplan'] ?? '';
  // What stands there stays to be chosen.
  const all = chosen === '' || names.includes(chosen) ? names : [...names, chosen].sort();
  return (
    <FormSelect
      form={form}
      at="/dialplan"
      label="Dialplan"
      hint={hint}
      options={[['', none], ...all.map((name) => [name, name] as const)]}
    />
  );
}

import { useMay } from '../../console';
import { FormSelect } from '../../ui/form';
import type { Form } from '../../ui/use-form';
import { useList, useQuery } from '../../ui/use-query';
import type { Dialplan, ShippedPlan } from './types';

/** Which plan the calls of a campaign take: one of the exchange that is live, or a file. */
export function PlanField({ form }: { readonly form: Form }) {
  const mayRead = useMay('dialplans:read');
  const { items = [] } = useList<Dialplan>(mayRead ? '/dialplans' : undefined, {
    status: 'live',
    limit: 200,
  });
  const shipped = useQuery<{ items: readonly ShippedPlan[] }>(mayRead ? '/dialplans/shipped' : undefined);
  const chosen = form.draft['/dialplan'] ?? '';
  const names = new Set([
    ...items.filter(({ accountId }) => accountId === null).map(({ name }) => name),
    ...(shipped.data?.items ?? []).map(({ name }) => name),
    // What stands there stays to be chosen.
    ...(chosen === '' ? [] : [chosen]),
  ]);
  return (
    <FormSelect
      form={form}
      at="/dialplan"
      label="Dialplan"
      hint="What its callers hear and are asked; a number may have its own."
      options={[['', 'None: sold at once'], ...[...names].sort().map((name) => [name, name] as const)]}
    />
  );
}

import { useConsole, useMay } from '../../console';
import { isOperator } from '../../core/rights';
import { useList, useQuery } from '../../ui/use-query';
import type { Dialplan, ShippedPlan } from './types';

/**
 * Names that stand for a plan: those of the exchange that are live, and files; and those of one seller.
 * Empty for who may not list them.
 */
export function usePlanNames(sellerId?: string): readonly string[] {
  const mayRead = useMay('dialplans:read');
  const maySeeFiles = isOperator(useConsole().user) && mayRead;
  const { items = [] } = useList<Dialplan>(mayRead ? '/dialplans' : undefined, {
    status: 'live',
    limit: 200,
  });
  const shipped = useQuery<{ items: readonly ShippedPlan[] }>(maySeeFiles ? '/dialplans/shipped' : undefined);
  const kept = items.filter(({ accountId }) => accountId === null || accountId === sellerId);
  const names = [...kept, ...(shipped.data?.items ?? [])].map(({ name }) => name);
  return [...new Set(names)].sort();
}

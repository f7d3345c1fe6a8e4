import { AppError } from '../../domain';
import type { Queryable } from '../../storage';
import { dialplanIsThere } from '../../storage';

interface NamesPlan {
  readonly dialplan?: string | undefined;
}

/**
 * Holds numbers and campaigns to plans that there are. What was named before stays: it is told of elsewhere.
 * @param files - names of the plans that are files
 * @param accountId - the seller of a number
 * @throws AppError `unprocessable`
 */
export async function assertPlanIsThere(
  db: Queryable,
  files: readonly { readonly name: string }[],
  { dialplan }: NamesPlan,
  before: NamesPlan | undefined,
  accountId?: string,
): Promise<void> {
  if (dialplan === undefined || dialplan === before?.dialplan) return;
  if (files.some(({ name }) => name === dialplan) || (await dialplanIsThere(db, dialplan, accountId))) return;
  throw new AppError('unprocessable', 'reference_not_found', `no dialplan ${dialplan} is published`, {
    errors: [{ pointer: '/dialplan', message: 'names nothing that there is' }],
  });
}

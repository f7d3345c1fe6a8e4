import { AppError, notFound } from '../domain';
import type { Queryable } from '../storage';
import { EntityStore } from '../storage';

/** A list of a tenant that asks for what is another account's. */
export const NOTHING = { items: [], nextCursor: null };

/** True when a tenant asks for what is another account's. @param own - the tenant's account; undefined: the exchange */
export function isOfOthers(own: string | undefined, accountId: string | null | undefined): boolean {
  return own !== undefined && accountId !== undefined && accountId !== own;
}

/** @throws AppError `not_found` for the account of somebody else, as for one that there is not */
export function assertOwnAccount(own: string | undefined, accountId: string): void {
  if (isOfOthers(own, accountId)) throw notFound('account', accountId);
}

/** @throws AppError `unprocessable` for the account of somebody else in a body, as for one that there is not */
export function assertOwnInBody(
  own: string | undefined,
  accountId: string | undefined,
  pointer: string,
): void {
  if (!isOfOthers(own, accountId)) return;
  throw new AppError('unprocessable', 'reference_not_found', `there is no account ${accountId}`, {
    errors: [{ pointer, message: 'names nothing that there is' }],
  });
}

/** @throws AppError `not_found` for the trunk of somebody else, as for one that there is not */
export async function mustBeTrunk(db: Queryable, trunkId: string, own?: string): Promise<void> {
  const sight = own === undefined ? undefined : { accountId: own, fields: [] };
  if (!(await new EntityStore(db, 'trunk', sight).get(trunkId))) throw notFound('trunk', trunkId);
}

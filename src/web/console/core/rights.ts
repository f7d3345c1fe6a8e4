import type { Role, User } from '../api/types';

type Tenant = Exclude<Role, 'admin' | 'auditor'>;

/** What tenants' roles may read and change besides what their scopes say: docs/tenancy.md has the whole table. */
const OF_EVERY_TENANT = ['users', 'keys', 'clients'];
const CHANGES: Readonly<Record<Tenant, readonly string[]>> = {
  buyer: [
    ...OF_EVERY_TENANT,
    ...['buyers', 'targets', 'agents', 'teams', 'bids'],
    ...['calls', 'payments', 'disputes', 'webhooks'],
  ],
  seller: [...OF_EVERY_TENANT, 'dialplans', 'disputes', 'webhooks'],
  carrier: OF_EVERY_TENANT,
};
const OF_EVERY_READER = ['accounts', 'calls', 'analytics', 'invoices'];
const READS: Readonly<Record<Tenant, readonly string[]>> = {
  buyer: [...OF_EVERY_READER, 'alerts', 'campaigns', 'wallets', 'recordings', ...CHANGES.buyer],
  seller: [...OF_EVERY_READER, 'alerts', 'campaigns', 'numbers', 'recordings', ...CHANGES.seller],
  carrier: [...OF_EVERY_READER, 'trunks', ...CHANGES.carrier],
};

/** True for the people of the exchange. */
export const isOperator = ({ role }: Pick<User, 'role'>): boolean => role === 'admin' || role === 'auditor';

/** Whether somebody's scopes, and the role that bounds them, allow an operation. What it lets through the exchange judges again. */
export function may({ role, scopes }: Pick<User, 'role' | 'scopes'>, wanted: string): boolean {
  const [resource = '', action] = wanted.split(':');
  if (role === 'auditor' && action !== 'read') return false;
  if (role !== 'admin' && role !== 'auditor') {
    // Who listens changes nothing.
    const of = action === 'read' || action === 'listen' ? READS : CHANGES;
    if (!of[role].includes(resource)) return false;
  }
  return scopes.some(
    (scope) => scope === '*' || scope === wanted || scope === `${resource}:*` || scope === `*:${action}`,
  );
}

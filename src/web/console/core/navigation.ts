import type { Role, User } from '../api/types';
import { isOperator, may } from './rights';

/** A page of the console, as it stands in the navigation. */
export interface NavEntry {
  readonly path: string;
  readonly label: string;
  /** Scope that its first question needs. */
  readonly needs?: string;
  /** Roles besides the exchange's own people that may see it. */
  readonly tenants?: readonly Role[];
}

export interface NavGroup {
  readonly label: string;
  readonly entries: readonly NavEntry[];
}

const EVERYBODY: readonly Role[] = ['buyer', 'seller', 'carrier'];

/** All there is, in the order in which a day goes: what happens, what is sold, whose money, who may. */
export const NAVIGATION: readonly NavGroup[] = [
  {
    label: 'Operate',
    entries: [
      { path: '/', label: 'Live board', needs: 'calls:read', tenants: EVERYBODY },
      { path: '/calls', label: 'Calls', needs: 'calls:read', tenants: EVERYBODY },
      { path: '/callbacks', label: 'Callbacks', needs: 'callbacks:read' },
      { path: '/revenue', label: 'Revenue', needs: 'analytics:read', tenants: EVERYBODY },
    ],
  },
  {
    label: 'Market',
    entries: [
      { path: '/campaigns', label: 'Campaigns', needs: 'campaigns:read' },
      { path: '/numbers', label: 'Numbers', needs: 'numbers:read', tenants: ['seller'] },
      { path: '/dialplans', label: 'Dialplans', needs: 'dialplans:read', tenants: ['seller'] },
      { path: '/buyers', label: 'Buyers', needs: 'buyers:read', tenants: ['buyer'] },
    ],
  },
  {
    label: 'Money',
    entries: [
      { path: '/wallets', label: 'Wallets', needs: 'wallets:read', tenants: ['buyer'] },
      { path: '/invoices', label: 'Invoices', needs: 'invoices:read', tenants: EVERYBODY },
    ],
  },
  {
    label: 'Protect',
    entries: [
      { path: '/fraud', label: 'Fraud cases', needs: 'fraud:read' },
      { path: '/protection', label: 'DNC and consent', needs: 'dnc:read' },
    ],
  },
  {
    label: 'Access',
    entries: [
      { path: '/people', label: 'Users and keys', needs: 'users:read', tenants: EVERYBODY },
      { path: '/audit', label: 'Audit', needs: 'audit:read' },
    ],
  },
];

/** Whether somebody may see a page. */
export function maySee(user: Pick<User, 'role' | 'scopes'>, { needs, tenants = [] }: NavEntry): boolean {
  if (!isOperator(user) && !tenants.includes(user.role)) return false;
  return needs === undefined || may(user, needs);
}

/** The navigation as somebody sees it: groups with nothing in them are left out. */
export function navigationOf(user: Pick<User, 'role' | 'scopes'>): readonly NavGroup[] {
  return NAVIGATION.map(({ label, entries }) => ({
    label,
    entries: entries.filter((entry) => maySee(user, entry)),
  })).filter(({ entries }) => entries.length > 0);
}

/** Whether an entry is where somebody is: the page itself, or one below it. */
export function isWithin(path: string, entry: string): boolean {
  return entry === '/' ? path === '/' : path === entry || path.startsWith(`${entry}/`);
}

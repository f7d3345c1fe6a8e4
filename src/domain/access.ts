/** The account of the exchange itself, whose people see everything. */
export const OPERATOR_ACCOUNT = 'operator';

/** What the people and programs of other accounts may be, which is what their account is. */
export const TENANT_ROLES = ['buyer', 'seller', 'carrier'] as const;
export type TenantRole = (typeof TENANT_ROLES)[number];

/** `admin` and `auditor` are of the exchange: one may do everything, the other read everything. */
export const ROLES = ['admin', 'auditor', ...TENANT_ROLES] as const;
export type Role = (typeof ROLES)[number];

/** Who asks, once that is proven. */
export interface Principal {
  readonly kind: 'key' | 'user' | 'client';
  /** Of the key, the user or the OAuth 2 client. */
  readonly id: string;
  readonly accountId: string;
  readonly role: Role;
  /** Within what the role may: `*`, `*:read`, `calls:*` or `calls:read`. */
  readonly scopes: readonly string[];
  /** Of a user who signed in. */
  readonly sessionId?: string | undefined;
}

/** What a key, a user or a client may be given within its role. */
export const SCOPE =
  // Listening to people, live or recorded, is more than reading of calls or changing them: it has its own name.
  /^(?:\*|[a-z][a-z_]{0,31}:(?:\*|read|write)|\*:(?:read|write)|calls:monitor|recordings:listen)$/;
export const SCOPE_EXAMPLES = 'calls:read, calls:*, calls:monitor, recordings:listen, *:read and * are';
export const MAX_SCOPES = 64;

/** What an operation asks of who calls it. */
export interface Demand {
  /** `resource:read` or `resource:write`. */
  readonly scope: string;
  /** Roles besides the exchange's own that may call it, and then see what is their account's alone. */
  readonly tenants: readonly TenantRole[];
}

/** Why somebody may not do something; undefined when they may. */
export type Refusal = 'role' | 'scope' | undefined;

/** Judges a demand: first by the role, then by the scopes. */
export function refusalOf({ role, scopes }: Principal, { scope, tenants }: Demand): Refusal {
  const byRole =
    role === 'admin' ? true : role === 'auditor' ? scope.endsWith(':read') : tenants.includes(role);
  if (!byRole) return 'role';
  return allows(scopes, scope) ? undefined : 'scope';
}

/** True when scopes allow an operation. */
export function allows(scopes: readonly string[], wanted: string): boolean {
  const [resource, action] = wanted.split(':');
  return scopes.some(
    (scope) => scope === '*' || scope === wanted || scope === `${resource}:*` || scope === `*:${action}`,
  );
}

/** Whose things somebody may see: those of their account; undefined for the exchange's own, who see all. */
export function ownOnly({ accountId }: Pick<Principal, 'accountId'>): string | undefined {
  return accountId === OPERATOR_ACCOUNT ? undefined : accountId;
}

/** The role that goes with an account; the exchange's own people may be given another. */
export function roleOf(type: 'operator' | TenantRole): Role {
  return type === 'operator' ? 'admin' : type;
}

/** How somebody is named in what they did: a key by its id, others with their kind. */
export function principalName({ kind, id }: Pick<Principal, 'kind' | 'id'>): string {
  return kind === 'key' ? id : `${kind}:${id}`;
}

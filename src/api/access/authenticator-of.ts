import type { Database } from '../../storage';
import type { Access } from './access';
import { Authenticator } from './authenticator';

interface Services {
  readonly database: Database;
  readonly access?: Access;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const known = new WeakMap<Services, Authenticator>();

/** Who tells whom credentials prove: that of the access, or one that knows API keys alone. */
export function authenticatorOf(services: Services): Authenticator {
  if (services.access) return services.access.authenticator;
  const { database, now: monotonic } = services;
  const found =
    known.get(services) ??
    // Keys expire by the clock of the database.
    new Authenticator({ database, tokens: undefined, cookies: undefined, now: () => 0, monotonic });
  known.set(services, found);
  return found;
}

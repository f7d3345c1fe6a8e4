import type { Redis } from 'ioredis';
import type { AccessRules, OidcProvider } from '../api';
import { Access } from '../api';
import type { Config } from '../config';
import type { Clock } from '../domain';
import type { Database, Vault } from '../storage';
import { SignInLockout } from '../storage';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export interface AccessOptions {
  readonly config: Config;
  readonly database: Database;
  readonly redis: Redis;
  readonly vault: Vault;
  readonly clock: Clock;
}

/** How people and programs get in to this installation. @throws Error in one line that says what to do */
export function openAccess({ config, database, redis, vault, clock }: AccessOptions): Access {
  return new Access({
    database,
    vault,
    rules: accessRules(config, process.env),
    lockout: new SignInLockout(redis, () => clock.monotonic()),
    trustedProxies: config.api.trustedProxies,
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
  });
}

/**
 * @param secrets - variables that hold the secrets of providers
 * @throws Error in one line that says what to do
 */
export function accessRules(
  config: Config,
  secrets: Readonly<Record<string, string | undefined>>,
): AccessRules {
  const { access } = config;
  return {
    publicUrl: publicUrlOf(config),
    audience: access.audience,
    tokenMs: access.accessHours * HOUR_MS,
    cookieMs: access.cookieHours * HOUR_MS,
    refreshMs: access.refreshDays * DAY_MS,
    sessionMs: access.sessionDays * DAY_MS,
    sessionsPerUser: access.sessionsPerUser,
    keyMs: access.keyDays * DAY_MS,
    invitationMs: access.invitationDays * DAY_MS,
    resetMs: access.resetMinutes * MINUTE_MS,
    argon2: {
      memoryCost: access.argon2.memoryKib,
      timeCost: access.argon2.passes,
      parallelism: access.argon2.parallelism,
    },
    oidc: access.oidc.map((provider) => providerOf(provider, secrets)),
  };
}

function providerOf(
  { secretEnv, autoCreate, ...provider }: Config['access']['oidc'][number],
  secrets: Readonly<Record<string, string | undefined>>,
): OidcProvider {
  const clientSecret = secretEnv === undefined ? undefined : secrets[secretEnv];
  if (secretEnv !== undefined && (clientSecret === undefined || clientSecret === '')) {
    throw new Error(`provider ${provider.id} of access.oidc: set the variable ${secretEnv} to its secret`);
  }
  return { ...provider, clientSecret, autoCreate: autoCreate && { role: undefined, ...autoCreate } };
}

/** Where the API is reached, as far as it can be told. */
function publicUrlOf({ access, api }: Pick<Config, 'access' | 'api'>): string {
  if (access.publicUrl !== undefined) return access.publicUrl;
  const scheme = api.tls.certFile === undefined ? 'http' : 'https';
  const host = ['0.0.0.0', '::'].includes(api.host) ? 'localhost' : api.host;
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${api.port}`;
}

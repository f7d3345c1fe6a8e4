import type { Role } from '../../domain';

/** An OpenID provider that people may sign in with. */
export interface OidcProvider {
  /** In paths, and with whom users are linked. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  /** Issuer identifier (OpenID Connect Discovery 1.0 §3). */
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined for a public client, which PKCE alone protects. */
  readonly clientSecret: string | undefined;
  /** Besides `openid email profile`. */
  readonly scopes: readonly string[];
  /** Whoever has a verified address of one of these domains is made a user; nobody by default. */
  readonly autoCreate:
    | {
        readonly domains: readonly string[];
        readonly accountId: string;
        readonly role: Role | undefined;
        readonly scopes: readonly string[];
      }
    | undefined;
}

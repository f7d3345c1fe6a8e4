import type { OidcProvider } from './oidc-providers';

/** How people and programs get in. */
export interface AccessRules {
  /** `iss` of tokens, and what links to the console begin with: the origin at which the API is reached. */
  readonly publicUrl: string;
  /** `aud` of tokens. */
  readonly audience: string;
  /** Of access tokens, in milliseconds. */
  readonly tokenMs: number;
  /** Of access tokens in cookies, in milliseconds. */
  readonly cookieMs: number;
  /** From one refresh to the next, at most, in milliseconds. */
  readonly refreshMs: number;
  /** After which somebody signs in anew, whatever was refreshed, in milliseconds. */
  readonly sessionMs: number;
  readonly sessionsPerUser: number;
  /** Age at which a key that signs tokens is followed by another, in milliseconds. */
  readonly keyMs: number;
  readonly invitationMs: number;
  readonly resetMs: number;
  /** argon2id. */
  readonly argon2: {
    /** KiB. */
    readonly memoryCost: number;
    readonly timeCost: number;
    readonly parallelism: number;
  };
  readonly oidc: readonly OidcProvider[];
}

/** What of the API's answers the console reads. */

export type Role = 'admin' | 'auditor' | 'buyer' | 'seller' | 'carrier';

export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly accountId: string;
  readonly accountName: string;
  readonly scopes: readonly string[];
  /** Whether a code of an authenticator is asked for at the sign-in. */
  readonly totp: boolean;
}

export interface Me {
  readonly user: User;
  readonly csrfToken?: string;
  readonly sessionId: string;
}

export interface Stored {
  readonly id: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

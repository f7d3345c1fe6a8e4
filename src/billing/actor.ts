/** Who does something: an API key, and the account that it is of. */
export interface Actor {
  readonly keyId: string;
  readonly accountId: string;
}

/** How an operation is called so that it works: what goes for `{id}`, and the body. */
export interface HappyPath {
  /** The token of the user or agent who asks, where it is for one; before anything else. */
  readonly as?: () => Promise<string>;
  readonly id?: () => Promise<string>;
  readonly body?: Record<string, unknown>;
  /** A body that goes with the id. */
  readonly bodyFor?: (id: string) => Promise<Record<string, unknown>>;
  /** A body that is no JSON. */
  readonly csv?: string;
  readonly csvFor?: () => Promise<string>;
  readonly formFor?: () => Promise<Record<string, string>>;
  readonly query?: string;
  readonly stream?: boolean;
}

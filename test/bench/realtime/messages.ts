/** What the benchmark asks of the server, and what it says. */
export type ToServer =
  | { readonly kind: 'memory' }
  /** Tells so many events, one in each of so many milliseconds. */
  | { readonly kind: 'tell'; readonly events: number; readonly everyMs: number };
export interface FromServer {
  readonly port?: number;
  readonly token?: string;
  readonly rssBytes?: number;
}

/** What it asks of a process with clients. */
export type ToClients =
  | { readonly kind: 'open'; readonly count: number; readonly withinMs: number }
  | { readonly kind: 'listen'; readonly events: number; readonly withinMs: number };
export interface FromClients {
  readonly connected?: number;
  /** Why no more were opened. */
  readonly error?: string;
  /** Milliseconds from when an event was told to when each client had it. */
  readonly latencies?: readonly number[];
  readonly missing?: number;
}

/** What the benchmark asks of a node, and what it says. */
export type ToServer =
  | { readonly kind: 'memory' | 'processor' }
  /**
   * Tells so many events, one in each of so many milliseconds; `bare`: the bytes of the event straight into every
   * socket of the node, with nothing of the exchange in between.
   */
  | { readonly kind: 'tell'; readonly events: number; readonly everyMs: number; readonly bare: boolean };
export interface FromServer {
  readonly port?: number;
  readonly token?: string;
  /** Resident memory after collecting garbage. */
  readonly rssBytes?: number;
  /** Time of processors that it has taken so far, of its own and of the kernel for it. */
  readonly cpuMicros?: number;
}

/** What it asks of a process with clients. */
export type ToClients =
  | { readonly kind: 'open'; readonly count: number; readonly withinMs: number }
  | { readonly kind: 'listen'; readonly events: number; readonly withinMs: number };
export interface FromClients {
  readonly connected?: number;
  /** Why no more were opened. */
  readonly error?: string;
  /** How many heard an event how late: tenths of a millisecond after it was told, and a count. */
  readonly heard?: readonly (readonly [tenths: number, count: number])[];
  readonly missing?: number;
  readonly cpuMicros?: number;
}

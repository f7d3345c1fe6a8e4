import type { Protocol } from '../options';
import type { Flow } from './flow';

/** What every flow over a connection does: it tells, once, that it is gone. */
export abstract class ConnectionFlow implements Flow {
  abstract readonly established: boolean;
  #closed = false;
  #granted = false;
  #listeners: Set<() => void> | undefined;

  /**
   * @param inbound - the peer opened it
   * @param domain - see {@link Flow.domain}
   */
  constructor(
    readonly protocol: Protocol,
    readonly address: string,
    readonly port: number,
    readonly localAddress: string,
    readonly localPort: number,
    readonly inbound: boolean,
    readonly domain: string | undefined,
  ) {}

  get granted(): boolean {
    return this.#granted;
  }

  grant(): void {
    this.#granted = true;
  }

  get gone(): boolean {
    return this.#closed;
  }

  abstract send(text: string): boolean;
  /** Ends the connection at once. */
  abstract destroy(): void;

  onClosed(listener: () => void): () => void {
    if (this.#closed) {
      queueMicrotask(listener);
      return () => undefined;
    }
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    return () => this.#listeners?.delete(listener);
  }

  /** The connection is gone: whoever relied on it hears. */
  closed(): void {
    if (this.#closed) return;
    this.#closed = true;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners ?? []) listener();
  }
}

/** Stands for a connection that is not there and cannot be made: nothing goes down it. */
export class NoConnection extends ConnectionFlow {
  readonly established = false;

  send(): boolean {
    return false;
  }

  destroy(): void {
    this.closed();
  }
}

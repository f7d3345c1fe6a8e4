import type { TimerBases } from '../options';
import type { Scheduler } from '../transaction';
import type { Flow, Hop } from '../transport';

/** A peer that takes no TCP is asked again after this long. */
const REMEMBER_MS = 600_000;
const MAX_REMEMBERED = 10_000;

/** A connection in place of datagrams, for one request. */
export interface Detour {
  readonly flow: Flow;
  /** Says whom to tell that the peer takes no connection. */
  onRefused(listener: () => void): void;
  cancel(): void;
}

/**
 * Requests too long for a datagram go by TCP, for a datagram that is cut into fragments is lost with any of
 * them, and many a firewall drops them all (RFC 3261 §18.1.1). Peers that take no connection, or not
 * within 2·T1, get the datagram all the same, and are remembered.
 */
export class LongRequests {
  readonly #connect: (hop: Hop) => Flow | undefined;
  readonly #scheduler: Scheduler;
  readonly #timers: TimerBases;
  readonly #refused = new Map<string, number>();

  constructor(connect: (hop: Hop) => Flow | undefined, scheduler: Scheduler, timers: TimerBases) {
    this.#connect = connect;
    this.#scheduler = scheduler;
    this.#timers = timers;
  }

  /** The way to the same peer by TCP; undefined where there is none. */
  detour({ address, port }: Flow): Detour | undefined {
    const peer = `${address}/${port}`;
    if (performance.now() - (this.#refused.get(peer) ?? -Infinity) < REMEMBER_MS) return undefined;
    let over = false;
    let tell: () => void = () => undefined;
    const refuse = (): void => {
      if (over) return;
      over = true;
      timer.cancel();
      this.#remember(peer);
      tell();
    };
    const flow = this.#connect({ protocol: 'tcp', address, port });
    const forget = flow?.onClosed?.(() => {
      if (flow.established === false) refuse();
    });
    const timer = this.#scheduler.after(2 * this.#timers.t1, () => {
      if (flow?.established === false) refuse();
    });
    const cancel = (): void => {
      over = true;
      timer.cancel();
      forget?.();
    };
    if (!flow) {
      cancel();
      return undefined;
    }
    return { flow, cancel, onRefused: (listener) => (tell = listener) };
  }

  #remember(peer: string): void {
    this.#refused.delete(peer);
    this.#refused.set(peer, performance.now());
    const oldest = this.#refused.keys().next();
    if (this.#refused.size > MAX_REMEMBERED && !oldest.done) this.#refused.delete(oldest.value);
  }
}

import type { BreakerSettings } from '../../domain';
import type { Database, Vault } from '../../storage';
import { PeriodicJob } from '../../storage';
import type { PostbackPlaces } from './check-postback';
import { insecureAllowed } from './check-postback';
import { Deliverer } from './deliverer';
import { DeliveryRunner } from './delivery-runner';
import { expandEvents } from './expand-events';
import { HttpSender } from './http-sender';
import { sweepDeliveries } from './sweep';

export interface PostbackDispatcherOptions {
  readonly places: PostbackPlaces;
  /** Requests under way at once. */
  readonly concurrency: number;
  /** The same to one host. */
  readonly perHost: number;
  /** Milliseconds that a request may take, reply and all. */
  readonly timeoutMs: number;
  /** Days that deliveries are kept which are done. */
  readonly logDays: number;
  /** Milliseconds from one look for new events, and for what is due, to the next. */
  readonly pollMs?: number;
  /** Milliseconds after which what a killed worker had in hand is taken by another. */
  readonly leaseMs?: number;
  readonly breaker?: BreakerSettings;
  /** PEM of authorities trusted instead of the system's own. */
  readonly ca?: string;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds. */
  readonly monotonic: () => number;
  /** 0 … 1. */
  readonly random: () => number;
  /** A postback was paused because its receiver is gone. */
  readonly onPaused?: (postbackId: string) => void;
  readonly onError: (error: Error) => void;
}

const POLL_MS = 500;
const SWEEP_MS = 60_000;
/** On top of the time a request may take. */
const LEASE_MARGIN_MS = 30_000;

/** Tells of events: makes deliveries of those in the outbox, sends what is due, lets go what is old. Any number may run. */
export class PostbackDispatcher {
  readonly #sender: HttpSender;
  readonly #runner: DeliveryRunner;
  readonly #expansion: PeriodicJob;
  readonly #sweep: PeriodicJob;

  constructor(database: Database, vault: Vault, options: PostbackDispatcherOptions) {
    const { places, timeoutMs, pollMs = POLL_MS, onError } = options;
    const { now, monotonic } = options;
    this.#sender = new HttpSender({
      addresses: places.addresses,
      ports: places.ports,
      insecureAllowed: (host) => insecureAllowed(places, host),
      timeoutMs,
      monotonic,
      ca: options.ca,
    });
    const deliverer = new Deliverer({ vault, sender: this.#sender, now, monotonic });
    this.#runner = new DeliveryRunner(database, deliverer, {
      ...options,
      pollMs,
      leaseMs: options.leaseMs ?? timeoutMs + LEASE_MARGIN_MS,
    });
    this.#expansion = new PeriodicJob(
      async (stopped) => {
        for (let more = true; more && !stopped();) {
          const expansion = await expandEvents(database);
          if (expansion.deliveries > 0) this.#runner.wake();
          ({ more } = expansion);
        }
      },
      { everyMs: pollMs, onError },
    );
    this.#sweep = new PeriodicJob(
      async (stopped) => {
        await sweepDeliveries(database, options.logDays, stopped);
      },
      { everyMs: SWEEP_MS, onError },
    );
  }

  start(): void {
    this.#expansion.start();
    this.#runner.start();
    this.#sweep.start();
  }

  async close(): Promise<void> {
    await Promise.all([this.#expansion.close(), this.#runner.close(), this.#sweep.close()]);
    this.#sender.close();
  }
}

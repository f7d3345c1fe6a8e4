import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import type { AddressPolicy } from '../domain';

export interface Resolved {
  readonly address: string;
  readonly family: number;
}

export type Resolution =
  | { readonly ok: true; readonly addresses: readonly Resolved[] }
  | { readonly ok: false; readonly why: 'refused' | 'unreachable'; readonly detail: string };

/** What the operating system says of a name (getaddrinfo); tests put their own in its place. */
export type SystemLookup = (
  host: string,
  done: (error: Error | null, addresses: readonly Resolved[]) => void,
) => void;

const FOUND_MS = 30_000;
const FAILED_MS = 5_000;
const MAX_NAMES = 2_000;

const systemLookup: SystemLookup = (host, done) => {
  lookup(host, { all: true }, (error, addresses) => done(error, addresses ?? []));
};

/**
 * Addresses that may be connected to, of names that parties gave. Answers are remembered for a while: the system's look-up
 * has few threads, and one slow name server must not hold up everybody's connections.
 */
export class Resolver {
  readonly #policy: AddressPolicy;
  readonly #lookup: SystemLookup;
  readonly #monotonic: () => number;
  readonly #known = new Map<string, { readonly resolution: Resolution; readonly until: number }>();
  readonly #waiting = new Map<string, ((resolution: Resolution) => void)[]>();

  /** @param monotonic - milliseconds */
  constructor(policy: AddressPolicy, monotonic: () => number, look: SystemLookup = systemLookup) {
    this.#policy = policy;
    this.#lookup = look;
    this.#monotonic = monotonic;
  }

  /**
   * @param host - a name or an address, without brackets
   * @param done - may be called at once
   */
  resolve(host: string, done: (resolution: Resolution) => void): void {
    const family = isIP(host);
    if (family !== 0) {
      done(this.#allowed(host, [{ address: host, family }]));
      return;
    }
    const known = this.#known.get(host);
    if (known && this.#monotonic() < known.until) {
      done(known.resolution);
      return;
    }
    const waiting = this.#waiting.get(host);
    if (waiting) {
      waiting.push(done);
      return;
    }
    this.#waiting.set(host, [done]);
    this.#lookup(host, (error, addresses) => {
      const resolution: Resolution =
        error || addresses.length === 0
          ? { ok: false, why: 'unreachable', detail: `${host} has no address` }
          : this.#allowed(host, addresses);
      this.#remember(host, resolution);
      const asked = this.#waiting.get(host) ?? [];
      this.#waiting.delete(host);
      for (const tell of asked) tell(resolution);
    });
  }

  /** The same for those who wait; never rejects. */
  resolution(host: string): Promise<Resolution> {
    return new Promise((resolve) => {
      this.resolve(host, resolve);
    });
  }

  /** Only those addresses that may be connected to. */
  #allowed(host: string, addresses: readonly Resolved[]): Resolution {
    let refusal: string | undefined;
    const fine = addresses.filter(({ address }) => {
      const refused = this.#policy.refusal(address, host);
      refusal ??= refused;
      return refused === undefined;
    });
    if (fine.length > 0) return { ok: true, addresses: fine };
    return { ok: false, why: 'refused', detail: refusal ?? `${host} has no address` };
  }

  #remember(host: string, resolution: Resolution): void {
    this.#known.delete(host);
    if (this.#known.size >= MAX_NAMES) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    const failed = !resolution.ok && resolution.why === 'unreachable';
    this.#known.set(host, { resolution, until: this.#monotonic() + (failed ? FAILED_MS : FOUND_MS) });
  }
}

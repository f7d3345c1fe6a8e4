import { lookup } from 'node:dns';
import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import type { AddressPolicy } from '../../domain';

export type Resolution =
  | { readonly ok: true; readonly addresses: readonly LookupAddress[] }
  | { readonly ok: false; readonly why: 'refused' | 'unreachable'; readonly detail: string };

/** What the operating system says of a name; tests put their own in its place. @throws Error when it says nothing */
export type SystemLookup = (host: string) => Promise<readonly LookupAddress[]>;

const FOUND_MS = 30_000;
const FAILED_MS = 5_000;
const MAX_NAMES = 2_000;

const systemLookup: SystemLookup = (host) =>
  new Promise((resolve, reject) => {
    lookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });

/**
 * Addresses that may be connected to, of names that parties gave. What is found is remembered for a while
 * and asked for once at a time: the system's look-up has few threads.
 */
export class HostResolver {
  readonly #policy: AddressPolicy;
  readonly #monotonic: () => number;
  readonly #lookup: SystemLookup;
  readonly #known = new Map<string, { readonly found: Promise<Resolution>; until: number }>();

  /** @param monotonic - milliseconds */
  constructor(policy: AddressPolicy, monotonic: () => number, look: SystemLookup = systemLookup) {
    this.#policy = policy;
    this.#monotonic = monotonic;
    this.#lookup = look;
  }

  /** @param host - a name or an address, without brackets; never rejects */
  resolve(host: string): Promise<Resolution> {
    const family = isIP(host);
    if (family !== 0) return Promise.resolve(this.#judge(host, [{ address: host, family }]));
    const known = this.#known.get(host);
    if (known && this.#monotonic() < known.until) return known.found;
    this.#known.delete(host);
    const entry = { found: this.#ask(host), until: Infinity };
    this.#remember(host, entry);
    void entry.found.then((resolution) => {
      const unreachable = !resolution.ok && resolution.why === 'unreachable';
      entry.until = this.#monotonic() + (unreachable ? FAILED_MS : FOUND_MS);
    });
    return entry.found;
  }

  async #ask(host: string): Promise<Resolution> {
    try {
      const addresses = await this.#lookup(host);
      if (addresses.length > 0) return this.#judge(host, addresses);
    } catch {
      // The same as a name without an address.
    }
    return { ok: false, why: 'unreachable', detail: `${host} has no address` };
  }

  /** Only those addresses that may be connected to. */
  #judge(host: string, addresses: readonly LookupAddress[]): Resolution {
    let refusal: string | undefined;
    const fine = addresses.filter(({ address }) => {
      const refused = this.#policy.refusal(address, host);
      refusal ??= refused;
      return refused === undefined;
    });
    if (fine.length > 0) return { ok: true, addresses: fine };
    return { ok: false, why: 'refused', detail: refusal ?? `${host} has no address` };
  }

  #remember(host: string, entry: { readonly found: Promise<Resolution>; until: number }): void {
    if (this.#known.size >= MAX_NAMES) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.set(host, entry);
  }
}

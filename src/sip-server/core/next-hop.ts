import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { parseUri } from '../message';
import type { Protocol } from '../options';
import type { Hop } from './stack';

const LOOKUP_TIMEOUT_MS = 3_000;
const CACHE_MS = 30_000;
const MAX_CACHED = 2_000;
const MAX_HOPS = 8;
const DEFAULT_PORT = 5060;

/** The DNS questions that finding a SIP server asks; Node's own resolver answers them unless told otherwise. */
export interface DnsPort {
  srv(name: string): Promise<{ name: string; port: number; priority: number; weight: number }[]>;
  naptr(name: string): Promise<{ service: string; replacement: string; order: number; preference: number }[]>;
  addresses(name: string): Promise<string[]>;
}

/** Next hops of a URI by RFC 3263: at once for an address, by NAPTR, SRV and A/AAAA for a name. */
export class NextHops {
  readonly #dns: DnsPort;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #cache = new Map<string, { hops: Hop[]; at: number }>();

  constructor(port: DnsPort = systemDns(), random: () => number = Math.random, now: () => number = Date.now) {
    this.#dns = port;
    this.#random = random;
    this.#now = now;
  }

  /** The one hop of a URI that names an address; undefined when a look-up is needed or the URI is no good. */
  literal(uri: string): Hop | undefined {
    const parsed = parseUri(uri);
    if (!parsed) return undefined;
    const host = parsed.params.get('maddr') ?? parsed.host;
    if (isIP(host) === 0) return undefined;
    const protocol = protocolOf(parsed.params.get('transport'));
    return protocol && { protocol, address: host, port: parsed.port ?? DEFAULT_PORT };
  }

  /** Every hop to try, best first; empty when there is none. Never rejects. */
  async resolve(uri: string): Promise<Hop[]> {
    const literal = this.literal(uri);
    if (literal) return [literal];
    const parsed = parseUri(uri);
    if (!parsed || parsed.host === '') return [];
    const protocol = protocolOf(parsed.params.get('transport'));
    if (!protocol) return [];
    const key = `${parsed.host}|${parsed.port ?? ''}|${parsed.params.get('transport') ?? ''}`;
    const known = this.#cache.get(key);
    if (known && this.#now() - known.at < CACHE_MS) return known.hops;
    const hops = await within(
      LOOKUP_TIMEOUT_MS,
      this.#find(parsed.host, parsed.port, parsed.params.has('transport') ? protocol : undefined),
    );
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(key, { hops, at: this.#now() });
    return hops;
  }

  async #find(host: string, port: number | undefined, protocol: Protocol | undefined): Promise<Hop[]> {
    // An explicit port rules SRV out (RFC 3263 §4.2).
    if (port !== undefined) return this.#addresses(host, port, protocol ?? 'udp');
    for (const candidate of await this.#services(host, protocol)) {
      const hops = await this.#bySrv(candidate.name, candidate.protocol);
      if (hops.length > 0) return hops;
    }
    return this.#addresses(host, DEFAULT_PORT, protocol ?? 'udp');
  }

  /** SRV names to try: those that NAPTR names, else the standard ones (RFC 3263 §4.1). */
  async #services(
    host: string,
    protocol: Protocol | undefined,
  ): Promise<{ name: string; protocol: Protocol }[]> {
    const standard: { name: string; protocol: Protocol }[] = [
      { name: `_sip._udp.${host}`, protocol: 'udp' },
      { name: `_sip._tcp.${host}`, protocol: 'tcp' },
    ];
    if (protocol !== undefined) return standard.filter((service) => service.protocol === protocol);
    const records = await this.#dns.naptr(host).catch(() => []);
    const named = records
      .sort((a, b) => a.order - b.order || a.preference - b.preference)
      .flatMap(({ service, replacement }): { name: string; protocol: Protocol }[] => {
        if (service.toUpperCase() === 'SIP+D2U') return [{ name: replacement, protocol: 'udp' }];
        return service.toUpperCase() === 'SIP+D2T' ? [{ name: replacement, protocol: 'tcp' }] : [];
      });
    return named.length > 0 ? named : standard;
  }

  async #bySrv(name: string, protocol: Protocol): Promise<Hop[]> {
    const records = await this.#dns.srv(name).catch(() => []);
    const hops: Hop[] = [];
    for (const record of this.#order(records)) {
      if (hops.length >= MAX_HOPS) break;
      hops.push(...(await this.#addresses(record.name, record.port, protocol)));
    }
    return hops.slice(0, MAX_HOPS);
  }

  /** RFC 2782: by priority, and within one by weight at random. */
  #order<T extends { priority: number; weight: number }>(records: readonly T[]): T[] {
    const left = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight);
    const ordered: T[] = [];
    while (left.length > 0) {
      const priority = left[0]?.priority;
      const group = left.filter((record) => record.priority === priority);
      let mark = this.#random() * group.reduce((sum, record) => sum + record.weight, 0);
      const chosen = group.find((record) => (mark -= record.weight) <= 0) ?? group[0];
      if (!chosen) break;
      ordered.push(chosen);
      left.splice(left.indexOf(chosen), 1);
    }
    return ordered;
  }

  async #addresses(host: string, port: number, protocol: Protocol): Promise<Hop[]> {
    if (isIP(host) !== 0) return [{ protocol, address: host, port }];
    const addresses = await this.#dns.addresses(host).catch(() => []);
    return addresses.slice(0, MAX_HOPS).map((address) => ({ protocol, address, port }));
  }
}

function protocolOf(transport: string | undefined): Protocol | undefined {
  if (transport === undefined) return 'udp';
  const name = transport.toLowerCase();
  return name === 'udp' || name === 'tcp' ? name : undefined;
}

async function within(ms: number, work: Promise<Hop[]>): Promise<Hop[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Hop[]>((resolve) => {
    timer = setTimeout(() => resolve([]), ms);
  });
  try {
    return await Promise.race([work.catch(() => []), late]);
  } finally {
    clearTimeout(timer);
  }
}

function systemDns(): DnsPort {
  return {
    srv: (name) => dns.resolveSrv(name),
    naptr: (name) => dns.resolveNaptr(name),
    addresses: async (name) => {
      const found = await dns.lookup(name, { all: true });
      return found.map(({ address }) => address);
    },
  };
}

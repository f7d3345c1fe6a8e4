import { isIP } from 'node:net';
import type { SipUri } from '../message';
import { parseUri } from '../message';
import type { Protocol } from '../options';
import { isWebSocket } from '../options';
import type { Hop } from '../transport';
import type { DnsPort } from './dns';
import { systemDns } from './dns';
import { srvOrder } from './srv-order';

const LOOKUP_TIMEOUT_MS = 3_000;
const CACHE_MS = 30_000;
/** A name without a server may get one soon. */
const NEGATIVE_CACHE_MS = 5_000;
/** While no name server answers, what was known this long ago is still better than nothing (RFC 8767). */
const STALE_MS = 3_600_000;
/** A hop that failed is tried last for this long. */
const PENALTY_MS = 30_000;
const MAX_CACHED = 2_000;
const MAX_FAILED = 1_000;
const MAX_HOPS = 8;
/** RFC 3261 §19.1.2, RFC 7118 §5. */
const DEFAULT_PORTS: Readonly<Record<Protocol, number>> = {
  udp: 5060,
  tcp: 5060,
  tls: 5061,
  ws: 80,
  wss: 443,
};

/** One server of a name: an SRV record with its addresses, or the name itself. */
interface Server {
  /** Place of its service in the order of NAPTR. */
  readonly rank: number;
  readonly priority: number;
  readonly weight: number;
  readonly hops: readonly Hop[];
}

interface Known {
  readonly servers: readonly Server[];
  readonly at: number;
  /** Nobody could be asked: an empty list that says nothing. */
  readonly failed: boolean;
}

export interface NextHopOptions {
  readonly dns?: DnsPort;
  /** From 0 up to, but not including, 1. */
  readonly random?: () => number;
  /** Milliseconds. */
  readonly now?: () => number;
  /** Can we send there at all? Hops of a protocol or family without a listener are left out. */
  readonly speaks?: (hop: Hop) => boolean;
}

/** Next hops of a URI by RFC 3263: at once for an address, by NAPTR, SRV and A/AAAA for a name. */
export class NextHops {
  readonly #dns: DnsPort;
  readonly #random: () => number;
  readonly #now: () => number;
  readonly #speaks: (hop: Hop) => boolean;
  /** Oldest first. */
  readonly #cache = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<Known>>();
  /** Hops that failed, and until when that counts. */
  readonly #failed = new Map<string, number>();

  constructor({
    dns = systemDns(),
    random = Math.random,
    now = Date.now,
    speaks = () => true,
  }: NextHopOptions = {}) {
    this.#dns = dns;
    this.#random = random;
    this.#now = now;
    this.#speaks = speaks;
  }

  /** The one hop of a URI that names an address; undefined when a look-up is needed or the URI is no good. */
  literal(uri: string): Hop | undefined {
    const parsed = parseUri(uri);
    if (!parsed) return undefined;
    const address = hostOf(parsed);
    const protocol = protocolOf(parsed);
    // A WebSocket peer is found among the connections that stand, or not at all.
    if (!protocol || (isIP(address) === 0 && !isWebSocket(protocol))) return undefined;
    const port = parsed.port ?? DEFAULT_PORTS[protocol];
    // RFC 5626 §5.2: `ob` asks for the connection that stands.
    return parsed.params.has('ob')
      ? { protocol, address, port, standing: true }
      : { protocol, address, port };
  }

  /** Every hop to try, best first; empty when there is none. Never rejects, and takes 3 s at most. */
  async resolve(uri: string): Promise<Hop[]> {
    const literal = this.literal(uri);
    if (literal) return [literal];
    const parsed = parseUri(uri);
    const protocol = parsed && protocolOf(parsed);
    if (!parsed || !protocol || isIP(hostOf(parsed)) !== 0 || hostOf(parsed) === '') return [];
    const asked = parsed.params.has('transport') || protocol === 'tls' ? protocol : undefined;
    const { servers } = await this.#known(hostOf(parsed).toLowerCase(), parsed.port, asked);
    return this.#inOrder(servers);
  }

  /** This hop did not answer, or took no connection: for a while others of the same name come first. */
  failed(hop: Hop): void {
    // A WebSocket connection is no choice among several.
    if (isWebSocket(hop.protocol)) return;
    this.#failed.delete(nameOf(hop));
    this.#failed.set(nameOf(hop), this.#now() + PENALTY_MS);
    dropOldest(this.#failed, MAX_FAILED);
  }

  /** Names and hops that are remembered. */
  get remembered(): number {
    return this.#cache.size + this.#failed.size;
  }

  /** Chance decides anew for each request, for the weights of SRV are shares of requests. */
  #inOrder(servers: readonly Server[]): Hop[] {
    const ranks = [...new Set(servers.map(({ rank }) => rank))].sort((a, b) => a - b);
    const hops = ranks.flatMap((rank) =>
      srvOrder(
        servers.filter((server) => server.rank === rank),
        this.#random,
      ).flatMap((server) => server.hops),
    );
    const usable = hops.filter((hop) => this.#speaks(hop));
    const now = this.#now();
    const bad = (hop: Hop): boolean => (this.#failed.get(nameOf(hop)) ?? 0) > now;
    return [...usable.filter((hop) => !bad(hop)), ...usable.filter(bad)].slice(0, MAX_HOPS);
  }

  async #known(host: string, port: number | undefined, protocol: Protocol | undefined): Promise<Known> {
    const key = `${host}|${port ?? ''}|${protocol ?? ''}`;
    const known = this.#cache.get(key);
    const age = known ? this.#now() - known.at : Infinity;
    if (known && age < (known.servers.length > 0 ? CACHE_MS : NEGATIVE_CACHE_MS)) return known;
    const asking = this.#asking.get(key);
    if (asking) return asking;
    if (this.#asking.size >= MAX_CACHED) return { servers: [], at: this.#now(), failed: true };
    const answer = this.#ask(host, port, protocol).then((found) => {
      this.#asking.delete(key);
      // Nobody could be asked: what was known before stands, until somebody can.
      if (found.failed && known && age < STALE_MS) return known;
      this.#cache.delete(key);
      this.#cache.set(key, found);
      dropOldest(this.#cache, MAX_CACHED);
      return found;
    });
    this.#asking.set(key, answer);
    return answer;
  }

  async #ask(host: string, port: number | undefined, protocol: Protocol | undefined): Promise<Known> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('late')), LOOKUP_TIMEOUT_MS);
    });
    try {
      const servers = await Promise.race([this.#find(host, port, protocol), late]);
      return { servers, at: this.#now(), failed: false };
    } catch {
      return { servers: [], at: this.#now(), failed: true };
    } finally {
      clearTimeout(timer);
    }
  }

  /** @throws whatever the resolver threw when it is to blame that nothing was found */
  async #find(host: string, port: number | undefined, protocol: Protocol | undefined): Promise<Server[]> {
    const troubles: unknown[] = [];
    const noted = <T>(records: Promise<readonly T[]>): Promise<readonly T[]> =>
      records.catch((error: unknown) => {
        troubles.push(error);
        return [];
      });
    const named = async (): Promise<Server[]> => {
      const by = protocol ?? 'udp';
      const hops = await this.#addresses(host, port ?? DEFAULT_PORTS[by], by, host, noted);
      return hops.length > 0 ? [{ rank: 0, priority: 0, weight: 0, hops }] : [];
    };
    // An explicit port rules SRV out (RFC 3263 §4.2).
    let servers = port === undefined ? await this.#byService(host, protocol, noted) : [];
    if (servers.length === 0) servers = await named();
    if (servers.length === 0 && troubles.length > 0) throw troubles[0];
    return servers;
  }

  /** RFC 3263 §4.1: the services that NAPTR names, else the standard ones, each with its SRV records. */
  async #byService(host: string, protocol: Protocol | undefined, noted: Noted): Promise<Server[]> {
    const services = await this.#services(host, protocol, noted);
    const found = services.map(async (service, rank) => {
      const records = await noted(this.#dns.srv(service.name));
      // A single '.' says that the service is decidedly not there (RFC 2782).
      const real = records.filter(({ name }) => name !== '' && name !== '.').slice(0, 2 * MAX_HOPS);
      return Promise.all(
        real.map(async ({ name, port, priority, weight }) => ({
          rank,
          priority,
          weight,
          hops: await this.#addresses(name, port, service.protocol, host, noted),
        })),
      );
    });
    return (await Promise.all(found)).flat().filter(({ hops }) => hops.length > 0);
  }

  async #services(
    host: string,
    protocol: Protocol | undefined,
    noted: Noted,
  ): Promise<{ name: string; protocol: Protocol }[]> {
    const standard: { name: string; protocol: Protocol }[] = [
      { name: `_sip._udp.${host}`, protocol: 'udp' },
      { name: `_sip._tcp.${host}`, protocol: 'tcp' },
    ];
    if (protocol === 'tls') return [{ name: `_sips._tcp.${host}`, protocol }];
    if (protocol !== undefined) return standard.filter((service) => service.protocol === protocol);
    const records = [...(await noted(this.#dns.naptr(host)))]
      .filter(({ flags }) => flags.toLowerCase() === 's')
      .sort((a, b) => a.order - b.order || a.preference - b.preference);
    const named = records.flatMap(({ service, replacement }): { name: string; protocol: Protocol }[] => {
      if (service.toUpperCase() === 'SIP+D2U') return [{ name: replacement, protocol: 'udp' }];
      return service.toUpperCase() === 'SIP+D2T' ? [{ name: replacement, protocol: 'tcp' }] : [];
    });
    return named.length > 0 ? named.slice(0, MAX_HOPS) : standard;
  }

  /** @param asked - the name that the URI has: the certificate must be for it, whatever SRV says (RFC 5922 §7.1) */
  async #addresses(
    host: string,
    port: number,
    protocol: Protocol,
    asked: string,
    noted: Noted,
  ): Promise<Hop[]> {
    const domain = protocol === 'tls' ? { domain: asked } : {};
    if (isIP(host) !== 0) return [{ protocol, address: host, port, ...domain }];
    const addresses = await noted(this.#dns.addresses(host));
    return addresses.slice(0, MAX_HOPS).map((address) => ({ protocol, address, port, ...domain }));
  }
}

/** Turns a failed question into an empty answer, and remembers that it failed. */
type Noted = <T>(records: Promise<readonly T[]>) => Promise<readonly T[]>;

/** The host to ask: maddr overrules it (RFC 3261 §19.1.1). */
function hostOf(uri: SipUri): string {
  return uri.params.get('maddr')?.replace(/^\[|\]$/g, '') ?? uri.host;
}

/** What the URI is to be reached by; undefined for what we do not speak, and for datagrams where sips: demands TLS. */
function protocolOf(uri: SipUri): Protocol | undefined {
  const name = uri.params.get('transport')?.toLowerCase();
  if (uri.scheme === 'sips') return SECURED.get(name ?? 'tls');
  if (uri.scheme !== 'sip') return undefined;
  return PROTOCOLS.find((protocol) => protocol === (name ?? 'udp'));
}

const PROTOCOLS: readonly Protocol[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];
/** RFC 3261 §26.2.2, RFC 7118 §5.2.2: the transport of a sips: URI is what TLS is put below. */
const SECURED = new Map<string, Protocol>([
  ['tcp', 'tls'],
  ['tls', 'tls'],
  ['ws', 'wss'],
  ['wss', 'wss'],
]);

function nameOf({ protocol, address, port }: Hop): string {
  return `${protocol}/${address}/${port}`;
}

function dropOldest(map: Map<string, unknown>, limit: number): void {
  for (const key of map.keys()) {
    if (map.size <= limit) return;
    map.delete(key);
  }
}

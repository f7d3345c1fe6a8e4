/** What the web is served at, encrypted and not. */
const WEB = [443, 80];
/** Below it ports are the system's (RFC 6335 §6): mail, shells, name servers. None of them is ever allowed but the web's. */
const FIRST_UNPRIVILEGED = 1_024;
const LAST_PORT = 65_535;

/**
 * Unprivileged ports of services that a request may do harm to: those that the Fetch standard blocks ("bad ports",
 * §2.9), databases and caches, what runs containers, and signalling. A range does not open them; their own number does.
 */
const SENSITIVE = new Set([
  ...[1433, 1521, 3306, 5432, 5984, 6379, 6380, 7000, 7001, 9042, 9200, 9300, 11211, 27017, 27018, 27019],
  ...[1719, 1720, 1723, 2000, 5060, 5061, 8021, 9022, 9023],
  ...[2375, 2376, 2379, 2380, 4243, 6443, 10250, 10255],
  ...[2049, 3128, 3389, 3659, 4045, 4190, 4222, 4369, 5222, 5269, 5671, 5672, 5900, 5985, 5986, 6000, 6566],
  ...[6665, 6666, 6667, 6668, 6669, 6679, 6697, 8500, 8600, 9092, 9100, 10080, 15672],
]);

/** Which ports requests to parties may go to: the web's, and what the operator opens besides. */
export class PortPolicy {
  readonly #ranges: readonly (readonly [number, number])[];

  /**
   * @param allowed - ports that are opened: one (`8443`), or those from one to another (`8000-8999`)
   * @throws RangeError for a rule that is none, or opens ports of the system
   */
  constructor(allowed: readonly string[] = []) {
    this.#ranges = allowed.map((rule) => {
      const range = portRange(rule);
      if (!range) throw new RangeError(`no unprivileged ports: ${rule}`);
      return range;
    });
  }

  /** Why a port may not be connected to; undefined when it may. */
  refusal(port: number): string | undefined {
    const isOpen = this.#ranges.some(
      ([first, last]) => port >= first && port <= last && (first === last || !SENSITIVE.has(port)),
    );
    return isOpen || WEB.includes(port) ? undefined : `port ${port} is not one that requests may go to`;
  }
}

/** The port of a URL, also where it does not name one. */
export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** First and last port of a rule; undefined when it is none, or opens ports of the system. */
function portRange(rule: string): readonly [number, number] | undefined {
  const [, from, to = from] = /^(\d{4,5})(?:-(\d{4,5}))?$/.exec(rule) ?? [];
  const [first, last] = [Number(from), Number(to)];
  return first >= FIRST_UNPRIVILEGED && first <= last && last <= LAST_PORT ? [first, last] : undefined;
}

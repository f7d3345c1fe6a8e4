import { promises as systemResolver } from 'node:dns';

/** An SRV record (RFC 2782). */
export interface SrvRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** A NAPTR record (RFC 3403). */
export interface NaptrRecord {
  readonly flags: string;
  readonly service: string;
  readonly replacement: string;
  readonly order: number;
  readonly preference: number;
}

/** The DNS questions that finding a SIP server asks. An empty list: there is no such record; rejected: nobody knows. */
export interface DnsPort {
  srv(name: string): Promise<readonly SrvRecord[]>;
  naptr(name: string): Promise<readonly NaptrRecord[]>;
  addresses(name: string): Promise<readonly string[]>;
}

const QUERY_TIMEOUT_MS = 1_000;
const QUERY_TRIES = 2;
/** Codes of c-ares that are an answer: the name, or this type of record for it, does not exist. */
const NO_SUCH_RECORD = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

/**
 * Node's resolver. IPv4 addresses come before IPv6.
 * @param servers - `address` or `address:port` of name servers; absent: those of the machine, and names
 *   that only the machine itself knows (its hosts file) are found too
 */
export function systemDns(servers?: readonly string[]): DnsPort {
  const resolver = new systemResolver.Resolver({ timeout: QUERY_TIMEOUT_MS, tries: QUERY_TRIES });
  if (servers) resolver.setServers(servers);
  return {
    srv: (name) => orNone(resolver.resolveSrv(name)),
    naptr: (name) => orNone(resolver.resolveNaptr(name)),
    addresses: async (name) => {
      const [v4, v6] = await Promise.allSettled([
        orNone(resolver.resolve4(name)),
        orNone(resolver.resolve6(name)),
      ]);
      const found = [...valueOf(v4), ...valueOf(v6)];
      if (found.length > 0) return found;
      const local = servers ? [] : await systemResolver.lookup(name, { all: true }).catch(() => []);
      if (local.length > 0) return local.map(({ address }) => address);
      for (const answer of [v4, v6]) if (answer.status === 'rejected') throw answer.reason;
      return [];
    },
  };
}

function valueOf(answer: PromiseSettledResult<string[]>): string[] {
  return answer.status === 'fulfilled' ? answer.value : [];
}

/** "There is none" is an answer; anything else stays an error. */
async function orNone<T>(records: Promise<T[]>): Promise<T[]> {
  return records.catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && NO_SUCH_RECORD.has(String(error.code))) return [];
    throw error;
  });
}

import { BlockList, isIP } from 'node:net';

/**
 * Addresses that are nobody's on the public internet: the special-purpose registries of IANA (RFC 6890
 * and its updates), multicast and what is reserved. The metadata services of clouds lie in 169.254.0.0/16.
 */
const FORBIDDEN_4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** Global unicast (RFC 4291 §2.4) is all that may be reached of IPv6 … */
const ALLOWED_6 = ['2000::/3'];
/** … but for protocol assignments, documentation, and IPv4 in disguise (6to4). */
const FORBIDDEN_6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/**
 * Which addresses the exchange may connect to because a party said so. Others are refused, so that
 * nobody outside can make it talk to its own network (server-side request forgery).
 */
export class AddressPolicy {
  readonly #forbidden4 = blocks(FORBIDDEN_4);
  readonly #global6 = blocks(ALLOWED_6);
  readonly #forbidden6 = blocks(FORBIDDEN_6);
  readonly #allowed: BlockList;
  readonly #allowedNames: ReadonlySet<string>;

  /**
   * @param allowPrivate - exceptions: addresses, CIDR blocks, and names whose addresses may be any
   * @throws RangeError for a block that is none
   */
  constructor(allowPrivate: readonly string[] = []) {
    const isBlock = (text: string): boolean => isIP(text.split('/', 1)[0] ?? '') !== 0;
    this.#allowed = blocks(allowPrivate.filter(isBlock));
    this.#allowedNames = new Set(
      allowPrivate.filter((text) => !isBlock(text)).map((text) => text.toLowerCase()),
    );
  }

  /**
   * Why an address may not be connected to; undefined when it may.
   * @param host - the name, or the address, that was asked for
   */
  refusal(address: string, host: string): string | undefined {
    const plain = unmapped(address);
    const family = isIP(plain);
    if (family === 0) return `${address.slice(0, 64)} is no address`;
    const kind = family === 4 ? 'ipv4' : 'ipv6';
    if (this.#allowedNames.has(host.toLowerCase()) || this.#allowed.check(plain, kind)) return undefined;
    const fine =
      family === 4
        ? !this.#forbidden4.check(plain, 'ipv4')
        : this.#global6.check(plain, 'ipv6') && !this.#forbidden6.check(plain, 'ipv6');
    return fine ? undefined : `${plain} is not an address of the public internet`;
  }
}

/** `*.name` is whatever is below it; anything else is itself. Case does not matter. */
export function matchesHost(host: string, rule: string): boolean {
  const name = host.toLowerCase();
  const wanted = rule.toLowerCase();
  return wanted.startsWith('*.')
    ? name.endsWith(wanted.slice(1)) && name.length > wanted.length - 1
    : name === wanted;
}

/** An IPv4 address that is written as IPv6 (`::ffff:127.0.0.1`, `::ffff:7f00:1`) is judged as what it is. */
function unmapped(address: string): string {
  const bare = (address.split('%', 1)[0] ?? '').toLowerCase();
  if (isIP(bare) !== 6) return bare;
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return canonical;
  const [a, b] = [parseInt(high, 16), parseInt(low, 16)];
  return `${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`;
}

function blocks(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [address = '', prefix] = text.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    const bits = prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix);
    if (!Number.isInteger(bits)) throw new RangeError(`not a CIDR block: ${text}`);
    list.addSubnet(address, bits, family);
  }
  return list;
}

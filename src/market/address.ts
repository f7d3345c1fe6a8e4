/** An IP address as its bits: IPv4 takes one word, IPv6 four, most significant first. */
export interface IpAddress {
  readonly family: 4 | 6;
  /** Unsigned 32-bit words. */
  readonly words: readonly number[];
}

/** A block of addresses. */
export interface IpBlock {
  readonly address: IpAddress;
  /** Leading bits that count. */
  readonly prefix: number;
}

/**
 * Reads an IPv4 or IPv6 address (RFC 4291 §2.2), in brackets or with a zone id if need be. An
 * IPv4-mapped address (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) is the IPv4 address that it maps.
 */
export function parseAddress(text: string): IpAddress | undefined {
  let bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const percent = bare.indexOf('%');
  if (percent >= 0) bare = bare.slice(0, percent);
  if (!bare.includes(':')) {
    const word = parseV4(bare);
    return word === undefined ? undefined : { family: 4, words: [word] };
  }
  const words = parseV6(bare);
  if (!words) return undefined;
  if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff) {
    return { family: 4, words: [words[3] as number] };
  }
  return { family: 6, words };
}

/** Reads `address` or `address/prefix`. */
export function parseBlock(text: string): IpBlock | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (!address) return undefined;
  const bits = address.family === 4 ? 32 : 128;
  if (slash < 0) return { address, prefix: bits };
  const suffix = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(suffix)) return undefined;
  let prefix = Number(suffix);
  // A mapped block is written with the prefix of the IPv6 form.
  if (address.family === 4 && text.includes(':')) prefix -= 96;
  return prefix >= 0 && prefix <= bits ? { address, prefix } : undefined;
}

function parseV4(text: string): number | undefined {
  let word = 0;
  let octet = -1;
  let octets = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : 46;
    if (code === 46) {
      if (octet < 0 || octets === 4) return undefined;
      word = word * 256 + octet;
      octets++;
      octet = -1;
    } else if (code >= 48 && code <= 57) {
      if (octet === 0) return undefined;
      octet = (octet < 0 ? 0 : octet * 10) + code - 48;
      if (octet > 255) return undefined;
    } else return undefined;
  }
  return octets === 4 ? word : undefined;
}

function parseV6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] as string, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] as string, true) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(halves.length === 2 ? missing : 0).fill(0), ...tail];
  const words: number[] = [];
  for (let i = 0; i < 8; i += 2) words.push((groups[i] as number) * 0x10000 + (groups[i + 1] as number));
  return words;
}

function parseGroups(text: string, mayEndInV4: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (mayEndInV4 && index === parts.length - 1 && part.includes('.')) {
      const word = parseV4(part);
      if (word === undefined) return undefined;
      groups.push(word >>> 16, word & 0xffff);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(parseInt(part, 16));
    }
  }
  return groups;
}

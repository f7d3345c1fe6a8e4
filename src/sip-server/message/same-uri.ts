import { isIPv6, SocketAddress } from 'node:net';
import type { Params } from './params';
import type { SipUri } from './uri';

/**
 * Parameters that make a difference even when only one URI has them (RFC 3261 §19.1.4; `transport`
 * is not in its list but in its examples of URIs that differ).
 */
const TELLING = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** True when two URIs are equal by RFC 3261 §19.1.4, or two numbers by RFC 3966 §4. */
export function sameUri(a: SipUri, b: SipUri): boolean {
  if (a.scheme !== b.scheme) return false;
  if (a.scheme === 'tel') {
    return bareNumber(a.user) === bareNumber(b.user) && sameEntries(a.params, b.params, true);
  }
  return (
    unescapeUri(a.user ?? '') === unescapeUri(b.user ?? '') &&
    unescapeUri(a.password ?? '') === unescapeUri(b.password ?? '') &&
    (a.user === undefined) === (b.user === undefined) &&
    (a.password === undefined) === (b.password === undefined) &&
    sameHost(a.host, b.host) &&
    a.port === b.port &&
    agree(a.params, b.params) &&
    sameEntries(a.headers, b.headers, false)
  );
}

/** `%61` as `a`; an escape of a reserved character stays, since `%3B` is not `;` (RFC 3261 §19.1.4). */
export function unescapeUri(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
    const char = String.fromCharCode(parseInt(hex, 16));
    return /[a-z0-9\-_.!~*'()]/i.test(char) ? char : escape.toUpperCase();
  });
}

/** Hosts are compared without case, IPv6 addresses by value (RFC 5954 §4.2). */
function sameHost(a: string, b: string): boolean {
  if (a.toLowerCase() === b.toLowerCase()) return true;
  return isIPv6(a) && isIPv6(b) && canonicalIPv6(a) === canonicalIPv6(b);
}

function canonicalIPv6(address: string): string {
  return new SocketAddress({ address, family: 'ipv6' }).address;
}

/** Parameters that both have must be equal; others matter only when they are telling. */
function agree(a: Params, b: Params): boolean {
  for (const [name, value] of a) {
    const other = b.get(name);
    if (other !== undefined && !sameText(value, other)) return false;
  }
  return TELLING.every((name) => a.has(name) === b.has(name));
}

/** The same names with the same values, in any order. */
function sameEntries(a: Params, b: Params, ignoreCase: boolean): boolean {
  if (a.size !== b.size) return false;
  for (const [name, value] of a) {
    const other = b.get(name);
    if (other === undefined) return false;
    if (ignoreCase ? !sameText(value, other) : unescapeUri(value) !== unescapeUri(other)) return false;
  }
  return true;
}

function sameText(a: string, b: string): boolean {
  return unescapeUri(a).toLowerCase() === unescapeUri(b).toLowerCase();
}

/** A number without visual separators (RFC 3966 §5.1.1). */
function bareNumber(number: string | undefined): string {
  return (number ?? '').replace(/[-.()]/g, '').toLowerCase();
}

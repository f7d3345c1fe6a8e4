import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { WebSocketOptions } from '../options';

/** Why a connection is not upgraded to WebSocket. */
export interface UpgradeRefusal {
  /** Of HTTP. */
  readonly status: number;
  readonly reason: string;
}

/** Who may open a WebSocket connection, and whose it is. */
export class UpgradeRules {
  readonly #origins: ReadonlySet<string>;
  readonly #proxies = new BlockList();

  constructor({ origins = [], trustedProxies = [] }: WebSocketOptions = {}) {
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase()));
    for (const proxy of trustedProxies) {
      const [address = '', bits] = proxy.split('/');
      if (bits === undefined) this.#proxies.addAddress(address, familyOf(address));
      else this.#proxies.addSubnet(address, Number(bits), familyOf(address));
    }
  }

  /** RFC 7118 §4.1: the sub-protocol is "sip". RFC 6455 §10.2: pages of which origins may. Undefined: welcome. */
  refusal({ headers }: IncomingMessage): UpgradeRefusal | undefined {
    const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.some((name) => name.toLowerCase() === 'sip')) {
      return { status: 400, reason: 'the sub-protocol must be sip' };
    }
    const origin = headers.origin?.toLowerCase() ?? '';
    if (this.#origins.size > 0 && !this.#origins.has(origin)) {
      return { status: 403, reason: 'this origin may not connect' };
    }
    return undefined;
  }

  /** True for a reverse proxy, behind which there are many. */
  isProxy(address: string): boolean {
    return isIP(address) !== 0 && this.#proxies.check(address, familyOf(address));
  }

  /** The client that a trusted proxy speaks for; undefined where it names none. */
  clientBehind({ headers }: IncomingMessage): string | undefined {
    const forwarded = headers['x-forwarded-for'];
    const list = typeof forwarded === 'string' ? forwarded.split(',') : (forwarded ?? []);
    // Each proxy adds whom it heard from: the last that is no proxy of ours is the client.
    for (const one of [...list].reverse()) {
      const address = one.trim();
      if (isIP(address) === 0) return undefined;
      if (!this.isProxy(address)) return address;
    }
    return undefined;
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

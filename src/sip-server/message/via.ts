import { splitHostPort } from './uri';

/** The topmost Via of a message (RFC 3261 §20.42), as far as a server acts on it. */
export interface Via {
  /** `UDP`, `TCP`, `TLS`, `WS`, `WSS`, upper case. */
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly branch: string;
  readonly received: string | undefined;
  /** undefined: absent; 0: present without a value (RFC 3581 §3). */
  readonly rport: number | undefined;
  readonly maddr: string | undefined;
}

/** The first of several comma-joined Vias, and what follows it. */
export function splitTopVia(value: string): { top: string; rest: string } {
  const comma = value.indexOf(',');
  return comma < 0
    ? { top: value, rest: '' }
    : { top: value.slice(0, comma).trimEnd(), rest: value.slice(comma) };
}

/** Reads one Via; undefined when malformed. */
export function parseVia(top: string): Via | undefined {
  const head = top.indexOf(';') < 0 ? top : top.slice(0, top.indexOf(';'));
  const match = /^SIP\s*\/\s*2\.0\s*\/\s*([A-Za-z0-9-]+)\s+(.+)$/i.exec(head);
  if (!match) return undefined;
  const sentBy = splitHostPort((match[2] ?? '').trim());
  if (!sentBy) return undefined;
  let branch = '';
  let received: string | undefined;
  let rport: number | undefined;
  let maddr: string | undefined;
  for (let at = head.length; at >= 0 && at < top.length;) {
    const next = top.indexOf(';', at + 1);
    const part = top.slice(at + 1, next < 0 ? undefined : next);
    at = next < 0 ? top.length : next;
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    const text = equals < 0 ? '' : part.slice(equals + 1).trim();
    if (name === 'branch') branch = text;
    else if (name === 'received') received = text;
    else if (name === 'rport') rport = text === '' ? 0 : Number(text) || 0;
    else if (name === 'maddr') maddr = text;
  }
  return {
    transport: (match[1] ?? '').toUpperCase(),
    host: sentBy.host,
    port: sentBy.port,
    branch,
    received,
    rport,
    maddr,
  };
}

/**
 * Writes where a request really came from into its top Via (RFC 3261 §18.2.1, RFC 3581 §4); the
 * rest of the value stays byte for byte. Returns the value unchanged when there is nothing to say.
 */
export function withReceived(value: string, via: Via, address: string, port: number): string {
  const addReceived = via.host !== address || via.rport !== undefined;
  if (!addReceived) return value;
  const { top, rest } = splitTopVia(value);
  let text = top.replace(/;\s*received\s*=[^;,]*/i, '');
  if (via.rport !== undefined) text = text.replace(/;\s*rport\s*(=[^;,]*)?(?=;|$)/i, `;rport=${port}`);
  return `${text};received=${address}${rest}`;
}

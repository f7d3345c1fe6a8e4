/** The parts of a sip:, sips: or tel: URI that a server acts on (RFC 3261 §19.1, RFC 3966). */
export interface SipUri {
  readonly scheme: 'sip' | 'sips' | 'tel';
  readonly user: string | undefined;
  /** Host without the brackets of an IPv6 reference; '' for tel:. */
  readonly host: string;
  readonly port: number | undefined;
  /** URI parameters by lower-case name; a flag has the value ''. */
  readonly params: ReadonlyMap<string, string>;
}

const NO_PARAMS: ReadonlyMap<string, string> = new Map();

/** Reads a URI; undefined when it is none of ours or malformed. */
export function parseUri(text: string): SipUri | undefined {
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  const scheme = text.slice(0, colon).toLowerCase();
  if (scheme === 'tel') {
    const end = text.indexOf(';', colon);
    const user = text.slice(colon + 1, end < 0 ? undefined : end);
    return user === ''
      ? undefined
      : { scheme, user, host: '', port: undefined, params: parseParams(text, end < 0 ? text.length : end) };
  }
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  const headers = text.indexOf('?', colon);
  const end = headers < 0 ? text.length : headers;
  // The user part may hold ';' and '?' of its own: the last '@' divides.
  const at = text.lastIndexOf('@');
  const hasUser = at > colon;
  const hostStart = hasUser ? at + 1 : colon + 1;
  const stop = hasUser && headers >= 0 && headers < at ? endOfUri(text, hostStart) : end;
  const semicolon = text.indexOf(';', hostStart);
  const hostEnd = semicolon < 0 || semicolon > stop ? stop : semicolon;
  const address = splitHostPort(text.slice(hostStart, hostEnd));
  if (address === undefined) return undefined;
  const userInfo = hasUser ? text.slice(colon + 1, at) : undefined;
  if (userInfo === '') return undefined;
  return {
    scheme,
    user: userInfo?.split(':', 1)[0],
    host: address.host,
    port: address.port,
    params: parseParams(text.slice(0, stop), hostEnd),
  };
}

function endOfUri(text: string, from: number): number {
  const question = text.indexOf('?', from);
  return question < 0 ? text.length : question;
}

/** Splits `host:port`, `[v6]:port` or a bare host; undefined when malformed. */
export function splitHostPort(text: string): { host: string; port: number | undefined } | undefined {
  let host: string;
  let rest: string;
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    if (close < 2) return undefined;
    host = text.slice(1, close);
    rest = text.slice(close + 1).trim();
  } else {
    const colon = text.indexOf(':');
    host = (colon < 0 ? text : text.slice(0, colon)).trim();
    rest = colon < 0 ? '' : text.slice(colon).trim();
  }
  if (host === '' || /[\s<>",]/.test(host)) return undefined;
  if (rest === '') return { host, port: undefined };
  const port = Number(rest.slice(1).trim());
  if (!rest.startsWith(':') || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
  return { host, port };
}

/** Parameters of the form `;name=value;flag`, from an index on. */
export function parseParams(text: string, from: number): ReadonlyMap<string, string> {
  if (from >= text.length) return NO_PARAMS;
  const params = new Map<string, string>();
  for (const part of text.slice(from).split(';')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase();
    if (name !== '') params.set(name, equals < 0 ? '' : part.slice(equals + 1).trim());
  }
  return params;
}

/** Host as it stands in a URI or Via: an IPv6 address in brackets. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

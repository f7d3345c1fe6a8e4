import { isIP } from 'node:net';
import type { AddressPolicy } from '../../domain';
import { AppError, matchesHost } from '../../domain';
import { compileFormBody, compileJsonBody } from './body-template';
import type { Listener } from './events';
import { mayHear } from './events';
import type { PortPolicy } from './port-policy';
import { portOf } from './port-policy';
import type { PostbackSettings } from './postback';
import type { TemplateProblem } from './url-template';
import { compileUrl } from './url-template';

/** Where postbacks may go. */
export interface PostbackPlaces {
  readonly addresses: AddressPolicy;
  readonly ports: PortPolicy;
  /** Hosts that may be reached without TLS: names, `*.name`, addresses. */
  readonly allowHttp: readonly string[];
}

/** What is wrong with which field. */
export interface FieldProblem {
  /** JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly message: string;
}

/** Names of headers are the sender's own, or steer a connection (RFC 9110 §7.6.1). */
const OWN_HEADERS = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]);
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/;
const HEADER_VALUE = /^[!-~](?:[ -~]{0,1022}[!-~])?$/;
const MAX_HEADERS = 20;

/** True when a host may be reached without TLS. @param host - without brackets */
export function insecureAllowed({ allowHttp }: PostbackPlaces, host: string): boolean {
  return allowHttp.some((rule) => matchesHost(host, rule));
}

/** What fields of a postback say that cannot be: for who listens so, to that place. */
export function checkPostback(
  listener: Listener,
  settings: Pick<PostbackSettings, 'events' | 'method' | 'url' | 'bodyType' | 'body'>,
  places: PostbackPlaces,
): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const [n, event] of settings.events.entries()) {
    if (!mayHear(listener, event)) {
      problems.push({ pointer: `/events/${n}`, message: `a ${listener} does not hear of ${event}` });
    }
  }
  const url = compileUrl(settings.url, listener);
  if (!url.ok) problems.push({ pointer: '/url', message: worded(url.problem) });
  else {
    const message = placeProblem(url.template.host, url.template.protocol, places);
    if (message !== undefined) problems.push({ pointer: '/url', message });
  }
  if (settings.body === undefined) {
    if (settings.bodyType === 'form') problems.push({ pointer: '/body', message: 'a form needs a template' });
    return problems;
  }
  if (settings.method === 'GET') problems.push({ pointer: '/body', message: 'a GET has no body' });
  const compile = settings.bodyType === 'json' ? compileJsonBody : compileFormBody;
  const body = compile(settings.body, listener);
  if (!body.ok) problems.push({ pointer: '/body', message: worded(body.problem) });
  return problems;
}

/**
 * The port of a place is one that requests may go to.
 * @throws AppError `unprocessable` when it is not
 */
export function assertPort(url: string, listener: Listener, { ports }: PostbackPlaces): void {
  const compiled = compileUrl(url, listener);
  if (!compiled.ok) return;
  const { protocol, host } = compiled.template;
  const message = ports.refusal(portOf(new URL(`${protocol}//${host}`)));
  if (message === undefined) return;
  throw new AppError('unprocessable', 'port_not_allowed', message, {
    errors: [{ in: 'body', pointer: '/url', message }],
  });
}

/** What is wrong with headers of one's own. */
export function checkHeaders(headers: Readonly<Record<string, string>>): FieldProblem[] {
  const names = Object.keys(headers);
  if (names.length > MAX_HEADERS) {
    return [{ pointer: '/headers', message: `more than ${MAX_HEADERS} headers` }];
  }
  const seen = new Set<string>();
  return names.flatMap((name): FieldProblem[] => {
    const pointer = `/headers/${name.replace(/~/g, '~0').replace(/\//g, '~1')}`;
    const lower = name.toLowerCase();
    if (!TOKEN.test(lower)) return [{ pointer, message: 'is no name of a header' }];
    if (OWN_HEADERS.has(lower) || /^(dce-|proxy-)/.test(lower)) {
      return [{ pointer, message: 'is written by the exchange' }];
    }
    if (seen.has(lower)) return [{ pointer, message: 'is there twice' }];
    seen.add(lower);
    return HEADER_VALUE.test(headers[name] as string)
      ? []
      : [{ pointer, message: 'holds more than printable ASCII, or begins or ends with a space' }];
  });
}

function placeProblem(hostAndPort: string, protocol: string, places: PostbackPlaces): string | undefined {
  const { hostname } = new URL(`${protocol}//${hostAndPort}`);
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  if (protocol !== 'https:' && !insecureAllowed(places, host)) return `HTTPS is asked for at ${host}`;
  return isIP(host) === 0 ? undefined : places.addresses.refusal(host, host);
}

function worded({ at, message }: TemplateProblem): string {
  return `${message} (character ${at + 1})`;
}

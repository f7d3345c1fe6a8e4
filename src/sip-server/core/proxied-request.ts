import type { HeaderField, SipRequest } from '../message';
import {
  headerValue,
  maxForwards,
  parseUri,
  removeHeader,
  setHeader,
  splitAddresses,
  uriOfAddress,
} from '../message';
import { isWebSocket } from '../options';
import type { Flow } from '../transport';
import type { RecordRoutes } from './record-route';

/** A request on its way through us: where it goes next and what it looks like there. */
export interface ForwardedRequest {
  readonly request: SipRequest;
  /** URI that the next hop is found by. */
  readonly nextHop: string;
}

/** A request on its way through us, and what brought it here. */
export interface WithoutOurRoutes {
  readonly request: SipRequest;
  readonly ours: boolean;
  readonly entry: string | undefined;
  readonly exit: string | undefined;
}

/** Headers of the application's dummy request that do not go into the real one. */
const NOT_ADDED = new Set([
  'via',
  'route',
  'record-route',
  'from',
  'to',
  'call-id',
  'cseq',
  'max-forwards',
  'content-length',
]);

/**
 * RFC 3261 §16.4: the request without the Route entries that brought it to us, and with its real
 * Request-URI where a strict router put ours in its place. `ours` tells whether one of them was ours:
 * not only our address, which anybody may write, but our mark. `entry` and `exit` are the first
 * and the last of them that were: they tell by which side the request came, and by which it leaves.
 * @param isUs - is this URI our address?
 */
export function withoutOurRoutes(
  received: SipRequest,
  routes: RecordRoutes,
  isUs: (uri: string) => boolean,
): WithoutOurRoutes {
  const request: SipRequest = { ...received, headers: received.headers.map((field) => ({ ...field })) };
  const callId = headerValue(request, 'call-id') ?? '';
  const values = request.headers
    .filter((field) => field.key === 'route')
    .flatMap((field) => splitAddresses(field.value));
  let entry: string | undefined;
  let exit: string | undefined;
  if (values.length > 0 && routes.isOurs(request.uri, callId)) {
    entry = exit = request.uri;
    request.uri = uriOfAddress(values.pop() ?? '');
  }
  for (let first = values[0]; first !== undefined; first = values[0]) {
    const marked = routes.isOurs(first, callId);
    if (!marked && !isUs(uriOfAddress(first))) break;
    values.shift();
    if (!marked) continue;
    entry ??= first;
    exit = first;
  }
  setRoutes(request, values);
  return { request, ours: exit !== undefined, entry, exit };
}

/**
 * RFC 3261 §16.6: a copy for one target. A target with a user becomes the Request-URI; one without is a
 * server to ask for whom the Request-URI names already. Undefined: the request goes where it says itself.
 */
export function forwardedRequest(base: SipRequest, target: string | undefined): ForwardedRequest {
  const request: SipRequest = { ...base, headers: base.headers.map((field) => ({ ...field })) };
  setHeader(request, 'max-forwards', 'Max-Forwards', String(Math.max(0, maxForwards(base) - 1)));
  if (target !== undefined) {
    if (parseUri(target)?.user === undefined) return { request, nextHop: target };
    request.uri = target;
  }
  const routes = request.headers.filter((field) => field.key === 'route').map((field) => field.value);
  const [first] = routes;
  if (first === undefined) return { request, nextHop: request.uri };
  const nextHop = uriOfAddress(first);
  if (!parseUri(nextHop)?.params.has('lr')) {
    // A strict router takes its own URI in the request line (§16.6 step 6).
    setRoutes(request, [...routes.slice(1), `<${request.uri}>`]);
    request.uri = nextHop;
  }
  return { request, nextHop };
}

/** Adds the headers that the application gave; one that is there already is replaced. */
export function addApplicationHeaders(request: SipRequest, given: SipRequest): void {
  for (const { key, name, value } of given.headers) {
    if (!NOT_ADDED.has(key)) setHeader(request, key, name, value);
  }
}

/**
 * Puts us into the route set of the dialog (RFC 3261 §16.6 step 4); twice where the two sides speak
 * differently, or one is on a connection of its own, so that each finds an address it can use, and we
 * know on which side a request leaves (RFC 5658 §3, RFC 5626 §5.3).
 */
export function recordRoute(request: SipRequest, from: Flow, to: Flow, routes: RecordRoutes): void {
  const callId = headerValue(request, 'call-id') ?? '';
  const inside = routes.value(from, callId, isWebSocket(from.protocol));
  const outside = routes.value(to, callId, to.inbound);
  const fields = (inside === outside ? [outside] : [outside, inside]).map((value): HeaderField => ({
    name: 'Record-Route',
    key: 'record-route',
    value,
  }));
  const first = request.headers.findIndex((field) => field.key === 'record-route');
  request.headers.splice(first < 0 ? 0 : first, 0, ...fields);
}

/** One line for each route; none: no Route header. */
function setRoutes(request: SipRequest, values: readonly string[]): void {
  const at = request.headers.findIndex((field) => field.key === 'route');
  removeHeader(request, 'route');
  const fields = values.map((value): HeaderField => ({ name: 'Route', key: 'route', value }));
  request.headers.splice(at < 0 ? request.headers.length : at, 0, ...fields);
}

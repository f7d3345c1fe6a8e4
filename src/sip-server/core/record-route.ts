import { createHmac } from 'node:crypto';
import { parseUri, uriOfAddress } from '../message';
import type { Protocol } from '../options';
import type { Flow, Hop } from '../transport';
import { sentBy } from './own-address';

/** URI parameter that carries our mark. */
const MARK = 'mark';
const MARK_LENGTH = 16;
/** `protocol/address/port`, as a flow token has it. */
const TOKEN = /^(tcp|tls|ws|wss)\/([0-9a-fA-F.:]{2,45})\/(\d{1,5})$/;

/**
 * Record-Route values of ours. Each carries a mark made from the Call-ID, so that later requests of the
 * dialog are known without remembering it, and a stranger cannot make an open relay of us.
 */
export class RecordRoutes {
  readonly #key: string;

  /** @param secret - the mark stays good as long as this does, over restarts too */
  constructor(secret: string) {
    this.#key = `record-route ${secret}`;
  }

  /**
   * The value for requests that leave by, or come by, this flow.
   * @param bound - the peer is reached by this connection only: the user part names it (RFC 5626 §5.3)
   */
  value(flow: Flow, callId: string, bound = false): string {
    const { protocol, address, port } = flow;
    const transport = protocol === 'udp' ? '' : `;transport=${protocol}`;
    const token = bound ? Buffer.from(`${protocol}/${address}/${port}`).toString('base64url') : '';
    const user = token === '' ? '' : `${token}@`;
    return `<sip:${user}${sentBy(flow)}${transport};lr;${MARK}=${this.#mark(callId, token)}>`;
  }

  /** The connection that a Route value of ours names. */
  connectionOf(route: string): Hop | undefined {
    const token = parseUri(uriIn(route))?.user ?? '';
    const [, protocol, address, port] = TOKEN.exec(Buffer.from(token, 'base64url').toString('latin1')) ?? [];
    if (protocol === undefined || address === undefined) return undefined;
    return { protocol: protocol as Protocol, address, port: Number(port), standing: true };
  }

  /** True for a Route value, or a Request-URI, that this server once wrote for the dialog. */
  isOurs(routeOrUri: string, callId: string): boolean {
    const uri = parseUri(uriIn(routeOrUri));
    const mark = uri?.params.get(MARK);
    return mark !== undefined && mark === this.#mark(callId, uri?.user ?? '');
  }

  #mark(callId: string, token: string): string {
    const of = token === '' ? callId : `${token} ${callId}`;
    return createHmac('sha256', this.#key).update(of, 'latin1').digest('hex').slice(0, MARK_LENGTH);
  }
}

/** The parameters of a bare URI are its own, as in a request line. */
function uriIn(routeOrUri: string): string {
  return routeOrUri.includes('<') ? uriOfAddress(routeOrUri) : routeOrUri;
}

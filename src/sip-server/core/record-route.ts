import { createHmac } from 'node:crypto';
import { parseUri, uriOfAddress } from '../message';
import type { Flow } from '../transport';
import { sentBy } from './own-address';

/** URI parameter that carries our mark. */
const MARK = 'mark';
const MARK_LENGTH = 16;

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

  /** The value for requests that leave by, or come by, this flow. */
  value(flow: Flow, callId: string): string {
    const transport = flow.protocol === 'udp' ? '' : `;transport=${flow.protocol}`;
    return `<sip:${sentBy(flow)}${transport};lr;${MARK}=${this.#mark(callId)}>`;
  }

  /** True for a Route value, or a Request-URI, that this server once wrote for the dialog. */
  isOurs(routeOrUri: string, callId: string): boolean {
    // The parameters of a bare URI are its own, as in a request line.
    const uri = parseUri(routeOrUri.includes('<') ? uriOfAddress(routeOrUri) : routeOrUri);
    const mark = uri?.params.get(MARK);
    return mark !== undefined && mark === this.#mark(callId);
  }

  #mark(callId: string): string {
    return createHmac('sha256', this.#key).update(callId, 'latin1').digest('hex').slice(0, MARK_LENGTH);
  }
}

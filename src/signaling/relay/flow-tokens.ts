import type { Flow } from '../registrar/bindings';
import { Signatures } from './signed';

/** URI parameter that carries the token. */
const PARAMETER = 'dce-flow';
/** Seconds within which an INVITE must be on its way; clocks of nodes differ a little. */
const LIFE_SECONDS = 120;
const SEALED = new RegExp(`;${PARAMETER}=([A-Za-z0-9_-]{1,256}\\.[A-Za-z0-9_-]{43})(?=$|[;?])`);
const PAYLOAD = /^(\d{1,12}) (udp|tcp|tls|ws|wss) ([0-9A-Fa-f.:]{2,45}) (\d{1,5})$/;

/**
 * Request-URIs by which one node hands an INVITE to the connection of a phone that another node holds:
 * the phone's own contact, and signed beside it the connection that it registered on. Whoever has not
 * got the secret, which all nodes share, cannot send anything down a connection.
 */
export class FlowTokens {
  readonly #signatures: Signatures;
  readonly #now: () => number;

  /** @param now - UTC epoch milliseconds */
  constructor(secret: Buffer, now: () => number) {
    this.#signatures = new Signatures(secret, 'flow');
    this.#now = now;
  }

  /** The contact, to be reached by this flow. Good for two minutes. */
  seal(contact: string, { transport, address, port }: Flow): string {
    const expiry = Math.floor(this.#now() / 1000) + LIFE_SECONDS;
    const [uri = '', headers] = contact.split('?', 2);
    const token = this.#signatures.sign(`${expiry} ${transport} ${address} ${port}`, contact);
    return `${uri};${PARAMETER}=${token}${headers === undefined ? '' : `?${headers}`}`;
  }

  /**
   * The flow that a Request-URI names. `bad`: it was signed by nobody, is too old, or names another contact;
   * undefined: it is no such URI.
   */
  open(requestUri: string): Flow | 'bad' | undefined {
    if (!requestUri.includes(`;${PARAMETER}=`)) return undefined;
    const [parameter = '', token = ''] = SEALED.exec(requestUri) ?? [];
    const payload = this.#signatures.read(token, requestUri.replace(parameter, ''));
    const [, expiry, transport, address = '', port] = PAYLOAD.exec(payload ?? '') ?? [];
    if (Number(expiry) * 1000 < this.#now()) return 'bad';
    return transport === undefined
      ? 'bad'
      : { transport: transport as Flow['transport'], address, port: Number(port) };
  }
}

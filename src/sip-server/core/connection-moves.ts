import type { Flow, Hop } from '../transport';

const MAX_REMEMBERED = 10_000;

/**
 * Phones that came back on another connection while a call lasts. The route set of a dialog that we
 * pass on names the connection of its beginning, and never changes (RFC 3261 §12.2): where that
 * connection's peer is now is remembered here, the calls heard of last.
 */
export class ConnectionMoves {
  readonly #moved = new Map<string, Hop>();

  /**
   * A request of the dialog came.
   * @param named - the connection that its route says it comes by
   */
  seen(callId: string, named: Hop | undefined, by: Flow): void {
    if (!named || by.inbound !== true) return;
    const { protocol, address, port } = by;
    const key = keyOf(callId, named);
    this.#moved.delete(key);
    if (protocol === named.protocol && address === named.address && port === named.port) return;
    this.#moved.set(key, { protocol, address, port, standing: true });
    const oldest = this.#moved.keys().next();
    if (this.#moved.size > MAX_REMEMBERED && !oldest.done) this.#moved.delete(oldest.value);
  }

  /** The connection that this one's peer has now. */
  now(callId: string, named: Hop): Hop {
    return this.#moved.get(keyOf(callId, named)) ?? named;
  }
}

function keyOf(callId: string, { protocol, address, port }: Hop): string {
  return `${protocol}/${address}/${port} ${callId}`;
}

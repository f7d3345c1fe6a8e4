import { isUtf8 } from 'node:buffer';
import type { WebSocket } from 'ws';
import type { Protocol, SipServerLimits } from '../options';
import { ConnectionFlow } from './connection-flow';
import type { OnMessage } from './flow';

/** Close codes of RFC 6455 §7.4.1. */
const POLICY_VIOLATION = 1008;
/** A peer that sends this many messages that are no SIP is not ours to serve. */
const MAX_GARBAGE = 8;
const KEEP_ALIVE = '\r\n\r\n';

/** One WebSocket connection: a SIP message is a WebSocket message (RFC 7118 §4.2). */
export class WebSocketFlow extends ConnectionFlow {
  /** Hears of the first SIP message. */
  onFirstMessage: (() => void) | undefined;
  readonly #socket: WebSocket;
  readonly #limits: SipServerLimits;
  readonly #onMessage: OnMessage;
  #garbage = 0;
  #alive = true;
  /** Runs until the peer is known for no stranger. */
  #deadline: NodeJS.Timeout | undefined;
  #pings: NodeJS.Timeout | undefined;

  constructor(
    socket: WebSocket,
    protocol: Protocol,
    address: string,
    port: number,
    localAddress: string,
    localPort: number,
    limits: SipServerLimits,
    onMessage: OnMessage,
  ) {
    super(protocol, address, port, localAddress, localPort, true, undefined);
    this.#socket = socket;
    this.#limits = limits;
    this.#onMessage = onMessage;
    this.#pings = setTimeout(() => this.#ping(), limits.pingMs);
    socket.on('message', (data) => this.#receive(data as Buffer));
    socket.on('pong', () => (this.#alive = true));
    socket.on('ping', () => {
      this.#alive = true;
      // The answer is on its way already.
      this.#isRead();
    });
    // What breaks the framing closes the connection; 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#end());
  }

  get established(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  send(text: string): boolean {
    const socket = this.#socket;
    if (socket.readyState !== socket.OPEN) return false;
    const data = Buffer.from(text, 'latin1');
    // Browsers refuse text that is no UTF-8 (RFC 6455 §8.1).
    socket.send(data, { binary: !isUtf8(data) }, () => undefined);
    return this.#isRead();
  }

  override grant(): void {
    super.grant();
    clearTimeout(this.#deadline);
  }

  destroy(): void {
    this.#socket.terminate();
  }

  #receive(data: Buffer): void {
    // Who is being sent away may have said more before it hears of that.
    if (!this.established) return;
    this.#alive = true;
    const text = data.toString('latin1');
    if (text === KEEP_ALIVE) {
      // RFC 5626 §4.4.1, as RFC 7118 §6 has it for clients that cannot ping.
      this.send('\r\n');
      return;
    }
    if (text === '\r\n') return;
    if (this.#onMessage(text, this)) this.#spoke();
    else if (++this.#garbage >= MAX_GARBAGE) this.#socket.close(POLICY_VIOLATION, 'this is no SIP');
  }

  /** Whoever speaks SIP, and gets nothing granted for long, is sent away. */
  #spoke(): void {
    if (!this.onFirstMessage) return;
    this.onFirstMessage();
    this.onFirstMessage = undefined;
    if (this.granted) return;
    this.#deadline = setTimeout(
      () => this.#socket.close(POLICY_VIOLATION, 'nothing was granted'),
      this.#limits.strangerMs,
    );
  }

  /** A peer that does not read must not fill our memory: false ends the connection. */
  #isRead(): boolean {
    if (this.#socket.bufferedAmount <= this.#limits.maxWebSocketWriteBuffer) return true;
    this.#socket.terminate();
    return false;
  }

  #ping(): void {
    if (!this.#alive) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    this.#socket.ping();
    this.#pings?.refresh();
  }

  #end(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#pings);
    this.closed();
  }
}

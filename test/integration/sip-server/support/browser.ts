import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { ClientOptions } from 'ws';
import { WebSocket } from 'ws';
import { HOST } from './constants';
import { Peer } from './peers';

let counter = 0;

/** A SIP peer on a WebSocket connection, which cannot be reached by anything else (RFC 7118). */
export class Browser extends Peer {
  readonly protocol: 'WS' | 'WSS';
  readonly #name = `b${process.pid}x${++counter}.invalid`;
  /** Frames that are no SIP message, in order. */
  readonly others: string[] = [];
  /** Why the server closed the connection; 1006 without a word (RFC 6455 §7.4.1). */
  closedWith: number | undefined;

  private constructor(
    readonly socket: WebSocket,
    protocol: 'ws' | 'wss',
    serverPort: number,
    readonly port: number,
  ) {
    super(serverPort, HOST);
    this.protocol = protocol === 'ws' ? 'WS' : 'WSS';
    socket.on('message', (data: Buffer) => {
      const text = data.toString('latin1');
      if (text.trim() === '') this.others.push(text);
      else this.take(text);
    });
    socket.on('close', (code) => (this.closedWith = code));
    socket.on('error', () => undefined);
  }

  /** @throws Error with the server's status when it refuses */
  static async connect(
    protocol: 'ws' | 'wss',
    serverPort: number,
    options: ClientOptions = {},
  ): Promise<Browser> {
    const socket = new WebSocket(`${protocol}://${HOST}:${serverPort}`, 'sip', {
      rejectUnauthorized: false,
      ...options,
    });
    let port = 0;
    socket.once('upgrade', (response) => (port = response.socket.localPort ?? 0));
    await once(socket, 'open');
    return new Browser(socket, protocol, serverPort, port);
  }

  override get sentBy(): string {
    return this.#name;
  }

  /** The connection, as an application names it. */
  get flow(): string {
    return `sip:${HOST}:${this.port};transport=${this.protocol.toLowerCase()}`;
  }

  send(text: string): void {
    this.socket.send(Buffer.from(text, 'latin1'), { binary: false });
  }

  /** Goes without a word, as a tab that crashes. */
  close(): void {
    this.socket.terminate();
  }

  /** Stops reading. */
  stall(): void {
    (this.socket as unknown as { _socket: Socket })._socket.pause();
  }
}

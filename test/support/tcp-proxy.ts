import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** Stands between a client and a server, to take the server away and give it back. */
export class TcpProxy {
  /** Of the server, with this proxy's address in its place. */
  readonly url: string;
  readonly #server: Server;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #dead = new Set<readonly [Socket, Socket]>();
  #mode: 'open' | 'cut' | 'frozen' = 'open';

  private constructor(server: Server, target: URL) {
    this.#server = server;
    this.#target = { host: target.hostname, port: Number(target.port) };
    const url = new URL(target.href);
    url.hostname = '127.0.0.1';
    url.port = String((server.address() as AddressInfo).port);
    this.url = url.href;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** @param url - of the server */
  static async open(url: string): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return new TcpProxy(server, new URL(url));
  }

  /** Connections break, and new ones break at once. */
  cut(): void {
    this.#mode = 'cut';
    for (const [near, far] of [...this.#pairs, ...this.#dead]) {
      near.destroy();
      far.destroy();
    }
  }

  /** Nothing passes any more, and nobody is told. */
  freeze(): void {
    this.#mode = 'frozen';
    for (const pair of this.#pairs) for (const socket of pair) socket.pause();
  }

  /** Nothing passes any more on the connections that there are, for good, and nobody is told. New ones are well. */
  deaden(): void {
    for (const pair of this.#pairs) {
      for (const socket of pair) socket.pause();
      this.#dead.add(pair);
    }
    this.#pairs.clear();
  }

  /** Everything passes again; what was held back too. */
  mend(): void {
    this.#mode = 'open';
    for (const pair of this.#pairs) for (const socket of pair) socket.resume();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((closed) => this.#server.close(closed));
  }

  #accept(near: Socket): void {
    near.on('error', () => undefined);
    if (this.#mode === 'cut') return void near.destroy();
    const far = connect(this.#target);
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    near.on('data', (data) => far.write(data));
    far.on('data', (data) => near.write(data));
    far.on('error', () => near.destroy());
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on('close', () => {
        this.#pairs.delete(pair);
        this.#dead.delete(pair);
        other.destroy();
      });
    }
    if (this.#mode === 'frozen') for (const socket of pair) socket.pause();
  }
}

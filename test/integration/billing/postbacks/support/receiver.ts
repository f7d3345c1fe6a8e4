import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as its receiver had it. */
export interface Received {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** How a receiver answers: a status, or whatever it does. */
export type Behaviour = number | ((request: Received, response: ServerResponse) => void);

/** Somebody's server that is told of events. */
export class Receiver {
  readonly received: Received[] = [];
  /** By path, or for all. */
  behave: (request: Received) => Behaviour = () => 200;
  /** Requests that came and have not been answered. */
  underWay = 0;
  mostUnderWay = 0;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.host}`;
  }

  /** Ids of the events that came, in order. */
  eventIds(): (string | undefined)[] {
    return this.received.map(({ headers }) => headers['dce-event-id']);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request: Received = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers as Received['headers'],
      body: Buffer.concat(chunks).toString('utf8'),
    };
    this.received.push(request);
    this.underWay++;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    response.on('close', () => this.underWay--);
    const behaviour = this.behave(request);
    if (typeof behaviour === 'number') response.writeHead(behaviour).end(`status ${behaviour}`);
    else behaviour(request, response);
  }
}

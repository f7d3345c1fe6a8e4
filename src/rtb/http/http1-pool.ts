import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import { BodyCollector } from './body-collector';
import type { Connector } from './connector';
import type { Exchange, HttpRequest } from './exchange';

export interface Http1Settings {
  readonly connector: Connector;
  /** Connections, those being opened included. */
  readonly maxConnections: number;
  /** Milliseconds that an idle connection is kept. */
  readonly idleMs: number;
  readonly maxReplyBytes: number;
  readonly onActivity: () => void;
}

type CreateConnection = (
  options: object,
  done: (error: Error | null, socket?: Socket) => void,
) => Socket | undefined;

/** Connections that are kept alive to one origin that speaks HTTP/1.1, one request at a time on each (RFC 9112 §9.3). */
export class Http1Pool {
  readonly #settings: Http1Settings;
  readonly #agent: Agent;
  readonly #sockets = new Set<Socket>();
  #opening = 0;
  #requests = 0;
  /** A connection that is open already, from finding out which protocol is spoken. */
  #spare: Socket | undefined;
  #closed = false;

  constructor(settings: Http1Settings) {
    this.#settings = settings;
    this.#agent = new Agent({
      keepAlive: true,
      maxFreeSockets: settings.maxConnections,
      scheduling: 'lifo',
      timeout: settings.idleMs,
    });
    const create: CreateConnection = (_options, done) => this.#create(done);
    (this.#agent as unknown as { createConnection: CreateConnection }).createConnection = create;
  }

  /** Connections that are open or being opened. */
  get connections(): number {
    return this.#sockets.size + this.#opening;
  }

  /** True when a request can go out at once: on an idle connection, or on one that may be opened. */
  get ready(): boolean {
    return this.#requests < this.#settings.maxConnections;
  }

  /** Takes over an open connection, for the next request. */
  adopt(socket: Socket): void {
    this.#spare?.destroy();
    this.#spare = socket;
    this.#watch(socket);
  }

  send(exchange: Exchange): void {
    this.#send(exchange, false);
  }

  close(): void {
    this.#closed = true;
    this.#agent.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  #send(exchange: Exchange, again: boolean): void {
    const { request } = exchange;
    const { onActivity } = this.#settings;
    this.#requests++;
    let counted = true;
    const uncount = (): void => {
      if (counted) this.#requests--;
      counted = false;
    };
    const outgoing = this.#request(request);
    outgoing.on('close', uncount);
    outgoing.on('error', (error) => {
      onActivity();
      uncount();
      // An idle connection that its peer closed just now: nothing was read of the request.
      const stale = outgoing.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
      if (stale && !again && !exchange.over && !this.#closed) this.#send(exchange, true);
      else this.#fail(exchange, error);
    });
    outgoing.on('response', (incoming) => {
      onActivity();
      this.#read(exchange, outgoing, incoming);
    });
    outgoing.on('upgrade', (_response, socket: Socket) => {
      socket.destroy();
      exchange.fail('broken', 'the peer wants another protocol');
    });
    exchange.cancelBy(() => outgoing.destroy());
    outgoing.end(request.body === '' ? undefined : request.body);
  }

  #request({ headers, method, url }: HttpRequest): ClientRequest {
    return httpRequest({
      agent: this.#agent,
      method,
      path: url.pathname + url.search,
      headers: { ...headers, host: url.host } as OutgoingHttpHeaders,
    });
  }

  #read(exchange: Exchange, outgoing: ClientRequest, incoming: IncomingMessage): void {
    const { onActivity, maxReplyBytes } = this.#settings;
    const body = new BodyCollector(maxReplyBytes);
    const giveUp = (why: 'too_large' | 'broken', detail: string): void => {
      exchange.fail(why, detail);
      outgoing.destroy();
    };
    if (exchange.over) {
      outgoing.destroy();
      return;
    }
    if (Number(incoming.headers['content-length'] ?? 0) > maxReplyBytes) {
      giveUp('too_large', `more than ${maxReplyBytes} bytes`);
      return;
    }
    const encoding = incoming.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      giveUp('broken', 'the reply is compressed, which was not asked for');
      return;
    }
    incoming.on('data', (chunk: Buffer) => {
      onActivity();
      if (!body.add(chunk)) giveUp('too_large', `more than ${maxReplyBytes} bytes`);
    });
    incoming.on('error', (error) => this.#fail(exchange, error));
    incoming.on('end', () => {
      onActivity();
      exchange.settle({ ok: true, status: incoming.statusCode ?? 0, body: body.take() });
    });
  }

  #fail(exchange: Exchange, error: Error): void {
    const { code } = error as { code?: unknown };
    const why =
      error instanceof RefusedError ? 'refused' : error instanceof NoConnection ? 'unreachable' : 'broken';
    exchange.fail(why, `${typeof code === 'string' ? `${code}: ` : ''}${error.message}`.slice(0, 200));
  }

  #create(done: (error: Error | null, socket?: Socket) => void): Socket | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare && !spare.destroyed && spare.writable) return spare;
    if (this.connections >= this.#settings.maxConnections) {
      process.nextTick(() => done(new NoConnection('too many connections')));
      return undefined;
    }
    this.#opening++;
    this.#settings.connector.open(['http/1.1'], (connected) => {
      this.#opening--;
      if (!connected.ok) {
        done(
          connected.why === 'refused'
            ? new RefusedError(connected.detail)
            : new NoConnection(connected.detail),
        );
        return;
      }
      this.#watch(connected.socket);
      if (this.#closed) connected.socket.destroy();
      done(null, connected.socket);
    });
    return undefined;
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

class RefusedError extends Error {}
class NoConnection extends Error {}

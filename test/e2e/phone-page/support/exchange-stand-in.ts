import { readFileSync, statSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { PASSWORD, SwitchSide, USERNAME } from './switch-side';

const PAGE = join(__dirname, '../../../../dist/web/phone');
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};
/** As strict as can be: what the page needs beyond it, it must not need. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ws:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

export const AGENT = {
  id: 'agent-1',
  name: 'Agent One',
  username: 'agent.one',
  skills: {},
  wrapUpMs: 30_000,
};
export const AGENT_PASSWORD = 'correct horse';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

type Json = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly status: number;
  readonly body: Json;
  readonly headers?: Record<string, string>;
}

/** The exchange as one page sees it: the page itself, the API, live news, and the switch. */
export class ExchangeStandIn {
  readonly switch = new SwitchSide();
  /** Everything that was asked of the API. */
  readonly asked: Asked[] = [];
  /** Answers that come instead of the usual ones, by `METHOD /path`. */
  readonly answers = new Map<string, Answer | Promise<Answer>>();
  presence = { state: 'available', since: Date.now() };
  calls: Json[] = [];
  today = { answered: 0, missed: 0, talkMs: 0 };
  token = 'dcep_first';
  iceServers: Json[] = [];
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (names) => [...names][0] ?? false,
  });
  readonly #feeds = new Set<WebSocket>();

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on('upgrade', (request, socket, head) => {
      const isSip = request.url?.startsWith('/sip') === true;
      if (isSip && !this.switch.admits) {
        socket.destroy();
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (opened) => {
        if (isSip) this.switch.connect(opened);
        else this.#feed(opened);
      });
    });
  }

  static async open(): Promise<ExchangeStandIn> {
    const exchange = new ExchangeStandIn();
    await new Promise<void>((resolve) => exchange.#server.listen(0, '127.0.0.1', resolve));
    return exchange;
  }

  /** localhost is a secure context, so that there is a microphone. */
  get url(): string {
    return `http://localhost:${this.#port}/phone/`;
  }
  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Tells the page news. */
  tell(name: string, data: unknown): void {
    for (const feed of this.#feeds) feed.send(`42${JSON.stringify([name, data])}`);
  }

  become(state: string): void {
    this.presence = { state, since: Date.now() };
    this.tell('presence', { agentId: AGENT.id, ...this.presence });
  }

  async close(): Promise<void> {
    this.switch.close();
    for (const feed of this.#feeds) feed.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #feed(socket: WebSocket): void {
    this.#feeds.add(socket);
    socket.on('close', () => this.#feeds.delete(socket));
    socket.send(`0${JSON.stringify({ sid: 'x', upgrades: [], pingInterval: 25_000, pingTimeout: 20_000 })}`);
    socket.on('message', (data: Buffer) => {
      if (!data.toString().startsWith('40')) return;
      socket.send('40{"sid":"y"}');
      const others = [
        { agentId: 'agent-2', state: 'available', since: 0 },
        { agentId: 'agent-3', state: 'on_call', since: 0 },
      ];
      socket.send(
        `42${JSON.stringify(['presence.snapshot', [{ agentId: AGENT.id, ...this.presence }, ...others]])}`,
      );
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/';
    if (!url.startsWith('/api/v1/phone')) return this.#page(url, response);
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const path = url.slice('/api/v1/phone'.length);
    const method = request.method ?? '';
    const body = text === '' ? undefined : (JSON.parse(text) as unknown);
    this.asked.push({ method, path, body });
    const known = request.headers.authorization === `Bearer ${this.token}`;
    const {
      status,
      body: answer,
      headers,
    } = (await this.answers.get(`${method} ${path}`)) ??
    (known || path === '/sessions' ? this.#answer(method, path, body) : problem(401, 'unauthorized'));
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(status === 204 ? '' : JSON.stringify(answer));
  }

  #answer(method: string, path: string, body: unknown): Answer {
    const ok = (answer: Json, status = 200): Answer => ({ status, body: answer });
    switch (`${method} ${path}`) {
      case 'POST /sessions': {
        const { username, password } = body as { username: string; password: string };
        if (username !== AGENT.username || password !== AGENT_PASSWORD) return problem(401, 'unauthorized');
        return ok({ token: this.token, expiresAt: '2099-01-01T00:00:00Z', agent: AGENT }, 201);
      }
      case 'GET /me':
        return ok({
          agent: AGENT,
          teams: [{ id: 'team-1', name: 'Sales' }],
          presence: this.presence,
          dispositions: [
            { code: 'sale', label: 'Sale' },
            { code: 'callback', label: 'Call back' },
            { code: 'no_interest', label: 'No interest' },
            { code: 'wrong_number', label: 'Wrong number' },
          ],
          today: this.today,
        });
      case 'POST /credentials':
        return ok({
          sip: {
            uri: 'sip:agent.one@dce.invalid',
            username: USERNAME,
            password: PASSWORD,
            expiresAt: '2099-12-31T00:00:00Z',
            websocketUrls: [`ws://localhost:${this.#port}/sip`],
          },
          iceServers: this.iceServers,
          iceTransportPolicy: 'all',
        });
      case 'PUT /status':
        this.become((body as { status: string }).status);
        return ok(this.presence);
      case 'GET /calls':
        return ok({ data: this.calls });
      case 'GET /colleagues':
        return ok({
          data: [
            { kind: 'agent', id: 'agent-1', name: 'Agent One', sipUri: 'sip:agent.one@dce.invalid' },
            { kind: 'agent', id: 'agent-2', name: 'Agent Two', sipUri: 'sip:agent.two@dce.invalid' },
            { kind: 'agent', id: 'agent-3', name: 'Agent Three', sipUri: 'sip:agent.three@dce.invalid' },
            { kind: 'team', id: 'team-1', name: 'Sales', sipUri: 'sip:team~team-1@dce.invalid' },
            {
              kind: 'target',
              id: 'target-1',
              name: 'Claims desk',
              sipUri: 'sip:target~target-1@dce.invalid',
            },
          ],
        });
      default:
        if (method === 'PUT' && path.endsWith('/disposition')) return ok({}, 204);
        if (method === 'DELETE') return ok({}, 204);
        if (method === 'GET' && path.startsWith('/calls/'))
          return ok({
            callId: path.slice('/calls/'.length),
            campaign: 'Auto insurance',
            number: '+12125550123',
          });
        return problem(404, 'not_found');
    }
  }

  #page(url: string, response: ServerResponse): void {
    const path = join(PAGE, normalize(url.replace(/^\/phone\/?/, '/').split('?')[0] ?? '/'));
    const file =
      path.startsWith(PAGE) && exists(path) ? (path.endsWith('/') ? join(path, 'index.html') : path) : '';
    if (file === '' || !exists(file)) {
      response.writeHead(404).end();
      return;
    }
    const type = TYPES[file.slice(file.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
    response.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': POLICY });
    response.end(readFileSync(file));
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function problem(status: number, code: string): Answer {
  return { status, body: { type: `urn:dce:problem:${code}`, status, code, detail: code } };
}

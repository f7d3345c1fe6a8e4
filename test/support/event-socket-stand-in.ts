import { randomUUID } from 'node:crypto';
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type Srf from 'drachtio-srf';

const HOST = '127.0.0.1';

/** What the answer to an INVITE is made of, as far as drachtio-fsmrf looks at it. */
interface Invited {
  readonly dialog: { modify(sdp: string): Promise<string>; destroy(): void };
}

/**
 * Not a FreeSWITCH: the outside of one, for tests of what the switch does when such a server is slow, full, paused,
 * wrong or gone. It speaks as much of the event socket as that takes, and carries no audio.
 */
export class EventSocketStandIn {
  /** Commands of all connections, in order. */
  readonly commands: string[] = [];
  /** How many connections were accepted. */
  connections = 0;
  sessions = 0;
  maxSessions = 100;
  paused = false;
  profile = 'drachtio_mrf';
  /** Commands that are never answered. */
  mute: RegExp | undefined;
  /** Answers of our own making, by what the command begins with. */
  readonly answers = new Map<string, string>();
  /** It answers INVITEs with this status, or not at all. */
  invites: 'answer' | 'refuse' | 'ignore' = 'answer';
  core: string = randomUUID();
  readonly sipPort = 20_000 + Math.floor(Math.random() * 10_000);
  readonly #secret: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  private constructor(secret: string) {
    this.#secret = secret;
  }

  static async start(secret = 'stand-in-secret'): Promise<EventSocketStandIn> {
    const standIn = new EventSocketStandIn(secret);
    await standIn.listen();
    return standIn;
  }

  get port(): number {
    return this.#port;
  }

  /** Channels that are up: each has a connection of its own. */
  get channels(): number {
    return [...this.#sockets].filter((socket) => socket.localPort !== this.#port).length;
  }

  /** Begins to listen, again on the port that it had. */
  async listen(): Promise<void> {
    const server = createServer((socket) => this.#onConnection(socket));
    await new Promise<void>((resolve) => server.listen(this.#port, HOST, resolve));
    const address = server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
    this.#server = server;
  }

  /** As a process that is killed: everything is gone at once. */
  async kill(): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#sockets.clear();
    await new Promise((resolve) => (this.#server ? this.#server.close(resolve) : resolve(undefined)));
    this.#server = undefined;
    this.core = randomUUID();
  }

  /** The control connections end; channels stay. */
  dropControl(): void {
    for (const socket of this.#sockets) if (socket.localPort === this.#port) socket.destroy();
  }

  /** As drachtio-srf towards these servers, without SIP. */
  static srf(servers: readonly EventSocketStandIn[]): Srf {
    const createUAC = (uri: string, options: { headers: Record<string, string>; localSdp?: string }) => {
      const server = servers.find(({ sipPort }) => uri.endsWith(`:${sipPort}`));
      return server ? server.#invited(options) : Promise.reject(new Error('408 Request Timeout'));
    };
    return { createUAC } as unknown as Srf;
  }

  #invited({
    headers,
    localSdp = '',
  }: {
    headers: Record<string, string>;
    localSdp?: string;
  }): Promise<Invited['dialog']> {
    this.commands.push(`INVITE ${localSdp}`);
    if (this.invites === 'ignore') return new Promise(() => undefined);
    if (this.invites === 'refuse') return Promise.reject(new Error('503 Service Unavailable'));
    const [host = '', port] = (headers['X-esl-outbound'] ?? '').split(':');
    const rtpPort = 10_000 + 2 * Math.floor(Math.random() * 5_000);
    const answer = (offer: string): string =>
      `v=0\r\no=FreeSWITCH 1 1 IN IP4 ${HOST}\r\ns=-\r\nc=IN IP4 ${HOST}\r\nt=0 0\r\n` +
      `${(/^m=audio .*/m.exec(offer)?.[0] ?? '').replace(/^m=audio \d+/, `m=audio ${rtpPort}`)}\r\n`;
    const socket = connect(Number(port), host);
    this.#take(socket, {
      uuid: randomUUID(),
      agent: headers['User-Agent'] ?? '',
      sdp: answer(localSdp),
    });
    return Promise.resolve({
      modify: (offer) => {
        this.commands.push(`re-INVITE ${offer}`);
        return this.invites === 'answer' ? Promise.resolve(answer(offer)) : Promise.reject(new Error('488'));
      },
      destroy: () => undefined,
    });
  }

  #onConnection(socket: Socket): void {
    this.connections++;
    this.#take(socket);
    socket.write('Content-Type: auth/request\n\n');
  }

  #take(
    socket: Socket,
    channel?: { readonly uuid: string; readonly agent: string; readonly sdp: string },
  ): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    let text = '';
    socket.on('data', (data) => {
      text += data.toString();
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const message = text.slice(0, end);
        text = text.slice(end + 2);
        this.#onMessage(socket, message, channel);
      }
    });
  }

  #onMessage(
    socket: Socket,
    message: string,
    channel?: { readonly uuid: string; readonly agent: string; readonly sdp: string },
  ): void {
    const reply = (words: string): boolean =>
      socket.write(
        `Content-Type: command/reply\nReply-Text: ${words}\nModesl-Reply-OK: ${words.slice(4)}\n\n`,
      );
    const [verb = ''] = message.split(/\s/, 1);
    if (verb === 'auth') {
      const right = message === `auth ${this.#secret}`;
      reply(right ? '+OK accepted' : '-ERR invalid');
      if (!right) socket.end();
    } else if (verb === 'connect' && channel) {
      socket.write(
        `Content-Type: command/reply\nReply-Text: +OK\nEvent-Name: CHANNEL_DATA\nUnique-ID: ${channel.uuid}\n` +
          `Channel-Unique-ID: ${channel.uuid}\nvariable_sip_user_agent: ${encodeURIComponent(channel.agent)}\n` +
          `variable_rtp_local_sdp_str: ${encodeURIComponent(channel.sdp)}\n\n`,
      );
    } else if (verb === 'api') {
      const command = message.slice('api '.length);
      this.commands.push(command);
      if (this.mute?.test(command)) return;
      const body = this.#answer(command);
      socket.write(`Content-Type: api/response\nContent-Length: ${Buffer.byteLength(body)}\n\n${body}`);
      if (command.startsWith('uuid_kill')) socket.end();
    } else if (verb === 'sendmsg' && channel) {
      this.commands.push(message.replaceAll('\n', ' '));
      reply('+OK');
      const body = JSON.stringify({
        'Event-Name': 'CHANNEL_EXECUTE_COMPLETE',
        'Unique-ID': channel.uuid,
        'Application-UUID': /^Event-UUID: (.*)$/m.exec(message)?.[1],
      });
      socket.write(`Content-Length: ${Buffer.byteLength(body)}\nContent-Type: text/event-json\n\n${body}`);
    } else if (verb !== 'exit') {
      if (verb === 'sendevent') this.commands.push(message.replaceAll('\n', ' '));
      reply('+OK');
    }
  }

  #answer(command: string): string {
    for (const [begin, answer] of this.answers) if (command.startsWith(begin)) return answer;
    if (command === 'sofia status') {
      return `${this.profile.padStart(25)}\tprofile\t sip:mod_sofia@${HOST}:${this.sipPort}\tRUNNING (0)\n`;
    }
    if (command === 'global_getvar core_uuid') return this.core;
    if (command === 'fsctl pause_check inbound') return String(this.paused);
    if (command === 'status') {
      return [
        'FreeSWITCH (Version 1.10.12) is ready',
        `${this.sessions} session(s) - peak ${this.sessions}, last 5min 0 `,
        `${this.maxSessions} session(s) max`,
      ].join('\n');
    }
    return '+OK';
  }
}

import type { Socket } from 'node:net';
import { newId } from '../core/identifiers';
import type { SipServerLimits } from '../options';
import { FrameReader } from './frame-reader';

/** What a control connection does not decide itself. */
export interface ControlUser {
  authenticate(secret: string, connection: ControlConnection): boolean;
  /** Tokens of the answer to a successful authentication. */
  readonly greeting: string;
  route(verb: string, connection: ControlConnection): void;
  removeRoute(verb: string, connection: ControlConnection): void;
  /** A `sip` frame; tokens after the kind, and the SIP text. */
  sip(messageId: string, tokens: readonly string[], text: string, connection: ControlConnection): void;
  proxy(messageId: string, tokens: readonly string[], text: string, connection: ControlConnection): void;
  closed(connection: ControlConnection, reason: string): void;
}

/** Where a message came from or went to, as an application is shown it. */
export interface ShownPeer {
  /** '' marks the ACK of a 2xx: that is how an application tells it from a request. */
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
}

/** One application, connected by drachtio's control protocol. */
export class ControlConnection {
  readonly #socket: Socket;
  readonly #user: ControlUser;
  readonly #limits: SipServerLimits;
  #authenticated = false;
  #closed = false;
  /** Frames of this turn of the event loop, written together. */
  #outgoing = '';

  constructor(socket: Socket, user: ControlUser, limits: SipServerLimits) {
    this.#socket = socket;
    this.#user = user;
    this.#limits = limits;
    const reader = new FrameReader(
      limits.maxFrameBytes,
      (payload) => this.#frame(payload),
      (reason) => this.#end(reason),
    );
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 45_000);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => reader.push(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#end('closed'));
  }

  get authenticated(): boolean {
    return this.#authenticated;
  }

  get open(): boolean {
    return !this.#closed;
  }

  get peer(): string {
    return this.#socket.remoteAddress ?? '';
  }

  /** Answers a frame of the application. */
  respond(messageId: string, tokens: string): void {
    this.#send(`${newId()}|response|${messageId}|${tokens}`);
  }

  /** The request or response that the application asked for, as it went out. */
  echo(
    messageId: string,
    peer: ShownPeer,
    transactionId: string,
    dialog: string | undefined,
    text: string,
  ): void {
    const after = dialog === undefined ? '|Msg sent:|' : `|${dialog}||Msg sent:|`;
    this.#send(
      `${newId()}|response|${messageId}|OK|application|${text.length}|${peer.protocol}|${peer.address}|${peer.port}|${timeOfDay()}|${transactionId}${after}\r\n${text}`,
    );
  }

  /** A message from the wire; `from` is undefined for one that the server made up. */
  sip(
    source: 'network' | 'application',
    text: string,
    from: ShownPeer | undefined,
    transactionId: string,
    dialog: string,
    receivedOn = '',
  ): void {
    this.#send(
      `${newId()}|sip|${source}|${originOf(from, text)}|${timeOfDay()}|${transactionId}|${dialog}|${receivedOn}\r\n${text}`,
    );
  }

  /** The final response of one target of a proxied request; more may follow. `from` as in {@link sip}. */
  proxied(messageId: string, text: string, from: ShownPeer | undefined): void {
    this.#send(
      `${newId()}|response|${messageId}|OK|network|${originOf(from, text)}|${timeOfDay()}|||continue\r\n${text}`,
    );
  }

  close(reason: string): void {
    this.#end(reason);
  }

  #frame(payload: string): void {
    if (this.#closed) return;
    const lineEnd = payload.indexOf('\r\n');
    const head = lineEnd < 0 ? payload : payload.slice(0, lineEnd);
    const text = lineEnd < 0 ? '' : payload.slice(lineEnd + 2);
    const [messageId = '', kind, ...tokens] = head.split('|');
    if (kind === undefined) this.#refuse(messageId, 'Invalid message format');
    else if (kind === 'authenticate') this.#authenticate(messageId, tokens);
    else if (!this.#authenticated) this.#refuse(messageId, 'not authenticated');
    else if (kind === 'ping') this.respond(messageId, 'OK|pong');
    else if (kind === 'route') {
      this.#user.route((tokens[0] ?? '').toLowerCase(), this);
      this.respond(messageId, 'OK');
    } else if (kind === 'remove_route') {
      this.#user.removeRoute((tokens[0] ?? '').toLowerCase(), this);
      this.respond(messageId, 'OK');
    } else if (kind === 'sip') this.#user.sip(messageId, tokens, text, this);
    else if (kind === 'proxy') this.#user.proxy(messageId, tokens, text, this);
    else this.#refuse(messageId, 'Unknown message type');
  }

  #authenticate(messageId: string, tokens: readonly string[]): void {
    if (!this.#user.authenticate(tokens[0] ?? '', this)) {
      this.#refuse(messageId, 'incorrect secret');
      return;
    }
    this.#authenticated = true;
    this.respond(messageId, `OK|${this.#user.greeting}`);
  }

  /** `NO` is the last word: the connection ends behind it. */
  #refuse(messageId: string, why: string): void {
    this.respond(messageId, `NO|${why}`);
    this.#flush();
    this.#end(why);
  }

  #send(payload: string): void {
    if (this.#closed) return;
    if (this.#outgoing === '') setImmediate(() => this.#flush());
    this.#outgoing += `${payload.length}#${payload}`;
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    if (outgoing === '' || this.#closed) return;
    this.#outgoing = '';
    this.#socket.write(outgoing, 'latin1');
    if (this.#socket.writableLength > this.#limits.maxWriteBuffer * 4)
      this.#end('the application does not read');
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.end();
    this.#socket.destroySoon();
    this.#user.closed(this, reason);
  }
}

let timeText = '';
let timeAt = -1;

/** `HH:MM:SS.uuuuuu`, UTC; made anew once a millisecond. */
/** Length of a message, and where it came from. */
function originOf(from: ShownPeer | undefined, text: string): string {
  return from ? `${text.length}|${from.protocol}|${from.address}|${from.port}` : '0|udp||0';
}

function timeOfDay(): string {
  const now = Date.now();
  if (now !== timeAt) {
    timeAt = now;
    timeText = `${new Date(now).toISOString().slice(11, 23)}000`;
  }
  return timeText;
}

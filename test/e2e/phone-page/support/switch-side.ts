import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { WebSocket } from 'ws';
import { SwitchCall } from './switch-call';
import { headerOf, readSip, tagOf, writeSip } from './sip-text';
import type { SipText } from './sip-text';

export const REALM = 'dce.invalid';
export const USERNAME = 'agent-1.4102444800';
export const PASSWORD = 'a password of this test';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/**
 * The switch as one phone sees it: it registers the phone by SHA-256 digest, calls it, and answers what
 * the phone asks. Emits `register` when a phone has registered, and `call` with a consultation.
 */
export class SwitchSide extends EventEmitter<{ register: []; call: [SwitchCall]; request: [SipText] }> {
  registrations = 0;
  /** Every request that came, in order. */
  readonly requests: SipText[] = [];
  /** Statuses with which the next REGISTERs are refused. */
  readonly refusals: number[] = [];
  /** What becomes of REFERs: statuses of the NOTIFYs. */
  transferSteps: readonly number[] = [100, 200];
  /** Whether phones may connect. */
  admits = true;
  readonly #sockets = new Set<WebSocket>();
  #deaf: WebSocket | undefined;
  #socket: WebSocket | undefined;
  #contact = '';
  readonly #calls = new Set<SwitchCall>();
  readonly #nonce = randomBytes(8).toString('hex');

  /** A phone has connected; an earlier connection counts no more. */
  connect(socket: WebSocket): void {
    this.#socket = socket;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('message', (data: Buffer) => {
      if (socket === this.#deaf) return;
      const text = data.toString();
      if (text.trim() === '') socket.send('\r\n');
      else this.#take(readSip(text), socket);
    });
  }

  get connected(): boolean {
    return this.#socket?.readyState === 1;
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** What the phone sends from here on is lost on the way, until it connects anew. */
  loseWhatComes(): void {
    this.#deaf = this.#socket;
  }

  /** Breaks the connection off, as a network does: nobody says goodbye. */
  drop(): void {
    this.#socket?.terminate();
  }

  /** Rings the phone. */
  async call(callId: string, card: unknown): Promise<SwitchCall> {
    const call = new SwitchCall((text) => this.#socket?.send(text), this.#contact);
    this.#calls.add(call);
    await call.invite(callId, Buffer.from(JSON.stringify(card)).toString('base64url'));
    return call;
  }

  /** Resolves with the next request of this method. */
  async next(method: string): Promise<SipText> {
    for (;;) {
      const [request] = (await once(this, 'request')) as [SipText];
      if (request.method === method) return request;
    }
  }

  close(): void {
    this.#socket?.terminate();
    for (const call of this.#calls) call.close();
  }

  #take(message: SipText, socket: WebSocket): void {
    const callId = headerOf(message, 'Call-ID');
    const call = [...this.#calls].find((one) => one.sipCallId === callId);
    if (message.method === undefined) {
      call?.takeResponse(message);
      return;
    }
    this.requests.push(message);
    if (message.method === 'REGISTER') this.#register(message, socket);
    else if (call) call.takeRequest(message, this.transferSteps);
    else if (message.method === 'INVITE') this.#consult(message);
    else if (message.method !== 'ACK') socket.send(reply(message, 481));
    this.emit('request', message);
  }

  #consult(invite: SipText): void {
    const call = new SwitchCall((text) => this.#socket?.send(text), headerOf(invite, 'Contact') ?? '');
    this.#calls.add(call);
    call.takeInvite(invite);
    this.emit('call', call);
  }

  #register(request: SipText, socket: WebSocket): void {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) {
      socket.send(reply(request, refusal));
      return;
    }
    if (!this.#isGenuine(request)) {
      const challenge = (algorithm: string) =>
        `Digest realm="${REALM}", nonce="${this.#nonce}", algorithm=${algorithm}, qop="auth"`;
      socket.send(
        reply(request, 401, [
          ['WWW-Authenticate', challenge('SHA-256')],
          ['WWW-Authenticate', challenge('MD5')],
        ]),
      );
      return;
    }
    const contact = headerOf(request, 'Contact') ?? '';
    this.#contact = contact;
    socket.send(reply(request, 200, [['Contact', contact]]));
    if (contact.includes('expires=0')) return;
    this.registrations++;
    this.emit('register');
  }

  #isGenuine(request: SipText): boolean {
    const authorization = headerOf(request, 'Authorization') ?? '';
    const field = (name: string) => new RegExp(`${name}="?([^",]+)"?`).exec(authorization)?.[1] ?? '';
    const ha1 = sha256(`${USERNAME}:${REALM}:${PASSWORD}`);
    const ha2 = sha256(`REGISTER:${request.uri}`);
    const wanted = sha256(`${ha1}:${this.#nonce}:${field('nc')}:${field('cnonce')}:auth:${ha2}`);
    return field('[ ,]username') === USERNAME && field('response') === wanted;
  }
}

/** A response with what a request must have back. */
export function reply(
  request: SipText,
  status: number,
  headers: readonly (readonly [string, string])[] = [],
  body = '',
  tag = 'standin',
): string {
  const copied = request.headers.filter(([name]) => /^(via|from|call-id|cseq)$/i.test(name));
  const to = headerOf(request, 'To') ?? '';
  return writeSip(
    `SIP/2.0 ${status} ${status < 300 ? 'OK' : 'No'}`,
    [...copied, ['To', tagOf(to) === undefined ? `${to};tag=${tag}` : to], ...headers],
    body,
  );
}

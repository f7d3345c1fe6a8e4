import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';

export interface RegisterOptions {
  /** Address of record, `sip:USER@DOMAIN`. */
  readonly aor: string;
  /** User name of the digest, and its password. */
  readonly username: string;
  readonly password: string;
  /** Seconds; 0 takes the registration back. */
  readonly expires?: number;
}

export interface SipAnswer {
  readonly status: number;
  header(name: string): string | undefined;
}

interface Waiting {
  readonly resolve: (answer: SipAnswer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * A phone that does nothing but register over WebSocket (RFC 7118), light enough that one process holds
 * ten thousand. Written from the RFCs, apart from the product.
 */
export class RegisteringPhone {
  readonly #socket: WebSocket;
  readonly #host = `${randomBytes(6).toString('hex')}.invalid`;
  readonly #instance = randomUUID();
  readonly #callId = randomUUID();
  readonly #tag = randomBytes(4).toString('hex');
  readonly #waiting = new Map<string, Waiting>();
  #cseq = 0;
  /** What the last challenge said, and how often it was answered (RFC 7616 §3.4). */
  #challenge: { readonly fields: ReadonlyMap<string, string>; count: number } | undefined;

  private constructor(
    socket: WebSocket,
    private readonly timeoutMs: number,
  ) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#take(data.toString()));
    socket.on('close', () => this.#giveUp(new Error('the connection was closed')));
    socket.on('error', () => undefined);
  }

  /** @param localAddress - address of loopback to call from */
  static async open(url: string, localAddress = '127.0.0.1', timeoutMs = 30_000): Promise<RegisteringPhone> {
    const socket = new WebSocket(url, 'sip', {
      localAddress,
      handshakeTimeout: timeoutMs,
      perMessageDeflate: false,
      rejectUnauthorized: false,
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return new RegisteringPhone(socket, timeoutMs);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Registers, or registers again, answering a challenge once. Resolves to the final answer. */
  async register(options: RegisterOptions): Promise<SipAnswer> {
    const first = await this.#send(options);
    if (first.status !== 401) return first;
    // The strongest that is offered stands first (RFC 8760 §2.4).
    this.#challenge = { fields: parameters(first.header('www-authenticate') ?? ''), count: 0 };
    return this.#send(options);
  }

  close(): void {
    this.#socket.terminate();
  }

  #send(options: RegisterOptions): Promise<SipAnswer> {
    const branch = `z9hG4bK${randomBytes(8).toString('hex')}`;
    const domain = options.aor.slice(options.aor.indexOf('@') + 1);
    const transport = this.#socket.url.startsWith('wss') ? 'WSS' : 'WS';
    const credentials = this.#authorization(`sip:${domain}`, options);
    const text = [
      `REGISTER sip:${domain} SIP/2.0`,
      `Via: SIP/2.0/${transport} ${this.#host};branch=${branch}`,
      'Max-Forwards: 70',
      `From: <${options.aor}>;tag=${this.#tag}`,
      `To: <${options.aor}>`,
      `Call-ID: ${this.#callId}`,
      `CSeq: ${++this.#cseq} REGISTER`,
      `Contact: <sip:phone@${this.#host};transport=ws>;+sip.instance="<urn:uuid:${this.#instance}>";reg-id=1;expires=${options.expires ?? 600}`,
      'Supported: path, outbound, gruu',
      ...(credentials === undefined ? [] : [`Authorization: ${credentials}`]),
      'Content-Length: 0',
      '\r\n',
    ].join('\r\n');
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(branch);
        reject(new Error(`no answer to REGISTER within ${this.timeoutMs} ms`));
      }, this.timeoutMs);
      this.#waiting.set(branch, { resolve, reject, timer });
      this.#socket.send(text);
    });
  }

  #authorization(uri: string, { username, password }: RegisterOptions): string | undefined {
    const challenge = this.#challenge;
    if (!challenge) return undefined;
    const { fields } = challenge;
    const algorithm = fields.get('algorithm') ?? 'MD5';
    const hash = (text: string): string =>
      createHash(algorithm === 'SHA-256' ? 'sha256' : 'md5')
        .update(text)
        .digest('hex');
    const realm = fields.get('realm') ?? '';
    const nonce = fields.get('nonce') ?? '';
    const count = (++challenge.count).toString(16).padStart(8, '0');
    const own = randomBytes(8).toString('hex');
    const secret = hash(`${username}:${realm}:${password}`);
    const response = hash(`${secret}:${nonce}:${count}:${own}:auth:${hash(`REGISTER:${uri}`)}`);
    const opaque = fields.get('opaque');
    return (
      `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", ` +
      `algorithm=${algorithm}, qop=auth, nc=${count}, cnonce="${own}"${opaque === undefined ? '' : `, opaque="${opaque}"`}`
    );
  }

  #take(text: string): void {
    if (!text.startsWith('SIP/2.0 ')) return;
    const answer = readAnswer(text);
    const branch = /branch=([^;,\s]+)/.exec(answer.header('via') ?? '')?.[1] ?? '';
    const waiting = this.#waiting.get(branch);
    if (!waiting || answer.status < 200) return;
    this.#waiting.delete(branch);
    clearTimeout(waiting.timer);
    waiting.resolve(answer);
  }

  #giveUp(error: Error): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}

function readAnswer(text: string): SipAnswer {
  const [first = '', ...lines] = text.split('\r\n\r\n', 1)[0]?.split('\r\n') ?? [];
  return {
    status: Number(first.split(' ')[1]),
    header: (name) =>
      lines
        .find((line) => line.slice(0, line.indexOf(':')).trim().toLowerCase() === name)
        ?.replace(/^[^:]*:\s*/, ''),
  };
}

/** `Digest realm="x", nonce="y", …` */
function parameters(challenge: string): ReadonlyMap<string, string> {
  const found = challenge.matchAll(/([a-z]+)=(?:"([^"]*)"|([^,\s]+))/gi);
  return new Map(
    [...found].map(([, name = '', quoted, plain]) => [name.toLowerCase(), quoted ?? plain ?? '']),
  );
}

import { createHash } from 'node:crypto';
import type { IncomingRequest, SipTransport } from '../../../../src/signaling/sip/sip-stack';

/** What a registrar answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

export interface PhoneOptions {
  /** User of the address of record. */
  readonly aor: string;
  /** Digest username and password. */
  readonly username: string;
  readonly password: string;
  readonly address?: string;
  readonly port?: number;
  readonly transport?: SipTransport;
  readonly domain?: string;
  readonly algorithm?: 'MD5' | 'SHA-256';
}

let calls = 0;

/** A phone that speaks to a registrar without a network. */
export class Phone {
  readonly callId = `call-${++calls}`;
  cseq = 0;
  /** Authorization of the last REGISTER that had one. */
  sent: string | undefined;
  readonly #handle: (request: IncomingRequest) => void;
  readonly #options: PhoneOptions;

  constructor(handle: (request: IncomingRequest) => void, options: PhoneOptions) {
    this.#handle = handle;
    this.#options = options;
  }

  get contact(): string {
    return `<sip:${this.callId}@phone.invalid;transport=ws>`;
  }

  /** Sends a REGISTER; undefined headers are left out. */
  send(headers: Readonly<Record<string, string | undefined>> = {}): Promise<Answer> {
    const {
      aor,
      address = '192.0.2.1',
      port = 40_000,
      transport = 'wss',
      domain = 'dce.invalid',
    } = this.#options;
    const all: Record<string, string | undefined> = {
      to: `<sip:${aor}@${domain}>`,
      cseq: `${++this.cseq} REGISTER`,
      contact: this.contact,
      'user-agent': 'phone/1',
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    };
    return new Promise((resolve) => {
      this.#handle({
        callId: this.callId,
        requestUri: `sip:${domain}`,
        transport,
        sourceAddress: address,
        sourcePort: port,
        header: (name) => all[name.toLowerCase()],
        respond: (status, answered = {}) => resolve({ status, headers: answered }),
      });
    });
  }

  /** Registers, answering one challenge. */
  async register(headers: Readonly<Record<string, string | undefined>> = {}): Promise<Answer> {
    const first = await this.send(headers);
    if (first.status !== 401) return first;
    return this.send({ ...headers, Authorization: this.answer(first) });
  }

  /** Authorization for a challenge. */
  answer({ headers }: Answer, nc = '00000001'): string {
    const { username, password, domain = 'dce.invalid', algorithm = 'MD5' } = this.#options;
    const challenge = challengesOf(headers).find((each) => each.includes(`algorithm=${algorithm}`)) ?? '';
    const nonce = /nonce="([^"]*)"/.exec(challenge)?.[1] ?? '';
    const realm = /realm="([^"]*)"/.exec(challenge)?.[1] ?? '';
    const hash = (text: string): string =>
      createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
        .update(text)
        .digest('hex');
    const uri = `sip:${domain}`;
    const ha1 = hash(`${username}:${realm}:${password}`);
    const response = hash(`${ha1}:${nonce}:${nc}:c1:auth:${hash(`REGISTER:${uri}`)}`);
    this.sent = `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=${algorithm}, cnonce="c1", qop=auth, nc=${nc}`;
    return this.sent;
  }
}

export function challengesOf(headers: Answer['headers']): readonly string[] {
  const value = headers['WWW-Authenticate'] ?? [];
  return typeof value === 'string' ? [value] : value;
}

export function contactsOf({ headers }: Answer): readonly string[] {
  const value = headers['Contact'] ?? [];
  return typeof value === 'string' ? [value] : value;
}

import type { RawMessage, RawRequest, RawResponse } from './drachtio-raw';
import type { IncomingRequest, RequestView, SipTransport } from './sip-stack';

const TRANSPORTS: ReadonlySet<string> = new Set(['udp', 'tcp', 'tls', 'ws', 'wss']);

/** How requests are read. */
export interface ViewOptions {
  /**
   * The SIP server may tell WebSocket connections as TCP or TLS: then the top Via has the truth (RFC 7118
   * §5.2). Of one that tells them as they are, what a peer writes there is not believed.
   */
  readonly viaTellsWebSocket: boolean;
}

/** What a request outside a dialog tells, read from drachtio-srf's. */
export class DrachtioView implements RequestView {
  readonly transport: SipTransport;
  readonly #message: RawMessage;

  constructor(message: RawMessage, { viaTellsWebSocket }: ViewOptions) {
    this.#message = message;
    this.transport = transportOf(message, viaTellsWebSocket);
  }

  get callId(): string {
    return this.header('Call-ID') ?? '';
  }
  get requestUri(): string {
    return this.#message.uri;
  }
  get sourceAddress(): string {
    return this.#message.source_address;
  }
  get sourcePort(): number {
    return this.#message.source_port;
  }

  header(name: string): string | undefined {
    const value: unknown = this.#message.has(name) ? this.#message.get(name) : undefined;
    return Array.isArray(value) ? String(value[0]) : (value as string | undefined);
  }
}

/** A request outside a dialog that is answered once. */
export class DrachtioRequest extends DrachtioView implements IncomingRequest {
  readonly #response: RawResponse;

  constructor(request: RawRequest, response: RawResponse, options: ViewOptions) {
    super(request, options);
    this.#response = response;
  }

  respond(status: number, headers: Readonly<Record<string, string | readonly string[]>> = {}): void {
    if (this.#response.finalResponseSent) return;
    this.#response.send(status, { headers: inLines(headers) });
  }
}

/**
 * drachtio-srf writes a list into one line, with commas. A challenge needs a line of its own (RFC 3261
 * §7.3.1): what is sent is text, so the further lines are put into the first one's value.
 */
function inLines(
  headers: Readonly<Record<string, string | readonly string[]>>,
): Readonly<Record<string, string>> {
  const written = Object.entries(headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : value.join(`\r\n${name}: `),
  ]);
  return Object.fromEntries(written) as Record<string, string>;
}

function transportOf(message: RawMessage, viaTellsWebSocket: boolean): SipTransport {
  const told = message.protocol?.toLowerCase() ?? '';
  const isHidden = told === 'tcp' || told === 'tls';
  if (TRANSPORTS.has(told) && !(isHidden && viaTellsWebSocket)) return told as SipTransport;
  const via = message.has('Via') ? String(message.get('Via')) : '';
  const [, sent] = /^\s*SIP\s*\/\s*2\.0\s*\/\s*([A-Za-z]+)/i.exec(via) ?? [];
  const written = sent?.toLowerCase() ?? '';
  if (written === 'ws' || written === 'wss') return written;
  if (TRANSPORTS.has(told)) return told as SipTransport;
  return TRANSPORTS.has(written) ? (written as SipTransport) : 'udp';
}

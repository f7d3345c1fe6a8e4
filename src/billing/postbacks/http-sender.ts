import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { AddressPolicy } from '../../domain';
import { asError } from '../../domain';
import type { SystemLookup } from '../../outbound';
import { answerWith, Resolver } from '../../outbound';
import type { PortPolicy } from './port-policy';
import { portOf } from './port-policy';

export interface HttpSenderSettings {
  readonly addresses: AddressPolicy;
  readonly ports: PortPolicy;
  /** Hosts that may be reached without TLS. */
  readonly insecureAllowed: (host: string) => boolean;
  /** Milliseconds for everything: look-up, connection, request and reply. */
  readonly timeoutMs: number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /** PEM of authorities trusted instead of the system's own. */
  readonly ca?: string | undefined;
  /** For tests. */
  readonly lookup?: SystemLookup | undefined;
}

export interface PostbackRequest {
  readonly method: 'GET' | 'POST';
  /** As `URL.href` has it. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined of a GET. */
  readonly body: string | undefined;
}

export type PostbackReply =
  | {
      readonly ok: true;
      readonly status: number;
      readonly retryAfter: string | undefined;
      /** The beginning of the body, as text; at most 1,024 characters. */
      readonly excerpt: string;
    }
  | {
      readonly ok: false;
      /** `refused`: it may not be sent there. `aborted`: taken back. */
      readonly why: 'refused' | 'unreachable' | 'timeout' | 'broken' | 'aborted';
      readonly detail: string;
    };

const EXCERPT = 1_024;
/** A longer body is not read to its end: its status is what counts. */
const MAX_BODY = 65_536;
/** Less than after what most servers close idle connections. */
const IDLE_MS = 4_000;
const MAX_SOCKETS = 1_024;

/**
 * Sends requests to places that parties named. Their names are resolved and judged first, and the
 * connection goes to what was judged and to nothing that a second look-up might say. Redirects are not
 * followed: a reply counts by its status, however long its body is or gets.
 */
export class HttpSender {
  readonly #settings: HttpSenderSettings;
  readonly #resolver: Resolver;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor(settings: HttpSenderSettings) {
    this.#settings = settings;
    this.#resolver = new Resolver(settings.addresses, settings.monotonic, settings.lookup);
    const kept = { keepAlive: true, timeout: IDLE_MS, maxFreeSockets: 2, maxTotalSockets: MAX_SOCKETS };
    const { ca } = settings;
    this.#http = new HttpAgent(kept);
    this.#https = new HttpsAgent({ ...kept, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) });
  }

  /** Never rejects. @param signal - takes it back */
  async send(request: PostbackRequest, signal?: AbortSignal): Promise<PostbackReply> {
    const url = new URL(request.url);
    const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
    if (url.protocol !== 'https:' && !this.#settings.insecureAllowed(host)) {
      return { ok: false, why: 'refused', detail: `HTTPS is asked for at ${host}` };
    }
    const refusal = this.#settings.ports.refusal(portOf(url));
    if (refusal !== undefined) return { ok: false, why: 'refused', detail: refusal };
    const { timeoutMs } = this.#settings;
    const limit = new AbortController();
    let timedOut = false;
    const giveUp = (): void => limit.abort();
    const timer = setTimeout(() => {
      timedOut = true;
      giveUp();
    }, timeoutMs);
    if (signal?.aborted === true) giveUp();
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      const reply = await this.#exchange(url, host, request, limit.signal);
      if (reply.ok || !limit.signal.aborted) return reply;
      return timedOut
        ? { ok: false, why: 'timeout', detail: `no reply in ${timeoutMs} ms` }
        : { ok: false, why: 'aborted', detail: 'taken back' };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    }
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  async #exchange(
    url: URL,
    host: string,
    request: PostbackRequest,
    signal: AbortSignal,
  ): Promise<PostbackReply> {
    const found = await Promise.race([this.#resolver.resolution(host), aborted(signal)]);
    if (found === undefined) return { ok: false, why: 'aborted', detail: 'the name was not found in time' };
    if (!found.ok) return found;
    const secure = url.protocol === 'https:';
    const options: RequestOptions = {
      agent: secure ? this.#https : this.#http,
      method: request.method,
      host,
      ...(url.port === '' ? {} : { port: Number(url.port) }),
      path: url.pathname + url.search,
      headers: { ...request.headers, host: url.host },
      lookup: answerWith(found.addresses),
      signal,
    };
    return new Promise((resolve) => {
      let outgoing: ClientRequest;
      try {
        outgoing = secure ? httpsRequest(options) : httpRequest(options);
      } catch (error) {
        resolve({ ok: false, why: 'broken', detail: asError(error).message.slice(0, 300) });
        return;
      }
      let answered = false;
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        // Of a reply that breaks off its status counts.
        if (answered) return;
        const why = error.syscall === 'connect' || error.code === 'ENOTFOUND' ? 'unreachable' : 'broken';
        resolve({ ok: false, why, detail: error.message.slice(0, 300) });
      });
      outgoing.on('upgrade', (_response, socket) => {
        socket.destroy();
        resolve({ ok: false, why: 'broken', detail: 'the receiver wants another protocol' });
      });
      outgoing.on('response', (incoming) => {
        answered = true;
        void readReply(outgoing, incoming).then(resolve);
      });
      outgoing.end(request.body);
    });
  }
}

/** Never rejects: what comes of the body is taken, and its status counts even when it breaks off. */
function readReply(outgoing: ClientRequest, incoming: IncomingMessage): Promise<PostbackReply> {
  const chunks: Buffer[] = [];
  let kept = 0;
  let length = 0;
  return new Promise((resolve) => {
    const end = (): void => {
      const encoded = incoming.headers['content-encoding'] ?? 'identity';
      resolve({
        ok: true,
        status: incoming.statusCode ?? 0,
        retryAfter: incoming.headers['retry-after'],
        excerpt: encoded === 'identity' ? excerptOf(Buffer.concat(chunks)) : `(${encoded.slice(0, 40)})`,
      });
    };
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (kept < EXCERPT) chunks.push(chunk.subarray(0, EXCERPT - kept));
      kept = Math.min(length, EXCERPT);
      if (length > MAX_BODY) {
        end();
        outgoing.destroy();
      }
    });
    incoming.on('end', end);
    incoming.on('error', end);
    incoming.on('close', end);
  });
}

/** Text that can be stored: no control characters but line breaks and tabs. */
function excerptOf(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/[^\P{Cc}\n\t]/gu, '\ufffd');
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { connect, constants } from 'node:http2';
import type { Socket } from 'node:net';
import { BodyCollector } from './body-collector';
import type { Exchange } from './exchange';

export interface Http2Settings {
  readonly idleMs: number;
  readonly maxReplyBytes: number;
  readonly onActivity: () => void;
  /** No more requests may go out on this session. Called once. */
  readonly onUseless: () => void;
}

const { NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM } = constants;

/** Milliseconds that a peer has to answer a PING (RFC 9113 §6.7). */
const PONG_MS = 1_000;

/** One HTTP/2 connection to an origin (RFC 9113): its requests share it. */
export class Http2Session {
  readonly #session: ClientHttp2Session;
  readonly #settings: Http2Settings;
  #useless = false;
  #streams = 0;
  /** Counts what has arrived, so that silence is noticed. */
  #arrivals = 0;
  /** Running while it is found out whether the peer is still there. */
  #probe: NodeJS.Timeout | undefined;

  constructor(origin: string, socket: Socket, settings: Http2Settings) {
    this.#settings = settings;
    this.#session = connect(origin, {
      createConnection: () => socket,
      settings: { enablePush: false },
      maxSessionMemory: 8,
    });
    this.#session.on('error', () => this.#retire());
    this.#session.on('goaway', () => this.#retire());
    this.#session.on('close', () => this.#retire());
    this.#session.setTimeout(settings.idleMs, () => {
      if (this.#streams === 0) this.close();
    });
    this.#session.unref();
  }

  /** True while requests may go out: neither ended nor told to go away, with room for another stream. */
  get ready(): boolean {
    return !this.#useless && this.#streams < (this.#session.remoteSettings.maxConcurrentStreams ?? 100);
  }

  get useless(): boolean {
    return this.#useless;
  }

  /**
   * @param again - where the request goes if the peer did not take it up (RFC 9113 §8.7)
   * @returns false when the session can send nothing any more: it must go elsewhere
   */
  send(exchange: Exchange, again: (() => void) | undefined): boolean {
    const { request } = exchange;
    let stream: ClientHttp2Stream;
    try {
      stream = this.#session.request(
        {
          ':method': request.method,
          ':path': request.url.pathname + request.url.search,
          ':authority': request.url.host,
          ':scheme': request.url.protocol.slice(0, -1),
          ...request.headers,
        },
        { endStream: request.body === '' },
      );
    } catch {
      // The session ended in this very turn.
      this.#retire();
      return false;
    }
    this.#follow(stream, exchange, again);
    if (request.body !== '') stream.end(request.body);
    return true;
  }

  close(): void {
    clearTimeout(this.#probe);
    this.#retire();
    this.#session.destroy();
  }

  #follow(stream: ClientHttp2Stream, exchange: Exchange, again: (() => void) | undefined): void {
    const { onActivity, maxReplyBytes } = this.#settings;
    const body = new BodyCollector(maxReplyBytes);
    const arrivalsBefore = this.#arrivals;
    let status = 0;
    this.#streams++;
    const cancel = (): void => stream.close(NGHTTP2_CANCEL);
    exchange.cancelBy(() => {
      cancel();
      if (this.#arrivals === arrivalsBefore) this.#findOut();
    });
    stream.on('response', (headers) => {
      this.#arrivals++;
      onActivity();
      status = headers[':status'] ?? 0;
      const encoding = headers['content-encoding'];
      if (Number(headers['content-length'] ?? 0) > maxReplyBytes) {
        exchange.fail('too_large', `more than ${maxReplyBytes} bytes`);
        cancel();
      } else if (encoding !== undefined && encoding !== 'identity') {
        exchange.fail('broken', 'the reply is compressed, which was not asked for');
        cancel();
      }
    });
    stream.on('data', (chunk: Buffer) => {
      this.#arrivals++;
      onActivity();
      if (!exchange.over && !body.add(chunk)) {
        exchange.fail('too_large', `more than ${maxReplyBytes} bytes`);
        cancel();
      }
    });
    stream.on('end', () => {
      onActivity();
      if (status !== 0) exchange.settle({ ok: true, status, body: body.take() });
    });
    stream.on('error', () => undefined);
    stream.on('close', () => {
      onActivity();
      this.#streams--;
      if (exchange.over) return;
      // An idle connection that its peer had closed: nothing was read of the request.
      const stale = this.#session.destroyed && arrivalsBefore > 0 && this.#arrivals === arrivalsBefore;
      if (stale) this.#retire();
      if ((stream.rstCode === NGHTTP2_REFUSED_STREAM || stale) && again) again();
      else exchange.fail('broken', `the stream ended with code ${stream.rstCode}`);
    });
  }

  /** Nothing at all has come since a request was sent: is the peer slow, or is the connection dead? */
  #findOut(): void {
    if (this.#probe !== undefined || this.#session.destroyed) return;
    this.#probe = setTimeout(() => this.close(), PONG_MS);
    this.#probe.unref();
    const known = (): void => {
      clearTimeout(this.#probe);
      this.#probe = undefined;
    };
    if (!this.#session.ping(known)) known();
  }

  #retire(): void {
    if (this.#useless) return;
    this.#useless = true;
    this.#settings.onUseless();
    // Requests that are under way may still be answered; then it ends.
    this.#session.close();
  }
}
